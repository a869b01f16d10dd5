/* In: what the loops, their plugins and the watch say of a task; out: its status, log lines and
 * metrics. Next: the herder, by the owner's callbacks, which puts them into the status topic. */
#include "task_report.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "kitestream/sdk/util.h"
#include "log.h"

static void set_text(char **text, const char *value)
{
    free(*text);
    *text = value ? xstrdup(value) : NULL;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Under the lock. */
static void report(struct task_report *r)
{
    struct task_status shown = r->status;
    if (r->hang)
        shown.waiting = r->hang;
    else if (!shown.waiting && shown.state == TASK_RUNNING)
        shown.waiting = r->stall.text;
    if (!r->released)
        r->owner.report(r->owner.arg, r->ctx->connector, r->ctx->task_id, &shown);
}

static void set_state(struct task_report *r, enum task_state state, const char *trace,
                      const char *waiting)
{
    pthread_mutex_lock(&r->lock);
    r->status.state = state;
    set_text(&r->status.trace, trace);
    set_text(&r->status.waiting, waiting);
    r->waits_for_retry = waiting != NULL;
    report(r);
    pthread_mutex_unlock(&r->lock);
}

/* Of the worker, not of the task: its own would be dropped with it. Under the lock. */
static void count_startup(struct task_report *r, const char *name)
{
    if (r->owner.metric && !r->released)
        r->owner.metric(r->owner.arg, NULL, -1, KS_METRIC_COUNTER, name, NULL, 1);
}

static void on_state(struct task_context *ctx, enum task_state state)
{
    struct task_report *r = ctx->owner;
    if (state == TASK_RUNNING && !r->running_since_ms)
        r->running_since_ms = clock_mono_ms();
    log_line(KS_LOG_INFO, r->ctx->connector, ctx->task_id, "%s", task_state_name(state));
    pthread_mutex_lock(&r->lock);
    if (!r->came_up)
        count_startup(r, "kafka_connect_worker_task_startup_success_total");
    r->came_up = true;
    bool changed = r->status.state != state || r->status.trace;
    if (r->waits_for_retry)
        set_text(&r->status.waiting, NULL);
    r->waits_for_retry = false;
    r->status.state = state;
    set_text(&r->status.trace, NULL);
    if (changed)
        report(r);
    pthread_mutex_unlock(&r->lock);
}

static void on_waiting(struct task_context *ctx, const char *text)
{
    struct task_report *r = ctx->owner;
    pthread_mutex_lock(&r->lock);
    bool changed = !same_text(r->status.waiting, text);
    if (changed) {
        set_text(&r->status.waiting, text);
        r->waits_for_retry = false;
        report(r);
    }
    pthread_mutex_unlock(&r->lock);
    if (changed && text)
        log_line(KS_LOG_WARN, r->ctx->connector, ctx->task_id, "waiting for %s", text);
    else if (changed)
        log_line(KS_LOG_INFO, r->ctx->connector, ctx->task_id, "waiting no longer");
}

static void on_metric(struct task_context *ctx, enum ks_metric_kind kind, const char *name,
                      const char *labels, double value)
{
    struct task_report *r = ctx->owner;
    pthread_mutex_lock(&r->lock);
    if (!r->released && r->owner.metric)
        r->owner.metric(r->owner.arg, r->ctx->connector, ctx->task_id, kind, name, labels, value);
    pthread_mutex_unlock(&r->lock);
}

static void on_topic(struct task_context *ctx, const char *topic)
{
    struct task_report *r = ctx->owner;
    pthread_mutex_lock(&r->lock);
    if (!r->released)
        r->owner.topic(r->owner.arg, r->ctx->connector, ctx->task_id, topic);
    pthread_mutex_unlock(&r->lock);
}

static void on_still(struct task_context *ctx, int64_t since_ms, const char *at)
{
    struct task_report *r = ctx->owner;
    pthread_mutex_lock(&r->lock);
    task_stall_note(&r->stall, since_ms, at);
    pthread_mutex_unlock(&r->lock);
}

/* ---- calls that hang, tasks without progress ---- */

/* Under the lock. Returns whether it is news. */
static bool set_hang(struct task_report *r, const char *call, int64_t for_ms)
{
    char *text = call ? xasprintf("the call %s of %s, which has not returned for %lld s", call,
                                  r->ctx->cls->name, (long long)(for_ms / 1000))
                      : NULL;
    bool is_news = !same_text(text, r->hang);
    set_text(&r->hang, text);
    free(text);
    return is_news;
}

/* Under the lock. */
static void tell_gauge(struct task_report *r, const char *name, bool value)
{
    if (r->owner.metric && !r->released)
        r->owner.metric(r->owner.arg, r->ctx->connector, r->ctx->task_id, KS_METRIC_GAUGE, name,
                        NULL, value);
}

/* Under the lock. */
static void watch_hang(struct task_report *r, int64_t hang_ms)
{
    const char *call = atomic_load_explicit(&r->ctx->call, memory_order_acquire);
    int64_t for_ms = clock_mono_ms() - atomic_load(&r->ctx->call_since_ms);
    if (for_ms < hang_ms)
        call = NULL;
    bool was_hanging = r->hang != NULL;
    if (set_hang(r, call, for_ms))
        report(r);
    if (call && !was_hanging)
        log_line(KS_LOG_WARN, r->ctx->connector, r->ctx->task_id, "hangs in %s", r->hang);
    else if (!call && was_hanging)
        log_line(KS_LOG_INFO, r->ctx->connector, r->ctx->task_id, "hangs no longer");
    if ((call != NULL) != was_hanging)
        tell_gauge(r, "kitestream_task_hanging", call);
}

/* Under the lock. A wait that the log names already is not named there again. */
static void watch_stall(struct task_report *r, int64_t stall_ms)
{
    struct task_stall *s = &r->stall;
    if (task_stall_watch(s, r->status.state == TASK_RUNNING, stall_ms))
        report(r);
    bool is_shown = s->text && !r->hang && !r->status.waiting;
    if (is_shown && !s->logged)
        log_line(KS_LOG_WARN, r->ctx->connector, r->ctx->task_id, "stalls; it waits for %s",
                 s->text);
    else if (!s->text && s->logged)
        log_line(KS_LOG_INFO, r->ctx->connector, r->ctx->task_id, "stalls no longer");
    s->logged = s->text && (s->logged || is_shown);
    if (stall_ms > 0)
        tell_gauge(r, "kitestream_task_stalled", s->text);
}

void task_report_watch(struct task_report *r, int64_t hang_ms, int64_t stall_ms)
{
    pthread_mutex_lock(&r->lock);
    watch_hang(r, hang_ms);
    watch_stall(r, stall_ms);
    pthread_mutex_unlock(&r->lock);
}

/* ---- between the runs ---- */

void task_report_starting(struct task_report *r)
{
    pthread_mutex_lock(&r->lock);
    count_startup(r, "kafka_connect_worker_task_startup_attempts_total");
    pthread_mutex_unlock(&r->lock);
    set_state(r, TASK_RESTARTING, NULL, NULL);
}

void task_report_retry(struct task_report *r, const char *reason)
{
    set_state(r, TASK_RESTARTING, NULL, reason);
}

void task_report_stopped(struct task_report *r)
{
    log_line(KS_LOG_INFO, r->ctx->connector, r->ctx->task_id, "stopped");
    set_state(r, TASK_UNASSIGNED, NULL, NULL);
}

void task_report_failed(struct task_report *r, const char *trace)
{
    log_line(KS_LOG_ERROR, r->ctx->connector, r->ctx->task_id, "FAILED: %s", trace);
    pthread_mutex_lock(&r->lock);
    if (!r->came_up)
        count_startup(r, "kafka_connect_worker_task_startup_failure_total");
    pthread_mutex_unlock(&r->lock);
    set_state(r, TASK_FAILED, trace, NULL);
}

bool task_report_has_failed(struct task_report *r)
{
    pthread_mutex_lock(&r->lock);
    bool failed = r->status.state == TASK_FAILED;
    pthread_mutex_unlock(&r->lock);
    return failed;
}

/* ---- life ---- */

void task_report_init(struct task_report *r, struct task_context *ctx,
                      const struct task_thread_owner *owner, const char *version,
                      int64_t generation)
{
    *r = (struct task_report){.ctx = ctx, .owner = *owner};
    r->status.generation = generation;
    r->status.version = version ? xstrdup(version) : NULL;
    pthread_mutex_init(&r->lock, NULL);
    ctx->owner = r;
    ctx->on_state = on_state;
    ctx->on_waiting = on_waiting;
    ctx->on_metric = on_metric;
    ctx->on_topic = on_topic;
    ctx->on_still = on_still;
    ctx->topics_epoch = owner->topics_epoch;
}

void task_report_release(struct task_report *r)
{
    pthread_mutex_destroy(&r->lock);
    task_status_release(&r->status);
    free(r->hang);
    task_stall_release(&r->stall);
}

void task_report_end(struct task_report *r)
{
    pthread_mutex_lock(&r->lock);
    r->ended = true;
    if (!r->released)
        r->owner.ended(r->owner.arg);
    pthread_mutex_unlock(&r->lock);
}

bool task_report_ended(struct task_report *r)
{
    pthread_mutex_lock(&r->lock);
    bool ended = r->ended;
    pthread_mutex_unlock(&r->lock);
    return ended;
}

bool task_report_let_go(struct task_report *r)
{
    pthread_mutex_lock(&r->lock);
    bool ended = r->ended;
    r->released = true;
    pthread_mutex_unlock(&r->lock);
    return ended;
}
