/* A task of POST /cdc is a pair of connectors: <task_id>-source, which carries what was asked in
 * its option cdc.task, and <task_id>-sink, which a task with a Kafka target does not have. */
#ifndef RUNTIME_CDC_TASK_H
#define RUNTIME_CDC_TASK_H

#include "cdc_request.h"
#include "config_store.h"
#include "herder.h"

#define CDC_TASK_OPTION "cdc.task"

char *cdc_source_name(const char *task_id); /* free() */
char *cdc_sink_name(const char *task_id);   /* free() */

/* ---- from a request to connectors ---- */

/* What the tasks of one target have taken: their names, and what each leaves to others. */
struct cdc_taken {
    const char *task_id, *name; /* db.collection */
    json_t *excludes;           /* array of such names */
};
/* The ID of the one of `others` that covers the name already, or NULL. */
const char *cdc_taken_by(const struct cdc_taken *others, size_t count, const char *name);
/* The names of others that this one meets, and so leaves to them. New reference. */
json_t *cdc_excludes(const struct cdc_taken *others, size_t count, const char *name);
/* Names in name_mapping that the task does not cover are a fault. *ret is the sink's
 * collection.mapping; free(). Errors: DATA. */
enum ks_status cdc_mapping(const struct cdc_create *c, char **ret, struct ks_error *err);

struct cdc_plan {
    const struct worker_config *worker;
    const struct cdc_create *create;
    const char *task_id;
    json_t *excludes;
    const char *start_from; /* NULL: latest */
    const char *mapping;
};
/* Topics of the stream begin with it; free(). */
char *cdc_topic_prefix(const struct cdc_plan *plan);
struct string_map cdc_source_config(const struct cdc_plan *plan);
struct string_map cdc_sink_config(const struct cdc_plan *plan);

/* ---- from connectors to a task ---- */

/* One of the pair. Owns: status. */
struct cdc_side {
    bool exists;
    enum target_state target;
    struct connector_status status;
};
/* Owns: all. */
struct cdc_task {
    char *id;
    int64_t created; /* later ones have more, on every worker */
    json_t *record;  /* what the option holds */
    bool needs_sink;
    struct cdc_side source, sink;
};
/* The task ID if this is the source connector of a task, with its record (new reference); NULL if
 * it is another. free() */
char *cdc_task_of(const struct connector_config *config, json_t **ret_record);
void cdc_task_release(struct cdc_task *t);

enum cdc_state { CDC_INITIAL, CDC_RUNNING, CDC_PAUSED };
/* *ret_reason: borrowed from the task, or NULL. */
enum cdc_state cdc_task_state(const struct cdc_task *t, const char **ret_reason);
/* Was its making interrupted? */
bool cdc_task_is_half(const struct cdc_task *t);
/* Has something of it failed? *ret_trace (may be NULL): borrowed. */
bool cdc_task_has_failed(const struct cdc_task *t, const char **ret_trace);
/* The task as `get` shows it. New reference. */
json_t *cdc_task_json(const struct cdc_task *t);
/* uri or Kafka address, in one spelling: tasks of one target must not cover the same; free(). */
char *cdc_target_key(const struct cdc_create *c);

#endif
