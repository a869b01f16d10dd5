/* A sink's commit: group offsets, state records and dead letters in one Kafka transaction.
 * Thread: the task's. */
#ifndef RUNTIME_SINK_COMMIT_H
#define RUNTIME_SINK_COMMIT_H

#include "task_host.h"

struct sink_commit;

/* Borrows the task, whose producer and consumer are open. */
struct sink_commit *sink_commit_new(struct ks_task *task);
void sink_commit_free(struct sink_commit *c);
/* As ks_task_host.commit. After RETRIABLE the next call first finishes what is open; if it carries
 * other contents, those follow in a transaction of their own. */
enum ks_status sink_commit_run(struct sink_commit *c, const struct ks_topic_partition *offsets,
                               size_t offset_count, const struct ks_source_offset *state,
                               size_t state_count, struct ks_error *err);

#endif
