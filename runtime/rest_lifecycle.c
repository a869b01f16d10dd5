/* What a connector does: its status, its tasks, pause, resume, stop, restart. In: Connect's
 * requests; out: Connect's answers, from the tables in memory, so that nothing here waits for a
 * plugin. Next: herder. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kitestream/sdk/util.h"
#include "rest_json.h"

/* ---- status ---- */

static void status(const struct rest_context *ctx, const struct rest_request *req,
                   struct rest_response *res)
{
    struct connector_status found;
    if (!herder_status(ctx->herder, req->params[0], &found)) {
        rest_fail(res, 404, "No status found for connector %s", req->params[0]);
        return;
    }
    rest_answer(res, 200, rest_json_status(&found));
    connector_status_release(&found);
}

static void tasks(const struct rest_context *ctx, const struct rest_request *req,
                  struct rest_response *res)
{
    struct connector_config config;
    if (!herder_config(ctx->herder, req->params[0], &config)) {
        rest_fail(res, 404, "Connector %s not found", req->params[0]);
        return;
    }
    rest_answer(res, 200, rest_json_tasks(ctx, &config));
    connector_config_release(&config);
}

/* -1, and an answer, if it is not a number: there is no such path. */
static int task_of(const struct rest_request *req, struct rest_response *res)
{
    const char *text = req->params[1];
    char *end;
    errno = 0;
    long task = strtol(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !*end && !errno && task <= 1000000)
        return (int)task;
    rest_fail(res, 404, "HTTP 404 Not Found");
    return -1;
}

static void task_status(const struct rest_context *ctx, const struct rest_request *req,
                        struct rest_response *res)
{
    struct connector_status found = {0};
    int task = task_of(req, res);
    if (task < 0)
        return;
    if (herder_status(ctx->herder, req->params[0], &found) && (size_t)task < found.task_count)
        rest_answer(res, 200, rest_json_task_status(&found, (size_t)task));
    else
        rest_fail(res, 404, "No status found for task %s-%d", req->params[0], task);
    connector_status_release(&found);
}

/* ---- pause, resume, stop ---- */

static void set_target(const struct rest_context *ctx, const struct rest_request *req,
                       enum target_state target, int ok, struct rest_response *res)
{
    struct ks_error err = {0};
    rest_waits_for("the config topic to take the new state");
    enum herder_answer answer = herder_set_target(ctx->herder, req->params[0], target, &err);
    if (answer == HERDER_NOT_FOUND)
        rest_fail(res, 404, "Unknown connector %s", req->params[0]);
    else if (!rest_fail_herder(res, answer, &err))
        res->status = ok;
}

static void pause_connector(const struct rest_context *ctx, const struct rest_request *req,
                            struct rest_response *res)
{
    set_target(ctx, req, TARGET_PAUSED, 202, res);
}

static void resume(const struct rest_context *ctx, const struct rest_request *req,
                   struct rest_response *res)
{
    set_target(ctx, req, TARGET_STARTED, 202, res);
}

static void stop(const struct rest_context *ctx, const struct rest_request *req,
                 struct rest_response *res)
{
    set_target(ctx, req, TARGET_STOPPED, 204, res);
}

/* ---- restart ---- */

static void show_restarting(struct task_status *one, bool only_failed)
{
    if (!only_failed || one->state == TASK_FAILED)
        one->state = TASK_RESTARTING;
}

static void restart(const struct rest_context *ctx, const struct rest_request *req,
                    struct rest_response *res)
{
    struct connector_status before = {0};
    struct ks_error err = {0};
    bool include_tasks = rest_query_flag(req, "includeTasks", false);
    bool only_failed = rest_query_flag(req, "onlyFailed", false);
    herder_status(ctx->herder, req->params[0], &before);
    rest_waits_for("the config topic to take the request");
    enum herder_answer answer =
        herder_restart(ctx->herder, req->params[0], -1, include_tasks, only_failed, &err);
    if (answer == HERDER_NOT_FOUND || !before.name) {
        rest_fail(res, 404, "Unknown connector: %s", req->params[0]);
    } else if (rest_fail_herder(res, answer, &err)) {
        /* it has the answer */
    } else if (!include_tasks && !only_failed) {
        res->status = 204;
    } else {
        show_restarting(&before.connector, only_failed);
        for (size_t i = 0; include_tasks && i < before.task_count; i++)
            show_restarting(&before.tasks[i], only_failed);
        rest_answer(res, 202, rest_json_status(&before));
    }
    connector_status_release(&before);
}

static void restart_task(const struct rest_context *ctx, const struct rest_request *req,
                         struct rest_response *res)
{
    struct ks_error err = {0};
    struct connector_config config;
    int task = task_of(req, res);
    if (task < 0)
        return;
    if (!herder_config(ctx->herder, req->params[0], &config)) {
        rest_fail(res, 404, "Unknown connector: %s", req->params[0]);
        return;
    }
    connector_config_release(&config);
    rest_waits_for("the config topic to take the request");
    enum herder_answer answer =
        herder_restart(ctx->herder, req->params[0], task, false, false, &err);
    if (!rest_fail_herder(res, answer, &err))
        res->status = 204;
}

/* Connect's workers call these among themselves; ours meet in the config topic. */
static void internal(const struct rest_context *ctx, const struct rest_request *req,
                     struct rest_response *res)
{
    rest_fail(res, 400, "This is for requests between Connect's workers, and not signed by one");
}

const struct rest_route rest_lifecycle_routes[] = {
    {"GET", "/connectors/{c}/status", status, 0},
    {"PUT", "/connectors/{c}/pause", pause_connector, REST_WRITES},
    {"PUT", "/connectors/{c}/resume", resume, REST_WRITES},
    {"PUT", "/connectors/{c}/stop", stop, REST_WRITES},
    {"POST", "/connectors/{c}/restart", restart, REST_WRITES},
    {"GET", "/connectors/{c}/tasks", tasks, 0},
    {"POST", "/connectors/{c}/tasks", internal, REST_WRITES},
    {"PUT", "/connectors/{c}/fence", internal, REST_WRITES},
    {"GET", "/connectors/{c}/tasks/{n}/status", task_status, 0},
    {"POST", "/connectors/{c}/tasks/{n}/restart", restart_task, REST_WRITES},
    {0},
};
