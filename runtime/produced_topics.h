/* The topics a producer writes to, and where in each of their partitions its last record landed.
 * Thread: the producer's. */
#ifndef RUNTIME_PRODUCED_TOPICS_H
#define RUNTIME_PRODUCED_TOPICS_H

#include "kitestream/record.h"
#include "map.h"
#include "task_client.h"
#include "topic_creation.h"

/* Opaque of the topic's handle, so that a delivery report finds it. */
struct produced_topic {
    char *name;
    rd_kafka_topic_t *rkt;
    int64_t *next; /* by partition; -1: nothing of ours there yet */
    int32_t partitions;
};

/* Borrows client, admin and creation; zero-initialise the rest. */
struct produced_topics {
    struct task_client *client;
    struct topic_admin *admin;
    struct topic_creation *creation;
    struct strmap by_name;
    struct produced_topic *last; /* records come in runs of one topic */
};
void produced_topics_release(struct produced_topics *ts);

/* Creates the topic if it is absent (topic.creation.*) and fetches its metadata: librdkafka
 * parks the first records of a topic it does not know for up to a second.
 * Errors: RETRIABLE, FATAL. */
enum ks_status produced_topics_get(struct produced_topics *ts, const char *name,
                                   struct produced_topic **ret, struct ks_error *err);
void produced_topic_delivered(struct produced_topic *t, int32_t partition, int64_t offset);
/* Next offsets after what is delivered, or the high watermark (read_uncommitted) of a partition
 * that has nothing of ours. Errors: DATA if the topic does not exist; FATAL if `cap` is too small.
 */
enum ks_status produced_topics_next(struct produced_topics *ts, const char *name,
                                    struct ks_topic_partition *ret, size_t cap, size_t *ret_count,
                                    struct ks_error *err);

#endif
