/* What `kitestream status` shows, made of a worker's answers: {"connectors": [{name, type, state,
 * worker_id, error, tasks: [{id, state, worker_id, lag_seconds, error, waiting}]}]}; members
 * without a value are left out. */
#ifndef RUNTIME_STATUS_REPORT_H
#define RUNTIME_STATUS_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* answer: of GET /connectors?expand=status. names: only these; count 0: all. NULL if the answer is
 * not what it should be. */
json_t *status_report_new(const json_t *answer, const char *const *names, size_t count);
/* Takes the lags of tasks from a worker's metrics in Prometheus' form. */
void status_report_add_metrics(json_t *report, const char *text);
/* Of all tasks; in no order, each once, borrowed from the report. One allocation, free(*ret). */
size_t status_report_workers(const json_t *report, const char ***ret);
/* A connector or a task has FAILED. */
bool status_report_has_failed(const json_t *report);
void status_report_print(const json_t *report, FILE *out);

#endif
