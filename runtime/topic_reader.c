/* Reads a topic with librdkafka's groupless consumer: nothing is stored at the broker and no
 * coordinator is needed. In: a topic; out: its committed records, and the positions that tell when
 * its end was reached. Next: compacted_topic, topic_read. */
#include "topic_reader.h"

#include <stdlib.h>

#include "alloc.h"
#include "kafka_options.h"
#include "kitestream/sdk/util.h"
#include "worker_client.h"

struct topic_reader {
    rd_kafka_t *rk;
    rd_kafka_topic_t *rkt;
    rd_kafka_queue_t *queue;
    char *what; /* for messages */
    int32_t partitions, started;
    int64_t *positions;
    struct ks_error trouble;
};

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct topic_reader *r = opaque;
    /* What happened to one broker says more. */
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && r->trouble.status != KS_OK)
        return;
    kafka_error_set(&r->trouble, r->what, (rd_kafka_resp_err_t)code, reason);
}

static enum ks_status open_client(const struct worker_config *config, struct topic_reader *r,
                                  struct ks_error *err)
{
    static const struct worker_client_option options[] = {
        {"isolation.level", "read_committed"},
        {"enable.partition.eof", "true"},
        {"auto.offset.reset", "earliest"},
        {"enable.auto.commit", "false"},
        {"fetch.wait.max.ms", "100"},
        {"queued.max.messages.kbytes", "8192"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf = NULL;
    enum ks_status status = worker_client_conf(config, "consumer", NULL, options, r, &conf, err);
    if (status != KS_OK)
        return status;
    rd_kafka_conf_set_error_cb(conf, on_error);
    return worker_client_open(RD_KAFKA_CONSUMER, conf, r->what, &r->rk, err);
}

static enum ks_status start(struct topic_reader *r, const char *topic, struct ks_error *err)
{
    r->rkt = rd_kafka_topic_new(r->rk, topic, NULL);
    if (!r->rkt)
        return ks_error_set(err, KS_ERR_FATAL, "'%s' is not a valid topic name", topic);
    r->queue = rd_kafka_queue_new(r->rk);
    for (; r->started < r->partitions; r->started++) {
        if (rd_kafka_consume_start_queue(r->rkt, r->started, RD_KAFKA_OFFSET_BEGINNING, r->queue))
            return kafka_error_set(err, r->what, rd_kafka_last_error(), NULL);
    }
    return KS_OK;
}

enum ks_status topic_reader_open(const struct worker_config *config, const char *topic,
                                 int32_t partitions, struct topic_reader **ret,
                                 struct ks_error *err)
{
    struct topic_reader *r = xcalloc(1, sizeof *r);
    r->what = xasprintf("read topic %s at Kafka %s (bootstrap.servers)", topic,
                        config->bootstrap_servers);
    r->partitions = partitions;
    r->positions = xcalloc((size_t)partitions, sizeof *r->positions);
    enum ks_status status = open_client(config, r, err);
    if (status == KS_OK)
        status = start(r, topic, err);
    if (status != KS_OK)
        goto out;
    *ret = r;
    r = NULL;
out:
    topic_reader_close(r);
    return status;
}

void topic_reader_close(struct topic_reader *r)
{
    if (!r)
        return;
    for (int32_t i = 0; i < r->started; i++)
        rd_kafka_consume_stop(r->rkt, i);
    if (r->queue)
        rd_kafka_queue_destroy(r->queue);
    if (r->rkt)
        rd_kafka_topic_destroy(r->rkt);
    if (r->rk)
        rd_kafka_destroy(r->rk);
    free(r->positions);
    free(r->what);
    free(r);
}

rd_kafka_message_t *topic_reader_poll(struct topic_reader *r, int timeout_ms)
{
    rd_kafka_poll(r->rk, 0);
    rd_kafka_message_t *message = rd_kafka_consume_queue(r->queue, timeout_ms);
    if (!message)
        return NULL;
    bool is_record = !message->err;
    bool is_end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    if ((is_record || is_end) && message->partition >= 0 && message->partition < r->partitions) {
        r->positions[message->partition] = message->offset + (is_record ? 1 : 0);
        r->trouble.status = KS_OK;
        if (is_record)
            return message;
    } else {
        kafka_error_set(&r->trouble, r->what, message->err, rd_kafka_message_errstr(message));
    }
    rd_kafka_message_destroy(message);
    return NULL;
}

int64_t topic_reader_position(const struct topic_reader *r, int32_t partition)
{
    return r->positions[partition];
}

enum ks_status topic_reader_trouble(const struct topic_reader *r, struct ks_error *err)
{
    if (r->trouble.status != KS_OK)
        *err = r->trouble;
    return r->trouble.status;
}
