/* Offsets and topics of connectors. In: Connect's requests; out: Connect's answers. Next:
 * connector_offsets, which asks and changes Kafka; the herder's tables for the topics. Offsets
 * change only while the connector is STOPPED, so that nobody works from others. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "config_def.h"
#include "connector_offsets.h"
#include "kitestream/sdk/util.h"
#include "rest.h"

#define STOP_WAIT_MS 10000

/* ---- the connector ---- */

/* What a request about offsets needs. Owns: all. */
struct subject {
    struct connector_config config;
    struct string_map resolved;
    struct ks_config view;
    char **topics;
    struct connector_offsets offsets;
};

static void subject_release(struct subject *s)
{
    connector_config_release(&s->config);
    string_map_release(&s->resolved);
    free(s->topics);
}

static bool find_class(const struct rest_context *ctx, struct subject *s, struct rest_response *res)
{
    const char *name = string_map_get(&s->config.config, "connector.class");
    const struct plugin_class *found = name ? plugin_set_find(ctx->plugins, name) : NULL;
    if (found)
        s->offsets.cls = found->cls;
    else
        rest_fail(res, 500, "No plugin of this worker has the class %s", name ? name : "(none)");
    return found != NULL;
}

static bool resolve(struct subject *s, struct rest_response *res)
{
    struct ks_error err = {0};
    struct ks_config given = string_map_view(&s->config.config);
    s->resolved = string_map_copy(&given);
    if (config_resolve(&s->resolved, &err) != KS_OK) {
        rest_fail(res, 500, "%s", err.message);
        return false;
    }
    s->view = string_map_view(&s->resolved);
    return true;
}

static bool subject_find(const struct rest_context *ctx, const struct rest_request *req,
                         struct subject *ret, struct rest_response *res)
{
    const char *name = req->params[0];
    if (!herder_config(ctx->herder, name, &ret->config)) {
        rest_fail(res, 404, "Connector %s not found", name);
        return false;
    }
    if (!find_class(ctx, ret, res) || !resolve(ret, res))
        return false;
    ret->offsets.worker = ctx->worker;
    ret->offsets.connector = ret->config.name;
    ret->offsets.config = &ret->view;
    ret->offsets.topic_count = herder_topics(ctx->herder, name, &ret->topics);
    ret->offsets.topics = ret->topics;
    return true;
}

static void fail(struct rest_response *res, enum ks_status status, const struct ks_error *err)
{
    int code = status == KS_ERR_DATA ? 400 : status == KS_ERR_RESTART ? 409 : 500;
    rest_fail(res, code, "%s", err->message);
}

static bool shows_stopped(const struct rest_context *ctx, const char *name)
{
    struct connector_status status;
    if (!herder_status(ctx->herder, name, &status))
        return false;
    bool stopped = status.connector.state == TASK_STOPPED && status.task_count == 0;
    connector_status_release(&status);
    return stopped;
}

/* Right after a stop its tasks may still be at their last commit. */
static bool await_stopped(const struct rest_context *ctx, const struct subject *s,
                          struct rest_response *res)
{
    const char *name = s->config.name;
    if (s->config.target != TARGET_STOPPED) {
        rest_fail(res, 400,
                  "Connectors must be in the STOPPED state before their offsets can be modified. "
                  "This can be done for the specified connector by issuing a 'PUT' request to the "
                  "'/connectors/%s/stop' endpoint",
                  name);
        return false;
    }
    rest_waits_for("the connector's tasks to stop");
    int64_t deadline_ms = clock_mono_ms() + STOP_WAIT_MS;
    while (!shows_stopped(ctx, name) && clock_mono_ms() < deadline_ms)
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    if (shows_stopped(ctx, name))
        return true;
    rest_fail(res, 409, "Connector %s is still stopping; look at its status and try again", name);
    return false;
}

/* ---- offsets ---- */

static void get_offsets(const struct rest_context *ctx, const struct rest_request *req,
                        struct rest_response *res)
{
    struct subject s = {0};
    struct ks_error err = {0};
    json_t *list = NULL;
    if (subject_find(ctx, req, &s, res)) {
        rest_waits_for("Kafka to tell the offsets");
        enum ks_status status = connector_offsets_read(&s.offsets, &list, &err);
        if (status == KS_OK)
            rest_answer(res, 200, json_pack("{s:o}", "offsets", list));
        else
            fail(res, status, &err);
    }
    subject_release(&s);
}

static const json_t *list_of(const json_t *body, struct rest_response *res)
{
    const json_t *list = json_object_get(body, "offsets");
    if (json_object_size(body) > (list ? 1 : 0)) {
        rest_fail(res, 400, "Unrecognized field beside \"offsets\"");
        return NULL;
    }
    if (list && !json_is_null(list) && !json_is_array(list)) {
        rest_fail(res, 400, "offsets must be a list");
        return NULL;
    }
    if (json_array_size(list) > 0)
        return list;
    rest_fail(res, 400, "Partitions / offsets need to be provided for an alter offsets request");
    return NULL;
}

static void answer_message(struct rest_response *res, const char *done, bool own_state)
{
    json_t *message = json_sprintf(
        "The offsets for this connector have been %s successfully%s", done,
        own_state ? "; with them the state that it keeps itself: it starts over as if it were new"
                  : "");
    rest_answer(res, 200, json_pack("{s:o}", "message", message));
}

static void alter_offsets(const struct rest_context *ctx, const struct rest_request *req,
                          struct rest_response *res)
{
    struct subject s = {0};
    struct ks_error err = {0};
    json_t *body = rest_body_object(req, res);
    const json_t *list = body && subject_find(ctx, req, &s, res) ? list_of(body, res) : NULL;
    if (list && await_stopped(ctx, &s, res)) {
        rest_waits_for("Kafka to take the offsets");
        enum ks_status status = connector_offsets_alter(&s.offsets, list, &err);
        if (status == KS_OK)
            answer_message(res, "altered", false);
        else
            fail(res, status, &err);
    }
    subject_release(&s);
    json_decref(body);
}

static void reset_offsets(const struct rest_context *ctx, const struct rest_request *req,
                          struct rest_response *res)
{
    struct subject s = {0};
    struct ks_error err = {0};
    if (subject_find(ctx, req, &s, res) && await_stopped(ctx, &s, res)) {
        rest_waits_for("Kafka to forget the offsets");
        enum ks_status status = connector_offsets_reset(&s.offsets, &err);
        if (status == KS_OK)
            answer_message(res, "reset", s.offsets.cls->flags & KS_CLASS_OWN_ASSIGNMENT);
        else
            fail(res, status, &err);
    }
    subject_release(&s);
}

/* ---- topics ---- */

static void get_topics(const struct rest_context *ctx, const struct rest_request *req,
                       struct rest_response *res)
{
    char **topics;
    if (!ctx->worker->topic_tracking) {
        rest_fail(res, 403, "Topic tracking is disabled.");
        return;
    }
    size_t count = herder_topics(ctx->herder, req->params[0], &topics);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(topics[i]));
    free(topics);
    json_t *json = json_object();
    json_object_set_new(json, req->params[0], json_pack("{s:o}", "topics", list));
    rest_answer(res, 200, json);
}

static void reset_topics(const struct rest_context *ctx, const struct rest_request *req,
                         struct rest_response *res)
{
    if (!ctx->worker->topic_tracking)
        rest_fail(res, 403, "Topic tracking is disabled.");
    else if (!ctx->worker->topic_tracking_reset)
        rest_fail(res, 403, "Topic tracking reset is disabled.");
    else
        res->status = 202;
    if (res->status == 202)
        herder_forget_topics(ctx->herder, req->params[0]);
}

const struct rest_route rest_offsets_routes[] = {
    {"GET", "/connectors/{c}/offsets", get_offsets, 0},
    {"PATCH", "/connectors/{c}/offsets", alter_offsets, REST_WRITES},
    {"DELETE", "/connectors/{c}/offsets", reset_offsets, REST_WRITES},
    {"GET", "/connectors/{c}/topics", get_topics, 0},
    {"PUT", "/connectors/{c}/topics/reset", reset_topics, REST_WRITES},
    {0},
};
