/* Changes the offsets of a connector that does not run: one transaction under the transactional id
 * of its own task, so that a task which still runs somewhere is fenced first, and what it would
 * have committed is void. Thread: one at a time. Waits for the brokers, within limits. */
#ifndef RUNTIME_OFFSET_WRITER_H
#define RUNTIME_OFFSET_WRITER_H

#include <librdkafka/rdkafka.h>

#include "kitestream/plugin.h"
#include "worker_config.h"

struct offset_writer;

/* Fences tasks 0 … task_count - 1. `config`: the connector's, resolved, for producer.override.*.
 * Errors: RETRIABLE when the brokers are away, FATAL. */
enum ks_status offset_writer_open(const struct worker_config *worker, const char *connector,
                                  enum ks_class_kind kind, int64_t task_count,
                                  const struct ks_config *config, struct offset_writer **ret,
                                  struct ks_error *err);
void offset_writer_close(struct offset_writer *w);
/* offset_json NULL deletes. group: offsets of connect-<connector>, may be NULL. Errors: DATA for a
 * partition that is no flat object; RESTART if the connector was started meanwhile; RETRIABLE if
 * the outcome is not known. Nothing is written in halves. */
enum ks_status offset_writer_commit(struct offset_writer *w, const struct ks_source_offset *records,
                                    size_t count, const rd_kafka_topic_partition_list_t *group,
                                    struct ks_error *err);

#endif
