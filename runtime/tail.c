/* A topic in, JSON lines on stdout out; nothing is written to Kafka, no offsets are kept. Committed
 * records only, as every consumer of the stream should read it. */
#include "tail.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "clock.h"
#include "kafka_options.h"
#include "kitestream/sdk/util.h"
#include "log.h"
#include "tail_format.h"
#include "topic_admin.h"
#include "worker_client.h"

#define POLL_MS 200

struct tail {
    const struct worker_config *worker;
    const struct tail_options *options;
    FILE *out;
    struct tail_format *format;
    rd_kafka_t *rk;
    int32_t partitions;
    int64_t *ends; /* high watermarks at the start */
    bool *reached; /* a partition was read to its end */
    int64_t shown;
};

static enum ks_status open_consumer(struct tail *t, struct ks_error *err)
{
    static const struct worker_client_option options[] = {{"group.id", "kitestream-tail"},
                                                          {"enable.auto.commit", "false"},
                                                          {"enable.partition.eof", "true"},
                                                          {"isolation.level", "read_committed"},
                                                          {"auto.offset.reset", "error"},
                                                          {"fetch.wait.max.ms", "100"},
                                                          {NULL, NULL}};
    rd_kafka_conf_t *conf = NULL;
    enum ks_status status =
        worker_client_conf(t->worker, "consumer", NULL, options, NULL, &conf, err);
    if (status == KS_OK)
        status = worker_client_open(RD_KAFKA_CONSUMER, conf, "consumer", &t->rk, err);
    if (status == KS_OK)
        rd_kafka_poll_set_consumer(t->rk);
    return status;
}

static enum ks_status find_ends(struct tail *t, struct ks_error *err)
{
    struct topic_admin *admin = NULL;
    const char *topic = t->options->topic;
    enum ks_status status = topic_admin_open(t->worker, NULL, &admin, err);
    if (status == KS_OK)
        status = topic_admin_partitions(admin, topic, &t->partitions, err);
    if (status == KS_OK && t->partitions == 0)
        status = ks_error_set(err, KS_ERR_FATAL, "topic %s does not exist at Kafka %s", topic,
                              t->worker->bootstrap_servers);
    if (status == KS_OK) {
        t->ends = xcalloc((size_t)t->partitions, sizeof *t->ends);
        t->reached = xcalloc((size_t)t->partitions, sizeof *t->reached);
        status = topic_admin_ends(admin, topic, t->partitions, t->ends, err);
    }
    topic_admin_close(admin);
    return status;
}

static enum ks_status assign(struct tail *t, struct ks_error *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(t->partitions);
    for (int32_t i = 0; i < t->partitions; i++)
        rd_kafka_topic_partition_list_add(list, t->options->topic, i)->offset =
            t->options->from_beginning ? RD_KAFKA_OFFSET_BEGINNING : t->ends[i];
    rd_kafka_resp_err_t code = rd_kafka_assign(t->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code ? kafka_error_set(err, t->options->topic, code, rd_kafka_err2str(code)) : KS_OK;
}

static bool is_done(const struct tail *t)
{
    if (t->options->max_messages > 0 && t->shown >= t->options->max_messages)
        return true;
    bool at_end = t->options->exit_at_end;
    for (int32_t i = 0; i < t->partitions && at_end; i++)
        at_end = t->reached[i];
    return at_end;
}

static void show(struct tail *t, const rd_kafka_message_t *message, struct ks_buf *line)
{
    struct ks_error err;
    struct backoff backoff = {0};
    enum ks_status status;
    ks_buf_reset(line);
    while ((status = tail_format_line(t->format, message, line, &err)) == KS_ERR_RETRIABLE) {
        log_warn("%s", err.message);
        int64_t wait_ms = backoff_fail(&backoff);
        nanosleep(&(struct timespec){wait_ms / 1000, wait_ms % 1000 * 1000000}, NULL);
    }
    if (status != KS_OK)
        log_warn("partition %d, offset %lld: %s", (int)message->partition,
                 (long long)message->offset, err.message);
    fwrite(line->data, 1, line->len, t->out);
    t->shown++;
}

static enum ks_status take(struct tail *t, const rd_kafka_message_t *message, struct ks_buf *line,
                           struct ks_error *err)
{
    int64_t next = message->offset;
    if (message->err && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        enum ks_status status =
            kafka_error_set(err, t->options->topic, message->err, rd_kafka_message_errstr(message));
        if (status == KS_ERR_RETRIABLE && message->err != RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
            log_warn("%s", err->message);
            return KS_OK;
        }
        return KS_ERR_FATAL;
    }
    if (!message->err) {
        show(t, message, line);
        next++;
    }
    if (message->partition < t->partitions && next >= t->ends[message->partition])
        t->reached[message->partition] = true;
    return KS_OK;
}

static enum ks_status follow(struct tail *t, struct ks_error *err)
{
    struct ks_buf line = {0};
    enum ks_status status = KS_OK;
    bool idle = false;
    while (status == KS_OK && !is_done(t)) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(t->rk, idle ? POLL_MS : 0);
        idle = !message;
        if (message) {
            status = take(t, message, &line, err);
            rd_kafka_message_destroy(message);
        } else if (fflush(t->out) != 0) {
            status = ks_error_set(err, KS_ERR_FATAL, "standard output can't be written");
        }
    }
    fflush(t->out);
    ks_buf_release(&line);
    return status;
}

int tail_main(const struct worker_config *worker, const struct tail_options *options)
{
    struct ks_error err;
    struct tail t = {.worker = worker,
                     .options = options,
                     .out = options->out ? options->out : stdout,
                     .format = tail_format_new(worker, options->value_only)};
    enum ks_status status = find_ends(&t, &err);
    if (status == KS_OK)
        status = open_consumer(&t, &err);
    if (status == KS_OK)
        status = assign(&t, &err);
    if (status == KS_OK)
        status = follow(&t, &err);
    if (status != KS_OK)
        fprintf(stderr, "kitestream tail: %s\n", err.message);
    if (t.rk) {
        rd_kafka_consumer_close(t.rk);
        rd_kafka_destroy(t.rk);
    }
    tail_format_free(t.format);
    free(t.ends);
    free(t.reached);
    return status == KS_OK ? 0 : 1;
}
