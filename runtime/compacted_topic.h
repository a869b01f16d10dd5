/* A compacted topic kept as a table: created if absent, read to its end, followed, written. The
 * base of the config, offset, status and schema stores. */
#ifndef RUNTIME_COMPACTED_TOPIC_H
#define RUNTIME_COMPACTED_TOPIC_H

#include "kitestream/record.h"
#include "worker_config.h"

struct compacted_topic;

/* Called on the reader's thread for every committed record, in partition order, start-up included.
 * value.data == NULL: deleted. */
typedef void compacted_fn(void *arg, struct ks_slice key, struct ks_slice value, int32_t partition,
                          int64_t offset);

/* Creates the topic (compact, partitions, replication), starts the reader thread. Errors: RETRIABLE
 * when the brokers are away, FATAL for a topic that is not compacted or lacks permission. */
enum ks_status compacted_topic_open(const struct worker_config *config, const char *topic,
                                    int partitions, int replication, compacted_fn *fn, void *arg,
                                    struct compacted_topic **ret, struct ks_error *err);
/* Waits until everything that was in the topic when this was called has been passed to fn (the
 * read_uncommitted high watermark, then read_committed until the position passes it). */
enum ks_status compacted_topic_sync(struct compacted_topic *t, int64_t timeout_ms,
                                    struct ks_error *err);
/* Writes and waits for the acknowledgement. data == NULL deletes. */
enum ks_status compacted_topic_put(struct compacted_topic *t, struct ks_slice key,
                                   struct ks_slice value, struct ks_error *err);
/* Writes without waiting (status records). */
void compacted_topic_put_async(struct compacted_topic *t, struct ks_slice key,
                               struct ks_slice value);
/* Called when a record written without waiting was given up after 30 s without brokers, on the
 * reader's thread or on one that waits in put. It may write again. Set before the first write. */
typedef void compacted_lost_fn(void *arg, struct ks_slice key);
void compacted_topic_on_lost(struct compacted_topic *t, compacted_lost_fn *fn);
void compacted_topic_close(struct compacted_topic *t);

/* One-shot: reads a topic from start to end on the calling thread. An absent topic is empty. */
enum ks_status topic_read_all(const struct worker_config *config, const char *topic,
                              void (*fn)(void *arg, const void *rd_kafka_message), void *arg,
                              const _Atomic bool *stop, struct ks_error *err);

#endif
