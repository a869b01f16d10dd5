/* A compacted topic as a table: a reader thread passes every committed record on, writers wait for
 * their acknowledgement. In: key/value pairs; out: calls of fn. Next: the config, status and schema
 * stores. Order: one record is one write; a put that returned KS_OK is on all in-sync replicas.
 * Death before the acknowledgement: the record is there or not, and the next reader sees which. */
#include "compacted_topic.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "alloc.h"
#include "clock.h"
#include "kafka_options.h"
#include "kitestream/sdk/util.h"
#include "log.h"
#include "mono_cond.h"
#include "topic_admin.h"
#include "topic_reader.h"
#include "worker_client.h"

#define POLL_MS 50
#define PUT_POLL_MS 10
#define PRIME_TIMEOUT_MS 2000
#define CLOSE_FLUSH_MS 2000
#define TROUBLE_LOG_INTERVAL_MS 30000

struct compacted_topic {
    const struct worker_config *config;
    char *topic;
    int32_t partitions;
    compacted_fn *fn;
    compacted_lost_fn *lost_fn; /* may be NULL */
    void *fn_arg;
    struct topic_reader *reader; /* the thread's */
    rd_kafka_t *producer;
    pthread_t thread;
    bool has_thread;
    _Atomic bool stop;
    int64_t trouble_logged_ms; /* the thread's */
    pthread_mutex_t lock;      /* guards what follows */
    pthread_cond_t changed;
    int64_t *done; /* per partition: everything before it was passed to fn */
    struct ks_error trouble;
};

/* One put that waits. */
struct put_waiter {
    struct compacted_topic *topic;
    bool done;
    rd_kafka_resp_err_t code;
};

static void note_trouble(struct compacted_topic *t)
{
    struct ks_error trouble = {0};
    topic_reader_trouble(t->reader, &trouble);
    pthread_mutex_lock(&t->lock);
    t->trouble = trouble;
    pthread_mutex_unlock(&t->lock);
    int64_t now_ms = clock_mono_ms();
    bool is_due = !t->trouble_logged_ms || now_ms - t->trouble_logged_ms > TROUBLE_LOG_INTERVAL_MS;
    if (trouble.status != KS_OK && is_due) {
        log_warn("%s", trouble.message);
        t->trouble_logged_ms = now_ms;
    }
}

static void publish_positions(struct compacted_topic *t)
{
    bool moved = false;
    pthread_mutex_lock(&t->lock);
    for (int32_t i = 0; i < t->partitions; i++) {
        int64_t position = topic_reader_position(t->reader, i);
        moved = moved || position != t->done[i];
        t->done[i] = position;
    }
    if (moved)
        pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
}

static void *read_loop(void *arg)
{
    struct compacted_topic *t = arg;
    while (!atomic_load(&t->stop)) {
        rd_kafka_message_t *message = topic_reader_poll(t->reader, POLL_MS);
        if (message) {
            t->fn(t->fn_arg, (struct ks_slice){message->key, message->key_len},
                  (struct ks_slice){message->payload, message->len}, message->partition,
                  message->offset);
            rd_kafka_message_destroy(message);
        }
        publish_positions(t);
        if (!message)
            note_trouble(t);
        rd_kafka_poll(t->producer, 0);
    }
    return NULL;
}

static void lost(struct compacted_topic *t, const rd_kafka_message_t *message)
{
    /* What the brokers refuse they would refuse again, at once. */
    bool may_help = message->err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT;
    if (atomic_load(&t->stop))
        return;
    if (may_help && t->lost_fn)
        t->lost_fn(t->fn_arg, (struct ks_slice){message->key, message->key_len});
    else
        log_warn("topic %s: a record was not written: %s", t->topic,
                 rd_kafka_err2str(message->err));
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    struct compacted_topic *t = opaque;
    struct put_waiter *waiter = message->_private;
    if (!waiter) {
        if (message->err)
            lost(t, message);
        return;
    }
    pthread_mutex_lock(&t->lock);
    waiter->code = message->err;
    waiter->done = true;
    pthread_mutex_unlock(&t->lock);
}

/* Without it the first record waits one second for a timer of librdkafka's. A failure does no harm:
 * the record then waits for the brokers. */
static void prime(struct compacted_topic *t)
{
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(t->producer, t->topic, NULL);
    const struct rd_kafka_metadata *metadata = NULL;
    if (rkt && !rd_kafka_metadata(t->producer, 0, rkt, &metadata, PRIME_TIMEOUT_MS))
        rd_kafka_metadata_destroy(metadata);
    if (rkt)
        rd_kafka_topic_destroy(rkt);
}

/* One request in flight instead of idempotence: keeps the order as well, and never ends in a state
 * that needs a new producer. */
static enum ks_status open_producer(struct compacted_topic *t, struct ks_error *err)
{
    static const struct worker_client_option options[] = {
        {"acks", "all"},
        {"max.in.flight.requests.per.connection", "1"},
        {"linger.ms", "0"},
        {"message.timeout.ms", "30000"},
        {"partitioner", "murmur2_random"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf = NULL;
    enum ks_status status = worker_client_conf(t->config, "producer", NULL, options, t, &conf, err);
    if (status != KS_OK)
        return status;
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    status = worker_client_open(RD_KAFKA_PRODUCER, conf, t->topic, &t->producer, err);
    if (status != KS_OK)
        return status;
    prime(t);
    return KS_OK;
}

static enum ks_status ensure_topic(struct compacted_topic *t, int partitions, int replication,
                                   struct ks_error *err)
{
    const struct ks_config_entry entry = {"cleanup.policy", "compact"};
    const struct ks_config configs = {&entry, 1};
    struct topic_admin *admin = NULL;
    enum ks_status status = topic_admin_open(t->config, NULL, &admin, err);
    if (status == KS_OK)
        status = topic_admin_ensure(admin, t->topic, partitions, replication, &configs,
                                    &t->partitions, err);
    if (status == KS_OK)
        status = topic_admin_check_compacted(admin, t->topic, err);
    topic_admin_close(admin);
    return status;
}

static void init_lock(struct compacted_topic *t)
{
    pthread_mutex_init(&t->lock, NULL);
    mono_cond_init(&t->changed);
}

enum ks_status compacted_topic_open(const struct worker_config *config, const char *topic,
                                    int partitions, int replication, compacted_fn *fn, void *arg,
                                    struct compacted_topic **ret, struct ks_error *err)
{
    struct compacted_topic *t = xcalloc(1, sizeof *t);
    t->config = config;
    t->topic = xstrdup(topic);
    t->fn = fn;
    t->fn_arg = arg;
    init_lock(t);
    enum ks_status status = ensure_topic(t, partitions, replication, err);
    if (status != KS_OK)
        goto out;
    t->done = xcalloc((size_t)t->partitions, sizeof *t->done);
    status = open_producer(t, err);
    if (status == KS_OK)
        status = topic_reader_open(config, topic, t->partitions, &t->reader, err);
    if (status != KS_OK)
        goto out;
    if (pthread_create(&t->thread, NULL, read_loop, t) != 0) {
        status = ks_error_set(err, KS_ERR_RETRIABLE, "no thread for the reader of topic %s", topic);
        goto out;
    }
    t->has_thread = true;
    *ret = t;
    t = NULL;
out:
    compacted_topic_close(t);
    return status;
}

void compacted_topic_close(struct compacted_topic *t)
{
    if (!t)
        return;
    atomic_store(&t->stop, true);
    if (t->has_thread)
        pthread_join(t->thread, NULL);
    if (t->producer) {
        rd_kafka_flush(t->producer, CLOSE_FLUSH_MS);
        int left = rd_kafka_outq_len(t->producer);
        if (left > 0)
            log_warn("topic %s: the last %d records were not written, the brokers are away",
                     t->topic, left);
        rd_kafka_purge(t->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_flush(t->producer, CLOSE_FLUSH_MS);
        rd_kafka_destroy(t->producer);
    }
    topic_reader_close(t->reader);
    pthread_cond_destroy(&t->changed);
    pthread_mutex_destroy(&t->lock);
    free(t->done);
    free(t->topic);
    free(t);
}

static int32_t first_behind(const struct compacted_topic *t, const int64_t *ends)
{
    int32_t i = 0;
    while (i < t->partitions && t->done[i] >= ends[i])
        i++;
    return i;
}

static enum ks_status wait_for(struct compacted_topic *t, const int64_t *ends, int64_t timeout_ms,
                               struct ks_error *err)
{
    int64_t until_ms = clock_mono_ms() + timeout_ms;
    enum ks_status status = KS_OK;
    int32_t behind;
    pthread_mutex_lock(&t->lock);
    while ((behind = first_behind(t, ends)) < t->partitions) {
        if (mono_cond_wait(&t->changed, &t->lock, until_ms))
            continue;
        status = ks_error_set(
            err, KS_ERR_RETRIABLE,
            "topic %s: partition %d read to offset %lld of %lld in %lld ms; %s", t->topic,
            (int)behind, (long long)t->done[behind], (long long)ends[behind], (long long)timeout_ms,
            t->trouble.status != KS_OK ? t->trouble.message
                                       : "another client's transaction may be hanging there");
        break;
    }
    pthread_mutex_unlock(&t->lock);
    return status;
}

enum ks_status compacted_topic_sync(struct compacted_topic *t, int64_t timeout_ms,
                                    struct ks_error *err)
{
    struct topic_admin *admin = NULL;
    int64_t *ends = xcalloc((size_t)t->partitions, sizeof *ends);
    enum ks_status status = topic_admin_open(t->config, NULL, &admin, err);
    if (status == KS_OK)
        status = topic_admin_ends(admin, t->topic, t->partitions, ends, err);
    if (status == KS_OK)
        status = wait_for(t, ends, timeout_ms, err);
    topic_admin_close(admin);
    free(ends);
    return status;
}

static rd_kafka_resp_err_t produce(struct compacted_topic *t, struct ks_slice key,
                                   struct ks_slice value, struct put_waiter *waiter)
{
    return rd_kafka_producev(t->producer, RD_KAFKA_V_TOPIC(t->topic),
                             RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                             RD_KAFKA_V_KEY(key.data, key.len),
                             RD_KAFKA_V_VALUE((void *)(uintptr_t)value.data, value.len),
                             RD_KAFKA_V_OPAQUE(waiter), RD_KAFKA_V_END);
}

static enum ks_status put_failed(const struct compacted_topic *t, rd_kafka_resp_err_t code,
                                 struct ks_error *err)
{
    char *what = xasprintf("write to topic %s at Kafka %s (bootstrap.servers)", t->topic,
                           t->config->bootstrap_servers);
    enum ks_status status = kafka_error_set(err, what, code, rd_kafka_err2str(code));
    free(what);
    return status;
}

enum ks_status compacted_topic_put(struct compacted_topic *t, struct ks_slice key,
                                   struct ks_slice value, struct ks_error *err)
{
    struct put_waiter waiter = {.topic = t};
    rd_kafka_resp_err_t code = produce(t, key, value, &waiter);
    if (code)
        return put_failed(t, code, err);
    /* Either this thread or the reader's serves the report; message.timeout.ms bounds the wait. */
    for (bool done = false; !done;) {
        rd_kafka_poll(t->producer, PUT_POLL_MS);
        pthread_mutex_lock(&t->lock);
        done = waiter.done;
        pthread_mutex_unlock(&t->lock);
    }
    return waiter.code ? put_failed(t, waiter.code, err) : KS_OK;
}

void compacted_topic_put_async(struct compacted_topic *t, struct ks_slice key,
                               struct ks_slice value)
{
    rd_kafka_resp_err_t code = produce(t, key, value, NULL);
    if (code)
        log_warn("topic %s: a record was not written: %s", t->topic, rd_kafka_err2str(code));
}

void compacted_topic_on_lost(struct compacted_topic *t, compacted_lost_fn *fn)
{
    t->lost_fn = fn;
}
