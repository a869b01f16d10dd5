/* Avro bodies in, JSON out, and back. Next: as converters.c. Writing streams text, nothing but
 * schemas becomes a tree; reading parses the payload alone, by its schema. */
#include "json_converter.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "connect_schemas.h"
#include "json_members.h"
#include "kitestream/sdk/util.h"
#include "subject_ids.h"
#include "text_body.h"

#define BYTES_SCHEMA "\"bytes\""
#define TEXT_SCHEMA "{\"type\":\"string\",\"connect.name\":\"io.debezium.data.Json\"}"

struct json_converter {
    bool with_schema, is_key;
    const struct worker_config *worker;
    struct string_map options;
    struct schema_cache *schemas;
    const struct ks_schema *bytes_schema, *text_schema;
    /* plain */
    struct schema_registry *registry; /* NULL until needed */
    struct subject_ids *ids;
    const struct ks_schema *last_read;
    char id_text[12];
    struct ks_header header;
    struct connect_schemas *connect; /* with schema */
};

/* ---- life ---- */

static enum ks_status schemas_enabled(const struct ks_config *options, bool is_key, bool *ret,
                                      struct ks_error *err)
{
    const char *given = ks_config_get(options, "schemas.enable");
    *ret = !given || strcasecmp(given, "true") == 0;
    if (*ret || strcasecmp(given, "false") == 0)
        return KS_OK;
    return ks_error_set(err, KS_ERR_FATAL,
                        "%s.converter.schemas.enable: '%s' is neither true nor false",
                        is_key ? "key" : "value", given);
}

static enum ks_status intern(struct json_converter *c, const char *json,
                             const struct ks_schema **ret, struct ks_error *err)
{
    return schema_cache_intern(c->schemas, json, strlen(json), ret, err);
}

enum ks_status json_converter_new(const struct worker_config *worker,
                                  const struct ks_config *options, bool is_key,
                                  struct schema_cache *schemas, struct json_converter **ret,
                                  struct ks_error *err)
{
    struct json_converter *c = xcalloc(1, sizeof *c);
    c->is_key = is_key;
    c->worker = worker;
    c->schemas = schemas;
    c->options = string_map_copy(options);
    c->connect = connect_schemas_new(schemas);
    enum ks_status status = schemas_enabled(options, is_key, &c->with_schema, err);
    if (status == KS_OK)
        status = intern(c, BYTES_SCHEMA, &c->bytes_schema, err);
    if (status == KS_OK)
        status = intern(c, TEXT_SCHEMA, &c->text_schema, err);
    if (status == KS_OK)
        *ret = c;
    else
        json_converter_free(c);
    return status;
}

void json_converter_free(struct json_converter *c)
{
    if (!c)
        return;
    connect_schemas_free(c->connect);
    subject_ids_free(c->ids);
    string_map_release(&c->options);
    free(c);
}

/* Not before there is something to look up: text that nobody gave a schema needs no registry. */
static enum ks_status open_registry(struct json_converter *c, struct ks_error *err)
{
    if (c->registry)
        return KS_OK;
    struct ks_config options = string_map_view(&c->options);
    enum ks_status status =
        schema_cache_registry(c->schemas, c->worker, &options, &c->registry, err);
    if (status == KS_OK)
        c->ids = subject_ids_new(c->registry, &options, c->is_key, false);
    return status;
}

/* ---- writing ---- */

static enum ks_status write_json(struct json_converter *c, struct ks_slice body,
                                 const struct ks_schema *schema, struct ks_buf *out,
                                 struct ks_error *err)
{
    if (!c->with_schema)
        return ks_avro_to_json_exact(schema->schema, body, out, err);
    const char *text;
    enum ks_status status = connect_schemas_text(c->connect, schema, &text, err);
    if (status != KS_OK)
        return status;
    ks_buf_add_str(out, "{\"schema\":");
    ks_buf_add_str(out, text);
    ks_buf_add_str(out, ",\"payload\":");
    status = ks_avro_to_json_exact(schema->schema, body, out, err);
    ks_buf_add_byte(out, '}');
    return status;
}

static enum ks_status set_header(struct json_converter *c, const char *topic,
                                 const struct ks_schema *schema, struct ks_error *err)
{
    const struct subject_writing *writing;
    enum ks_status status = open_registry(c, err);
    if (status == KS_OK)
        status = subject_ids_get(c->ids, topic, schema, &writing, err);
    if (status != KS_OK)
        return status;
    int len = snprintf(c->id_text, sizeof c->id_text, "%" PRIu32, writing->id);
    c->header.key = c->is_key ? JSON_KEY_ID_HEADER : JSON_VALUE_ID_HEADER;
    c->header.value = (struct ks_slice){c->id_text, (size_t)len};
    return KS_OK;
}

enum ks_status json_converter_write(struct json_converter *c, const char *topic,
                                    struct ks_slice body, const struct ks_schema *schema,
                                    struct ks_buf *out, struct ks_error *err)
{
    struct ks_buf wrapped = {0};
    if (!schema) {
        text_body_add(&wrapped, body);
        body = (struct ks_slice){wrapped.data, wrapped.len};
        schema = c->bytes_schema;
    }
    enum ks_status status = write_json(c, body, schema, out, err);
    if (status == KS_OK && !c->with_schema)
        status = set_header(c, topic, schema, err);
    ks_buf_release(&wrapped);
    return status;
}

const struct ks_header *json_converter_header(const struct json_converter *c)
{
    return c->with_schema ? NULL : &c->header;
}

/* ---- reading ---- */

static struct ks_slice into_arena(struct ks_arena *arena, struct ks_buf *take_body)
{
    struct ks_slice body = {ks_arena_copy(arena, take_body->data, take_body->len), take_body->len};
    ks_buf_release(take_body);
    return body;
}

static enum ks_status read_typed(struct ks_slice json, const struct ks_schema *schema,
                                 struct ks_arena *arena, struct ks_slice *ret_body,
                                 const struct ks_schema **ret_schema, struct ks_error *err)
{
    struct ks_buf body = {0};
    enum ks_status status = ks_avro_from_json(schema->schema, json.data, json.len, &body, err);
    if (status != KS_OK) {
        ks_buf_release(&body);
        return status;
    }
    *ret_body = into_arena(arena, &body);
    *ret_schema = schema;
    return KS_OK;
}

/* JSON without a schema stays text. */
static enum ks_status read_text(struct json_converter *c, struct ks_slice json,
                                struct ks_arena *arena, struct ks_slice *ret_body,
                                const struct ks_schema **ret_schema, struct ks_error *err)
{
    json_error_t where;
    json_t *value = json_loadb(json.data, json.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &where);
    if (!value)
        return ks_error_set(err, KS_ERR_DATA, "not JSON: %s at byte %d", where.text,
                            where.position);
    json_decref(value);
    struct ks_buf body = {0};
    text_body_add(&body, json);
    *ret_body = into_arena(arena, &body);
    *ret_schema = c->text_schema;
    return KS_OK;
}

static const struct ks_header *id_header(const struct json_converter *c,
                                         const struct ks_record *record)
{
    const char *key = c->is_key ? JSON_KEY_ID_HEADER : JSON_VALUE_ID_HEADER;
    for (size_t i = 0; i < record->header_count; i++)
        if (strcmp(record->headers[i].key, key) == 0)
            return &record->headers[i];
    return NULL;
}

static enum ks_status parse_id(const struct ks_header *header, uint32_t *ret, struct ks_error *err)
{
    uint64_t id = 0;
    const uint8_t *text = header->value.data;
    bool ok = text && header->value.len > 0 && header->value.len <= 10;
    for (size_t i = 0; ok && i < header->value.len; i++) {
        ok = text[i] >= '0' && text[i] <= '9';
        id = id * 10 + (uint64_t)(text[i] - '0');
    }
    if (!ok || id > UINT32_MAX)
        return ks_error_set(err, KS_ERR_DATA, "header %s is not the id of a schema", header->key);
    *ret = (uint32_t)id;
    return KS_OK;
}

static enum ks_status read_plain(struct json_converter *c, const struct ks_record *record,
                                 struct ks_slice json, struct ks_arena *arena,
                                 struct ks_slice *ret_body, const struct ks_schema **ret_schema,
                                 struct ks_error *err)
{
    uint32_t id = 0;
    const struct ks_header *header = id_header(c, record);
    if (!header)
        return read_text(c, json, arena, ret_body, ret_schema, err);
    enum ks_status status = parse_id(header, &id, err);
    if (status == KS_OK)
        status = open_registry(c, err);
    if (status == KS_OK && (!c->last_read || c->last_read->id != id))
        status = schema_cache_by_id(c->schemas, c->registry, id, &c->last_read, err);
    if (status != KS_OK)
        return status;
    status = read_typed(json, c->last_read, arena, ret_body, ret_schema, err);
    if (status != KS_OK)
        ks_error_prefix(err, "by schema id %" PRIu32, id);
    return status;
}

static bool is_null(struct ks_slice json)
{
    return json.len == 4 && memcmp(json.data, "null", 4) == 0;
}

static enum ks_status read_with_schema(struct json_converter *c, struct ks_slice json,
                                       struct ks_arena *arena, struct ks_slice *ret_body,
                                       const struct ks_schema **ret_schema, struct ks_error *err)
{
    struct json_members m;
    enum ks_status status = json_members_find(json, &m, err);
    if (status != KS_OK)
        return status;
    if (is_null(m.schema))
        return read_text(c, m.payload, arena, ret_body, ret_schema, err);
    const struct ks_schema *schema;
    bool optional;
    status = connect_schemas_handle(c->connect, m.schema, &schema, &optional, err);
    if (status != KS_OK)
        return status;
    if (optional && is_null(m.payload)) {
        *ret_body = (struct ks_slice){0};
        *ret_schema = NULL;
        return KS_OK;
    }
    status = read_typed(m.payload, schema, arena, ret_body, ret_schema, err);
    if (status != KS_OK)
        ks_error_prefix(err, "payload");
    return status;
}

enum ks_status json_converter_read(struct json_converter *c, const struct ks_record *record,
                                   struct ks_slice bytes, struct ks_arena *arena,
                                   struct ks_slice *ret_body, const struct ks_schema **ret_schema,
                                   struct ks_error *err)
{
    if (c->with_schema)
        return read_with_schema(c, bytes, arena, ret_body, ret_schema, err);
    return read_plain(c, record, bytes, arena, ret_body, ret_schema, err);
}

void json_converter_original(struct json_converter *c, struct ks_slice body,
                             const struct ks_schema *schema, struct ks_buf *out)
{
    struct ks_slice text;
    if (schema != c->text_schema) {
        write_json(c, body, schema, out, NULL);
        return;
    }
    if (text_body_content(body, &text, NULL) != KS_OK)
        return;
    ks_buf_add_str(out, c->with_schema ? "{\"schema\":null,\"payload\":" : "");
    ks_buf_add(out, text.data, text.len);
    ks_buf_add_str(out, c->with_schema ? "}" : "");
}
