/* The rules of the built-in registry: every subject is BACKWARD compatible (connectors make it so),
 * and READONLY for clients. Whether a schema would keep the first rule is answered for real, by
 * Avro's rules; what would change a rule or delete a schema is refused. */
#include <stdlib.h>
#include <string.h>

#include "../sdk/avro_compatible.h"
#include "rest_registry.h"

#define MESSAGES_MAX 50

static void get_config(const struct rest_context *ctx, const struct rest_request *req,
                       struct rest_response *res)
{
    registry_answer(res, json_pack("{s:s}", "compatibilityLevel", REGISTRY_COMPATIBILITY));
}

static void get_mode(const struct rest_context *ctx, const struct rest_request *req,
                     struct rest_response *res)
{
    registry_answer(res, json_pack("{s:s}", "mode", "READONLY"));
}

static void refuse(const struct rest_context *ctx, const struct rest_request *req,
                   struct rest_response *res)
{
    registry_fail(res, REGISTRY_NOT_PERMITTED,
                  "The worker's registry is read-only: schemas are registered by connectors, stay "
                  "for good, and are " REGISTRY_COMPATIBILITY " compatible");
}

/* ---- compatibility ---- */

static void add_message(void *arg, const char *kind, const char *place, const char *text)
{
    json_t *messages = arg;
    if (json_array_size(messages) < MESSAGES_MAX)
        json_array_append_new(messages,
                              json_sprintf("%s%s%s: %s", kind, *place ? " at " : "", place, text));
}

/* Readers of the new schema get records of the old one. */
static void compare(const struct rest_request *req, const struct ks_avro_schema *reader,
                    const char *writer_json, struct rest_response *res)
{
    struct ks_avro_schema *writer;
    struct ks_error err;
    bool compatible = false;
    json_t *messages = json_array();
    enum ks_status status = ks_avro_schema_parse(writer_json, strlen(writer_json), &writer, &err);
    if (status == KS_OK) {
        status = avro_can_read(reader, writer, add_message, messages, &compatible, &err);
        ks_avro_schema_free(writer);
    }
    if (status == KS_OK) {
        json_t *answer = json_pack("{s:b}", "is_compatible", compatible);
        if (rest_query_flag(req, "verbose", false))
            json_object_set(answer, "messages", messages);
        registry_answer(res, answer);
    } else {
        registry_fail(res, REGISTRY_BAD_SCHEMA, "%s", err.message);
    }
    json_decref(messages);
}

static void check_against(const struct rest_context *ctx, const struct rest_request *req,
                          const char *version, struct rest_response *res)
{
    struct ks_avro_schema *schema = registry_body_schema(req, res);
    struct stored_version found;
    if (!schema)
        return;
    if (registry_find_version(ctx, req->params[0], version, &found, res))
        compare(req, schema, found.json, res);
    ks_avro_schema_free(schema);
}

static void check_version(const struct rest_context *ctx, const struct rest_request *req,
                          struct rest_response *res)
{
    check_against(ctx, req, req->params[1], res);
}

/* BACKWARD looks at the last version only. */
static void check_subject(const struct rest_context *ctx, const struct rest_request *req,
                          struct rest_response *res)
{
    check_against(ctx, req, "latest", res);
}

const struct rest_route rest_registry_rules_routes[] = {
    {"GET", "/config", get_config, REST_ANY_TYPE},
    {"GET", "/config/{s}", get_config, REST_ANY_TYPE},
    {"GET", "/mode", get_mode, REST_ANY_TYPE},
    {"GET", "/mode/{s}", get_mode, REST_ANY_TYPE},
    {"POST", "/compatibility/subjects/{s}/versions", check_subject, REGISTRY_ROUTE},
    {"POST", "/compatibility/subjects/{s}/versions/{v}", check_version, REGISTRY_ROUTE},
    {"PUT", "/config", refuse, REST_ANY_TYPE},
    {"DELETE", "/config", refuse, REST_ANY_TYPE},
    {"PUT", "/config/{s}", refuse, REST_ANY_TYPE},
    {"DELETE", "/config/{s}", refuse, REST_ANY_TYPE},
    {"PUT", "/mode", refuse, REST_ANY_TYPE},
    {"PUT", "/mode/{s}", refuse, REST_ANY_TYPE},
    {"DELETE", "/mode/{s}", refuse, REST_ANY_TYPE},
    {"DELETE", "/subjects/{s}", refuse, REST_ANY_TYPE},
    {"DELETE", "/subjects/{s}/versions/{v}", refuse, REST_ANY_TYPE},
    {0},
};
