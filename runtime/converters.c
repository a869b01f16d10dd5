/* Avro bodies with schema handles in, Kafka bytes out, and back. Next: producer on the source side,
 * the sink's batches on the other. Avro is framed in place: 0, the registry's id (big-endian),
 * body. JSON is json_converter.c's. */
#include "converters.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "converter_table.h"
#include "json_converter.h"
#include "kitestream/sdk/util.h"
#include "subject_ids.h"
#include "text_body.h"

#define AVRO_CLASS "io.confluent.connect.avro.AvroConverter"
#define JSON_CLASS "org.apache.kafka.connect.json.JsonConverter"
#define STRING_CLASS "org.apache.kafka.connect.storage.StringConverter"
#define BYTES_CLASS "org.apache.kafka.connect.converters.ByteArrayConverter"

#define PREFIX_BYTES 5
#define BYTES_SCHEMA "\"bytes\""
#define STRING_SCHEMA "\"string\""

enum converter_kind { CONVERT_AVRO, CONVERT_JSON, CONVERT_STRING, CONVERT_BYTES };

struct converter {
    enum converter_kind kind;
    struct schema_cache *schemas;
    const struct ks_schema *bytes_schema, *text_schema;
    struct json_converter *json;
    const struct ks_header *header; /* of what was converted last; NULL: none */
    /* Avro */
    struct schema_registry *registry;
    struct subject_ids *ids;
    const struct ks_schema *last_read; /* of the last consumed record */
};

const char *converter_class(const struct converter *c)
{
    static const char *const names[] = {AVRO_CLASS, JSON_CLASS, STRING_CLASS, BYTES_CLASS};
    return names[c->kind];
}

/* ---- opening ---- */

static enum ks_status kind_of(const char *class_name, const char *option, enum converter_kind *ret,
                              struct ks_error *err)
{
    static const char *const names[] = {AVRO_CLASS, JSON_CLASS, STRING_CLASS, BYTES_CLASS};
    const char *full_name = class_name;
    converter_table_find(class_name, &full_name);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(full_name, names[i]) != 0)
            continue;
        *ret = (enum converter_kind)i;
        return KS_OK;
    }
    return ks_error_set(err, KS_ERR_FATAL,
                        "%s: no converter '%s'; there are " AVRO_CLASS ", " JSON_CLASS
                        ", " STRING_CLASS " and " BYTES_CLASS,
                        option, class_name);
}

static void add_options(struct string_map *options, const struct ks_config *config,
                        const char *prefix)
{
    size_t len = strlen(prefix);
    for (size_t i = 0; i < config->count; i++) {
        if (strncmp(config->entries[i].key, prefix, len) == 0)
            string_map_set(options, config->entries[i].key + len, config->entries[i].value);
    }
}

static enum ks_status open_kind(struct converter *c, const struct worker_config *worker,
                                const struct string_map *options, bool is_key, struct ks_error *err)
{
    struct ks_config view = string_map_view(options);
    if (c->kind == CONVERT_JSON)
        return json_converter_new(worker, &view, is_key, c->schemas, &c->json, err);
    if (c->kind != CONVERT_AVRO)
        return KS_OK;
    enum ks_status status = schema_cache_registry(c->schemas, worker, &view, &c->registry, err);
    if (status == KS_OK)
        c->ids = subject_ids_new(c->registry, &view, is_key, true);
    return status;
}

enum ks_status converter_open(const struct worker_config *worker, const struct ks_config *config,
                              bool is_key, struct schema_cache *schemas, struct converter **ret,
                              struct ks_error *err)
{
    const char *option = is_key ? "key.converter" : "value.converter";
    const char *prefix = is_key ? "key.converter." : "value.converter.";
    const char *class_name = ks_config_get(config, option);
    if (!class_name || !*class_name)
        class_name = string_map_get(&worker->all, option);
    struct converter *c = xcalloc(1, sizeof *c);
    c->schemas = schemas;
    struct string_map options = {0};
    struct ks_config worker_options = string_map_view(&worker->all);
    add_options(&options, &worker_options, prefix);
    add_options(&options, config, prefix);
    enum ks_status status = kind_of(class_name ? class_name : AVRO_CLASS, option, &c->kind, err);
    if (status == KS_OK)
        status = open_kind(c, worker, &options, is_key, err);
    if (status == KS_OK)
        status = schema_cache_intern(schemas, STRING_SCHEMA, strlen(STRING_SCHEMA), &c->text_schema,
                                     err);
    if (status == KS_OK)
        status =
            schema_cache_intern(schemas, BYTES_SCHEMA, strlen(BYTES_SCHEMA), &c->bytes_schema, err);
    string_map_release(&options);
    if (status != KS_OK) {
        converter_close(c);
        return status;
    }
    *ret = c;
    return KS_OK;
}

void converter_close(struct converter *c)
{
    if (!c)
        return;
    json_converter_free(c->json);
    subject_ids_free(c->ids);
    free(c);
}

/* ---- source side ---- */

static void put_prefix(uint8_t *at, uint32_t id)
{
    at[0] = 0;
    at[1] = (uint8_t)(id >> 24);
    at[2] = (uint8_t)(id >> 16);
    at[3] = (uint8_t)(id >> 8);
    at[4] = (uint8_t)id;
}

static struct ks_slice in_scratch(const struct ks_buf *scratch)
{
    return (struct ks_slice){scratch->data, scratch->len};
}

static void add_prefix(struct ks_buf *scratch, uint32_t id)
{
    put_prefix(ks_buf_reserve(scratch, PREFIX_BYTES), id);
    scratch->len += PREFIX_BYTES;
}

/* What is not framed in place: into scratch. */
static enum ks_status to_avro_apart(const struct subject_writing *writing, struct ks_slice body,
                                    struct ks_buf *scratch, struct ks_error *err)
{
    add_prefix(scratch, writing->id);
    if (writing->latest)
        return latest_schema_write(writing->latest, body, scratch, err);
    ks_buf_add(scratch, body.data, body.len);
    return KS_OK;
}

static enum ks_status to_avro(struct converter *c, const char *topic, struct ks_slice data,
                              const struct ks_schema *schema, struct ks_buf *scratch,
                              struct ks_slice *ret, struct ks_error *err)
{
    const struct subject_writing *writing;
    enum ks_status status =
        subject_ids_get(c->ids, topic, schema ? schema : c->bytes_schema, &writing, err);
    if (status != KS_OK)
        return status;
    if (schema && !writing->latest) {
        uint8_t *start = (uint8_t *)(uintptr_t)data.data - PREFIX_BYTES;
        put_prefix(start, writing->id);
        *ret = (struct ks_slice){start, data.len + PREFIX_BYTES};
        return KS_OK;
    }
    struct ks_buf text = {0};
    if (!schema) {
        text_body_add(&text, data);
        data = in_scratch(&text);
    }
    status = to_avro_apart(writing, data, scratch, err);
    *ret = in_scratch(scratch);
    ks_buf_release(&text);
    return status;
}

static enum ks_status to_json(struct converter *c, const char *topic, struct ks_slice data,
                              const struct ks_schema *schema, struct ks_buf *scratch,
                              struct ks_slice *ret, struct ks_error *err)
{
    enum ks_status status = json_converter_write(c->json, topic, data, schema, scratch, err);
    if (status != KS_OK)
        return status;
    c->header = json_converter_header(c->json);
    *ret = in_scratch(scratch);
    return KS_OK;
}

static enum ks_status to_text(struct ks_slice data, const struct ks_schema *schema,
                              struct ks_buf *scratch, struct ks_slice *ret, struct ks_error *err)
{
    if (!schema) {
        *ret = data;
        return KS_OK;
    }
    enum ks_avro_type type = ks_avro_schema_type(schema->schema);
    if (type == KS_AVRO_STRING || type == KS_AVRO_BYTES)
        return text_body_content(data, ret, err);
    enum ks_status status = ks_avro_to_json(schema->schema, data, scratch, err);
    if (status == KS_OK)
        *ret = in_scratch(scratch);
    return status;
}

static enum ks_status to_bytes(struct ks_slice data, const struct ks_schema *schema,
                               struct ks_slice *ret, struct ks_error *err)
{
    if (!schema) {
        *ret = data;
        return KS_OK;
    }
    if (ks_avro_schema_type(schema->schema) != KS_AVRO_BYTES)
        return ks_error_set(err, KS_ERR_DATA,
                            "ByteArrayConverter takes bytes only; the record has another schema");
    return text_body_content(data, ret, err);
}

enum ks_status converter_from_record(struct converter *c, const char *topic, struct ks_slice data,
                                     const struct ks_schema *schema, struct ks_buf *scratch,
                                     struct ks_slice *ret, struct ks_error *err)
{
    ks_buf_reset(scratch);
    c->header = NULL;
    if (!data.data) {
        *ret = (struct ks_slice){0};
        return KS_OK;
    }
    switch (c->kind) {
    case CONVERT_AVRO:
        return to_avro(c, topic, data, schema, scratch, ret, err);
    case CONVERT_JSON:
        return to_json(c, topic, data, schema, scratch, ret, err);
    case CONVERT_STRING:
        return to_text(data, schema, scratch, ret, err);
    case CONVERT_BYTES:
        return to_bytes(data, schema, ret, err);
    }
    return KS_ERR_FATAL;
}

const struct ks_header *converter_header(const struct converter *c)
{
    return c->header;
}

/* ---- sink side ---- */

static enum ks_status from_avro(struct converter *c, struct ks_slice bytes,
                                struct ks_slice *ret_body, const struct ks_schema **ret_schema,
                                struct ks_error *err)
{
    const uint8_t *p = bytes.data;
    if (bytes.len < PREFIX_BYTES || p[0] != 0)
        return ks_error_set(err, KS_ERR_DATA,
                            "%zu bytes that do not begin with Confluent's prefix (0, schema id): "
                            "not written by an Avro serializer",
                            bytes.len);
    uint32_t id = (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 8 | p[4];
    if (!c->last_read || c->last_read->id != id) {
        enum ks_status status = schema_cache_by_id(c->schemas, c->registry, id, &c->last_read, err);
        if (status != KS_OK)
            return status;
    }
    *ret_schema = c->last_read;
    *ret_body = (struct ks_slice){p + PREFIX_BYTES, bytes.len - PREFIX_BYTES};
    return KS_OK;
}

static void from_text(struct converter *c, struct ks_slice bytes, struct ks_arena *arena,
                      struct ks_slice *ret_body, const struct ks_schema **ret_schema)
{
    struct ks_buf body = {0};
    text_body_add(&body, bytes);
    *ret_body = (struct ks_slice){ks_arena_copy(arena, body.data, body.len), body.len};
    *ret_schema = c->text_schema;
    ks_buf_release(&body);
}

enum ks_status converter_to_record(struct converter *c, const struct ks_record *record,
                                   struct ks_slice bytes, struct ks_arena *arena,
                                   struct ks_slice *ret_body, const struct ks_schema **ret_schema,
                                   struct ks_error *err)
{
    if (!bytes.data || c->kind == CONVERT_BYTES) {
        *ret_body = bytes;
        *ret_schema = NULL;
        return KS_OK;
    }
    if (c->kind == CONVERT_AVRO)
        return from_avro(c, bytes, ret_body, ret_schema, err);
    if (c->kind == CONVERT_JSON)
        return json_converter_read(c->json, record, bytes, arena, ret_body, ret_schema, err);
    from_text(c, bytes, arena, ret_body, ret_schema);
    return KS_OK;
}

struct ks_slice converter_original(struct converter *c, struct ks_slice body,
                                   const struct ks_schema *schema, struct ks_buf *scratch)
{
    struct ks_slice original = body;
    if (!body.data || !schema)
        return body;
    ks_buf_reset(scratch);
    if (c->kind == CONVERT_JSON) {
        json_converter_original(c->json, body, schema, scratch);
        return in_scratch(scratch);
    }
    if (c->kind != CONVERT_AVRO) {
        text_body_content(body, &original, NULL);
        return original;
    }
    add_prefix(scratch, schema->id);
    ks_buf_add(scratch, body.data, body.len);
    return in_scratch(scratch);
}
