/* The store and the requests of the built-in registry. In: what handlers look for; out: what the
 * store has, or the answer that says why not. Next: rest_registry_schemas.c, _subjects.c,
 * _rules.c. A worker's store follows the topic that all workers write; what is not found is looked
 * for once more at the topic's end, because another worker may have registered it a moment ago. */
#include "rest_registry.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"
#include "schema_desk.h"

#define CONTENT_TYPE "application/vnd.schemaregistry.v1+json"
/* Contexts are not kept: this one means all of them. */
#define ANY_CONTEXT ":*:"

/* ---- answers ---- */

void registry_fail(struct rest_response *res, enum registry_error code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *message = xvasprintf(fmt, args);
    va_end(args);
    rest_fail(res, code < 1000 ? (int)code : (int)code / 100, "%s", message);
    json_object_set_new(res->json, "error_code", json_integer(code));
    res->type = CONTENT_TYPE;
    free(message);
}

void registry_answer(struct rest_response *res, json_t *take_json)
{
    rest_answer(res, 200, take_json);
    res->type = CONTENT_TYPE;
}

void registry_answer_schema(struct rest_response *res, const char *schema)
{
    rest_answer(res, 200, NULL);
    ks_buf_add_str(&res->text, schema);
    res->type = CONTENT_TYPE;
}

json_t *registry_subject_json(const struct stored_version *version)
{
    return json_string(version->subject);
}

json_t *registry_version_json(const struct stored_version *version)
{
    return json_pack("{s:s, s:I, s:I, s:s}", "subject", version->subject, "version",
                     (json_int_t)version->version, "id", (json_int_t)version->id, "schema",
                     version->json);
}

/* ---- words of a request ---- */

bool registry_read_number(const char *text, int64_t *ret)
{
    char *end;
    long long number = strtoll(text, &end, 10);
    if (!strchr("-0123456789", *text) || end == text || *end)
        return false;
    *ret = number;
    return true;
}

const char *registry_subject_prefix(const struct rest_request *req)
{
    const char *prefix = rest_query_get(req, "subjectPrefix");
    bool any = prefix && strncmp(prefix, ANY_CONTEXT, strlen(ANY_CONTEXT)) == 0;
    return any ? prefix + strlen(ANY_CONTEXT) : prefix;
}

/* ---- the store ---- */

static bool fail_store(const struct ks_error *err, struct rest_response *res)
{
    registry_fail(res, REGISTRY_NO_STORE, "The worker's schema topic cannot be read: %s",
                  err->message);
    return false;
}

bool registry_find(const struct rest_context *ctx, const struct schema_wanted *wanted,
                   struct registry_found *ret, struct rest_response *res)
{
    struct schema_store *store;
    struct ks_error err;
    rest_waits_for("Kafka to read the schemas");
    if (schema_desk_store(ctx->schemas, &store, &err) != KS_OK)
        return fail_store(&err, res);
    ret->count = schema_store_list(store, wanted, &ret->list);
    if (ret->count > 0)
        return true;
    free(ret->list);
    if (schema_store_refresh(store, &err) != KS_OK)
        return fail_store(&err, res);
    ret->count = schema_store_list(store, wanted, &ret->list);
    return true;
}

void registry_fail_missing(const struct rest_context *ctx, const char *subject,
                           enum registry_error missing, struct rest_response *res)
{
    struct registry_found found;
    if (!registry_find(ctx, &(struct schema_wanted){.subject = subject}, &found, res))
        return;
    if (found.count == 0)
        registry_fail(res, REGISTRY_NO_SUBJECT, "There is no subject %s", subject);
    else if (missing == REGISTRY_NO_VERSION)
        registry_fail(res, missing, "Subject %s has no such version; its latest is %u", subject,
                      found.list[found.count - 1].version);
    else
        registry_fail(res, missing, "Subject %s has no such schema", subject);
    free(found.list);
}

bool registry_read_version(const char *text, uint32_t *ret, struct rest_response *res)
{
    int64_t number = 0;
    bool latest = strcmp(text, "latest") == 0 || strcmp(text, "-1") == 0;
    if (!latest && (!registry_read_number(text, &number) || number < 1 || number > INT32_MAX)) {
        registry_fail(res, REGISTRY_BAD_VERSION,
                      "'%s' is not a version: a number from 1 to 2147483647, or latest", text);
        return false;
    }
    *ret = latest ? SCHEMA_LATEST : (uint32_t)number;
    return true;
}

bool registry_find_version(const struct rest_context *ctx, const char *subject, const char *version,
                           struct stored_version *ret, struct rest_response *res)
{
    struct schema_wanted wanted = {.subject = subject};
    struct registry_found found;
    if (!registry_read_version(version, &wanted.version, res) ||
        !registry_find(ctx, &wanted, &found, res))
        return false;
    if (found.count > 0)
        *ret = found.list[0];
    else
        registry_fail_missing(ctx, subject, REGISTRY_NO_VERSION, res);
    free(found.list);
    return found.count > 0;
}

/* ---- requests ---- */

static bool read_number(const struct rest_request *req, const char *name, int64_t otherwise,
                        int64_t *ret, struct rest_response *res)
{
    const char *text = rest_query_get(req, name);
    *ret = otherwise;
    if (!text || registry_read_number(text, ret))
        return true;
    registry_fail(res, REGISTRY_BAD_REQUEST, "%s is not a number", name);
    return false;
}

static bool read_page(const struct rest_request *req, size_t count, size_t *ret_from,
                      size_t *ret_to, struct rest_response *res)
{
    int64_t offset, limit;
    if (!read_number(req, "offset", 0, &offset, res) || !read_number(req, "limit", -1, &limit, res))
        return false;
    size_t from = offset < 0 ? 0 : (uint64_t)offset > count ? count : (size_t)offset;
    size_t left = count - from;
    *ret_from = from;
    *ret_to = from + (limit < 0 || (uint64_t)limit > left ? left : (size_t)limit);
    return true;
}

void registry_answer_page(const struct rest_request *req, struct registry_found *take_found,
                          json_t *(*item)(const struct stored_version *), struct rest_response *res)
{
    size_t from, to;
    if (read_page(req, take_found->count, &from, &to, res)) {
        json_t *answer = json_array();
        for (size_t i = from; i < to; i++)
            json_array_append_new(answer, item(&take_found->list[i]));
        registry_answer(res, answer);
    }
    free(take_found->list);
}

/* NULL: res has the answer. */
static const char *schema_text(const json_t *body, struct rest_response *res)
{
    const char *type = json_string_value(json_object_get(body, "schemaType"));
    const char *schema = json_string_value(json_object_get(body, "schema"));
    if (type && strcmp(type, "AVRO") != 0)
        registry_fail(res, REGISTRY_BAD_SCHEMA, "Only schemas of type AVRO are kept here");
    else if (json_array_size(json_object_get(body, "references")) > 0)
        registry_fail(res, REGISTRY_BAD_SCHEMA, "Schemas here have no references");
    else if (!schema || !*schema)
        registry_fail(res, REGISTRY_BAD_SCHEMA, "The body has no \"schema\", a text");
    else
        return schema;
    return NULL;
}

struct ks_avro_schema *registry_body_schema(const struct rest_request *req,
                                            struct rest_response *res)
{
    json_error_t where;
    json_t *body = json_loadb(req->body, req->body_len, 0, &where);
    struct ks_avro_schema *schema = NULL;
    struct ks_error err;
    const char *text = NULL;
    if (!body)
        registry_fail(res, REGISTRY_BAD_REQUEST,
                      "The request's body is not JSON: %s (line %d, column %d)", where.text,
                      where.line, where.column);
    else if (!json_is_object(body))
        registry_fail(res, REGISTRY_BAD_REQUEST, "The request's body is not a JSON object");
    else
        text = schema_text(body, res);
    if (text && ks_avro_schema_parse(text, strlen(text), &schema, &err) != KS_OK)
        registry_fail(res, REGISTRY_BAD_SCHEMA, "Not an Avro schema: %s", err.message);
    json_decref(body);
    return schema;
}
