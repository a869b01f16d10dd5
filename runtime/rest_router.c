/* Routes. In: the request line and the headers that choose; out: the handler, with what the path's
 * {…} took. Next: the handlers of rest_*.c. The rules and their order are Kafka Connect's: 404,
 * 405, 415, 406; OPTIONS answers for every path there is, HEAD where GET does. */
#include "rest_router.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "rest_media.h"

static const struct rest_route *const tables[] = {
    rest_root_routes,
    rest_connectors_routes,
    rest_lifecycle_routes,
    rest_offsets_routes,
    rest_plugins_routes,
    rest_loggers_routes,
    rest_cdc_routes,
    rest_ui_routes,
    rest_registry_schemas_routes,
    rest_registry_subjects_routes,
    rest_registry_rules_routes,
};
/* The order in which Kafka Connect lists them. */
static const char *const methods[] = {"HEAD", "DELETE", "POST", "GET", "OPTIONS", "PATCH", "PUT"};
/* What concerns one connector. */
#define CONNECTOR "/connectors/{c}"
#define METHOD_COUNT (sizeof methods / sizeof *methods)

static bool is_same_text(const char *template, size_t len, const char *segment)
{
    return strlen(segment) == len && memcmp(template, segment, len) == 0;
}

static bool match_path(const char *template, const struct rest_target *target,
                       const char *params[REST_PARAMS_MAX])
{
    size_t taken = 0, at = 0;
    while (*template == '/' && template[1]) {
        template ++;
        size_t len = strcspn(template, "/");
        if (at >= target->segment_count || at >= REST_SEGMENTS_MAX)
            return false;
        const char *segment = target->segments[at++];
        if (*template == '{') {
            if (!*segment)
                return false;
            params[taken++] = segment;
        } else if (!is_same_text(template, len, segment)) {
            return false;
        }
        template += len;
    }
    return at == target->segment_count;
}

/* Every route whose path fits, for what is allowed; the one of `method` is returned. */
static const struct rest_route *find(const char *method, const struct rest_target *target,
                                     bool with_admin, bool allowed[METHOD_COUNT],
                                     const char *params[REST_PARAMS_MAX])
{
    const struct rest_route *found = NULL;
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const struct rest_route *r = tables[t]; r->method; r++) {
            const char *took[REST_PARAMS_MAX] = {0};
            if (((r->flags & REST_ADMIN) && !with_admin) || !match_path(r->path, target, took))
                continue;
            for (size_t m = 0; m < METHOD_COUNT; m++)
                allowed[m] |= strcmp(methods[m], r->method) == 0;
            if (strcmp(method, r->method) == 0 && !found) {
                found = r;
                memcpy(params, took, sizeof took);
            }
        }
    return found;
}

/* False if the path is none at all. */
static bool complete_allowed(bool allowed[METHOD_COUNT])
{
    bool any = false;
    for (size_t m = 0; m < METHOD_COUNT; m++)
        any |= allowed[m];
    for (size_t m = 0; any && m < METHOD_COUNT; m++)
        if (strcmp(methods[m], "GET") == 0)
            allowed[0] |= allowed[m]; /* HEAD */
        else if (strcmp(methods[m], "OPTIONS") == 0)
            allowed[m] = true;
    return any;
}

static char *allow_list(const bool allowed[METHOD_COUNT])
{
    struct ks_buf list = {0};
    for (size_t m = 0; m < METHOD_COUNT; m++)
        if (allowed[m])
            ks_buf_printf(&list, "%s%s", list.len > 0 ? ", " : "", methods[m]);
    return ks_buf_take_str(&list);
}

/* For a path without the method that was asked for. */
static void answer_without_route(const char *method, bool allowed[METHOD_COUNT],
                                 struct rest_response *res)
{
    if (!complete_allowed(allowed)) {
        rest_fail(res, 404, "HTTP 404 Not Found");
        return;
    }
    char *allow = allow_list(allowed);
    if (strcmp(method, "OPTIONS") == 0) {
        rest_answer(res, 200, NULL);
        ks_buf_add_str(&res->text, allow);
        res->type = "text/plain";
    } else {
        rest_fail(res, 405, "HTTP 405 Method Not Allowed");
    }
    res->allow = allow;
}

static bool has_body_method(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0;
}

static bool check_media(const struct rest_call *call, const char *accept, struct rest_response *res)
{
    if (call->route->flags & REST_ANY_TYPE)
        return true;
    const char *type = call->content_type;
    if (type && has_body_method(call->method) && !rest_media_is_json(type))
        rest_fail(res, 415, "HTTP 415 Unsupported Media Type");
    else if (!rest_media_accepts_json(accept))
        rest_fail(res, 406, "HTTP 406 Not Acceptable");
    return res->status == 0;
}

bool rest_router_find(const char *method, const char *uri, const char *content_type,
                      const char *accept, bool with_admin, struct rest_call *call,
                      struct rest_response *res)
{
    *call = (struct rest_call){.method = xstrdup(method),
                               .content_type = content_type ? xstrdup(content_type) : NULL};
    struct ks_error err;
    if (rest_target_parse(uri, &call->target, &err) != KS_OK) {
        rest_fail(res, 400, "%s", err.message);
        return false;
    }
    bool allowed[METHOD_COUNT] = {0};
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    call->route = find(wanted, &call->target, with_admin, allowed, call->req.params);
    if (call->route)
        return check_media(call, accept, res);
    answer_without_route(method, allowed, res);
    return false;
}

static bool is_below(const char *path, const char *prefix)
{
    return strncmp(path, prefix, strlen(prefix)) == 0;
}

void rest_router_handle(const struct rest_context *ctx, struct rest_call *call,
                        struct rest_response *res)
{
    call->req.method = call->method;
    call->req.path = call->target.path;
    call->req.queries = call->target.queries;
    call->req.query_count = call->target.query_count;
    call->req.content_type = call->content_type;
    call->req.body = ks_buf_str(&call->body);
    call->req.body_len = call->body.len;
    if (ctx->herder && (call->route->flags & REST_WRITES) && is_below(call->route->path, CONNECTOR))
        herder_expect(ctx->herder, call->req.params[0]);
    call->route->handle(ctx, &call->req, res);
}

void rest_call_release(struct rest_call *call)
{
    rest_target_release(&call->target);
    free(call->method);
    free(call->content_type);
    if (call->authorization)
        explicit_bzero(call->authorization, strlen(call->authorization));
    free(call->authorization);
    ks_buf_release(&call->body);
    *call = (struct rest_call){0};
}
