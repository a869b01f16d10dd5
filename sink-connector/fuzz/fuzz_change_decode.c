/* Any bytes as the body of a change record; what decodes goes on into requests. The first byte
 * chooses the schema, of those that the source made. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "request_build.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct ks_schema {
    char json[16384];
};
enum { ENVELOPE, FLAT, STRINGS_ENVELOPE, STRINGS_FLAT, KEY, STRINGS_KEY, STRINGS_BARE, SCHEMAS };

static struct ks_schema schemas[SCHEMAS];

static const char *schema_json(const struct ks_schema *schema)
{
    return schema->json;
}

static void load_schemas(void)
{
    static const char *const names[SCHEMAS] = {
        "all-envelope", "all-flat",    "strings-envelope",     "strings-flat",
        "all-key",      "strings-key", "strings-key-primitive"};
    for (size_t i = 0; i < SCHEMAS; i++) {
        char path[1024];
        snprintf(path, sizeof(path), "%s/sink-connector/tests/golden/%s.avsc",
                 KITESTREAM_SOURCE_DIR, names[i]);
        FILE *file = fopen(path, "r");
        if (!file || fread(schemas[i].json, 1, sizeof(schemas[i].json) - 1, file) == 0)
            abort();
        fclose(file);
    }
}

static const struct ddl_kv dims[] = {{"dim", "4"}, {"dim", "16"}};
static const struct ddl_field all_fields[] = {
    {.name = "id", .type = MILVUS_INT64, .is_primary_key = true},
    {.name = "b", .type = MILVUS_BOOL, .nullable = true},
    {.name = "i8", .type = MILVUS_INT8, .nullable = true},
    {.name = "i64", .type = MILVUS_INT64, .nullable = true},
    {.name = "f", .type = MILVUS_FLOAT, .nullable = true},
    {.name = "d", .type = MILVUS_DOUBLE, .nullable = true},
    {.name = "s", .type = MILVUS_VARCHAR, .nullable = true},
    {.name = "j", .type = MILVUS_JSON, .nullable = true},
    {.name = "ab", .type = MILVUS_ARRAY, .element_type = MILVUS_BOOL, .nullable = true},
    {.name = "ai8", .type = MILVUS_ARRAY, .element_type = MILVUS_INT8, .nullable = true},
    {.name = "af", .type = MILVUS_ARRAY, .element_type = MILVUS_FLOAT, .nullable = true},
    {.name = "as", .type = MILVUS_ARRAY, .element_type = MILVUS_VARCHAR, .nullable = true},
    {.name = "fv",
     .type = MILVUS_FLOAT_VECTOR,
     .nullable = true,
     .type_params = dims,
     .type_param_count = 1},
    {.name = "bv",
     .type = MILVUS_BINARY_VECTOR,
     .nullable = true,
     .type_params = dims + 1,
     .type_param_count = 1},
    {.name = "sv", .type = MILVUS_SPARSE_FLOAT_VECTOR, .nullable = true},
    {.name = "$meta", .type = MILVUS_JSON, .is_dynamic = true},
};
static const struct ddl_field string_fields[] = {
    {.name = "k", .type = MILVUS_VARCHAR, .is_primary_key = true},
    {.name = "v",
     .type = MILVUS_FLOAT_VECTOR,
     .nullable = true,
     .type_params = dims,
     .type_param_count = 1},
};

static void build(const struct change_row *row, struct ks_arena *arena)
{
    struct ddl_schema schema = {.fields = row->pk_is_string ? string_fields : all_fields};
    schema.field_count = row->pk_is_string ? sizeof(string_fields) / sizeof(*string_fields)
                                           : sizeof(all_fields) / sizeof(*all_fields);
    struct request_target target = {.db = "d", .collection = "c", .schema = &schema};
    const struct change_row *rows[] = {row, row};
    struct write_step step = {
        .kind = row->cells ? WRITE_UPSERT : WRITE_DELETE, .rows = rows, .row_count = 2};
    struct ks_buf out = {0};
    struct ks_error err;
    size_t bad;
    request_build(&step, &target, arena, &out, &bad, &err);
    ks_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct change_decoder *decoder;
    static const struct ks_task_host host = {.schema_json = schema_json};
    static const struct ks_header headers[] = {
        {"__op", {"u", 1}},
        {"__source.collection_id", {"449", 3}},
        {"__source.partition_id", {"-1", 2}},
        {"__source.ddl_seq", {"12", 2}},
        {"__source.tick", {"13", 2}},
    };
    if (!decoder) {
        load_schemas();
        decoder = change_decoder_new(&host);
    }
    if (size == 0)
        return 0;
    const struct ks_schema *schema = &schemas[data[0] % SCHEMAS];
    struct ks_slice body = {data + 1, size - 1};
    struct ks_record record = {.topic = "t", .headers = headers, .header_count = 5};
    if (schema < &schemas[KEY]) {
        record.value = body;
        record.value_schema = schema;
    } else {
        record.key = body;
        record.key_schema = schema;
    }
    struct ks_arena arena = {0};
    struct change_row row;
    struct ks_error err;
    if (change_decode(decoder, &record, &arena, &row, &err) == KS_OK)
        build(&row, &arena);
    ks_arena_release(&arena);
    return 0;
}
