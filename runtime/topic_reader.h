/* A reader of all partitions of one topic from their start: committed records only, without a
 * consumer group. Thread: one at a time. */
#ifndef RUNTIME_TOPIC_READER_H
#define RUNTIME_TOPIC_READER_H

#include <librdkafka/rdkafka.h>

#include "worker_config.h"

struct topic_reader;

enum ks_status topic_reader_open(const struct worker_config *config, const char *topic,
                                 int32_t partitions, struct topic_reader **ret,
                                 struct ks_error *err);
void topic_reader_close(struct topic_reader *r);
/* Waits for the next record; NULL if none came in time (the position may have advanced all the
 * same). Destroy it with rd_kafka_message_destroy. */
rd_kafka_message_t *topic_reader_poll(struct topic_reader *r, int timeout_ms);
/* The next offset; at the end of a partition it has passed aborted records and markers. */
int64_t topic_reader_position(const struct topic_reader *r, int32_t partition);
/* KS_OK, or the latest trouble since the last record: RETRIABLE (brokers away) or FATAL
 * (permission). */
enum ks_status topic_reader_trouble(const struct topic_reader *r, struct ks_error *err);

#endif
