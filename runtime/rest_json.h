/* Connect's JSON of a connector: info and status. Thread: any. */
#ifndef RUNTIME_REST_JSON_H
#define RUNTIME_REST_JSON_H

#include "rest.h"

/* All return new references. */

/* with_tasks: false right after a creation, when nothing has been planned yet. */
json_t *rest_json_info(const struct rest_context *ctx, const struct connector_config *config,
                       bool with_tasks);
json_t *rest_json_tasks(const struct rest_context *ctx, const struct connector_config *config);
json_t *rest_json_status(const struct connector_status *status);
json_t *rest_json_task_status(const struct connector_status *status, size_t task);

#endif
