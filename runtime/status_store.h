/* What connectors and tasks are doing: the status topic as a table. Connect's keys
 * (status-connector-<c>, status-task-<c>-<n>) and values {state, trace, worker_id, generation,
 * version}, plus `waiting`: what a task waits for; and the topics a connector uses
 * (status-topic-<t>:connector-<c>). A local write shows at once, also while the brokers are away.
 * Thread: any. */
#ifndef RUNTIME_STATUS_STORE_H
#define RUNTIME_STATUS_STORE_H

#include "task_context.h"

#define STATUS_CONNECTOR (-1) /* as task number: the connector itself */

/* Owns: the texts, which may be NULL. */
struct task_status {
    enum task_state state;
    char *trace;   /* of a failure */
    char *waiting; /* one sentence */
    char *worker_id;
    char *version;      /* of the plugin class */
    int64_t generation; /* grows with each owner; a lower one does not overwrite a higher one */
};
void task_status_release(struct task_status *status);

struct status_store;
enum ks_status status_store_open(const struct worker_config *worker, struct status_store **ret,
                                 struct ks_error *err);
void status_store_close(struct status_store *s);

/* Does not wait. `status` is copied; worker_id is set by the store. */
void status_store_put(struct status_store *s, const char *connector, int task,
                      const struct task_status *status);
void status_store_delete(struct status_store *s, const char *connector, int task);
/* Deletes the tasks from `first_task` on. */
void status_store_delete_tasks(struct status_store *s, const char *connector, int first_task);
/* False: none is known. */
bool status_store_get(struct status_store *s, const char *connector, int task,
                      struct task_status *ret);
/* Connectors that have a status, also if they exist no more; one allocation, free(*ret). */
size_t status_store_connectors(struct status_store *s, char ***ret);
/* Highest known task number + 1. */
int status_store_task_count(struct status_store *s, const char *connector);

/* Notes that a connector uses a topic; cheap when that is known. Does not wait. */
void status_store_add_topic(struct status_store *s, const char *connector, int task,
                            const char *topic);
void status_store_forget_topics(struct status_store *s, const char *connector);
/* Sorted; one allocation, free(*ret). */
size_t status_store_topics(struct status_store *s, const char *connector, char ***ret);
/* Changes whenever topics are forgotten: who remembers what it has added must add it again. */
const _Atomic unsigned *status_store_topics_epoch(const struct status_store *s);

/* For the tests: a store without a topic, and one record of it. */
struct status_store *status_store_new(const char *worker_id);
void status_store_apply(struct status_store *s, struct ks_slice key, struct ks_slice value);

#endif
