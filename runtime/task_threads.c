/* Runs tasks. In: a planned task; out: reports of its state (task_report). Next: the loops
 * worker_source and worker_sink, which keep the order of records and commits. Order: after a fence
 * nothing is started before the slot is confirmed. Death anywhere: the next owner starts from what
 * the loops committed. */
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
#include "task_report.h"

/* A run that worked this long was no failed start: the backoff begins anew. */
#define STABLE_MS 60000

struct task_thread {
    struct task_context ctx; /* first: on_plugin_task gets it */
    struct task_report report;
    task_run_fn *run;
    char *connector, *transactional_id;
    struct string_map config, resolved;
    struct backoff backoff;
    pthread_t thread;
    pthread_mutex_t lock; /* of `wake` */
    pthread_cond_t wake;
    pthread_mutex_t plugin_lock; /* guards plugin_task; held while its stop op runs */
    void *plugin_task;
    _Atomic int users; /* herder, thread, and a thread for each call of stop */
};

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
    task_report_retry(&t->report, reason);
    sleep_until_stop(t, wait_ms);
}

static void await_confirmation(struct task_thread *t)
{
    while (atomic_load(&t->ctx.fenced) && !atomic_load(&t->ctx.stop)) {
        struct ks_error err = {0};
        if (t->report.owner.confirm(t->report.owner.arg, t->connector, &err) == KS_OK)
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
    t->report.running_since_ms = 0;
    status = t->run(&t->ctx, err);
    t->ctx.on_still(&t->ctx, 0, NULL);
    return status;
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
            task_report_failed(&t->report,
                               status == KS_OK ? "the task ended by itself" : err.message);
            return true;
        }
        int64_t since_ms = t->report.running_since_ms;
        if (since_ms && clock_mono_ms() - since_ms > STABLE_MS)
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
    task_report_release(&t->report);
    string_map_release(&t->config);
    string_map_release(&t->resolved);
    free(t->transactional_id);
    free(t->connector);
    free(t);
}

static void *thread_main(void *arg)
{
    struct task_thread *t = arg;
    task_report_starting(&t->report);
    if (!run_until_stopped(t))
        task_report_stopped(&t->report);
    task_report_end(&t->report);
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
    t->config = string_map_copy(&view);
    init_context(t, spec);
    task_report_init(&t->report, &t->ctx, owner, spec->cls->version, spec->generation);
    init_lock(t);
    atomic_store(&t->users, 2);
    if (pthread_create(&t->thread, NULL, thread_main, t) != 0) {
        task_report_failed(
            &t->report, "no thread could be started: look at the limits of processes and memory");
        t->report.ended = true;
        t->thread = pthread_self();
        atomic_store(&t->users, 1);
    }
    return t;
}

void task_thread_watch(struct task_thread *t, int64_t hang_ms, int64_t stall_ms)
{
    task_report_watch(&t->report, hang_ms, stall_ms);
}

bool task_thread_ended(struct task_thread *t)
{
    return task_report_ended(&t->report);
}

bool task_thread_failed(struct task_thread *t)
{
    return task_report_has_failed(&t->report);
}

bool task_thread_release(struct task_thread *t)
{
    bool ended = task_report_let_go(&t->report);
    if (!ended)
        pthread_detach(t->thread);
    else if (!pthread_equal(t->thread, pthread_self()))
        pthread_join(t->thread, NULL);
    drop_user(t);
    return ended;
}
