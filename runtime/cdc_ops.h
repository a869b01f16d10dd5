/* What POST /cdc does: one function for each request_type. `data` is request_data (an object, or
 * NULL), borrowed; *ret becomes the answer's data (new reference), NULL for none. Errors: DATA for
 * what the client can mend, RETRIABLE when Kafka does not answer. Thread: any. */
#ifndef RUNTIME_CDC_OPS_H
#define RUNTIME_CDC_OPS_H

#include "rest.h"

typedef enum ks_status cdc_op_fn(const struct rest_context *ctx, json_t *data, json_t **ret,
                                 struct ks_error *err);

cdc_op_fn cdc_op_create;   /* cdc_create.c */
cdc_op_fn cdc_op_position; /* cdc_progress.c */
cdc_op_fn cdc_op_delete, cdc_op_pause, cdc_op_resume, cdc_op_get, cdc_op_list, cdc_op_maintenance;

/* ---- for these files: cdc_tasks.c ---- */

#include "cdc_task.h"

/* Owns: all. */
struct cdc_tasks {
    struct cdc_task *list;
    size_t count, cap;
};
/* All tasks, by ID. */
struct cdc_tasks cdc_tasks_read(struct herder *h);
void cdc_tasks_release(struct cdc_tasks *tasks);
/* False: there is none. */
bool cdc_task_find(struct herder *h, const char *task_id, struct cdc_task *ret);
enum ks_status cdc_status_of(enum herder_answer answer);
/* A text member of data. Errors: DATA. *ret: "" without it. */
enum ks_status cdc_text_of(const json_t *data, const char *name, const char **ret,
                           struct ks_error *err);

#endif
