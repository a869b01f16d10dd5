/* The partitions of a sink that leaves the assignment to the host: `topics`, `topics.regex`.
 * Thread: the task's. */
#ifndef RUNTIME_SINK_TOPICS_H
#define RUNTIME_SINK_TOPICS_H

#include "task_host.h"

struct sink_topics;

/* Errors: FATAL for a missing choice or a bad expression. */
enum ks_status sink_topics_new(struct ks_task *task, struct sink_topics **ret,
                               struct ks_error *err);
void sink_topics_free(struct sink_topics *s);
/* Assigns what is new, at most every few seconds: at the group's offset, else at the one in the
 * offset topic, else at the beginning. Errors: RETRIABLE, FATAL. */
enum ks_status sink_topics_refresh(struct sink_topics *s, struct ks_error *err);
/* One commit of the positions that the task agrees to (pre_commit), if any has moved.
 * Errors: as ks_task_host.commit. */
enum ks_status sink_topics_commit(struct sink_topics *s, void *plugin, struct ks_error *err);

#endif
