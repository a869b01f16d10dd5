/* What the herder's side (task_threads) and the two loops (worker_source, worker_sink) share about
 * one running task. */
#ifndef RUNTIME_TASK_CONTEXT_H
#define RUNTIME_TASK_CONTEXT_H

#include <stdatomic.h>

#include "clock.h"
#include "kitestream/plugin.h"
#include "worker_config.h"

/* Connect's states. */
enum task_state {
    TASK_UNASSIGNED,
    TASK_RUNNING,
    TASK_PAUSED,
    TASK_FAILED,
    TASK_STOPPED,
    TASK_RESTARTING,
    TASK_DESTROYED,
};
const char *task_state_name(enum task_state state); /* "RUNNING" */

/* Made by task_threads, one per run of a task. The loops read it and set nothing but through the
 * callbacks. */
struct task_context {
    const struct worker_config *worker;
    const char *connector;
    int task_id, task_count; /* of the connector's tasks; count 0 is as good as 1 */
    const struct ks_connector_class *cls;
    struct ks_config config;      /* resolved, with defaults of class and common tables */
    const char *transactional_id; /* sources: <group.id>-<connector>-<task>; sinks: + "-sink" */
    _Atomic bool stop;            /* wanted: leave the loop cleanly */
    _Atomic bool pause;           /* wanted: commit what is open, keep clients, do no work */
    /* Set by a loop that returns KS_ERR_RESTART because a newer owner holds the transactional id:
     * confirm the slot before the next run. */
    _Atomic bool fenced;
    /* The call of the plugin that runs now, for the watchdog; NULL: none. */
    const char *_Atomic call;
    _Atomic int64_t call_since_ms; /* monotonic */
    /* Changes when the topics in use must be told again; NULL: nobody wants to know them. */
    const _Atomic unsigned *topics_epoch;
    void *owner; /* of the callbacks: task_report */
    /* Thread: the task's. RUNNING once started, PAUSED while paused. */
    void (*on_state)(struct task_context *, enum task_state);
    /* Thread: any; NULL clears. */
    void (*on_waiting)(struct task_context *, const char *text);
    void (*on_metric)(struct task_context *, enum ks_metric_kind, const char *name,
                      const char *labels, double value);
    void (*on_topic)(struct task_context *, const char *topic);
    /* Thread: the task's. Since when (monotonic) there is work and nothing moves, and where it
     * stands, as a sentence; 0: it moves, or has nothing to do. */
    void (*on_still)(struct task_context *, int64_t since_ms, const char *at);
    /* The plugin's object while it runs, so that another thread can call its stop op. Guarded by
     * the callbacks: set on start, cleared before destroy. */
    void (*on_plugin_task)(struct task_context *, void *plugin_task);
};

/* Around every call of the plugin that may hang. `name` lives for ever. Thread: the task's. */
static inline void task_context_enter(struct task_context *ctx, const char *name)
{
    atomic_store_explicit(&ctx->call_since_ms, clock_mono_ms(), memory_order_relaxed);
    atomic_store_explicit(&ctx->call, name, memory_order_release);
}
static inline void task_context_leave(struct task_context *ctx)
{
    atomic_store_explicit(&ctx->call, NULL, memory_order_release);
}

/* The loops. Run on the task's thread until ctx->stop (KS_OK) or an error. KS_ERR_RESTART: start
 * again from committed state (the caller does, with backoff). Everything they opened is closed. */
enum ks_status worker_source_run(struct task_context *ctx, struct ks_error *err);
enum ks_status worker_sink_run(struct task_context *ctx, struct ks_error *err);

#endif
