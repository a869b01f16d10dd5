/* Subjects and their versions, and the two POSTs of serializers: look a schema up, and register it.
 * The latter answers the id of a schema that is there, as the API has it, and refuses a new one:
 * only connectors write schemas, because only they know what their records look like. */
#include <stdlib.h>

#include "../sdk/avro_normal.h"
#include "rest_registry.h"

static void get_subjects(const struct rest_context *ctx, const struct rest_request *req,
                         struct rest_response *res)
{
    const struct schema_wanted one_each = {.subject_prefix = registry_subject_prefix(req),
                                           .version = SCHEMA_LATEST};
    struct registry_found found;
    if (!registry_find(ctx, &one_each, &found, res))
        return;
    if (rest_query_flag(req, "deletedOnly", false))
        found.count = 0; /* none ever is */
    registry_answer_page(req, &found, registry_subject_json, res);
}

static json_t *number_of(const struct stored_version *version)
{
    return json_integer(version->version);
}

static void get_versions(const struct rest_context *ctx, const struct rest_request *req,
                         struct rest_response *res)
{
    struct registry_found found;
    if (!registry_find(ctx, &(struct schema_wanted){.subject = req->params[0]}, &found, res))
        return;
    if (found.count == 0)
        registry_fail_missing(ctx, req->params[0], REGISTRY_NO_SUBJECT, res);
    else
        registry_answer_page(req, &found, number_of, res);
}

static void get_version(const struct rest_context *ctx, const struct rest_request *req,
                        struct rest_response *res)
{
    struct stored_version found;
    if (registry_find_version(ctx, req->params[0], req->params[1], &found, res))
        registry_answer(res, registry_version_json(&found));
}

static void get_text(const struct rest_context *ctx, const struct rest_request *req,
                     struct rest_response *res)
{
    struct stored_version found;
    if (registry_find_version(ctx, req->params[0], req->params[1], &found, res))
        registry_answer_schema(res, found.json);
}

/* No schema refers to another one. */
static void get_referencing(const struct rest_context *ctx, const struct rest_request *req,
                            struct rest_response *res)
{
    struct stored_version found;
    if (registry_find_version(ctx, req->params[0], req->params[1], &found, res))
        registry_answer(res, json_array());
}

/* The version with the body's schema, however it is spelled. ret->json NULL: there is none. False:
 * res has the answer. */
static bool find_same(const struct rest_context *ctx, const struct rest_request *req,
                      struct stored_version *ret, struct rest_response *res)
{
    struct ks_avro_schema *schema = registry_body_schema(req, res);
    if (!schema)
        return false;
    uint64_t meaning = avro_normal_fingerprint(schema);
    ks_avro_schema_free(schema);
    const struct schema_wanted wanted = {.subject = req->params[0], .meaning = &meaning};
    struct registry_found found;
    if (!registry_find(ctx, &wanted, &found, res))
        return false;
    *ret = found.count > 0 ? found.list[found.count - 1] : (struct stored_version){0};
    free(found.list);
    return true;
}

static void look_up(const struct rest_context *ctx, const struct rest_request *req,
                    struct rest_response *res)
{
    struct stored_version found;
    if (!find_same(ctx, req, &found, res))
        return;
    if (found.json)
        registry_answer(res, registry_version_json(&found));
    else
        registry_fail_missing(ctx, req->params[0], REGISTRY_NO_SCHEMA, res);
}

static void register_schema(const struct rest_context *ctx, const struct rest_request *req,
                            struct rest_response *res)
{
    struct stored_version found;
    if (!find_same(ctx, req, &found, res))
        return;
    if (found.json)
        registry_answer(res, json_pack("{s:I}", "id", (json_int_t)found.id));
    else
        registry_fail(res, REGISTRY_NOT_PERMITTED,
                      "Subject %s does not have this schema, and only connectors register new ones "
                      "here. A serializer that writes to the topic takes one that is there: "
                      "use.latest.version=true",
                      req->params[0]);
}

const struct rest_route rest_registry_subjects_routes[] = {
    {"GET", "/subjects", get_subjects, REGISTRY_ROUTE},
    {"POST", "/subjects/{s}", look_up, REGISTRY_ROUTE},
    {"GET", "/subjects/{s}/versions", get_versions, REGISTRY_ROUTE},
    {"POST", "/subjects/{s}/versions", register_schema, REGISTRY_ROUTE},
    {"GET", "/subjects/{s}/versions/{v}", get_version, REGISTRY_ROUTE},
    {"GET", "/subjects/{s}/versions/{v}/schema", get_text, REGISTRY_ROUTE},
    {"GET", "/subjects/{s}/versions/{v}/referencedby", get_referencing, REGISTRY_ROUTE},
    {0},
};
