/* One connector on this worker. In: the wish; out: task threads started, paused, stopped, and
 * statuses. Next: task_threads. Planning calls the plugin, so it has a thread of its own. Order: a
 * changed connector's tasks have all ended, or were abandoned after
 * task.shutdown.graceful.timeout.ms, before its new ones start; an abandoned task's later commits
 * are fenced by them. Death: nothing is kept here but what the topics hold. */
#include "herd_connector.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "clock.h"
#include "herd_planning.h"
#include "kitestream/sdk/util.h"
#include "log.h"

#define NEVER INT64_MAX
/* A task that ran this long begins to count its restarts anew. */
#define HEALTHY_MS 600000
#define WATCHES_PER_TIMEOUT 4
#define WATCH_MIN_MS 25

struct herd_task {
    struct task_thread *thread; /* NULL: does not run */
    int64_t stop_by_ms;         /* NEVER: not asked to stop */
    bool failed;
    struct backoff backoff;
    int restarts;
    int64_t started_ms, restart_at_ms;
};

struct herd_connector {
    struct herd *herd;
    char *name;
    bool active; /* has a plan, or a failure to plan, of `config`, or is planning it */
    struct string_map config;
    int64_t created;
    struct herd_planning *planning; /* NULL: done */
    int64_t planned_by_ms;          /* then it is given up */
    struct connector_plan plan;
    char *failure;
    bool paused;
    enum target_state shown; /* what does not run is reported once */
    int64_t generation, restart_seq;
    struct herd_task *tasks;
    size_t task_count;
};

struct herd_connector *herd_connector_new(struct herd *herd, const char *name)
{
    struct herd_connector *c = xcalloc(1, sizeof *c);
    c->herd = herd;
    c->name = xstrdup(name);
    c->restart_seq = -1;
    return c;
}

bool herd_connector_idle(const struct herd_connector *c)
{
    if (c->planning)
        return false;
    for (size_t i = 0; i < c->task_count; i++)
        if (c->tasks[i].thread)
            return false;
    return true;
}

static void forget_plan(struct herd_connector *c)
{
    connector_plan_release(&c->plan);
    string_map_release(&c->config);
    free(c->failure);
    free(c->tasks);
    c->failure = NULL;
    c->tasks = NULL;
    c->task_count = 0;
    c->active = false;
}

void herd_connector_free(struct herd_connector *c)
{
    if (!c)
        return;
    forget_plan(c);
    free(c->name);
    free(c);
}

/* ---- statuses ---- */

static void show_connector(struct herd_connector *c, enum task_state state)
{
    const struct ks_connector_class *cls = c->plan.cls;
    struct task_status status = {.state = state,
                                 .trace = c->failure,
                                 .version = cls ? (char *)(uintptr_t)cls->version : NULL,
                                 .generation = c->generation};
    status_store_put(c->herd->statuses, c->name, STATUS_CONNECTOR, &status);
}

/* Higher than the last owner's, whose late reports are ignored then. */
static void next_generation(struct herd_connector *c)
{
    struct task_status last = {0};
    int known = status_store_task_count(c->herd->statuses, c->name);
    for (int task = STATUS_CONNECTOR; task < known; task++) {
        if (!status_store_get(c->herd->statuses, c->name, task, &last))
            continue;
        if (last.generation > c->generation)
            c->generation = last.generation;
        task_status_release(&last);
    }
    c->generation++;
}

/* What the last owner said when it was lost is not so any more. */
static void show_unassigned(struct herd_connector *c)
{
    struct task_status last;
    int known = status_store_task_count(c->herd->statuses, c->name);
    for (int task = STATUS_CONNECTOR; task < known; task++) {
        if (!status_store_get(c->herd->statuses, c->name, task, &last))
            continue;
        struct task_status now = {
            .state = TASK_UNASSIGNED, .version = last.version, .generation = c->generation};
        if (last.state == TASK_RUNNING || last.state == TASK_PAUSED ||
            last.state == TASK_RESTARTING)
            status_store_put(c->herd->statuses, c->name, task, &now);
        task_status_release(&last);
    }
}

/* ---- stopping ---- */

static void stop_task(struct herd_connector *c, struct herd_task *task, int64_t now_ms)
{
    if (!task->thread || task->stop_by_ms != NEVER)
        return;
    task_thread_stop(task->thread);
    task->stop_by_ms = now_ms + c->herd->worker->graceful_stop_ms;
}

static void stop_all(struct herd_connector *c, int64_t now_ms)
{
    int64_t graceful_ms = now_ms + c->herd->worker->graceful_stop_ms;
    if (c->planning && graceful_ms < c->planned_by_ms)
        c->planned_by_ms = graceful_ms;
    for (size_t i = 0; i < c->task_count; i++)
        stop_task(c, &c->tasks[i], now_ms);
}

static void show_abandoned(struct herd_connector *c, size_t i)
{
    log_line(
        KS_LOG_ERROR, c->name, (int)i,
        "did not stop within task.shutdown.graceful.timeout.ms (%lld ms) and is abandoned; what "
        "it still commits is fenced by its next run",
        (long long)c->herd->worker->graceful_stop_ms);
    struct task_status status = {.state = TASK_UNASSIGNED, .generation = c->generation};
    status_store_put(c->herd->statuses, c->name, (int)i, &status);
}

/* The task is FAILED, with its trace; what happens next stands beside it. */
static void show_restart(struct herd_connector *c, size_t i, char *take_text)
{
    struct task_status status;
    log_line(KS_LOG_WARN, c->name, (int)i, "failed and waits for %s", take_text);
    if (status_store_get(c->herd->statuses, c->name, (int)i, &status)) {
        free(status.waiting);
        status.waiting = take_text;
        status_store_put(c->herd->statuses, c->name, (int)i, &status);
        take_text = NULL;
        task_status_release(&status);
    }
    free(take_text);
}

static char *restart_text(const struct herd_task *task, int auto_restart, int64_t in_ms)
{
    char at[32];
    struct tm tm;
    time_t when = (time_t)((clock_wall_ms() + in_ms) / 1000);
    strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&when, &tm));
    if (auto_restart > 0)
        return xasprintf("its restart %d of %d by itself at %s", task->restarts, auto_restart, at);
    return xasprintf("its restart %d by itself at %s", task->restarts, at);
}

static void schedule_restart(struct herd_connector *c, size_t i, int auto_restart, int64_t now_ms)
{
    struct herd_task *task = &c->tasks[i];
    if (auto_restart == AUTO_RESTART_OFF)
        return;
    if (now_ms - task->started_ms > HEALTHY_MS) {
        backoff_ok(&task->backoff);
        task->restarts = 0;
    }
    if (auto_restart > 0 && task->restarts >= auto_restart) {
        show_restart(c, i,
                     xasprintf("a restart from outside: it was restarted %d times by itself, which "
                               "is the limit",
                               task->restarts));
        return;
    }
    task->restarts++;
    int64_t in_ms = backoff_fail(&task->backoff);
    task->restart_at_ms = now_ms + in_ms;
    show_restart(c, i, restart_text(task, auto_restart, in_ms));
}

/* Frees threads that have ended, abandons those that are late. */
static void collect(struct herd_connector *c, int auto_restart, int64_t now_ms)
{
    for (size_t i = 0; i < c->task_count; i++) {
        struct herd_task *task = &c->tasks[i];
        if (!task->thread)
            continue;
        bool ended = task_thread_ended(task->thread);
        if (!ended && now_ms < task->stop_by_ms)
            continue;
        bool was_asked = task->stop_by_ms != NEVER;
        task->failed = ended && task_thread_failed(task->thread);
        if (!task_thread_release(task->thread)) {
            c->herd->abandoned++;
            show_abandoned(c, i);
        }
        task->thread = NULL;
        task->stop_by_ms = NEVER;
        if (task->failed && !was_asked)
            schedule_restart(c, i, auto_restart, now_ms);
    }
}

/* ---- starting ---- */

static void start_task(struct herd_connector *c, size_t i, int64_t now_ms)
{
    struct herd_task *task = &c->tasks[i];
    struct task_thread_spec spec = {.worker = c->herd->worker,
                                    .cls = c->plan.cls,
                                    .connector = c->name,
                                    .task = (int)i,
                                    .task_count = (int)c->plan.task_count,
                                    .config = &c->plan.tasks[i],
                                    .generation = c->generation,
                                    .paused = c->paused,
                                    .run = c->herd->run};
    task->failed = false;
    task->restart_at_ms = NEVER;
    task->stop_by_ms = NEVER;
    task->started_ms = now_ms;
    task->thread = task_thread_start(&spec, &c->herd->owner);
}

static bool same_tasks(const struct connector_plan *plan, const struct connector_config *config)
{
    if (plan->task_count != config->task_count)
        return false;
    for (size_t i = 0; i < plan->task_count; i++)
        if (!string_map_equal(&plan->tasks[i], &config->tasks[i]))
            return false;
    return true;
}

static void begin_planning(struct herd_connector *c, const struct connector_config *config,
                           int64_t now_ms)
{
    struct ks_config view = string_map_view(&config->config);
    c->config = string_map_copy(&view);
    c->created = config->created;
    c->active = true;
    c->paused = config->target == TARGET_PAUSED;
    c->shown = config->target;
    bool is_taken_over = c->generation == 0;
    next_generation(c);
    if (is_taken_over)
        show_unassigned(c);
    c->planning = herd_planning_start(c->herd, c->name, &c->config);
    c->planned_by_ms = now_ms + c->herd->worker->hang_timeout_ms;
}

static void fail_to_plan(struct herd_connector *c, const char *why)
{
    c->failure = xstrdup(why);
    log_line(KS_LOG_ERROR, c->name, -1, "FAILED: %s", why);
    show_connector(c, TASK_FAILED);
    status_store_delete_tasks(c->herd->statuses, c->name, 0);
}

static void start_planned(struct herd_connector *c, const struct connector_config *config,
                          int64_t now_ms)
{
    show_connector(c, c->paused ? TASK_PAUSED : TASK_RUNNING);
    if (!same_tasks(&c->plan, config))
        config_store_post_tasks(c->herd->configs, c->name, c->plan.tasks, c->plan.task_count);
    status_store_delete_tasks(c->herd->statuses, c->name, (int)c->plan.task_count);
    c->task_count = c->plan.task_count;
    c->tasks = xcalloc(c->task_count + 1, sizeof *c->tasks);
    for (size_t i = 0; i < c->task_count; i++)
        start_task(c, i, now_ms);
}

/* Of the worker: a connector's own series go with it. */
static void count_startup(const struct herd_connector *c, bool succeeded)
{
    struct metrics *m = c->herd->metrics;
    metrics_record(m, KS_METRIC_COUNTER, NULL, -1,
                   "kafka_connect_worker_connector_startup_attempts_total", NULL, 1);
    metrics_record(m, KS_METRIC_COUNTER, NULL, -1,
                   "kafka_connect_worker_connector_startup_success_total", NULL, succeeded);
    metrics_record(m, KS_METRIC_COUNTER, NULL, -1,
                   "kafka_connect_worker_connector_startup_failure_total", NULL, !succeeded);
}

/* Takes the plan when it is there, gives it up when it is late. Nothing is started of a plan that
 * nobody wants any more. */
static void follow_planning(struct herd_connector *c, const struct connector_config *config,
                            bool is_wanted, int64_t now_ms)
{
    struct ks_error err = {0};
    if (!c->planning)
        return;
    bool done = herd_planning_done(c->planning);
    if (!done && now_ms < c->planned_by_ms)
        return;
    if (!done)
        ks_error_set(&err, KS_ERR_FATAL,
                     "planning the tasks (validate, task_configs of %s) has not returned for "
                     "%lld ms",
                     string_map_get(&c->config, "connector.class"),
                     (long long)c->herd->worker->hang_timeout_ms);
    enum ks_status status = done ? herd_planning_result(c->planning, &c->plan, &err) : KS_ERR_FATAL;
    if (!herd_planning_free(c->planning))
        c->herd->abandoned++;
    c->planning = NULL;
    if (!is_wanted)
        return;
    count_startup(c, status == KS_OK);
    if (status == KS_OK)
        start_planned(c, config, now_ms);
    else
        fail_to_plan(c, err.message);
}

/* ---- following the wish ---- */

static void restart_task(struct herd_connector *c, struct herd_task *task, int64_t now_ms)
{
    struct task_status status = {.state = TASK_RESTARTING,
                                 .version = (char *)(uintptr_t)c->plan.cls->version,
                                 .generation = c->generation};
    status_store_put(c->herd->statuses, c->name, (int)(task - c->tasks), &status);
    backoff_ok(&task->backoff);
    task->restarts = 0;
    task->restart_at_ms = now_ms;
    stop_task(c, task, now_ms);
}

/* Returns true if the connector itself must be planned anew. */
static bool take_restart(struct herd_connector *c, const struct restart_request *request,
                         int64_t now_ms)
{
    bool is_new = c->restart_seq >= 0 && request->seq > c->restart_seq;
    c->restart_seq = request->seq;
    if (!is_new)
        return false;
    log_line(KS_LOG_INFO, c->name, request->task, "restart requested");
    for (size_t i = 0; i < c->task_count; i++) {
        bool meant = request->task >= 0
                         ? (size_t)request->task == i
                         : request->include_tasks && (!request->only_failed || c->tasks[i].failed);
        if (meant)
            restart_task(c, &c->tasks[i], now_ms);
    }
    return request->connector && c->failure;
}

static void follow_pause(struct herd_connector *c, bool paused)
{
    if (c->paused == paused || c->failure)
        return;
    c->paused = paused;
    if (c->planning)
        return;
    for (size_t i = 0; i < c->task_count; i++)
        if (c->tasks[i].thread)
            task_thread_pause(c->tasks[i].thread, paused);
    show_connector(c, paused ? TASK_PAUSED : TASK_RUNNING);
}

static void start_due(struct herd_connector *c, int64_t now_ms)
{
    for (size_t i = 0; i < c->task_count; i++)
        if (!c->tasks[i].thread && c->tasks[i].restart_at_ms <= now_ms)
            start_task(c, i, now_ms);
}

static void watch(struct herd_connector *c)
{
    for (size_t i = 0; i < c->task_count; i++)
        if (c->tasks[i].thread)
            task_thread_watch(c->tasks[i].thread, c->herd->worker->hang_timeout_ms,
                              c->herd->worker->stall_timeout_ms);
}

static int64_t watch_every_ms(const struct worker_config *worker)
{
    int64_t shorter_ms = worker->hang_timeout_ms;
    if (worker->stall_timeout_ms > 0 && worker->stall_timeout_ms < shorter_ms)
        shorter_ms = worker->stall_timeout_ms;
    int64_t every_ms = shorter_ms / WATCHES_PER_TIMEOUT + 1;
    return every_ms < WATCH_MIN_MS ? WATCH_MIN_MS : every_ms;
}

static int64_t next_deadline(const struct herd_connector *c, int64_t now_ms)
{
    int64_t next_ms = c->planning ? c->planned_by_ms : NEVER;
    int64_t watch_ms = now_ms + watch_every_ms(c->herd->worker);
    for (size_t i = 0; i < c->task_count; i++) {
        const struct herd_task *task = &c->tasks[i];
        int64_t at_ms = task->thread ? task->stop_by_ms : task->restart_at_ms;
        if (task->thread && watch_ms < at_ms)
            at_ms = watch_ms;
        if (at_ms < next_ms)
            next_ms = at_ms;
    }
    return next_ms;
}

/* STOPPED; or paused since before it ever ran, without tasks then, as in Connect. */
static void show_idle(struct herd_connector *c, bool was_active,
                      const struct connector_config *config)
{
    if (!was_active && c->shown == config->target)
        return;
    if (!was_active)
        next_generation(c);
    c->shown = config->target;
    show_connector(c, config->target == TARGET_PAUSED ? TASK_PAUSED : TASK_STOPPED);
    status_store_delete_tasks(c->herd->statuses, c->name, 0);
    if (config->task_count > 0)
        config_store_post_tasks(c->herd->configs, c->name, NULL, 0);
}

/* Everything has ended: says so, once. */
static void settle(struct herd_connector *c, enum herd_wish wish,
                   const struct connector_config *config)
{
    bool was_active = c->active;
    forget_plan(c);
    metrics_forget(c->herd->metrics, c->name, -1);
    if (wish == HERD_DELETE) {
        status_store_delete(c->herd->statuses, c->name, STATUS_CONNECTOR);
        status_store_delete_tasks(c->herd->statuses, c->name, 0);
        status_store_forget_topics(c->herd->statuses, c->name);
    } else if (wish == HERD_RELEASE) {
        if (was_active)
            show_connector(c, TASK_UNASSIGNED);
    } else {
        show_idle(c, was_active, config);
    }
}

/* Does what runs belong to this configuration? */
static bool is_same(const struct herd_connector *c, const struct connector_config *config)
{
    return c->created == config->created && string_map_equal(&c->config, &config->config);
}

static bool wants_tasks(const struct herd_connector *c, enum herd_wish wish,
                        const struct connector_config *config)
{
    if (wish != HERD_RUN || config->target == TARGET_STOPPED)
        return false;
    return config->target != TARGET_PAUSED || config->task_count > 0 || c->active;
}

int64_t herd_connector_step(struct herd_connector *c, enum herd_wish wish,
                            const struct connector_config *config, int64_t now_ms)
{
    bool should_run = wants_tasks(c, wish, config);
    collect(c, config ? config->auto_restart : AUTO_RESTART_OFF, now_ms);
    bool is_void = c->active && (!should_run || !is_same(c, config));
    if (wish == HERD_RUN && take_restart(c, &config->restart, now_ms))
        is_void = true;
    if (is_void)
        stop_all(c, now_ms);
    follow_planning(c, config, !is_void, now_ms);
    watch(c);
    if ((is_void || !should_run) && !herd_connector_idle(c))
        return next_deadline(c, now_ms);
    if (is_void && should_run) {
        bool is_other = c->created != config->created;
        forget_plan(c);
        should_run = wants_tasks(c, wish, config);
        c->shown = is_other ? TARGET_STARTED : c->shown;
    }
    if (!should_run) {
        settle(c, wish, config);
        return NEVER;
    }
    if (!c->active)
        begin_planning(c, config, now_ms);
    follow_pause(c, config->target == TARGET_PAUSED);
    start_due(c, now_ms);
    return next_deadline(c, now_ms);
}
