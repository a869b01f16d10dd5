/* Runs tasks. In: a planned task; out: reports of its state. Next: the loops worker_source and
 * worker_sink, which keep the order of records and commits. Order: a task's last report comes
 * before `ended`; after a fence nothing is started before the slot is confirmed. Death anywhere:
 * the next owner starts from what the loops committed. */
#include "task_threads.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "connector_plan.h"
#include "kitestream/sdk/util.h"
#include "log.h"
#include "mono_cond.h"
#include "task_stall.h"

/* A run that worked this long was no failed start: the backoff begins anew. */
#define STABLE_MS 60000

struct task_thread {
    struct task_context ctx; /* first: the callbacks get it */
    struct task_thread_owner owner;
    task_run_fn *run;
    char *connector, *transactional_id;
    struct string_map config, resolved;
    struct backoff backoff;
    int64_t running_since_ms; /* 0: this run has not got that far */
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    struct task_status status;
    bool waits_for_retry;    /* status.waiting is back_off's, not the plugin's */
    char *hang;              /* what the watchdog says; shown instead of status.waiting */
    struct task_stall stall; /* shown where neither says anything */
    bool ended, released;
    bool came_up;                /* at least once */
    pthread_mutex_t plugin_lock; /* guards plugin_task; held while its stop op runs */
    void *plugin_task;
    _Atomic int users; /* herder, thread, and a thread for each call of stop */
};

/* ---- reports ---- */

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
static void report(struct task_thread *t)
{
    struct task_status shown = t->status;
    if (t->hang)
        shown.waiting = t->hang;
    else if (!shown.waiting && shown.state == TASK_RUNNING)
        shown.waiting = t->stall.text;
    if (!t->released)
        t->owner.report(t->owner.arg, t->connector, t->ctx.task_id, &shown);
}

static void set_state(struct task_thread *t, enum task_state state, const char *trace,
                      const char *waiting)
{
    pthread_mutex_lock(&t->lock);
    t->status.state = state;
    set_text(&t->status.trace, trace);
    set_text(&t->status.waiting, waiting);
    t->waits_for_retry = waiting != NULL;
    report(t);
    pthread_mutex_unlock(&t->lock);
}

/* Of the worker, not of the task: its own would be dropped with it. Under the lock. */
static void count_startup(struct task_thread *t, const char *name)
{
    if (t->owner.metric && !t->released)
        t->owner.metric(t->owner.arg, NULL, -1, KS_METRIC_COUNTER, name, NULL, 1);
}

static void on_state(struct task_context *ctx, enum task_state state)
{
    struct task_thread *t = (struct task_thread *)ctx;
    if (state == TASK_RUNNING && !t->running_since_ms)
        t->running_since_ms = clock_mono_ms();
    log_line(KS_LOG_INFO, t->connector, ctx->task_id, "%s", task_state_name(state));
    pthread_mutex_lock(&t->lock);
    if (!t->came_up)
        count_startup(t, "kafka_connect_worker_task_startup_success_total");
    t->came_up = true;
    bool changed = t->status.state != state || t->status.trace;
    if (t->waits_for_retry)
        set_text(&t->status.waiting, NULL);
    t->waits_for_retry = false;
    t->status.state = state;
    set_text(&t->status.trace, NULL);
    if (changed)
        report(t);
    pthread_mutex_unlock(&t->lock);
}

static void on_waiting(struct task_context *ctx, const char *text)
{
    struct task_thread *t = (struct task_thread *)ctx;
    pthread_mutex_lock(&t->lock);
    bool changed = !same_text(t->status.waiting, text);
    if (changed) {
        set_text(&t->status.waiting, text);
        t->waits_for_retry = false;
        report(t);
    }
    pthread_mutex_unlock(&t->lock);
    if (changed && text)
        log_line(KS_LOG_WARN, t->connector, ctx->task_id, "waiting for %s", text);
    else if (changed)
        log_line(KS_LOG_INFO, t->connector, ctx->task_id, "waiting no longer");
}

static void on_metric(struct task_context *ctx, enum ks_metric_kind kind, const char *name,
                      const char *labels, double value)
{
    struct task_thread *t = (struct task_thread *)ctx;
    pthread_mutex_lock(&t->lock);
    if (!t->released && t->owner.metric)
        t->owner.metric(t->owner.arg, t->connector, ctx->task_id, kind, name, labels, value);
    pthread_mutex_unlock(&t->lock);
}

static void on_topic(struct task_context *ctx, const char *topic)
{
    struct task_thread *t = (struct task_thread *)ctx;
    pthread_mutex_lock(&t->lock);
    if (!t->released)
        t->owner.topic(t->owner.arg, t->connector, ctx->task_id, topic);
    pthread_mutex_unlock(&t->lock);
}

static void on_still(struct task_context *ctx, int64_t since_ms, const char *at)
{
    struct task_thread *t = (struct task_thread *)ctx;
    pthread_mutex_lock(&t->lock);
    task_stall_note(&t->stall, since_ms, at);
    pthread_mutex_unlock(&t->lock);
}

/* ---- calls that hang, tasks without progress ---- */

/* Under the lock. Returns whether it is news. */
static bool set_hang(struct task_thread *t, const char *call, int64_t for_ms)
{
    char *text = call ? xasprintf("the call %s of %s, which has not returned for %lld s", call,
                                  t->ctx.cls->name, (long long)(for_ms / 1000))
                      : NULL;
    bool is_news = !same_text(text, t->hang);
    set_text(&t->hang, text);
    free(text);
    return is_news;
}

/* Under the lock. */
static void tell_gauge(struct task_thread *t, const char *name, bool value)
{
    if (t->owner.metric && !t->released)
        t->owner.metric(t->owner.arg, t->connector, t->ctx.task_id, KS_METRIC_GAUGE, name, NULL,
                        value);
}

/* Under the lock. */
static void watch_hang(struct task_thread *t, int64_t hang_ms)
{
    const char *call = atomic_load_explicit(&t->ctx.call, memory_order_acquire);
    int64_t for_ms = clock_mono_ms() - atomic_load(&t->ctx.call_since_ms);
    if (for_ms < hang_ms)
        call = NULL;
    bool was_hanging = t->hang != NULL;
    if (set_hang(t, call, for_ms))
        report(t);
    if (call && !was_hanging)
        log_line(KS_LOG_WARN, t->connector, t->ctx.task_id, "hangs in %s", t->hang);
    else if (!call && was_hanging)
        log_line(KS_LOG_INFO, t->connector, t->ctx.task_id, "hangs no longer");
    if ((call != NULL) != was_hanging)
        tell_gauge(t, "kitestream_task_hanging", call);
}

/* Under the lock. A wait that the log names already is not named there again. */
static void watch_stall(struct task_thread *t, int64_t stall_ms)
{
    struct task_stall *s = &t->stall;
    if (task_stall_watch(s, t->status.state == TASK_RUNNING, stall_ms))
        report(t);
    bool is_shown = s->text && !t->hang && !t->status.waiting;
    if (is_shown && !s->logged)
        log_line(KS_LOG_WARN, t->connector, t->ctx.task_id, "stalls; it waits for %s", s->text);
    else if (!s->text && s->logged)
        log_line(KS_LOG_INFO, t->connector, t->ctx.task_id, "stalls no longer");
    s->logged = s->text && (s->logged || is_shown);
    if (stall_ms > 0)
        tell_gauge(t, "kitestream_task_stalled", s->text);
}

void task_thread_watch(struct task_thread *t, int64_t hang_ms, int64_t stall_ms)
{
    pthread_mutex_lock(&t->lock);
    watch_hang(t, hang_ms);
    watch_stall(t, stall_ms);
    pthread_mutex_unlock(&t->lock);
}

/* ---- stopping from outside ---- */

static void destroy(struct task_thread *t);

static void drop_user(struct task_thread *t)
{
    if (atomic_fetch_sub(&t->users, 1) == 1)
        destroy(t);
}

/* Under plugin_lock, so that the plugin's object is not destroyed meanwhile. */
static void call_stop_op(struct task_thread *t)
{
    const struct ks_connector_class *cls = t->ctx.cls;
    if (!t->plugin_task)
        return;
    if (cls->kind == KS_CLASS_SOURCE && cls->source->stop)
        cls->source->stop(t->plugin_task);
    if (cls->kind == KS_CLASS_SINK && cls->sink->stop)
        cls->sink->stop(t->plugin_task);
}

static void on_plugin_task(struct task_context *ctx, void *plugin_task)
{
    struct task_thread *t = (struct task_thread *)ctx;
    pthread_mutex_lock(&t->plugin_lock);
    t->plugin_task = plugin_task;
    if (plugin_task && atomic_load(&ctx->stop))
        call_stop_op(t);
    pthread_mutex_unlock(&t->plugin_lock);
}

static void *stop_main(void *arg)
{
    struct task_thread *t = arg;
    pthread_mutex_lock(&t->plugin_lock);
    call_stop_op(t);
    pthread_mutex_unlock(&t->plugin_lock);
    drop_user(t);
    return NULL;
}

/* On a thread of its own: the herder must not hang in a plugin. */
static void start_stop_op(struct task_thread *t)
{
    pthread_t thread;
    pthread_attr_t detached;
    const struct ks_connector_class *cls = t->ctx.cls;
    bool has_stop = cls->kind == KS_CLASS_SOURCE ? cls->source && cls->source->stop
                                                 : cls->sink && cls->sink->stop;
    if (!has_stop)
        return;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    atomic_fetch_add(&t->users, 1);
    if (pthread_create(&thread, &detached, stop_main, t) != 0)
        drop_user(t);
    pthread_attr_destroy(&detached);
}

void task_thread_stop(struct task_thread *t)
{
    pthread_mutex_lock(&t->lock);
    atomic_store(&t->ctx.stop, true);
    pthread_cond_broadcast(&t->wake);
    pthread_mutex_unlock(&t->lock);
    start_stop_op(t);
}

void task_thread_pause(struct task_thread *t, bool paused)
{
    atomic_store(&t->ctx.pause, paused);
}

/* ---- running ---- */

static void sleep_until_stop(struct task_thread *t, int64_t wait_ms)
{
    int64_t at_ms = clock_mono_ms() + wait_ms;
    pthread_mutex_lock(&t->lock);
    while (!atomic_load(&t->ctx.stop))
        if (!mono_cond_wait(&t->wake, &t->lock, at_ms))
            break;
    pthread_mutex_unlock(&t->lock);
}

/* Shows why, then waits for the next try. */
static void back_off(struct task_thread *t, const char *reason)
{
    int64_t wait_ms = backoff_fail(&t->backoff);
    log_line(KS_LOG_WARN, t->connector, t->ctx.task_id, "%s; again in %lld ms", reason,
             (long long)wait_ms);
    set_state(t, TASK_RESTARTING, NULL, reason);
    sleep_until_stop(t, wait_ms);
}

static void await_confirmation(struct task_thread *t)
{
    while (atomic_load(&t->ctx.fenced) && !atomic_load(&t->ctx.stop)) {
        struct ks_error err = {0};
        if (t->owner.confirm(t->owner.arg, t->connector, &err) == KS_OK)
            atomic_store(&t->ctx.fenced, false);
        else
            back_off(t, err.message);
    }
}

static enum ks_status run_once(struct task_thread *t, struct ks_error *err)
{
    string_map_release(&t->resolved);
    enum ks_status status = connector_plan_resolve(t->ctx.cls, &t->config, &t->resolved, err);
    if (status != KS_OK)
        return status;
    t->ctx.config = string_map_view(&t->resolved);
    t->running_since_ms = 0;
    status = t->run(&t->ctx, err);
    on_still(&t->ctx, 0, NULL);
    return status;
}

static void fail(struct task_thread *t, const char *trace)
{
    log_line(KS_LOG_ERROR, t->connector, t->ctx.task_id, "FAILED: %s", trace);
    pthread_mutex_lock(&t->lock);
    if (!t->came_up)
        count_startup(t, "kafka_connect_worker_task_startup_failure_total");
    pthread_mutex_unlock(&t->lock);
    set_state(t, TASK_FAILED, trace, NULL);
}

/* Returns true if the task has failed for good. */
static bool run_until_stopped(struct task_thread *t)
{
    while (!atomic_load(&t->ctx.stop)) {
        struct ks_error err = {0};
        enum ks_status status = run_once(t, &err);
        if (atomic_load(&t->ctx.stop))
            break;
        if (status != KS_ERR_RESTART && status != KS_ERR_RETRIABLE) {
            fail(t, status == KS_OK ? "the task ended by itself" : err.message);
            return true;
        }
        if (t->running_since_ms && clock_mono_ms() - t->running_since_ms > STABLE_MS)
            backoff_ok(&t->backoff);
        back_off(t, err.message);
        await_confirmation(t);
    }
    return false;
}

static void destroy(struct task_thread *t)
{
    pthread_mutex_destroy(&t->lock);
    pthread_mutex_destroy(&t->plugin_lock);
    pthread_cond_destroy(&t->wake);
    task_status_release(&t->status);
    free(t->hang);
    task_stall_release(&t->stall);
    string_map_release(&t->config);
    string_map_release(&t->resolved);
    free(t->transactional_id);
    free(t->connector);
    free(t);
}

static void *thread_main(void *arg)
{
    struct task_thread *t = arg;
    pthread_mutex_lock(&t->lock);
    count_startup(t, "kafka_connect_worker_task_startup_attempts_total");
    pthread_mutex_unlock(&t->lock);
    set_state(t, TASK_RESTARTING, NULL, NULL);
    if (!run_until_stopped(t)) {
        log_line(KS_LOG_INFO, t->connector, t->ctx.task_id, "stopped");
        set_state(t, TASK_UNASSIGNED, NULL, NULL);
    }
    pthread_mutex_lock(&t->lock);
    t->ended = true;
    if (!t->released)
        t->owner.ended(t->owner.arg);
    pthread_mutex_unlock(&t->lock);
    drop_user(t);
    return NULL;
}

/* ---- start and release ---- */

static void init_context(struct task_thread *t, const struct task_thread_spec *spec)
{
    bool is_source = spec->cls->kind == KS_CLASS_SOURCE;
    struct task_context *ctx = &t->ctx;
    t->connector = xstrdup(spec->connector);
    t->transactional_id = xasprintf("%s-%s-%d%s", spec->worker->group_id, spec->connector,
                                    spec->task, is_source ? "" : "-sink");
    ctx->worker = spec->worker;
    ctx->connector = t->connector;
    ctx->task_id = spec->task;
    ctx->task_count = spec->task_count;
    ctx->cls = spec->cls;
    ctx->transactional_id = t->transactional_id;
    ctx->pause = spec->paused;
    ctx->owner = t;
    ctx->on_state = on_state;
    ctx->on_waiting = on_waiting;
    ctx->on_metric = on_metric;
    ctx->on_topic = on_topic;
    ctx->on_still = on_still;
    ctx->topics_epoch = t->owner.topics_epoch;
    ctx->on_plugin_task = on_plugin_task;
    t->run = spec->run ? spec->run : is_source ? worker_source_run : worker_sink_run;
}

static void init_lock(struct task_thread *t)
{
    pthread_mutex_init(&t->lock, NULL);
    pthread_mutex_init(&t->plugin_lock, NULL);
    mono_cond_init(&t->wake);
}

struct task_thread *task_thread_start(const struct task_thread_spec *spec,
                                      const struct task_thread_owner *owner)
{
    struct task_thread *t = xcalloc(1, sizeof *t);
    struct ks_config view = string_map_view(spec->config);
    t->owner = *owner;
    t->config = string_map_copy(&view);
    t->status.generation = spec->generation;
    t->status.version = spec->cls->version ? xstrdup(spec->cls->version) : NULL;
    init_context(t, spec);
    init_lock(t);
    atomic_store(&t->users, 2);
    if (pthread_create(&t->thread, NULL, thread_main, t) != 0) {
        fail(t, "no thread could be started: look at the limits of processes and memory");
        t->ended = true;
        t->thread = pthread_self();
        atomic_store(&t->users, 1);
    }
    return t;
}

bool task_thread_ended(struct task_thread *t)
{
    pthread_mutex_lock(&t->lock);
    bool ended = t->ended;
    pthread_mutex_unlock(&t->lock);
    return ended;
}

bool task_thread_failed(struct task_thread *t)
{
    pthread_mutex_lock(&t->lock);
    bool failed = t->status.state == TASK_FAILED;
    pthread_mutex_unlock(&t->lock);
    return failed;
}

bool task_thread_release(struct task_thread *t)
{
    pthread_mutex_lock(&t->lock);
    bool ended = t->ended;
    t->released = true;
    if (!ended)
        pthread_detach(t->thread);
    pthread_mutex_unlock(&t->lock);
    if (ended && !pthread_equal(t->thread, pthread_self()))
        pthread_join(t->thread, NULL);
    drop_user(t);
    return ended;
}
