/* Schemas by id, and all of them. In: an id of a record's first five bytes; out: the schema, for
 * any deserializer. */
#include <stdlib.h>

#include "rest_registry.h"
#include "schema_desk.h"

static void fail_id(const char *id, struct rest_response *res)
{
    registry_fail(res, REGISTRY_NO_SCHEMA, "There is no schema %s", id);
}

/* Of every subject that has it. False: res has the answer. */
static bool find_id(const struct rest_context *ctx, const char *text, struct registry_found *ret,
                    struct rest_response *res)
{
    int64_t id;
    if (!registry_read_number(text, &id) || id < 1 || id > INT32_MAX) {
        fail_id(text, res);
        return false;
    }
    if (!registry_find(ctx, &(struct schema_wanted){.id = (uint32_t)id}, ret, res))
        return false;
    if (ret->count == 0)
        fail_id(text, res);
    return ret->count > 0;
}

/* A subject in the query is a hint for registries in which an id means several schemas. */
static void get_schema(const struct rest_context *ctx, const struct rest_request *req,
                       struct rest_response *res)
{
    struct registry_found found;
    if (!find_id(ctx, req->params[0], &found, res))
        return;
    json_t *answer = json_pack("{s:s}", "schema", found.list[0].json);
    struct schema_store *store;
    if (rest_query_flag(req, "fetchMaxId", false) &&
        schema_desk_store(ctx->schemas, &store, NULL) == KS_OK)
        json_object_set_new(answer, "maxId", json_integer(schema_store_max_id(store)));
    registry_answer(res, answer);
    free(found.list);
}

static void get_text(const struct rest_context *ctx, const struct rest_request *req,
                     struct rest_response *res)
{
    struct registry_found found;
    if (!find_id(ctx, req->params[0], &found, res))
        return;
    registry_answer_schema(res, found.list[0].json);
    free(found.list);
}

static void get_subjects(const struct rest_context *ctx, const struct rest_request *req,
                         struct rest_response *res)
{
    struct registry_found found;
    if (find_id(ctx, req->params[0], &found, res))
        registry_answer_page(req, &found, registry_subject_json, res);
}

static json_t *place_of(const struct stored_version *version)
{
    return json_pack("{s:s, s:I}", "subject", version->subject, "version",
                     (json_int_t)version->version);
}

static void get_versions(const struct rest_context *ctx, const struct rest_request *req,
                         struct rest_response *res)
{
    struct registry_found found;
    if (find_id(ctx, req->params[0], &found, res))
        registry_answer_page(req, &found, place_of, res);
}

static void get_types(const struct rest_context *ctx, const struct rest_request *req,
                      struct rest_response *res)
{
    registry_answer(res, json_pack("[s]", "AVRO"));
}

static void get_all(const struct rest_context *ctx, const struct rest_request *req,
                    struct rest_response *res)
{
    const struct schema_wanted wanted = {
        .subject_prefix = registry_subject_prefix(req),
        .version = rest_query_flag(req, "latestOnly", false) ? SCHEMA_LATEST : 0,
    };
    struct registry_found found;
    if (registry_find(ctx, &wanted, &found, res))
        registry_answer_page(req, &found, registry_version_json, res);
}

const struct rest_route rest_registry_schemas_routes[] = {
    {"GET", "/schemas", get_all, REGISTRY_ROUTE},
    {"GET", "/schemas/types", get_types, REST_ANY_TYPE},
    {"GET", "/schemas/ids/{id}", get_schema, REGISTRY_ROUTE},
    {"GET", "/schemas/ids/{id}/schema", get_text, REGISTRY_ROUTE},
    {"GET", "/schemas/ids/{id}/subjects", get_subjects, REGISTRY_ROUTE},
    {"GET", "/schemas/ids/{id}/versions", get_versions, REGISTRY_ROUTE},
    {0},
};
