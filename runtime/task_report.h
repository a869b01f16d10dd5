/* What one task says of itself: its status, what it waits for, the calls that hang, its metrics and
 * topics. task_threads owns it; the loops speak through the callbacks of task_context. Order: the
 * last report comes before `ended`. Thread: any. */
#ifndef RUNTIME_TASK_REPORT_H
#define RUNTIME_TASK_REPORT_H

#include <pthread.h>

#include "status_store.h"
#include "task_context.h"
#include "task_stall.h"

/* Called on the task's thread, or on one of its plugin's, with a lock of the task held: they must
 * not call back into task_thread_*. None is called any more once the task is released. */
struct task_thread_owner {
    void *arg;
    void (*report)(void *arg, const char *connector, int task, const struct task_status *status);
    void (*metric)(void *arg, const char *connector, int task, enum ks_metric_kind kind,
                   const char *name, const char *labels, double value); /* may be NULL */
    void (*topic)(void *arg, const char *connector, int task, const char *topic);
    const _Atomic unsigned *topics_epoch; /* NULL: topics are not wanted */
    /* Is this worker still the connector's owner? May take seconds; not under the lock. */
    enum ks_status (*confirm)(void *arg, const char *connector, struct ks_error *err);
    void (*ended)(void *arg); /* the thread is about to end */
};

struct task_report {
    struct task_context *ctx;
    struct task_thread_owner owner;
    int64_t running_since_ms; /* 0: this run has not got that far. The task's thread */
    pthread_mutex_t lock;     /* guards what follows */
    struct task_status status;
    bool waits_for_retry;    /* status.waiting is the retry's, not the plugin's */
    char *hang;              /* shown instead of status.waiting */
    struct task_stall stall; /* shown where neither says anything */
    bool came_up;            /* at least once */
    bool ended, released;
};

/* Takes the callbacks of `ctx` over. `version` of the class, or NULL. */
void task_report_init(struct task_report *r, struct task_context *ctx,
                      const struct task_thread_owner *owner, const char *version,
                      int64_t generation);
void task_report_release(struct task_report *r);

/* A try to start is counted. */
void task_report_starting(struct task_report *r);
/* Between two runs, with the reason. */
void task_report_retry(struct task_report *r, const char *reason);
void task_report_stopped(struct task_report *r);
void task_report_failed(struct task_report *r, const char *trace);
bool task_report_has_failed(struct task_report *r);

/* Names in status, log and metric the call that has not returned for `hang_ms`, and the work that
 * has not moved for `stall_ms` (0: not looked for); takes both back once they have. A wait that the
 * status names already is not named again: then only the metric tells of the stall. */
void task_report_watch(struct task_report *r, int64_t hang_ms, int64_t stall_ms);

/* Tells the owner, unless it has let go. */
void task_report_end(struct task_report *r);
bool task_report_ended(struct task_report *r);
/* Nothing is said any more. Returns whether the task had ended. */
bool task_report_let_go(struct task_report *r);

#endif
