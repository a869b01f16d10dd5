/* /connector-plugins: which classes there are, their options, and whether a configuration would be
 * taken. In: the plugins' tables; a configuration as a form sends it, however incomplete; out:
 * Connect's answers. A plugin's own check runs on a thread of its own and may hang there: the
 * answer then names the plugin. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "bounded_call.h"
#include "config_info.h"
#include "connector_plan.h"
#include "converter_table.h"
#include "rest.h"
#include "transforms.h"

#define VALIDATE_WAIT_MAX_MS 5000
#define VALIDATIONS_MAX 16
#define CONNECTOR "Connector"

/* ---- lists ---- */

static void add_plugin(json_t *list, const char *cls, const char *type, const char *version)
{
    json_array_append_new(
        list, json_pack("{s:s, s:s, s:s}", "class", cls, "type", type, "version", version));
}

static void add_connectors(json_t *list, const struct plugin_set *plugins, enum ks_class_kind kind)
{
    const struct plugin_class *classes;
    size_t count = plugin_set_classes(plugins, &classes);
    for (size_t i = 0; i < count; i++)
        if (classes[i].cls->kind == kind)
            add_plugin(list, classes[i].cls->name, kind == KS_CLASS_SINK ? "sink" : "source",
                       classes[i].cls->version);
}

static void list_plugins(const struct rest_context *ctx, const struct rest_request *req,
                         struct rest_response *res)
{
    json_t *list = json_array();
    add_connectors(list, ctx->plugins, KS_CLASS_SINK);
    add_connectors(list, ctx->plugins, KS_CLASS_SOURCE);
    if (!rest_query_flag(req, "connectorsOnly", true)) {
        for (size_t i = 0; config_converters[i]; i++)
            add_plugin(list, config_converters[i], "converter", KITESTREAM_VERSION);
        for (size_t i = 0; config_header_converters[i]; i++)
            add_plugin(list, config_header_converters[i], "header_converter", KITESTREAM_VERSION);
        for (size_t i = 0; transform_classes[i]; i++)
            add_plugin(list, transform_classes[i], "transformation", KITESTREAM_VERSION);
    }
    rest_answer(res, 200, list);
}

/* There is one version of each; true if it is the one asked for. */
static bool has_version(const struct rest_request *req, const char *cls, const char *version,
                        struct rest_response *res)
{
    const char *wanted = rest_query_get(req, "version");
    if (!wanted || !*wanted || strcmp(wanted, "latest") == 0 || strcmp(wanted, version) == 0)
        return true;
    rest_fail(
        res, 400,
        "Plugin %s not found that matches the version range [%s,%s], available versions: [%s]", cls,
        wanted, wanted, version);
    return false;
}

static void show_options(const struct rest_context *ctx, const struct rest_request *req,
                         struct rest_response *res)
{
    const char *part;
    const struct plugin_class *found = plugin_set_find(ctx->plugins, req->params[0]);
    const struct ks_config_def *table = found ? NULL : converter_table_find(req->params[0], &part);
    if (!found && !table)
        table = transforms_table(req->params[0], &part);
    if (found && has_version(req, found->cls->name, found->cls->version, res))
        rest_answer(res, 200, config_info_of_class(found->cls));
    else if (table && has_version(req, part, KITESTREAM_VERSION, res))
        rest_answer(res, 200, config_info_of_table(table));
    else if (!found && !table)
        rest_fail(res, 404, "Unknown plugin %s.", req->params[0]);
}

/* ---- validate ---- */

/* Owns: all but plugins. Shared with a call that may outlive the request. */
struct validation {
    const struct plugin_set *plugins;
    struct string_map config;
    struct config_issues issues;
};

/* Those that have not returned included. */
static _Atomic int validation_count;

static struct validation *validation_new(const struct plugin_set *plugins)
{
    struct validation *v = xcalloc(1, sizeof *v);
    v->plugins = plugins;
    validation_count++;
    return v;
}

static void validation_free(void *arg)
{
    struct validation *v = arg;
    validation_count--;
    string_map_release(&v->config);
    config_issues_release(&v->issues);
    free(v);
}

static void run_validation(void *arg)
{
    struct validation *v = arg;
    const char *name = string_map_get(&v->config, "name");
    connector_plan_check_online(v->plugins, name ? name : "", &v->config, &v->issues);
}

/* The body as options. A null counts as not given: forms send it for empty fields. */
static bool read_config(const struct rest_request *req, struct string_map *ret,
                        struct rest_response *res)
{
    struct ks_error err;
    const char *key;
    json_t *value;
    void *next;
    json_t *body = rest_body_object(req, res);
    if (!body)
        return false;
    json_object_foreach_safe(body, next, key, value) if (json_is_null(value))
        json_object_del(body, key);
    bool ok = string_map_from_json(body, ret, &err) == KS_OK;
    if (!ok)
        rest_fail(res, 400, "%s", err.message);
    json_decref(body);
    return ok;
}

/* Length without "Connector" at the end. */
static int normal_len(const char *name)
{
    size_t len = strlen(name), end = strlen(CONNECTOR);
    return (int)(len > end && strcmp(name + len - end, CONNECTOR) == 0 ? len - end : len);
}

static bool names_fit(const char *cls, const char *plugin)
{
    int cls_len = normal_len(cls), len = normal_len(plugin);
    return cls_len >= len && memcmp(cls + cls_len - len, plugin, (size_t)len) == 0;
}

static const struct plugin_class *find_class(const struct rest_context *ctx,
                                             const struct rest_request *req,
                                             const struct string_map *config,
                                             struct rest_response *res)
{
    const char *name = string_map_get(config, "connector.class"), *asked = req->params[0];
    struct config_issues issues = {0};
    if (!name) {
        rest_fail(res, 400, "Connector config contains no connector type: give connector.class");
        return NULL;
    }
    if (!names_fit(name, asked)) {
        rest_fail(res, 400, "Included connector type %s does not match request type %s", name,
                  asked);
        return NULL;
    }
    const struct plugin_class *found = plugin_set_find(ctx->plugins, name);
    if (!found) {
        connector_plan_check(ctx->plugins, "", config, &issues);
        rest_fail(res, 400, "%s", issues.list[0].message);
        config_issues_release(&issues);
    }
    return found;
}

static void check_on_a_thread(const struct rest_context *ctx, const struct plugin_class *found,
                              struct validation *take_v, struct rest_response *res)
{
    int64_t hang_ms = ctx->worker->hang_timeout_ms;
    int64_t wait_ms = hang_ms < VALIDATE_WAIT_MAX_MS ? hang_ms : VALIDATE_WAIT_MAX_MS;
    struct bounded_call_spec spec = {
        .fn = run_validation, .take_arg = take_v, .release = validation_free};
    struct bounded_call *call = bounded_call_start(&spec);
    if (!call) {
        rest_fail(res, 500, "No thread could be started to validate the configuration");
    } else if (bounded_call_wait(call, wait_ms)) {
        const struct validation *v = bounded_call_arg(call);
        struct ks_config view = string_map_view(&v->config);
        rest_answer(res, 200, config_info_of_check(found->cls, ctx->worker, &view, &v->issues));
    } else {
        rest_fail(res, 500,
                  "Request timed out. The plugin %s (%s) has not returned from its validate() in "
                  "%lld ms",
                  found->cls->name, found->path, (long long)wait_ms);
    }
    if (call)
        bounded_call_free(call);
}

static void validate(const struct rest_context *ctx, const struct rest_request *req,
                     struct rest_response *res)
{
    struct validation *v = validation_new(ctx->plugins);
    const struct plugin_class *found = NULL;
    if (read_config(req, &v->config, res))
        found = find_class(ctx, req, &v->config, res);
    if (found && validation_count > VALIDATIONS_MAX) {
        rest_fail(res, 500, "Request timed out. %d validations have not returned yet",
                  VALIDATIONS_MAX);
        found = NULL;
    }
    if (found)
        check_on_a_thread(ctx, found, v, res);
    else
        validation_free(v);
}

const struct rest_route rest_plugins_routes[] = {
    {"GET", "/connector-plugins", list_plugins, REST_EARLY},
    {"GET", "/connector-plugins/{p}/config", show_options, REST_EARLY},
    {"PUT", "/connector-plugins/{p}/config/validate", validate, REST_EARLY | REST_WAITS},
    {0},
};
