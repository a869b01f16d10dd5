/* Assignments in; committed records out. Offsets are never stored or committed here: that is the
 * transaction's part (sink_commit). A position moves only when its record was taken by the plugin,
 * or at the end of a partition, where it passes markers and aborted records. Dying anywhere here
 * loses nothing: the committed offsets decide where the next owner begins. */
#include "consumer.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "fetch_nudge.h"
#include "kafka_options.h"
#include "kitestream/sdk/util.h"
#include "log.h"
#include "map.h"

#define REQUEST_TIMEOUT_MS 10000

struct consumed_partition {
    bool assigned, paused;
    int64_t position;
};

struct consumed_topic {
    char *name;
    struct consumed_partition *partitions;
    int32_t count;
};

struct consumer {
    struct task_client client;
    rd_kafka_queue_t *queue;
    struct strmap topics;
    struct consumed_topic *last; /* messages come in runs of one topic */
    struct fetch_nudge nudge;
    bool held;
};

rd_kafka_t *consumer_handle(const struct consumer *c)
{
    return c->client.rk;
}

/* ---- the table of partitions ---- */

static struct consumed_partition *find(const struct consumer *c, const char *topic,
                                       int32_t partition)
{
    const struct consumed_topic *t = strmap_get(&c->topics, topic);
    if (!t || partition < 0 || partition >= t->count || !t->partitions[partition].assigned)
        return NULL;
    return &t->partitions[partition];
}

static struct consumed_partition *add(struct consumer *c, const struct ks_topic_partition *tp)
{
    struct consumed_topic *t = strmap_get(&c->topics, tp->topic);
    if (!t) {
        t = xcalloc(1, sizeof *t);
        t->name = xstrdup(tp->topic);
        strmap_put(&c->topics, tp->topic, t);
    }
    if (tp->partition >= t->count) {
        int32_t count = tp->partition + 1;
        t->partitions = xrealloc(t->partitions, (size_t)count * sizeof *t->partitions);
        memset(t->partitions + t->count, 0, (size_t)(count - t->count) * sizeof *t->partitions);
        t->count = count;
    }
    struct consumed_partition *p = &t->partitions[tp->partition];
    *p = (struct consumed_partition){.assigned = true,
                                     .position = tp->offset >= 0 ? tp->offset : -1};
    return p;
}

static rd_kafka_topic_partition_list_t *list_of(const char *topic, int32_t partition,
                                                int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset;
    return list;
}

static enum ks_status failed(const char *doing, const char *topic, int32_t partition,
                             rd_kafka_resp_err_t code, const char *reason, struct ks_error *err)
{
    char *what = xasprintf("%s %s-%d", doing, topic, (int)partition);
    enum ks_status status =
        kafka_error_set(err, what, code, reason ? reason : rd_kafka_err2str(code));
    free(what);
    return status;
}

static enum ks_status not_assigned(const char *topic, int32_t partition, struct ks_error *err)
{
    return ks_error_set(err, KS_ERR_DATA, "partition %s-%d is not assigned", topic, (int)partition);
}

enum ks_status consumer_assign(struct consumer *c, const struct ks_topic_partition *tp,
                               struct ks_error *err)
{
    if (find(c, tp->topic, tp->partition))
        return ks_error_set(err, KS_ERR_DATA, "partition %s-%d is assigned already", tp->topic,
                            (int)tp->partition);
    rd_kafka_topic_partition_list_t *list = list_of(tp->topic, tp->partition, tp->offset);
    rd_kafka_error_t *error = rd_kafka_incremental_assign(c->client.rk, list);
    enum ks_status status = KS_OK;
    if (error)
        status = failed("assign", tp->topic, tp->partition, rd_kafka_error_code(error),
                        rd_kafka_error_string(error), err);
    else
        add(c, tp);
    if (!error && c->held)
        rd_kafka_pause_partitions(c->client.rk, list);
    if (error)
        rd_kafka_error_destroy(error);
    rd_kafka_topic_partition_list_destroy(list);
    return status;
}

enum ks_status consumer_unassign(struct consumer *c, const char *topic, int32_t partition,
                                 struct ks_error *err)
{
    struct consumed_partition *p = find(c, topic, partition);
    if (!p)
        return not_assigned(topic, partition, err);
    rd_kafka_topic_partition_list_t *list = list_of(topic, partition, RD_KAFKA_OFFSET_INVALID);
    rd_kafka_error_t *error = rd_kafka_incremental_unassign(c->client.rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (error) {
        enum ks_status status = failed("unassign", topic, partition, rd_kafka_error_code(error),
                                       rd_kafka_error_string(error), err);
        rd_kafka_error_destroy(error);
        return status;
    }
    p->assigned = false;
    task_client_ok(&c->client); /* its last trouble may have been this partition */
    return KS_OK;
}

static enum ks_status set_paused(struct consumer *c, const char *topic, int32_t partition,
                                 bool paused, struct ks_error *err)
{
    rd_kafka_topic_partition_list_t *list = list_of(topic, partition, RD_KAFKA_OFFSET_INVALID);
    rd_kafka_resp_err_t code = paused ? rd_kafka_pause_partitions(c->client.rk, list)
                                      : rd_kafka_resume_partitions(c->client.rk, list);
    if (!code)
        code = list->elems[0].err;
    rd_kafka_topic_partition_list_destroy(list);
    return code ? failed(paused ? "pause" : "resume", topic, partition, code, NULL, err) : KS_OK;
}

static enum ks_status change_paused(struct consumer *c, const char *topic, int32_t partition,
                                    bool paused, struct ks_error *err)
{
    struct consumed_partition *p = find(c, topic, partition);
    if (!p)
        return not_assigned(topic, partition, err);
    if (p->paused == paused)
        return KS_OK;
    enum ks_status status = c->held ? KS_OK : set_paused(c, topic, partition, paused, err);
    if (status == KS_OK)
        p->paused = paused;
    return status;
}

enum ks_status consumer_pause(struct consumer *c, const char *topic, int32_t partition,
                              struct ks_error *err)
{
    return change_paused(c, topic, partition, true, err);
}

enum ks_status consumer_resume(struct consumer *c, const char *topic, int32_t partition,
                               struct ks_error *err)
{
    return change_paused(c, topic, partition, false, err);
}

enum ks_status consumer_hold(struct consumer *c, bool hold, struct ks_error *err)
{
    enum ks_status status = KS_OK;
    size_t pos = 0;
    const char *name;
    void *value;
    if (c->held == hold)
        return KS_OK;
    while (strmap_next(&c->topics, &pos, &name, &value)) {
        const struct consumed_topic *t = value;
        for (int32_t i = 0; i < t->count && status == KS_OK; i++) {
            if (t->partitions[i].assigned && !t->partitions[i].paused)
                status = set_paused(c, t->name, i, hold, err);
        }
    }
    c->held = hold;
    return status;
}

bool consumer_is_assigned(const struct consumer *c, const char *topic, int32_t partition)
{
    return find(c, topic, partition) != NULL;
}

int64_t consumer_position(const struct consumer *c, const char *topic, int32_t partition)
{
    const struct consumed_partition *p = find(c, topic, partition);
    return p ? p->position : -1;
}

size_t consumer_assignment(const struct consumer *c, struct ks_topic_partition **ret)
{
    struct ks_topic_partition *list = NULL;
    size_t count = 0, cap = 0, pos = 0;
    const char *name;
    void *value;
    while (strmap_next(&c->topics, &pos, &name, &value)) {
        const struct consumed_topic *t = value;
        for (int32_t i = 0; i < t->count; i++) {
            if (!t->partitions[i].assigned)
                continue;
            list = xgrow(list, count, &cap, sizeof *list);
            list[count++] = (struct ks_topic_partition){t->name, i, t->partitions[i].position};
        }
    }
    *ret = list;
    return count;
}

enum ks_status consumer_committed(struct consumer *c, struct ks_topic_partition *tps, size_t count,
                                  struct ks_error *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, tps[i].topic, tps[i].partition);
    enum ks_status status = KS_OK;
    rd_kafka_resp_err_t code = rd_kafka_committed(c->client.rk, list, REQUEST_TIMEOUT_MS);
    if (code)
        status = kafka_error_set(err, "committed offsets of the sink's group", code,
                                 rd_kafka_err2str(code));
    for (size_t i = 0; i < count && status == KS_OK; i++) {
        if (list->elems[i].err)
            status = failed("committed offset of", tps[i].topic, tps[i].partition,
                            list->elems[i].err, NULL, err);
    }
    for (size_t i = 0; i < count && status == KS_OK; i++)
        tps[i].offset = list->elems[i].offset >= 0 ? list->elems[i].offset : -1;
    rd_kafka_topic_partition_list_destroy(list);
    return status;
}

/* ---- messages ---- */

static enum ks_status judge(struct consumer *c, const rd_kafka_message_t *message,
                            struct ks_error *err)
{
    const char *topic = message->rkt ? rd_kafka_topic_name(message->rkt) : "?";
    const char *reason = rd_kafka_message_errstr(message);
    if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        message->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
        return ks_error_set(err, KS_ERR_FATAL,
                            "the position in %s-%d is lost, its records are deleted (retention): "
                            "%s; reset the connector's offsets, or set "
                            "consumer.override.auto.offset.reset=earliest to accept the gap",
                            topic, (int)message->partition, reason);
    struct ks_error trouble;
    enum ks_status status =
        failed("consume", topic, message->partition, message->err, reason, &trouble);
    if (status == KS_ERR_FATAL) {
        *err = trouble;
        return status;
    }
    /* A topic that is deleted, brokers that are away: librdkafka goes on trying. */
    log_line(KS_LOG_WARN, c->client.ctx->connector, c->client.ctx->task_id, "%s", trouble.message);
    return KS_OK;
}

enum ks_status consumer_poll(struct consumer *c, int timeout_ms, rd_kafka_message_t **messages,
                             size_t cap, size_t *ret_count, struct ks_error *err)
{
    /* The batch call waits until the array is full: wait for the first only, then take what is
     * there. */
    ssize_t got = rd_kafka_consume_batch_queue(c->queue, timeout_ms, messages, 1);
    if (got == 1 && cap > 1) {
        ssize_t more = rd_kafka_consume_batch_queue(c->queue, 0, messages + 1, cap - 1);
        got += more > 0 ? more : 0;
    }
    size_t count = 0;
    enum ks_status status = KS_OK;
    for (ssize_t i = 0; i < got; i++) {
        rd_kafka_message_t *message = messages[i];
        bool keep = !message->err || message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        if (!keep && status == KS_OK)
            status = judge(c, message, err);
        if (keep)
            messages[count++] = message;
        else
            rd_kafka_message_destroy(message);
    }
    if (count > 0)
        task_client_ok(&c->client);
    fetch_nudge_note(&c->nudge, c->client.rk, messages, count);
    *ret_count = count;
    return status;
}

const char *consumer_topic_of(struct consumer *c, const rd_kafka_message_t *message)
{
    const char *name = rd_kafka_topic_name(message->rkt);
    if (!c->last || strcmp(c->last->name, name) != 0)
        c->last = strmap_get(&c->topics, name);
    if (!c->last || message->partition >= c->last->count ||
        !c->last->partitions[message->partition].assigned)
        return NULL;
    return c->last->name;
}

void consumer_passed(struct consumer *c, rd_kafka_message_t *const *messages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_message_t *message = messages[i];
        if (!consumer_topic_of(c, message))
            continue;
        int64_t next = message->err ? message->offset : message->offset + 1;
        struct consumed_partition *p = &c->last->partitions[message->partition];
        if (next > p->position)
            p->position = next;
    }
}

/* ---- life ---- */

enum ks_status consumer_open(struct task_context *ctx, struct consumer **ret, struct ks_error *err)
{
    struct consumer *c = xcalloc(1, sizeof *c);
    char *group = xasprintf("connect-%s", ctx->connector);
    const struct client_option options[] = {
        {"group.id", group, true},
        {"enable.auto.commit", "false", true},
        {"enable.auto.offset.store", "false", true},
        {"enable.partition.eof", "true", true},
        {"isolation.level", "read_committed", true},
        {"allow.auto.create.topics", "false", true},
        {"auto.offset.reset", "error", false},
        {"fetch.wait.max.ms", "50", false},
        {"queued.max.messages.kbytes", "16384", false},
        {"queued.min.messages", "40000", false},
        {NULL, NULL, false},
    };
    rd_kafka_conf_t *conf = NULL;
    enum ks_status status = task_client_conf(&c->client, ctx, "consumer", options, &conf, err);
    free(group);
    if (status == KS_OK) {
        fetch_nudge_init(&c->nudge, conf);
        status = task_client_new(&c->client, RD_KAFKA_CONSUMER, conf, err);
    }
    if (status != KS_OK) {
        free(c);
        return status;
    }
    rd_kafka_poll_set_consumer(c->client.rk);
    c->queue = rd_kafka_queue_get_consumer(c->client.rk);
    *ret = c;
    return KS_OK;
}

void consumer_close(struct consumer *c)
{
    if (!c)
        return;
    rd_kafka_queue_destroy(c->queue);
    rd_kafka_consumer_close(c->client.rk);
    rd_kafka_destroy(c->client.rk);
    size_t pos = 0;
    const char *name;
    void *value;
    while (strmap_next(&c->topics, &pos, &name, &value)) {
        struct consumed_topic *t = value;
        free(t->partitions);
        free(t->name);
        free(t);
    }
    strmap_release(&c->topics);
    free(c);
}
