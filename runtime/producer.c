/* ks_record with its final bytes in; Kafka out. A record's memory is borrowed until its delivery
 * report, which rd_kafka_poll serves on the task's own thread: no locks. The first failed delivery
 * is kept: after it nothing may be committed. Dying anywhere here leaves an open transaction, which
 * the next owner's init_transactions aborts. */
#include "producer.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "kafka_options.h"
#include "kitestream/sdk/util.h"
#include "produced_topics.h"

#define INIT_SLICE_MS 1000
#define STOPPED_WAIT_MS 5000
#define PURGE_WAIT_MS 5000
#define REASON_WAIT_MS 1000

struct producer {
    struct task_client client;
    struct produced_topics topics;
    size_t outstanding;
    struct ks_error failure; /* status KS_OK: none */
    bool transactional;
};

void delivery_drop(struct delivery *d)
{
    if (d && --d->pending == 0)
        d->done(d);
}

rd_kafka_t *producer_handle(const struct producer *p)
{
    return p->client.rk;
}

static bool is_fence(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
           code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

enum ks_status producer_error(struct producer *p, const char *what, rd_kafka_resp_err_t code,
                              const char *reason, struct ks_error *err)
{
    char fatal_reason[512];
    rd_kafka_resp_err_t fatal =
        rd_kafka_fatal_error(p->client.rk, fatal_reason, sizeof fatal_reason);
    if (fatal) {
        code = fatal;
        reason = fatal_reason;
    }
    if (p->transactional && is_fence(code)) {
        p->client.ctx->fenced = true;
        return ks_error_set(err, KS_ERR_RESTART,
                            "%s: a newer owner of this task holds its transactional.id: %s", what,
                            reason);
    }
    enum ks_status status = kafka_error_set(err, what, code, reason);
    if (fatal && status != KS_ERR_FATAL)
        status = ks_error_set(err, KS_ERR_RESTART, "%s: %s", what, reason);
    return status;
}

/* ---- deliveries ---- */

static bool is_purged(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__PURGE_QUEUE || code == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
}

static void note_failure(struct producer *p, const char *topic, rd_kafka_resp_err_t code)
{
    if (p->failure.status != KS_OK || is_purged(code))
        return;
    char *what = xasprintf("delivery to topic %s", topic);
    if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
        ks_error_set(&p->failure, KS_ERR_FATAL,
                     "%s: the broker refuses a batch as too large: raise the topic's "
                     "max.message.bytes, or lower producer.override.message.max.bytes",
                     what);
    else if (producer_error(p, what, code, rd_kafka_err2str(code), &p->failure) != KS_ERR_FATAL)
        p->failure.status = KS_ERR_RESTART;
    free(what);
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    struct producer *p = opaque;
    struct produced_topic *t = rd_kafka_topic_opaque(message->rkt);
    p->outstanding--;
    if (message->err) {
        note_failure(p, t->name, message->err);
    } else {
        produced_topic_delivered(t, message->partition, message->offset);
        task_client_ok(&p->client);
    }
    delivery_drop(message->_private);
}

void producer_poll(struct producer *p, int timeout_ms)
{
    rd_kafka_poll(p->client.rk, timeout_ms);
}

enum ks_status producer_check(struct producer *p, struct ks_error *err)
{
    if (p->failure.status == KS_OK && rd_kafka_fatal_error(p->client.rk, NULL, 0))
        producer_error(p, "producer", RD_KAFKA_RESP_ERR__FATAL, "fatal error", &p->failure);
    if (p->failure.status == KS_OK)
        return KS_OK;
    *err = p->failure;
    return err->status;
}

void producer_reset(struct producer *p)
{
    p->failure.status = KS_OK;
}

enum ks_status producer_wait(struct producer *p, int64_t deadline_mono_ms, struct ks_error *err)
{
    enum ks_status status;
    while ((status = producer_check(p, err)) == KS_OK && p->outstanding > 0) {
        int64_t now_ms = clock_mono_ms();
        if (p->client.ctx->stop && deadline_mono_ms > now_ms + STOPPED_WAIT_MS)
            deadline_mono_ms = now_ms + STOPPED_WAIT_MS;
        if (now_ms >= deadline_mono_ms)
            return ks_error_set(err, KS_ERR_RETRIABLE,
                                "%zu records wait for Kafka's acknowledgement", p->outstanding);
        rd_kafka_flush(p->client.rk, 100); /* serves reports as poll does, and ends the linger */
    }
    return status;
}

/* ---- sending ---- */

static rd_kafka_headers_t *copy_headers(const struct ks_record *record)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(record->header_count);
    for (size_t i = 0; i < record->header_count; i++) {
        const struct ks_header *h = &record->headers[i];
        rd_kafka_header_add(headers, h->key, -1, h->value.data, (ssize_t)h->value.len);
    }
    return headers;
}

static rd_kafka_resp_err_t enqueue(struct produced_topic *t, rd_kafka_t *rk,
                                   const struct ks_record *record, struct delivery *d, bool copy)
{
    void *key = (void *)(uintptr_t)record->key.data, *value = (void *)(uintptr_t)record->value.data;
    rd_kafka_headers_t *headers = record->header_count ? copy_headers(record) : NULL;
    rd_kafka_vu_t args[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = t->rkt},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = record->partition},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {value, record->value.len}},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {key, record->key.len}},
        {.vtype = RD_KAFKA_VTYPE_TIMESTAMP,
         .u.i64 = record->timestamp_ms < 0 ? 0 : record->timestamp_ms},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = copy ? RD_KAFKA_MSG_F_COPY : 0},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = d},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
    };
    size_t count = sizeof args / sizeof *args - (headers ? 0 : 1);
    rd_kafka_error_t *error = rd_kafka_produceva(rk, args, count);
    if (!error)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    if (headers)
        rd_kafka_headers_destroy(headers);
    return code;
}

/* A record that was refused has made the transaction void: its own report, which says why, may be
 * still on its way. */
static bool has_reason(struct producer *p)
{
    int64_t until_ms = clock_mono_ms() + REASON_WAIT_MS;
    while (p->failure.status == KS_OK && p->outstanding > 0 && clock_mono_ms() < until_ms)
        producer_poll(p, 10);
    return p->failure.status != KS_OK;
}

static enum ks_status refused(struct producer *p, const struct ks_record *record,
                              rd_kafka_resp_err_t code, struct ks_error *err)
{
    if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
        return ks_error_set(err, KS_ERR_DATA,
                            "record for topic %s has %zu bytes, more than message.max.bytes: raise "
                            "producer.override.message.max.bytes and the topic's max.message.bytes",
                            record->topic, record->key.len + record->value.len);
    if (code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
        return ks_error_set(err, KS_ERR_DATA, "topic %s has no partition %d", record->topic,
                            (int)record->partition);
    if (code == RD_KAFKA_RESP_ERR__STATE && p->transactional && has_reason(p)) {
        *err = p->failure;
        return err->status;
    }
    char *what = xasprintf("produce to topic %s", record->topic);
    enum ks_status status = producer_error(p, what, code, rd_kafka_err2str(code), err);
    free(what);
    return status;
}

enum ks_status producer_send(struct producer *p, const struct ks_record *record, struct delivery *d,
                             bool copy, struct ks_error *err)
{
    struct produced_topic *t;
    enum ks_status status = produced_topics_get(&p->topics, record->topic, &t, err);
    if (status != KS_OK)
        return status;
    rd_kafka_resp_err_t code;
    while ((code = enqueue(t, p->client.rk, record, d, copy)) == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        producer_poll(p, 100);
        status = producer_check(p, err);
        if (status != KS_OK)
            return status;
        if (p->client.ctx->stop)
            return ks_error_set(err, KS_ERR_RETRIABLE,
                                "stopped while the producer's queue is full");
    }
    if (code)
        return refused(p, record, code, err);
    p->outstanding++;
    if (d)
        d->pending++;
    return KS_OK;
}

enum ks_status producer_next_offsets(struct producer *p, const char *topic,
                                     struct ks_topic_partition *ret, size_t cap, size_t *ret_count,
                                     struct ks_error *err)
{
    enum ks_status status = producer_wait(p, PRODUCER_NO_DEADLINE, err);
    return status == KS_OK ? produced_topics_next(&p->topics, topic, ret, cap, ret_count, err)
                           : status;
}

/* ---- life ---- */

static enum ks_status fence_older_owner(struct producer *p, struct ks_error *err)
{
    for (;;) {
        rd_kafka_error_t *error = rd_kafka_init_transactions(p->client.rk, INIT_SLICE_MS);
        producer_poll(p, 0);
        if (!error) {
            task_client_ok(&p->client);
            return KS_OK;
        }
        bool retriable = rd_kafka_error_is_retriable(error);
        enum ks_status status = producer_error(p, "init_transactions", rd_kafka_error_code(error),
                                               rd_kafka_error_string(error), err);
        rd_kafka_error_destroy(error);
        if (!retriable)
            return status;
        if (p->client.ctx->stop)
            return ks_error_set(err, KS_ERR_RETRIABLE, "stopped while waiting for Kafka");
    }
}

static enum ks_status new_client(struct producer *p, struct task_context *ctx,
                                 const char *transactional_id, struct ks_error *err)
{
    char timeout_ms[32];
    snprintf(timeout_ms, sizeof timeout_ms, "%lld", (long long)ctx->worker->transaction_timeout_ms);
    const struct client_option options[] = {
        {"linger.ms", "5", false},
        {"batch.num.messages", "10000", false},
        {"batch.size", "1000000", false},
        {"queue.buffering.max.kbytes", "65536", false},
        {"queue.buffering.max.messages", "500000", false},
        {"partitioner", "murmur2_random", false},
        {"message.timeout.ms", transactional_id ? NULL : "0", false},
        {"allow.auto.create.topics", "false", true},
        {"enable.idempotence", "true", true},
        {"transactional.id", transactional_id, true},
        {"transaction.timeout.ms", transactional_id ? timeout_ms : NULL, false},
        {NULL, NULL, false},
    };
    rd_kafka_conf_t *conf = NULL;
    enum ks_status status = task_client_conf(&p->client, ctx, "producer", options, &conf, err);
    if (status != KS_OK)
        return status;
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    return task_client_new(&p->client, RD_KAFKA_PRODUCER, conf, err);
}

enum ks_status producer_open(struct task_context *ctx, const char *transactional_id,
                             struct topic_admin *admin, struct topic_creation *creation,
                             struct producer **ret, struct ks_error *err)
{
    struct producer *p = xcalloc(1, sizeof *p);
    p->topics =
        (struct produced_topics){.client = &p->client, .admin = admin, .creation = creation};
    p->transactional = transactional_id != NULL;
    enum ks_status status = new_client(p, ctx, transactional_id, err);
    if (status == KS_OK && transactional_id)
        status = fence_older_owner(p, err);
    if (status != KS_OK) {
        producer_close(p);
        return status;
    }
    *ret = p;
    return KS_OK;
}

void producer_purge(struct producer *p)
{
    if (!p || !p->client.rk)
        return;
    int64_t deadline = clock_mono_ms() + PURGE_WAIT_MS;
    while (p->outstanding > 0 && clock_mono_ms() < deadline) {
        rd_kafka_purge(p->client.rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        producer_poll(p, 50);
    }
}

void producer_close(struct producer *p)
{
    if (!p)
        return;
    producer_purge(p);
    produced_topics_release(&p->topics);
    if (p->client.rk)
        rd_kafka_destroy(p->client.rk);
    free(p);
}
