/* The yardstick of the source: a raw copy of a topic by librdkafka, in transactions.
 * In: BROKERS FROM TO ROWS TRANSACTION_ROWS START... (an offset for each partition of FROM, in
 * which ROWS committed records follow). Out: the same keys, values and timestamps in TO, through a
 * producer with the settings of Kitestream's own, and one line of JSON on what it took.
 * It does the least that such a program can do: no decoding, no copying of payloads (a message is
 * freed by its delivery report), no offsets in its transactions. If it dies its open transaction is
 * aborted by its timeout; nobody depends on the copy. */
#include <librdkafka/rdkafka.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { BATCH = 10000, POLL_MS = 1000, PATIENCE_MS = 60000, FIRST_START = 6 };

struct copy {
    rd_kafka_t *consumer, *producer;
    rd_kafka_queue_t *queue;
    rd_kafka_topic_t *to;
    int64_t rows, transaction_rows;
    int64_t copied, in_transaction, bytes;
};

__attribute__((noreturn)) static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_copy: %s: %s\n", what, why);
    exit(1);
}

static void must(const char *what, rd_kafka_error_t *error)
{
    if (error)
        die(what, rd_kafka_error_string(error));
}

static int64_t now_us(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Pairs of name and value, ended by NULL. */
static rd_kafka_t *client(rd_kafka_type_t type, const char *const *options,
                          void (*on_delivery)(rd_kafka_t *, const rd_kafka_message_t *, void *))
{
    char why[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (; *options; options += 2)
        if (rd_kafka_conf_set(conf, options[0], options[1], why, sizeof why) != RD_KAFKA_CONF_OK)
            die(options[0], why);
    if (on_delivery)
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof why);
    if (!rk)
        die("client", why);
    return rk;
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    if (message->err)
        die("delivery", rd_kafka_err2str(message->err));
    rd_kafka_message_destroy(message->_private);
}

/* As in runtime/producer.c. */
static void open_producer(struct copy *c, const char *brokers, const char *topic)
{
    char id[256];
    snprintf(id, sizeof id, "bench-copy-%s", topic);
    const char *const options[] = {"bootstrap.servers",
                                   brokers,
                                   "transactional.id",
                                   id,
                                   "transaction.timeout.ms",
                                   "15000",
                                   "linger.ms",
                                   "5",
                                   "batch.num.messages",
                                   "10000",
                                   "batch.size",
                                   "1000000",
                                   "queue.buffering.max.kbytes",
                                   "65536",
                                   "queue.buffering.max.messages",
                                   "500000",
                                   "partitioner",
                                   "murmur2_random",
                                   NULL};
    c->producer = client(RD_KAFKA_PRODUCER, options, on_delivery);
    must("init_transactions", rd_kafka_init_transactions(c->producer, PATIENCE_MS));
    c->to = rd_kafka_topic_new(c->producer, topic, NULL);
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t code =
        rd_kafka_metadata(c->producer, 0, c->to, &metadata, PATIENCE_MS); /* not within the time */
    if (code)
        die(topic, rd_kafka_err2str(code));
    rd_kafka_metadata_destroy(metadata);
}

/* The queue is never full: a broker thread of librdkafka 2.0 whose queue was sleeps up to a second.
 */
static void open_consumer(struct copy *c, const char *brokers)
{
    const char *const options[] = {"bootstrap.servers",
                                   brokers,
                                   "group.id",
                                   "bench-copy",
                                   "enable.auto.commit",
                                   "false",
                                   "isolation.level",
                                   "read_committed",
                                   "auto.offset.reset",
                                   "error",
                                   "queued.min.messages",
                                   "10000000",
                                   "queued.max.messages.kbytes",
                                   "2000000",
                                   NULL};
    c->consumer = client(RD_KAFKA_CONSUMER, options, NULL);
    rd_kafka_poll_set_consumer(c->consumer);
    c->queue = rd_kafka_queue_get_consumer(c->consumer);
}

static void seek(struct copy *c, const char *topic, int count, char **starts)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
    for (int32_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = strtoll(starts[i], NULL, 10);
    rd_kafka_resp_err_t code = rd_kafka_assign(c->consumer, list);
    if (code)
        die("assign", rd_kafka_err2str(code));
    rd_kafka_topic_partition_list_destroy(list);
}

static void send_on(struct copy *c, rd_kafka_message_t *m)
{
    rd_kafka_vu_t args[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = c->to},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {m->payload, m->len}},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {m->key, m->key_len}},
        {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = rd_kafka_message_timestamp(m, NULL)},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = m},
    };
    rd_kafka_error_t *error;
    while ((error = rd_kafka_produceva(c->producer, args, sizeof args / sizeof *args))) {
        if (rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            must("produce", error);
        rd_kafka_error_destroy(error);
        rd_kafka_poll(c->producer, 100);
    }
}

static void commit(struct copy *c)
{
    if (c->in_transaction > 0)
        must("commit_transaction", rd_kafka_commit_transaction(c->producer, PATIENCE_MS));
    c->in_transaction = 0;
}

static void take(struct copy *c, rd_kafka_message_t *m)
{
    if (m->err)
        die("consume", rd_kafka_message_errstr(m));
    if (c->copied == c->rows) {
        rd_kafka_message_destroy(m);
        return;
    }
    if (c->in_transaction++ == 0)
        must("begin_transaction", rd_kafka_begin_transaction(c->producer));
    c->bytes += (int64_t)(m->len + m->key_len);
    c->copied++;
    send_on(c, m);
    if (c->in_transaction == c->transaction_rows)
        commit(c);
}

static void copy_all(struct copy *c)
{
    static rd_kafka_message_t *messages[BATCH];
    int64_t seen_us = now_us(CLOCK_MONOTONIC);
    while (c->copied < c->rows) {
        ssize_t count = rd_kafka_consume_batch_queue(c->queue, POLL_MS, messages, BATCH);
        for (ssize_t i = 0; i < count; i++)
            take(c, messages[i]);
        rd_kafka_poll(c->producer, 0);
        if (count > 0)
            seen_us = now_us(CLOCK_MONOTONIC);
        else if (now_us(CLOCK_MONOTONIC) - seen_us > PATIENCE_MS * 1000LL)
            die("consume", "there are fewer rows than asked for");
    }
    commit(c);
}

int main(int argc, char **argv)
{
    if (argc <= FIRST_START) {
        fputs("usage: bench_copy BROKERS FROM TO ROWS TRANSACTION_ROWS START...\n", stderr);
        return 2;
    }
    struct copy c = {.rows = strtoll(argv[4], NULL, 10),
                     .transaction_rows = strtoll(argv[5], NULL, 10)};
    open_producer(&c, argv[1], argv[3]);
    open_consumer(&c, argv[1]);
    int64_t began_us = now_us(CLOCK_MONOTONIC), cpu_us = now_us(CLOCK_PROCESS_CPUTIME_ID);
    seek(&c, argv[2], argc - FIRST_START, argv + FIRST_START);
    copy_all(&c);
    cpu_us = now_us(CLOCK_PROCESS_CPUTIME_ID) - cpu_us;
    began_us = now_us(CLOCK_MONOTONIC) - began_us;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"rows\": %lld, \"bytes\": %lld, \"seconds\": %.6f, \"cpu_s\": %.6f, "
           "\"rss_peak_mib\": %.1f}\n",
           (long long)c.copied, (long long)c.bytes, (double)began_us / 1e6, (double)cpu_us / 1e6,
           (double)usage.ru_maxrss / 1024);
    rd_kafka_topic_destroy(c.to);
    rd_kafka_destroy(c.producer);
    rd_kafka_queue_destroy(c.queue);
    rd_kafka_consumer_close(c.consumer);
    rd_kafka_destroy(c.consumer);
    return 0;
}
