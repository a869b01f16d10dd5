/* What a task does, in the words of Kafka Connect's dashboards: batches, commits, time. Costs two
 * clock readings a batch; series are written once a second. Thread: the task's. */
#ifndef RUNTIME_TASK_METRICS_H
#define RUNTIME_TASK_METRICS_H

#include "task_context.h"

/* Averages and maxima are of the last 15 to 30 seconds. */
struct task_window {
    int64_t begin_ms;
    int64_t running_ms, paused_ms;
    uint64_t batches, records, commits, failures;
    uint64_t batch_max;
    double batch_ms, batch_max_ms, commit_ms, commit_max_ms;
};

struct task_metrics {
    struct task_context *ctx;
    int64_t reported_ms, seen_ms; /* monotonic */
    struct task_window before, now;
};

/* Counters begin at 0, so that a first failure shows as a rise. */
void task_metrics_start(struct task_metrics *m, struct task_context *ctx);
/* Monotonic time for the two below. */
int64_t task_metrics_clock_us(void);
/* A source's poll or a sink's put that handed over records. */
void task_metrics_batch(struct task_metrics *m, size_t records, int64_t since_us);
void task_metrics_commit(struct task_metrics *m, bool done, int64_t since_us);
/* The loop has come round; `paused` since the last time. True once a second: then series were
 * written, and the caller may write its own gauges. */
bool task_metrics_round(struct task_metrics *m, bool paused);
void task_metrics_gauge(struct task_metrics *m, const char *name, double value);
void task_metrics_count(struct task_metrics *m, const char *name, double more);

#endif
