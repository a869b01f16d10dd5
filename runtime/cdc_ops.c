/* The short requests of POST /cdc. In: request_data; out: a change of both connectors, or what is
 * known of them. A request that dies between the two writes leaves a pair in two states, which
 * counts as Paused: the same request again, or resume, puts it right. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cdc_ops.h"
#include "kitestream/sdk/util.h"
#include "log.h"
#include "log_levels.h"

static enum ks_status find(const struct rest_context *ctx, const json_t *data, struct cdc_task *ret,
                           struct ks_error *err)
{
    const char *id;
    enum ks_status status = cdc_text_of(data, "task_id", &id, err);
    if (status)
        return status;
    if (!*id)
        return ks_error_set(err, KS_ERR_DATA, "task_id is empty");
    if (!cdc_task_find(ctx->herder, id, ret))
        return ks_error_set(err, KS_ERR_DATA, "there is no task with the task_id %.200s", id);
    return KS_OK;
}

static enum ks_status set_target(struct herder *h, const struct cdc_task *t, bool sink,
                                 enum target_state target, struct ks_error *err)
{
    const struct cdc_side *side = sink ? &t->sink : &t->source;
    if (!side->exists || side->target == target || (sink && !t->needs_sink))
        return KS_OK;
    char *name = sink ? cdc_sink_name(t->id) : cdc_source_name(t->id);
    enum ks_status status = cdc_status_of(herder_set_target(h, name, target, err));
    free(name);
    return status;
}

static bool both(const struct cdc_task *t, bool started)
{
    return (t->source.target == TARGET_STARTED) == started &&
           (!t->needs_sink || (t->sink.target == TARGET_STARTED) == started);
}

enum ks_status cdc_op_pause(const struct rest_context *ctx, json_t *data, json_t **ret,
                            struct ks_error *err)
{
    struct cdc_task t = {0};
    enum ks_status status = find(ctx, data, &t, err);
    if (status)
        return status;
    if (cdc_task_is_half(&t)) {
        const char *reason;
        cdc_task_state(&t, &reason);
        status = ks_error_set(err, KS_ERR_DATA, "%s", reason);
    } else if (both(&t, false)) {
        status = ks_error_set(err, KS_ERR_DATA, "the task %s is paused already", t.id);
    }
    if (!status)
        status = set_target(ctx->herder, &t, false, TARGET_PAUSED, err);
    if (!status)
        status = set_target(ctx->herder, &t, true, TARGET_PAUSED, err);
    cdc_task_release(&t);
    return status;
}

static enum ks_status restart_failed(struct herder *h, const struct cdc_task *t,
                                     struct ks_error *err)
{
    char *source = cdc_source_name(t->id), *sink = cdc_sink_name(t->id);
    enum ks_status status = cdc_status_of(herder_restart(h, source, -1, true, true, err));
    if (!status && t->needs_sink)
        status = cdc_status_of(herder_restart(h, sink, -1, true, true, err));
    free(source);
    free(sink);
    return status;
}

enum ks_status cdc_op_resume(const struct rest_context *ctx, json_t *data, json_t **ret,
                             struct ks_error *err)
{
    struct cdc_task t = {0};
    enum ks_status status = find(ctx, data, &t, err);
    if (status)
        return status;
    bool has_failed = cdc_task_has_failed(&t, NULL);
    if (t.needs_sink && !t.sink.exists) {
        const char *reason;
        cdc_task_state(&t, &reason);
        status = ks_error_set(err, KS_ERR_DATA, "%s", reason);
    } else if (both(&t, true) && !has_failed) {
        status = ks_error_set(err, KS_ERR_DATA, "the task %s is running already", t.id);
    }
    if (!status)
        status = set_target(ctx->herder, &t, true, TARGET_STARTED, err);
    if (!status)
        status = set_target(ctx->herder, &t, false, TARGET_STARTED, err);
    if (!status && has_failed)
        status = restart_failed(ctx->herder, &t, err);
    cdc_task_release(&t);
    return status;
}

static enum ks_status delete_named(struct herder *h, char *take_name, struct ks_error *err)
{
    enum herder_answer answer = herder_delete(h, take_name, err);
    free(take_name);
    return answer == HERDER_NOT_FOUND ? KS_OK : cdc_status_of(answer);
}

enum ks_status cdc_op_delete(const struct rest_context *ctx, json_t *data, json_t **ret,
                             struct ks_error *err)
{
    struct cdc_task t = {0};
    const json_t *ignore = json_object_get(data, "ignore_not_found");
    const char *id;
    if (ignore && !json_is_boolean(ignore) && !json_is_null(ignore))
        return ks_error_set(err, KS_ERR_DATA, "ignore_not_found must be true or false");
    enum ks_status status = cdc_text_of(data, "task_id", &id, err);
    if (status)
        return status;
    if (json_is_true(ignore) && !cdc_task_find(ctx->herder, id, &t))
        return KS_OK;
    cdc_task_release(&t);
    status = find(ctx, data, &t, err);
    if (status)
        return status;
    if (t.needs_sink)
        status = delete_named(ctx->herder, cdc_sink_name(t.id), err);
    if (!status)
        status = delete_named(ctx->herder, cdc_source_name(t.id), err);
    if (!status)
        log_info("task %s of POST /cdc: deleted", t.id);
    cdc_task_release(&t);
    return status;
}

enum ks_status cdc_op_get(const struct rest_context *ctx, json_t *data, json_t **ret,
                          struct ks_error *err)
{
    struct cdc_task t = {0};
    enum ks_status status = find(ctx, data, &t, err);
    if (!status)
        *ret = json_pack("{s:o}", "task", cdc_task_json(&t));
    cdc_task_release(&t);
    return status;
}

enum ks_status cdc_op_list(const struct rest_context *ctx, json_t *data, json_t **ret,
                           struct ks_error *err)
{
    struct cdc_tasks tasks = cdc_tasks_read(ctx->herder);
    json_t *list = json_array();
    for (size_t i = 0; i < tasks.count; i++)
        json_array_append_new(list, cdc_task_json(&tasks.list[i]));
    cdc_tasks_release(&tasks);
    *ret = json_pack("{s:o}", "tasks", list);
    return KS_OK;
}

/* ---- maintenance ---- */

/* On all workers: which one answers a request is not for its sender to know. */
static enum ks_status set_log_level(struct herder *h, const json_t *params, json_t **ret,
                                    struct ks_error *err)
{
    const char *name;
    int level;
    enum ks_status status = cdc_text_of(params, "log_level", &name, err);
    if (status)
        return status;
    if (!log_level_parse(name, &level))
        return ks_error_set(err, KS_ERR_DATA,
                            "params.log_level is one of trace, debug, info, warn, error");
    status = cdc_status_of(herder_put_logger(h, LOGGER_ROOT, log_level_name(level), err));
    if (!status)
        *ret = json_pack("{s:s+}", "state", "the log level is ", log_level_name(level));
    return status;
}

enum ks_status cdc_op_maintenance(const struct rest_context *ctx, json_t *data, json_t **ret,
                                  struct ks_error *err)
{
    const char *operation;
    enum ks_status status = cdc_text_of(data, "operation", &operation, err);
    if (status)
        return status;
    if (strcmp(operation, "set_log_level") == 0)
        return set_log_level(ctx->herder, json_object_get(data, "params"), ret, err);
    if (strcmp(operation, "set_force_log_msg") == 0 || strcmp(operation, "reset_log_msg") == 0)
        return ks_error_set(err, KS_ERR_DATA,
                            "%s does not exist here: rows are never written to the log", operation);
    return ks_error_set(err, KS_ERR_DATA,
                        "the operation '%.100s' does not exist: there is set_log_level", operation);
}
