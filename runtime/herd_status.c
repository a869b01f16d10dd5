/* What is shown of a connector and its tasks beyond what the tasks say themselves. In: what
 * happened; out: records for the status topic and the log. Next: status_store. */
#include <stdlib.h>

#include "alloc.h"
#include "herd_connector_parts.h"
#include "log.h"

void herd_status_show(struct herd_connector *c, enum task_state state)
{
    const struct ks_connector_class *cls = c->plan.cls;
    struct task_status status = {.state = state,
                                 .trace = c->failure,
                                 .version = cls ? (char *)(uintptr_t)cls->version : NULL,
                                 .generation = c->generation};
    status_store_put(c->herd->statuses, c->name, STATUS_CONNECTOR, &status);
}

void herd_status_next_generation(struct herd_connector *c)
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

void herd_status_taken_over(struct herd_connector *c)
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

void herd_status_restarting(struct herd_connector *c, size_t task)
{
    struct task_status status = {.state = TASK_RESTARTING,
                                 .version = (char *)(uintptr_t)c->plan.cls->version,
                                 .generation = c->generation};
    status_store_put(c->herd->statuses, c->name, (int)task, &status);
}

void herd_status_abandoned(struct herd_connector *c, size_t task)
{
    log_line(
        KS_LOG_ERROR, c->name, (int)task,
        "did not stop within task.shutdown.graceful.timeout.ms (%lld ms) and is abandoned; what "
        "it still commits is fenced by its next run",
        (long long)c->herd->worker->graceful_stop_ms);
    struct task_status status = {.state = TASK_UNASSIGNED, .generation = c->generation};
    status_store_put(c->herd->statuses, c->name, (int)task, &status);
}

void herd_status_will_restart(struct herd_connector *c, size_t task, char *take_text)
{
    struct task_status status;
    log_line(KS_LOG_WARN, c->name, (int)task, "failed and waits for %s", take_text);
    if (status_store_get(c->herd->statuses, c->name, (int)task, &status)) {
        free(status.waiting);
        status.waiting = take_text;
        status_store_put(c->herd->statuses, c->name, (int)task, &status);
        take_text = NULL;
        task_status_release(&status);
    }
    free(take_text);
}
