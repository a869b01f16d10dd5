/* /admin/loggers: levels of loggers, of this worker or, through the config topic, of all. In: a
 * logger's name and a level; out: what is set. A connector's logger exists as long as it does, any
 * other from its first line or its first level on. Next: log_levels, which the lines ask. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "log_levels.h"
#include "rest.h"

#define NO_LEVEL "Desired 'level' parameter was not specified in request."

static json_t *level_json(const char *logger)
{
    struct logger_info info = log_levels_get(logger);
    return json_pack("{s:s, s:o}", "level", log_level_name(info.level), "last_modified",
                     info.modified_ms ? json_integer(info.modified_ms) : json_null());
}

/* ---- which loggers there are ---- */

/* Names as the members of an object, which also makes them unique. */
static void add_name(json_t *names, const char *name)
{
    json_object_set_new(names, name, json_null());
}

static void add_connector(struct herder *h, const char *connector, json_t *names)
{
    struct connector_config config;
    char name[LOGGER_NAME_MAX];
    if (!herder_config(h, connector, &config))
        return;
    for (int task = -1; task < (int)config.task_count; task++) {
        logger_name_of(connector, task, name);
        add_name(names, name);
    }
    connector_config_release(&config);
}

static json_t *all_names(const struct rest_context *ctx)
{
    json_t *names = json_object();
    char **list;
    add_name(names, LOGGER_ROOT);
    size_t count = log_levels_names(&list);
    for (size_t i = 0; i < count; i++)
        add_name(names, list[i]);
    free(list);
    count = ctx->herder ? herder_names(ctx->herder, &list) : 0;
    for (size_t i = 0; i < count; i++)
        add_connector(ctx->herder, list[i], names);
    if (ctx->herder)
        free(list);
    return names;
}

/* ---- questions ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void list_loggers(const struct rest_context *ctx, const struct rest_request *req,
                         struct rest_response *res)
{
    json_t *names = all_names(ctx), *answer = json_object(), *none;
    const char **sorted = xcalloc(json_object_size(names), sizeof *sorted), *name;
    size_t count = 0;
    json_object_foreach(names, name, none)
    {
        sorted[count++] = name;
    }
    qsort(sorted, count, sizeof *sorted, by_name);
    for (size_t i = 0; i < count; i++)
        json_object_set_new(answer, sorted[i], level_json(sorted[i]));
    free(sorted);
    json_decref(names);
    rest_answer(res, 200, answer);
}

static void get_logger(const struct rest_context *ctx, const struct rest_request *req,
                       struct rest_response *res)
{
    const char *name = req->params[0];
    json_t *names = log_levels_get(name).known ? NULL : all_names(ctx);
    if (!names || json_object_get(names, name))
        rest_answer(res, 200, level_json(name));
    else
        rest_fail(res, 404, "Logger %s not found.", name);
    json_decref(names);
}

/* ---- changes ---- */

/* Of the loggers that are there, and the one that is meant: their levels by name. */
static json_t *levels_now(const struct rest_context *ctx, const char *meant)
{
    json_t *levels = all_names(ctx), *none;
    const char *name;
    add_name(levels, meant);
    json_object_foreach(levels, name, none)
    {
        json_object_set_new(levels, name, json_integer(log_levels_get(name).level));
    }
    return levels;
}

static json_t *changed_names(const json_t *before)
{
    json_t *changed = json_array(), *level;
    const char *name;
    json_object_foreach((json_t *)(uintptr_t)before, name, level)
    {
        if (log_levels_get(name).level != json_integer_value(level))
            json_array_append_new(changed, json_string(name));
    }
    return changed;
}

static void set_here(const struct rest_context *ctx, const char *name, int level,
                     struct rest_response *res)
{
    json_t *before = levels_now(ctx, name);
    if (log_levels_set(name, level))
        rest_answer(res, 200, changed_names(before));
    else
        rest_fail(res, 400, "There are too many loggers to add %s", name);
    json_decref(before);
}

static void set_everywhere(const struct rest_context *ctx, const char *name, int level,
                           struct rest_response *res)
{
    struct ks_error err;
    if (!ctx->herder) {
        rest_fail(res, 503, "The worker has not read its topics yet; ask again in a moment");
        return;
    }
    enum herder_answer answer = herder_put_logger(ctx->herder, name, log_level_name(level), &err);
    if (!rest_fail_herder(res, answer, &err))
        res->status = 204;
}

/* False: res has the answer. */
static bool read_level(const struct rest_request *req, int *ret, struct rest_response *res)
{
    json_t *body = rest_body_object(req, res);
    if (!body)
        return false;
    const json_t *level = json_object_get(body, "level");
    const char *text = json_string_value(level);
    bool ok = text && log_level_parse(text, ret);
    if (!level || json_is_null(level))
        rest_fail(res, 400, NO_LEVEL);
    else if (!text)
        rest_fail(res, 400, "The 'level' must be a string");
    else if (!ok)
        rest_fail(res, 404, "invalid log level '%s'.", text);
    json_decref(body);
    return ok;
}

static bool is_name(const char *name, struct rest_response *res)
{
    bool ok = *name && strlen(name) < LOGGER_NAME_MAX;
    for (const char *c = name; *c; c++)
        ok = ok && !iscntrl((unsigned char)*c);
    if (!ok)
        rest_fail(res, 400,
                  "A logger's name has 1 to %d characters and no control characters among them",
                  LOGGER_NAME_MAX - 1);
    return ok;
}

static void put_logger(const struct rest_context *ctx, const struct rest_request *req,
                       struct rest_response *res)
{
    const char *name = req->params[0], *scope = rest_query_get(req, "scope");
    int level;
    if (!is_name(name, res) || !read_level(req, &level, res))
        return;
    if (scope && strcasecmp(scope, "cluster") == 0)
        set_everywhere(ctx, name, level, res);
    else
        set_here(ctx, name, level, res);
}

const struct rest_route rest_loggers_routes[] = {
    {"GET", "/admin/loggers", list_loggers, REST_EARLY | REST_ADMIN},
    {"GET", "/admin/loggers/{name}", get_logger, REST_EARLY | REST_ADMIN},
    {"PUT", "/admin/loggers/{name}", put_logger, REST_WRITES | REST_EARLY | REST_ADMIN},
    {0},
};
