/* One connector on this worker. In: the wish; out: task threads started, paused, stopped, and
 * statuses. Next: herd_tasks. Planning calls the plugin, so it has a thread of its own. Order: a
 * changed connector's tasks have all ended, or were abandoned after
 * task.shutdown.graceful.timeout.ms, before its new ones start; an abandoned task's later commits
 * are fenced by them. Death: nothing is kept here but what the topics hold. */
#include "herd_connector.h"

#include <stdlib.h>

#include "alloc.h"
#include "herd_connector_parts.h"
#include "herd_planning.h"
#include "kitestream/sdk/util.h"
#include "log.h"

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
    return !c->planning && herd_tasks_idle(c);
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

/* ---- starting ---- */

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
    herd_status_next_generation(c);
    if (is_taken_over)
        herd_status_taken_over(c);
    c->planning = herd_planning_start(c->herd, c->name, &c->config);
    c->planned_by_ms = now_ms + c->herd->worker->hang_timeout_ms;
}

static void fail_to_plan(struct herd_connector *c, const char *why)
{
    c->failure = xstrdup(why);
    log_line(KS_LOG_ERROR, c->name, -1, "FAILED: %s", why);
    herd_status_show(c, TASK_FAILED);
    status_store_delete_tasks(c->herd->statuses, c->name, 0);
}

static void start_planned(struct herd_connector *c, const struct connector_config *config,
                          int64_t now_ms)
{
    herd_status_show(c, c->paused ? TASK_PAUSED : TASK_RUNNING);
    if (!same_tasks(&c->plan, config))
        config_store_post_tasks(c->herd->configs, c->name, c->plan.tasks, c->plan.task_count);
    status_store_delete_tasks(c->herd->statuses, c->name, (int)c->plan.task_count);
    herd_tasks_start(c, now_ms);
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

/* Planning that nobody wants any more gets no longer than a task has to end. */
static void stop_all(struct herd_connector *c, int64_t now_ms)
{
    int64_t graceful_ms = now_ms + c->herd->worker->graceful_stop_ms;
    if (c->planning && graceful_ms < c->planned_by_ms)
        c->planned_by_ms = graceful_ms;
    herd_tasks_stop(c, now_ms);
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
    herd_tasks_restart(c, request, now_ms);
    return request->connector && c->failure;
}

static void follow_pause(struct herd_connector *c, bool paused)
{
    if (c->paused == paused || c->failure)
        return;
    c->paused = paused;
    if (c->planning)
        return;
    herd_tasks_pause(c, paused);
    herd_status_show(c, paused ? TASK_PAUSED : TASK_RUNNING);
}

/* STOPPED; or paused since before it ever ran, without tasks then, as in Connect. */
static void show_idle(struct herd_connector *c, bool was_active,
                      const struct connector_config *config)
{
    if (!was_active && c->shown == config->target)
        return;
    if (!was_active)
        herd_status_next_generation(c);
    c->shown = config->target;
    herd_status_show(c, config->target == TARGET_PAUSED ? TASK_PAUSED : TASK_STOPPED);
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
            herd_status_show(c, TASK_UNASSIGNED);
    } else {
        show_idle(c, was_active, config);
    }
}

static int64_t next_deadline(const struct herd_connector *c, int64_t now_ms)
{
    int64_t tasks_ms = herd_tasks_deadline(c, now_ms);
    return c->planning && c->planned_by_ms < tasks_ms ? c->planned_by_ms : tasks_ms;
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
    herd_tasks_collect(c, config ? config->auto_restart : AUTO_RESTART_OFF, now_ms);
    bool is_void = c->active && (!should_run || !is_same(c, config));
    if (wish == HERD_RUN && take_restart(c, &config->restart, now_ms))
        is_void = true;
    if (is_void)
        stop_all(c, now_ms);
    follow_planning(c, config, !is_void, now_ms);
    herd_tasks_watch(c);
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
        return HERD_NEVER;
    }
    if (!c->active)
        begin_planning(c, config, now_ms);
    follow_pause(c, config->target == TARGET_PAUSED);
    herd_tasks_start_due(c, now_ms);
    return next_deadline(c, now_ms);
}
