/* Metrics that are read off at the moment they are asked for: states of connectors and tasks on
 * this worker, and the process. Thread: any. */
#ifndef RUNTIME_WORKER_METRICS_H
#define RUNTIME_WORKER_METRICS_H

#include "herder.h"

/* Appends Prometheus' text. Waits for nothing. */
void worker_metrics_print(struct herder *h, const char *worker_id, struct ks_buf *out);
void process_metrics_print(struct ks_buf *out);
/* The part of worker_metrics_print without a herder: of these statuses. */
void worker_metrics_print_statuses(const struct connector_status *list, size_t count,
                                   const char *worker_id, struct ks_buf *out);

#endif
