/* Committed offsets of a sink connector's consumer group, connect-<connector>. Thread: one at a
 * time. */
#ifndef RUNTIME_GROUP_OFFSETS_H
#define RUNTIME_GROUP_OFFSETS_H

#include <librdkafka/rdkafka.h>

#include "worker_config.h"

struct group_offsets;

/* `config`: the connector's, resolved, for consumer.override.*. Does not connect yet. */
enum ks_status group_offsets_open(const struct worker_config *worker, const char *connector,
                                  const struct ks_config *config, struct group_offsets **ret,
                                  struct ks_error *err);
void group_offsets_close(struct group_offsets *g);
/* Fills in the offsets; < 0: none. Errors: RETRIABLE, FATAL. */
enum ks_status group_offsets_read(struct group_offsets *g, rd_kafka_topic_partition_list_t *list,
                                  struct ks_error *err);

#endif
