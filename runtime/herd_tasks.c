/* The task threads of one connector. In: the plan, and what is asked of its tasks; out: threads
 * started, paused, stopped, collected and, where they failed, started again after a backoff. Next:
 * task_threads. Order: the head of herd_connector.c. */
#include <stdlib.h>
#include <time.h>

#include "alloc.h"
#include "herd_connector_parts.h"
#include "kitestream/sdk/util.h"
#include "log.h"

/* A task that ran this long begins to count its restarts anew. */
#define HEALTHY_MS 600000
#define WATCHES_PER_TIMEOUT 4
#define WATCH_MIN_MS 25

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
    task->restart_at_ms = HERD_NEVER;
    task->stop_by_ms = HERD_NEVER;
    task->started_ms = now_ms;
    task->thread = task_thread_start(&spec, &c->herd->owner);
}

void herd_tasks_start(struct herd_connector *c, int64_t now_ms)
{
    c->task_count = c->plan.task_count;
    c->tasks = xcalloc(c->task_count + 1, sizeof *c->tasks);
    for (size_t i = 0; i < c->task_count; i++)
        start_task(c, i, now_ms);
}

void herd_tasks_start_due(struct herd_connector *c, int64_t now_ms)
{
    for (size_t i = 0; i < c->task_count; i++)
        if (!c->tasks[i].thread && c->tasks[i].restart_at_ms <= now_ms)
            start_task(c, i, now_ms);
}

/* ---- stopping ---- */

static void stop_task(struct herd_connector *c, struct herd_task *task, int64_t now_ms)
{
    if (!task->thread || task->stop_by_ms != HERD_NEVER)
        return;
    task_thread_stop(task->thread);
    task->stop_by_ms = now_ms + c->herd->worker->graceful_stop_ms;
}

void herd_tasks_stop(struct herd_connector *c, int64_t now_ms)
{
    for (size_t i = 0; i < c->task_count; i++)
        stop_task(c, &c->tasks[i], now_ms);
}

/* ---- collecting ---- */

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
        herd_status_will_restart(
            c, i,
            xasprintf("a restart from outside: it was restarted %d times by itself, which "
                      "is the limit",
                      task->restarts));
        return;
    }
    task->restarts++;
    int64_t in_ms = backoff_fail(&task->backoff);
    task->restart_at_ms = now_ms + in_ms;
    herd_status_will_restart(c, i, restart_text(task, auto_restart, in_ms));
}

void herd_tasks_collect(struct herd_connector *c, int auto_restart, int64_t now_ms)
{
    for (size_t i = 0; i < c->task_count; i++) {
        struct herd_task *task = &c->tasks[i];
        if (!task->thread)
            continue;
        bool ended = task_thread_ended(task->thread);
        if (!ended && now_ms < task->stop_by_ms)
            continue;
        bool was_asked = task->stop_by_ms != HERD_NEVER;
        task->failed = ended && task_thread_failed(task->thread);
        if (!task_thread_release(task->thread)) {
            c->herd->abandoned++;
            herd_status_abandoned(c, i);
        }
        task->thread = NULL;
        task->stop_by_ms = HERD_NEVER;
        if (task->failed && !was_asked)
            schedule_restart(c, i, auto_restart, now_ms);
    }
}

/* ---- what is asked from outside ---- */

static void restart_task(struct herd_connector *c, struct herd_task *task, int64_t now_ms)
{
    herd_status_restarting(c, (size_t)(task - c->tasks));
    backoff_ok(&task->backoff);
    task->restarts = 0;
    task->restart_at_ms = now_ms;
    stop_task(c, task, now_ms);
}

void herd_tasks_restart(struct herd_connector *c, const struct restart_request *request,
                        int64_t now_ms)
{
    for (size_t i = 0; i < c->task_count; i++) {
        bool meant = request->task >= 0
                         ? (size_t)request->task == i
                         : request->include_tasks && (!request->only_failed || c->tasks[i].failed);
        if (meant)
            restart_task(c, &c->tasks[i], now_ms);
    }
}

void herd_tasks_pause(struct herd_connector *c, bool paused)
{
    for (size_t i = 0; i < c->task_count; i++)
        if (c->tasks[i].thread)
            task_thread_pause(c->tasks[i].thread, paused);
}

/* ---- looking after them ---- */

bool herd_tasks_idle(const struct herd_connector *c)
{
    for (size_t i = 0; i < c->task_count; i++)
        if (c->tasks[i].thread)
            return false;
    return true;
}

void herd_tasks_watch(struct herd_connector *c)
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

int64_t herd_tasks_deadline(const struct herd_connector *c, int64_t now_ms)
{
    int64_t next_ms = HERD_NEVER;
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
