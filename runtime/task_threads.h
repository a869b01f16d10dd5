/* One thread for each running task: resolves its configuration, runs worker_source_run or
 * worker_sink_run, and runs it again after what may pass.
 *
 * States (Connect's) as reported:
 *   RUNNING, PAUSED    as the loop says
 *   RESTARTING         starting; or between two runs, with `waiting` = the reason: brokers or
 *                      servers away (RETRIABLE), an abort or a fence (RESTART). 300 ms, doubling to
 *                      60 s.
 *   FAILED             with the trace; the thread has ended; only a restart from outside goes on
 *   UNASSIGNED         stopped as asked
 * A fenced task runs again only after `confirm`: a newer owner may hold its slot. */
#ifndef RUNTIME_TASK_THREADS_H
#define RUNTIME_TASK_THREADS_H

#include "task_report.h"

typedef enum ks_status task_run_fn(struct task_context *ctx, struct ks_error *err);

/* Copied, `worker` and `cls` excepted. */
struct task_thread_spec {
    const struct worker_config *worker;
    const struct ks_connector_class *cls;
    const char *connector;
    int task, task_count;
    const struct string_map *config; /* unresolved */
    int64_t generation;
    bool paused;
    task_run_fn *run; /* NULL: by the kind of the class */
};

struct task_thread;
struct task_thread *task_thread_start(const struct task_thread_spec *spec,
                                      const struct task_thread_owner *owner);
/* These do not wait, also when the plugin hangs. */
void task_thread_pause(struct task_thread *t, bool paused);
void task_thread_stop(struct task_thread *t);
bool task_thread_ended(struct task_thread *t);
bool task_thread_failed(struct task_thread *t); /* meaningful once ended */
void task_thread_watch(struct task_thread *t, int64_t hang_ms, int64_t stall_ms);
/* Of a thread that has ended: frees. Of any other: abandons it. It may go on for a while, but
 * reports no more, its commits are fenced by the next owner, and everything its spec points to must
 * outlive it. Returns false if it was abandoned. */
bool task_thread_release(struct task_thread *t);

#endif
