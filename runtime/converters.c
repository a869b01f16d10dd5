/* Avro bodies with schema handles in, Kafka bytes out, and back. Next: producer on the source side,
 * the sink's batches on the other. Avro is framed in place: 0, the registry's id (big-endian),
 * body. An id is looked up once per topic and schema, and only when the registry has it for good: a
 * record never goes out with an id that a reader could not resolve. */
#include "converters.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"
#include "map.h"

#define AVRO_CLASS "io.confluent.connect.avro.AvroConverter"
#define JSON_CLASS "org.apache.kafka.connect.json.JsonConverter"
#define STRING_CLASS "org.apache.kafka.connect.storage.StringConverter"
#define BYTES_CLASS "org.apache.kafka.connect.converters.ByteArrayConverter"

#define PREFIX_BYTES 5
#define BYTES_SCHEMA "\"bytes\""
#define STRING_SCHEMA "\"string\""
#define JSON_TEXT_SCHEMA "{\"type\":\"string\",\"connect.name\":\"io.debezium.data.Json\"}"

enum converter_kind { CONVERT_AVRO, CONVERT_JSON, CONVERT_STRING, CONVERT_BYTES };

/* A topic's key or value in the registry. */
struct subject {
    char *topic;
    struct map ids; /* by schema handle */
    const struct ks_schema *last_schema;
    uint32_t last_id;
};

struct converter {
    enum converter_kind kind;
    bool is_key;
    struct schema_cache *schemas;
    struct schema_registry *registry;
    struct strmap subjects; /* by topic */
    struct subject *last_subject;
    const struct ks_schema *bytes_schema, *text_schema;
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
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(class_name, names[i]) != 0)
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
                                const struct string_map *options, const char *option,
                                struct ks_error *err)
{
    struct ks_config view = string_map_view(options);
    const char *schemas_enable = ks_config_get(&view, "schemas.enable");
    if (c->kind == CONVERT_AVRO)
        return schema_cache_registry(c->schemas, worker, &view, &c->registry, err);
    if (c->kind == CONVERT_JSON && (!schemas_enable || strcmp(schemas_enable, "false") != 0))
        return ks_error_set(err, KS_ERR_FATAL,
                            "%s: JsonConverter writes plain JSON only: set %s.schemas.enable=false",
                            option, option);
    return KS_OK;
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
    c->is_key = is_key;
    c->schemas = schemas;
    struct string_map options = {0};
    struct ks_config worker_options = string_map_view(&worker->all);
    add_options(&options, &worker_options, prefix);
    add_options(&options, config, prefix);
    enum ks_status status = kind_of(class_name ? class_name : AVRO_CLASS, option, &c->kind, err);
    if (status == KS_OK)
        status = open_kind(c, worker, &options, option, err);
    const char *text = c->kind == CONVERT_JSON ? JSON_TEXT_SCHEMA : STRING_SCHEMA;
    if (status == KS_OK)
        status = schema_cache_intern(schemas, text, strlen(text), &c->text_schema, err);
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
    size_t pos = 0;
    const char *topic;
    void *value;
    while (strmap_next(&c->subjects, &pos, &topic, &value)) {
        struct subject *s = value;
        map_release(&s->ids);
        free(s->topic);
        free(s);
    }
    strmap_release(&c->subjects);
    free(c);
}

/* ---- Avro's variable-length numbers ---- */

static void put_length(struct ks_buf *out, size_t len)
{
    uint64_t zigzag = (uint64_t)len << 1;
    for (; zigzag >= 0x80; zigzag >>= 7)
        ks_buf_add_byte(out, (uint8_t)(zigzag | 0x80));
    ks_buf_add_byte(out, (uint8_t)zigzag);
}

/* The content of a body that is one string or bytes. */
static enum ks_status unwrap(struct ks_slice body, struct ks_slice *ret, struct ks_error *err)
{
    const uint8_t *p = body.data, *end = p + body.len;
    uint64_t zigzag = 0;
    for (unsigned shift = 0; p < end && shift < 63; shift += 7) {
        uint8_t byte = *p++;
        zigzag |= (uint64_t)(byte & 0x7F) << shift;
        if (byte & 0x80)
            continue;
        if ((zigzag & 1) || zigzag >> 1 != (uint64_t)(end - p))
            break;
        *ret = (struct ks_slice){p, (size_t)(end - p)};
        return KS_OK;
    }
    return ks_error_set(err, KS_ERR_DATA, "the Avro body is not one string or bytes value");
}

/* ---- source side ---- */

static struct subject *get_subject(struct converter *c, const char *topic)
{
    if (c->last_subject && strcmp(c->last_subject->topic, topic) == 0)
        return c->last_subject;
    struct subject *s = strmap_get(&c->subjects, topic);
    if (!s) {
        s = xcalloc(1, sizeof *s);
        s->topic = xstrdup(topic);
        strmap_put(&c->subjects, topic, s);
    }
    c->last_subject = s;
    return s;
}

static enum ks_status schema_id(struct converter *c, const char *topic,
                                const struct ks_schema *schema, uint32_t *ret, struct ks_error *err)
{
    struct subject *s = get_subject(c, topic);
    if (s->last_schema == schema) {
        *ret = s->last_id;
        return KS_OK;
    }
    uint32_t id = (uint32_t)(uintptr_t)map_get(&s->ids, (uintptr_t)schema);
    if (id == 0) {
        char *name = xasprintf("%s-%s", topic, c->is_key ? "key" : "value");
        enum ks_status status = schema_registry_register(c->registry, name, schema->json, &id, err);
        free(name);
        if (status != KS_OK)
            return status;
        map_put(&s->ids, (uintptr_t)schema, (void *)(uintptr_t)id);
    }
    s->last_schema = schema;
    *ret = s->last_id = id;
    return KS_OK;
}

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

static enum ks_status to_avro(struct converter *c, const char *topic, struct ks_slice data,
                              const struct ks_schema *schema, struct ks_buf *scratch,
                              struct ks_slice *ret, struct ks_error *err)
{
    uint32_t id;
    enum ks_status status = schema_id(c, topic, schema ? schema : c->bytes_schema, &id, err);
    if (status != KS_OK)
        return status;
    if (schema) {
        uint8_t *start = (uint8_t *)(uintptr_t)data.data - PREFIX_BYTES;
        put_prefix(start, id);
        *ret = (struct ks_slice){start, data.len + PREFIX_BYTES};
        return KS_OK;
    }
    put_prefix(ks_buf_reserve(scratch, PREFIX_BYTES), id);
    scratch->len += PREFIX_BYTES;
    put_length(scratch, data.len);
    ks_buf_add(scratch, data.data, data.len);
    *ret = in_scratch(scratch);
    return KS_OK;
}

/* Raw bytes become base64, as Connect's JSON does it: as an Avro `bytes` they take the same way. */
static enum ks_status to_json(struct converter *c, struct ks_slice data,
                              const struct ks_schema *schema, struct ks_buf *scratch,
                              struct ks_slice *ret, struct ks_error *err)
{
    struct ks_buf wrapped = {0};
    if (!schema) {
        put_length(&wrapped, data.len);
        ks_buf_add(&wrapped, data.data, data.len);
        data = in_scratch(&wrapped);
        schema = c->bytes_schema;
    }
    enum ks_status status = ks_avro_to_json(schema->schema, data, scratch, err);
    ks_buf_release(&wrapped);
    if (status == KS_OK)
        *ret = in_scratch(scratch);
    return status;
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
        return unwrap(data, ret, err);
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
    return unwrap(data, ret, err);
}

enum ks_status converter_from_record(struct converter *c, const char *topic, struct ks_slice data,
                                     const struct ks_schema *schema, struct ks_buf *scratch,
                                     struct ks_slice *ret, struct ks_error *err)
{
    ks_buf_reset(scratch);
    if (!data.data) {
        *ret = (struct ks_slice){0};
        return KS_OK;
    }
    switch (c->kind) {
    case CONVERT_AVRO:
        return to_avro(c, topic, data, schema, scratch, ret, err);
    case CONVERT_JSON:
        return to_json(c, data, schema, scratch, ret, err);
    case CONVERT_STRING:
        return to_text(data, schema, scratch, ret, err);
    case CONVERT_BYTES:
        return to_bytes(data, schema, ret, err);
    }
    return KS_ERR_FATAL;
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

static enum ks_status check_json(struct ks_slice bytes, struct ks_error *err)
{
    json_error_t where;
    json_t *json = json_loadb(bytes.data, bytes.len, JSON_DECODE_ANY, &where);
    if (!json)
        return ks_error_set(err, KS_ERR_DATA, "not JSON: %s at byte %d", where.text,
                            where.position);
    json_decref(json);
    return KS_OK;
}

static void from_text(struct converter *c, struct ks_slice bytes, struct ks_arena *arena,
                      struct ks_slice *ret_body, const struct ks_schema **ret_schema)
{
    struct ks_buf body = {0};
    put_length(&body, bytes.len);
    ks_buf_add(&body, bytes.data, bytes.len);
    *ret_body = (struct ks_slice){ks_arena_copy(arena, body.data, body.len), body.len};
    *ret_schema = c->text_schema;
    ks_buf_release(&body);
}

enum ks_status converter_to_record(struct converter *c, const char *topic, struct ks_slice bytes,
                                   struct ks_arena *arena, struct ks_slice *ret_body,
                                   const struct ks_schema **ret_schema, struct ks_error *err)
{
    if (!bytes.data || c->kind == CONVERT_BYTES) {
        *ret_body = bytes;
        *ret_schema = NULL;
        return KS_OK;
    }
    if (c->kind == CONVERT_AVRO)
        return from_avro(c, bytes, ret_body, ret_schema, err);
    enum ks_status status = c->kind == CONVERT_JSON ? check_json(bytes, err) : KS_OK;
    if (status == KS_OK)
        from_text(c, bytes, arena, ret_body, ret_schema);
    return status;
}

struct ks_slice converter_original(struct converter *c, struct ks_slice body,
                                   const struct ks_schema *schema, struct ks_buf *scratch)
{
    struct ks_slice original = body;
    if (!body.data || !schema)
        return body;
    if (c->kind != CONVERT_AVRO) {
        unwrap(body, &original, NULL);
        return original;
    }
    ks_buf_reset(scratch);
    put_prefix(ks_buf_reserve(scratch, PREFIX_BYTES), schema->id);
    scratch->len += PREFIX_BYTES;
    ks_buf_add(scratch, body.data, body.len);
    return in_scratch(scratch);
}
