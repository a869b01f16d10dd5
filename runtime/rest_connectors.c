/* /connectors: create, list, show, change, delete. In: Connect's requests; out: Connect's answers,
 * with 400 where that answers 500 to a client's own mistake. Next: herder, which writes the config
 * topic; whoever holds the connector's slot follows it. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "rest_json.h"

/* ---- requests ---- */

/* What a create asks for. Owns: all. */
struct create_request {
    char *name;
    struct string_map config;
    enum target_state target;
};

static void create_request_release(struct create_request *r)
{
    string_map_release(&r->config);
    free(r->name);
}

static bool is_blank(char c)
{
    return (unsigned char)c <= ' ';
}

static char *trimmed(const char *text)
{
    size_t len = strlen(text);
    while (len > 0 && is_blank(text[len - 1]))
        len--;
    while (len > 0 && is_blank(*text)) {
        text++;
        len--;
    }
    return xstrndup(text, len);
}

static bool check_members(const json_t *body, struct rest_response *res)
{
    const char *member;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)body, member, value)
    {
        if (strcmp(member, "name") == 0 || strcmp(member, "config") == 0 ||
            strcmp(member, "initial_state") == 0)
            continue;
        rest_fail(res, 400, "Unrecognized field \"%s\": there are name, config, initial_state",
                  member);
        return false;
    }
    return true;
}

static bool read_initial_state(const json_t *value, enum target_state *ret,
                               struct rest_response *res)
{
    static const char *const names[] = {"RUNNING", "PAUSED", "STOPPED"};
    *ret = TARGET_STARTED;
    if (!value || json_is_null(value))
        return true;
    for (size_t i = 0; json_is_string(value) && i < sizeof names / sizeof *names; i++) {
        if (strcasecmp(json_string_value(value), names[i]) != 0)
            continue;
        *ret = (enum target_state)i;
        return true;
    }
    rest_fail(res, 400, "initial_state must be one of RUNNING, PAUSED, STOPPED");
    return false;
}

/* "." and ".." are taken out of URLs by clients: such a connector could not be deleted. */
static bool check_name(const char *name, const struct string_map *config, struct rest_response *res)
{
    const char *own = string_map_get(config, "name");
    if (own && strcmp(own, name) != 0)
        rest_fail(res, 400,
                  "Connector name configuration (%s) doesn't match connector name in the URL (%s)",
                  own, name);
    else if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        rest_fail(res, 400, "A connector cannot be named '%s', which has a meaning in URLs", name);
    else
        return true;
    return false;
}

static bool read_config(const json_t *object, struct string_map *ret, struct rest_response *res)
{
    struct ks_error err = {0};
    if (string_map_from_json(object, ret, &err) == KS_OK)
        return true;
    rest_fail(res, 400, "%s", err.message);
    return false;
}

static bool read_create(const json_t *body, struct create_request *ret, struct rest_response *res)
{
    const json_t *name = json_object_get(body, "name"), *config = json_object_get(body, "config");
    if (!check_members(body, res) ||
        !read_initial_state(json_object_get(body, "initial_state"), &ret->target, res))
        return false;
    if (name && !json_is_null(name) && !json_is_string(name)) {
        rest_fail(res, 400, "name must be a string");
        return false;
    }
    if (!json_is_object(config)) {
        rest_fail(res, 400, "config must be an object: the connector's options");
        return false;
    }
    ret->name = trimmed(json_is_string(name) ? json_string_value(name) : "");
    return read_config(config, &ret->config, res);
}

/* ---- writing ---- */

static char *location_of(const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-._~!$&'()*+,;=:@";
    struct ks_buf text = {0};
    ks_buf_add_str(&text, "/connectors/");
    for (const char *c = name; *c; c++) {
        if (strchr(plain, *c))
            ks_buf_add_byte(&text, (uint8_t)*c);
        else
            ks_buf_printf(&text, "%%%02X", (unsigned)(unsigned char)*c);
    }
    return ks_buf_take_str(&text);
}

/* Clients cut off the last line, and look at the first words. */
static void fail_issues(struct rest_response *res, const struct config_issues *issues)
{
    static const char no_class[] = "Failed to find any class that implements Connector";
    struct ks_buf text = {0};
    for (size_t i = 0; i < issues->count; i++) {
        const char *message = issues->list[i].message;
        if (strncmp(message, no_class, strlen(no_class)) == 0) {
            rest_fail(res, 400, "%s", message);
            goto out;
        }
        ks_buf_printf(&text, "%s\n", message);
    }
    rest_fail(res, 400,
              "Connector configuration is invalid and contains the following %zu error(s):\n"
              "%sYou can also find the above list of errors at the endpoint "
              "`/connector-plugins/{connectorType}/config/validate`",
              issues->count, ks_buf_str(&text));
out:
    ks_buf_release(&text);
}

static bool check_config(const struct rest_context *ctx, const char *name,
                         const struct string_map *config, struct rest_response *res)
{
    struct config_issues issues = {0};
    struct ks_error err = {0};
    const char *cls = string_map_get(config, "connector.class");
    if (!cls || !*cls) {
        rest_fail(res, 400,
                  "Connector config of %s contains no connector type: connector.class is missing",
                  *name ? name : "a connector without a name");
        return false;
    }
    enum herder_answer answer = herder_check(ctx->herder, name, config, &issues, &err);
    if (answer == HERDER_INVALID)
        fail_issues(res, &issues);
    else if (answer != HERDER_OK)
        rest_fail_herder(res, answer, &err);
    config_issues_release(&issues);
    return answer == HERDER_OK;
}

static void answer_info(const struct rest_context *ctx, const char *name, bool created,
                        struct rest_response *res)
{
    struct connector_config config;
    if (!herder_config(ctx->herder, name, &config)) {
        rest_fail(res, 404, "Connector %s not found", name); /* deleted meanwhile */
        return;
    }
    rest_answer(res, created ? 201 : 200, rest_json_info(ctx, &config, !created));
    if (created)
        res->location = location_of(name);
    connector_config_release(&config);
}

static void store(const struct rest_context *ctx, const char *name, const struct string_map *config,
                  enum target_state target, bool only_create, struct rest_response *res)
{
    struct ks_error err = {0};
    if (!check_name(name, config, res) || !check_config(ctx, name, config, res))
        return;
    rest_waits_for("the config topic to take the configuration");
    enum herder_answer answer =
        herder_store_connector(ctx->herder, name, config, target, only_create, &err);
    if (!rest_fail_herder(res, answer, &err))
        answer_info(ctx, name, answer == HERDER_CREATED, res);
}

static void create(const struct rest_context *ctx, const struct rest_request *req,
                   struct rest_response *res)
{
    struct create_request wanted = {0};
    json_t *body = rest_body_object(req, res);
    if (body && read_create(body, &wanted, res))
        store(ctx, wanted.name, &wanted.config, wanted.target, true, res);
    create_request_release(&wanted);
    json_decref(body);
}

static void put_config(const struct rest_context *ctx, const struct rest_request *req,
                       struct rest_response *res)
{
    struct string_map config = {0};
    json_t *body = rest_body_object(req, res);
    if (body && read_config(body, &config, res))
        store(ctx, req->params[0], &config, TARGET_STARTED, false, res);
    string_map_release(&config);
    json_decref(body);
}

/* null takes an option out. */
static bool patch(struct string_map *config, const json_t *body, struct rest_response *res)
{
    const char *option;
    json_t *value, *set = json_object();
    struct string_map changes = {0};
    json_object_foreach((json_t *)(uintptr_t)body, option, value)
    {
        if (json_is_null(value))
            string_map_remove(config, option);
        else
            json_object_set(set, option, value);
    }
    bool ok = read_config(set, &changes, res);
    for (size_t i = 0; i < changes.count; i++)
        string_map_set(config, changes.entries[i].key, changes.entries[i].value);
    string_map_release(&changes);
    json_decref(set);
    return ok;
}

static void patch_config(const struct rest_context *ctx, const struct rest_request *req,
                         struct rest_response *res)
{
    struct connector_config old = {0};
    json_t *body = rest_body_object(req, res);
    if (!body)
        return;
    if (!herder_config(ctx->herder, req->params[0], &old))
        rest_fail(res, 404, "Connector %s not found", req->params[0]);
    else if (patch(&old.config, body, res))
        store(ctx, req->params[0], &old.config, TARGET_STARTED, false, res);
    connector_config_release(&old);
    json_decref(body);
}

static void delete_connector(const struct rest_context *ctx, const struct rest_request *req,
                             struct rest_response *res)
{
    struct ks_error err = {0};
    rest_waits_for("the config topic to take the deletion");
    if (!rest_fail_herder(res, herder_delete(ctx->herder, req->params[0], &err), &err))
        res->status = 204;
}

/* ---- reading ---- */

static json_t *expanded(const struct rest_context *ctx, const char *name, bool with_status,
                        bool with_info)
{
    struct connector_config config;
    struct connector_status status;
    json_t *one = json_object();
    if (with_status && herder_status(ctx->herder, name, &status)) {
        json_object_set_new(one, "status", rest_json_status(&status));
        connector_status_release(&status);
    }
    if (with_info && herder_config(ctx->herder, name, &config)) {
        json_object_set_new(one, "info", rest_json_info(ctx, &config, true));
        connector_config_release(&config);
    }
    bool is_gone = json_object_size(one) < (size_t)with_status + with_info;
    if (!is_gone)
        return one;
    json_decref(one);
    return NULL;
}

static void list(const struct rest_context *ctx, const struct rest_request *req,
                 struct rest_response *res)
{
    char **names;
    size_t count = herder_names(ctx->herder, &names);
    bool is_expanded = rest_query_get(req, "expand") != NULL;
    bool with_status = rest_query_has(req, "expand", "status");
    bool with_info = rest_query_has(req, "expand", "info");
    json_t *json = is_expanded ? json_object() : json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *one = is_expanded ? expanded(ctx, names[i], with_status, with_info) : NULL;
        if (one)
            json_object_set_new(json, names[i], one);
        else if (!is_expanded)
            json_array_append_new(json, json_string(names[i]));
    }
    free(names);
    rest_answer(res, 200, json);
}

static void get(const struct rest_context *ctx, const struct rest_request *req,
                struct rest_response *res)
{
    answer_info(ctx, req->params[0], false, res);
}

static void get_config(const struct rest_context *ctx, const struct rest_request *req,
                       struct rest_response *res)
{
    struct connector_config config;
    if (!herder_config(ctx->herder, req->params[0], &config)) {
        rest_fail(res, 404, "Connector %s not found", req->params[0]);
        return;
    }
    rest_answer(res, 200, string_map_to_json(&config.config));
    connector_config_release(&config);
}

const struct rest_route rest_connectors_routes[] = {
    {"GET", "/connectors", list, 0},
    {"POST", "/connectors", create, REST_WRITES},
    {"GET", "/connectors/{c}", get, 0},
    {"DELETE", "/connectors/{c}", delete_connector, REST_WRITES},
    {"GET", "/connectors/{c}/config", get_config, 0},
    {"PUT", "/connectors/{c}/config", put_config, REST_WRITES},
    {"PATCH", "/connectors/{c}/config", patch_config, REST_WRITES},
    {0},
};
