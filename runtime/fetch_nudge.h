/* Keeps a consumer fetching when its queue is small: librdkafka before 2.2 looks again only after a
 * second once the queue was full. Thread: the one that polls. */
#ifndef RUNTIME_FETCH_NUDGE_H
#define RUNTIME_FETCH_NUDGE_H

#include <librdkafka/rdkafka.h>
#include <stddef.h>

#define FETCH_NUDGE_BROKERS 32

/* Zero-initialised: never nudges. */
struct fetch_nudge {
    size_t every_bytes, every_messages; /* 0: librdkafka looks by itself */
    size_t bytes, messages;             /* since the last nudge */
    struct {
        int32_t broker, partition; /* one that the broker leads */
        char topic[250];
    } busy[FETCH_NUDGE_BROKERS]; /* brokers whose records came since the last nudge */
    size_t busy_count;
};

/* Before the consumer is made: sets the option of newer librdkafkas, or half of the queue's limits.
 */
void fetch_nudge_init(struct fetch_nudge *n, rd_kafka_conf_t *conf);
/* Messages that left the queue. Now and then one short request to each busy broker, which wakes the
 * broker's thread. */
void fetch_nudge_note(struct fetch_nudge *n, rd_kafka_t *rk, rd_kafka_message_t *const *messages,
                      size_t count);

#endif
