/* Bytes from a topic: prefix, schema id and body of Avro, or JSON with or without its schema. The
 * registry knows a few schemas by id; what converts must come back as it was for a dead letter, and
 * render as JSON or be refused. */
#include <stdlib.h>
#include <string.h>

#include "converters.h"
#include "kitestream/sdk/util.h"

static const char *const schemas[] = {
    "\"string\"",
    "\"bytes\"",
    "{\"type\":\"array\",\"items\":\"float\"}",
    "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":[\"null\",\"long\"]},"
    "{\"name\":\"b\",\"type\":{\"type\":\"array\",\"items\":\"string\"}},"
    "{\"name\":\"c\",\"type\":{\"type\":\"map\",\"values\":\"double\"}}]}",
};

enum ks_status schema_registry_open(const struct worker_config *worker,
                                    const struct ks_config *options, struct schema_registry **ret,
                                    struct ks_error *err)
{
    *ret = (struct schema_registry *)(uintptr_t)schemas;
    return KS_OK;
}
void schema_registry_close(struct schema_registry *r)
{
}
enum ks_status schema_registry_register(struct schema_registry *r, const char *subject,
                                        const char *schema_json, uint32_t *ret_id,
                                        struct ks_error *err)
{
    *ret_id = 1;
    return KS_OK;
}
enum ks_status schema_registry_get(struct schema_registry *r, uint32_t id, const char **ret_json,
                                   struct ks_error *err)
{
    if (id >= sizeof schemas / sizeof *schemas)
        return ks_error_set(err, KS_ERR_DATA, "no such id");
    *ret_json = schemas[id];
    return KS_OK;
}
enum ks_status schema_registry_latest(struct schema_registry *r, const char *subject,
                                      uint32_t *ret_id, const char **ret_json, struct ks_error *err)
{
    return ks_error_set(err, KS_ERR_DATA, "no such subject");
}

/* AvroConverter, JsonConverter without schemas, String, ByteArray, JsonConverter with schemas. */
static struct converter *open_one(size_t kind, struct schema_cache *cache)
{
    static const char *const classes[] = {
        "io.confluent.connect.avro.AvroConverter",
        "org.apache.kafka.connect.json.JsonConverter",
        "org.apache.kafka.connect.storage.StringConverter",
        "org.apache.kafka.connect.converters.ByteArrayConverter",
        "org.apache.kafka.connect.json.JsonConverter",
    };
    struct worker_config worker = {0};
    struct ks_config_entry entries[] = {
        {"value.converter", classes[kind]},
        {"value.converter.schemas.enable", kind == 4 ? "true" : "false"}};
    struct ks_config config = {entries, 2};
    struct converter *converter = NULL;
    struct ks_error err;
    if (converter_open(&worker, &config, false, cache, &converter, &err) != KS_OK)
        abort();
    return converter;
}

/* JSON may come back with its members in another order: it must mean the same body. */
static void check_original(struct converter *converter, const struct ks_record *record,
                           struct ks_slice body, const struct ks_schema *schema)
{
    struct ks_buf scratch = {0};
    struct ks_arena arena = {0};
    struct ks_error err;
    const struct ks_schema *schema_again;
    struct ks_slice original = converter_original(converter, body, schema, &scratch), again;
    if (converter_to_record(converter, record, original, &arena, &again, &schema_again, &err) !=
            KS_OK ||
        again.len != body.len || (body.len && memcmp(again.data, body.data, body.len) != 0))
        abort();
    ks_buf_release(&scratch);
    ks_arena_release(&arena);
}

static void check(struct converter *converter, const struct ks_record *record, bool exact)
{
    struct ks_buf scratch = {0}, json = {0};
    struct ks_arena arena = {0};
    struct ks_slice body, bytes = record->value;
    const struct ks_schema *schema;
    struct ks_error err;
    if (converter_to_record(converter, record, bytes, &arena, &body, &schema, &err) == KS_OK) {
        struct ks_slice original = converter_original(converter, body, schema, &scratch);
        if (exact && (original.len != bytes.len || memcmp(original.data, bytes.data, bytes.len)))
            abort();
        if (schema)
            ks_avro_to_json(schema->schema, body, &json, &err);
        if (schema)
            check_original(converter, record, body, schema);
    }
    ks_buf_release(&scratch);
    ks_buf_release(&json);
    ks_arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* First byte: the converter, and the schema's id in a header or none. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct ks_header header = {"kitestream.value.schema.id", {&"0123"[data[0] / 8 % 4], 1}};
    struct ks_record record = {.topic = "t",
                               .value = {data + 1, size - 1},
                               .headers = &header,
                               .header_count = data[0] >= 0x80};
    struct schema_cache *cache = schema_cache_new();
    struct converter *converter = open_one(data[0] % 8 % 5, cache);
    check(converter, &record, data[0] % 8 % 5 % 4 != 1 && data[0] % 8 % 5 != 4);
    converter_close(converter);
    schema_cache_free(cache);
    return 0;
}
