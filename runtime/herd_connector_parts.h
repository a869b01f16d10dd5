/* What the files of one connector on this worker share: herd_connector.c (what is wanted,
 * planning), herd_tasks.c (its task threads), herd_status.c (what is shown of it). Private to them.
 */
#ifndef RUNTIME_HERD_CONNECTOR_PARTS_H
#define RUNTIME_HERD_CONNECTOR_PARTS_H

#include "clock.h"
#include "connector_plan.h"
#include "herd_connector.h"
#include "string_map.h"

#define HERD_NEVER INT64_MAX

struct herd_task {
    struct task_thread *thread; /* NULL: does not run */
    int64_t stop_by_ms;         /* HERD_NEVER: not asked to stop */
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

/* ---- herd_tasks.c ---- */

/* All that the plan has. */
void herd_tasks_start(struct herd_connector *c, int64_t now_ms);
/* Those whose restart is due. */
void herd_tasks_start_due(struct herd_connector *c, int64_t now_ms);
/* Asks them to end; herd_tasks_collect sees them gone. */
void herd_tasks_stop(struct herd_connector *c, int64_t now_ms);
/* Frees threads that have ended, abandons those that are late. */
void herd_tasks_collect(struct herd_connector *c, int auto_restart, int64_t now_ms);
/* Those that the request means. */
void herd_tasks_restart(struct herd_connector *c, const struct restart_request *request,
                        int64_t now_ms);
void herd_tasks_pause(struct herd_connector *c, bool paused);
void herd_tasks_watch(struct herd_connector *c);
bool herd_tasks_idle(const struct herd_connector *c);
/* When one of them needs a look. */
int64_t herd_tasks_deadline(const struct herd_connector *c, int64_t now_ms);

/* ---- herd_status.c ---- */

void herd_status_show(struct herd_connector *c, enum task_state state);
/* Higher than the last owner's, whose late reports are ignored then. */
void herd_status_next_generation(struct herd_connector *c);
/* What the last owner said when it was lost is not so any more. */
void herd_status_taken_over(struct herd_connector *c);
void herd_status_restarting(struct herd_connector *c, size_t task);
void herd_status_abandoned(struct herd_connector *c, size_t task);
/* The task is FAILED, with its trace; what happens next stands beside it. */
void herd_status_will_restart(struct herd_connector *c, size_t task, char *take_text);

#endif
