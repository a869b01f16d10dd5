#include "change_schema.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper_golden.h"
#include "kitestream/sdk/avro.h"
#include "row_events.h"

#define TEXT_LEN                                                                                   \
    {                                                                                              \
        "max_length", "64"                                                                         \
    }
static const struct ddl_kv text_params[] = {TEXT_LEN}, dim8[] = {{"dim", "8"}},
                           array_params[] = {{"max_capacity", "4"}, TEXT_LEN};

static const struct ddl_field fields[] = {
    {.id = 100,
     .name = "id",
     .type = MILVUS_VARCHAR,
     .is_primary_key = true,
     .auto_id = true,
     .type_params = text_params,
     .type_param_count = 1},
    {.id = 101, .name = "small", .type = MILVUS_INT8, .description = "a \"small\" number"},
    {.id = 102,
     .name = "tags",
     .type = MILVUS_ARRAY,
     .element_type = MILVUS_VARCHAR,
     .nullable = true,
     .type_params = array_params,
     .type_param_count = 2},
    {.id = 103,
     .name = "vec",
     .type = MILVUS_FLOAT_VECTOR,
     .type_params = dim8,
     .type_param_count = 1},
    {.id = 104,
     .name = "half",
     .type = MILVUS_BFLOAT16_VECTOR,
     .type_params = dim8,
     .type_param_count = 1},
    {.id = 105, .name = "sp1", .type = MILVUS_SPARSE_FLOAT_VECTOR},
    {.id = 106, .name = "sp2", .type = MILVUS_SPARSE_FLOAT_VECTOR, .is_function_output = true},
    {.id = 107, .name = "n", .type = MILVUS_INT64, .default_value = "9007199254740993"},
    {.id = 108, .name = "$meta", .type = MILVUS_JSON, .is_dynamic = true},
};
static const struct ddl_schema schema = {.name = "c",
                                         .description = "what it is",
                                         .fields = fields,
                                         .field_count = sizeof fields / sizeof *fields};
static const struct catalogue_collection coll = {.id = 1,
                                                 .db = "db",
                                                 .name = "c",
                                                 .created_as = "db.c",
                                                 .topic = "pre-fix.2nd.c",
                                                 .schema = &schema};

static json_t *parse(char *take_text)
{
    json_t *json = json_loads(take_text, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    free(take_text);
    return json;
}

static const struct change_options envelopes, flat_rows = {.flat = true};

static json_t *value_of(const struct catalogue_collection *of, bool flat)
{
    char *text;
    struct ks_error err = {0};
    if (change_schema_value(of, flat ? &flat_rows : &envelopes, &text, &err) != KS_OK)
        fail_msg("%s", err.message);
    return parse(text);
}

static json_t *field_named(const json_t *record, const char *name)
{
    return golden_find(json_object_get(record, "fields"), "name", name);
}

/* The type behind ["null", type]; fails for one that is not nullable. */
static const json_t *nullable_type(const json_t *record, const char *name)
{
    const json_t *field = field_named(record, name), *type = json_object_get(field, "type");
    assert_non_null(field);
    assert_string_equal(json_string_value(json_array_get(type, 0)), "null");
    assert_true(json_is_null(json_object_get(field, "default")));
    return json_array_get(type, 1);
}

static void test_change_schema_value__fields(void **state)
{
    json_t *value = value_of(&coll, true);
    assert_string_equal(golden_str(value, "name"), "pre_fix._2nd.c.Value");
    assert_string_equal(golden_str(value, "doc"), "what it is");
    const json_t *key = json_object_get(field_named(value, "id"), "type");
    assert_string_equal(golden_str(key, "type"), "string");
    assert_true(json_is_true(json_object_get(key, "milvus.primary_key")));
    assert_true(json_is_true(json_object_get(key, "milvus.auto_id")));
    assert_int_equal(golden_int(key, "milvus.max_length"), 64);
    assert_null(json_object_get(field_named(value, "id"), "default"));
    assert_string_equal(golden_str(nullable_type(value, "small"), "connect.type"), "int8");
    assert_string_equal(golden_str(field_named(value, "small"), "doc"), "a \"small\" number");
    const json_t *tags = nullable_type(value, "tags");
    assert_string_equal(golden_str(tags, "items"), "string");
    assert_string_equal(golden_str(tags, "milvus.element_type"), "VarChar");
    assert_int_equal(golden_int(tags, "milvus.max_capacity"), 4);
    assert_true(json_is_true(json_object_get(tags, "milvus.nullable")));
    assert_true(golden_int(nullable_type(value, "n"), "milvus.default") == 9007199254740993);
    const json_t *meta = nullable_type(value, "_meta");
    assert_string_equal(golden_str(meta, "connect.name"), "io.debezium.data.Json");
    assert_string_equal(golden_str(meta, "milvus.name"), "$meta");
    assert_true(json_is_true(json_object_get(meta, "milvus.dynamic")));
    json_decref(value);
}

static void test_change_schema_value__vectors(void **state)
{
    json_t *value = value_of(&coll, true);
    const json_t *vec = nullable_type(value, "vec"), *half = nullable_type(value, "half");
    assert_string_equal(golden_str(vec, "items"), "float");
    assert_string_equal(golden_str(vec, "connect.name"), "io.debezium.data.FloatVector");
    assert_string_equal(golden_str(vec, "logicalType"), "vector");
    assert_int_equal(golden_int(vec, "dimensions"), 8);
    assert_string_equal(golden_str(vec, "elementType"), "float32");
    assert_string_equal(golden_str(half, "type"), "bytes");
    assert_string_equal(golden_str(half, "elementType"), "bfloat16");
    assert_string_equal(golden_str(nullable_type(value, "sp1"), "name"),
                        "pre_fix._2nd.c.sp1.SparseVector");
    assert_string_equal(golden_str(nullable_type(value, "sp2"), "name"),
                        "pre_fix._2nd.c.sp2.SparseVector");
    json_decref(value);
}

static void test_change_schema_value__vectors_as_bytes(void **state)
{
    static const struct field_rules bytes = {.vectors = VECTORS_BYTES};
    static const struct change_options with_bytes = {.flat = true, .fields = &bytes};
    struct ks_error err;
    char *text;
    assert_int_equal(change_schema_value(&coll, &with_bytes, &text, &err), KS_OK);
    json_t *record = parse(text);
    const json_t *vec = nullable_type(record, "vec");
    assert_string_equal(golden_str(vec, "type"), "bytes");
    assert_string_equal(golden_str(vec, "logicalType"), "vector");
    assert_string_equal(golden_str(vec, "elementType"), "float32");
    assert_int_equal(golden_int(vec, "dimensions"), 8);
    assert_null(json_object_get(vec, "connect.name"));
    assert_string_equal(golden_str(nullable_type(record, "half"), "elementType"), "bfloat16");
    assert_string_equal(golden_str(nullable_type(record, "sp1"), "type"), "record");
    json_decref(record);
}

static void test_change_schema_value__masked_fields_say_so(void **state)
{
    struct ks_config_entry entries[] = {{"field.mask.hash.list", "db.c.id"},
                                        {"field.mask.hash.salt", "s"}};
    struct field_rules rules;
    struct change_options masked = {.flat = true, .fields = &rules};
    struct ks_error err;
    char *text;
    assert_int_equal(field_rules_new(&(struct ks_config){entries, 2}, &rules, &err), KS_OK);
    assert_int_equal(change_schema_value(&coll, &masked, &text, &err), KS_OK);
    json_t *record = parse(text);
    assert_string_equal(
        golden_str(json_object_get(field_named(record, "id"), "type"), "milvus.masked"),
        "hmac-sha256");
    assert_null(json_object_get(nullable_type(record, "n"), "milvus.masked"));
    json_decref(record);
    field_rules_release(&rules);
}

static void test_change_schema_value__envelope(void **state)
{
    json_t *envelope = value_of(&coll, false), *flat = value_of(&coll, true);
    assert_string_equal(golden_str(envelope, "name"), "pre_fix._2nd.c.Envelope");
    assert_true(json_equal(nullable_type(envelope, "before"), flat));
    assert_string_equal(json_string_value(nullable_type(envelope, "after")),
                        "pre_fix._2nd.c.Value");
    const json_t *source = json_object_get(field_named(envelope, "source"), "type");
    assert_string_equal(golden_str(source, "name"), "io.kitestream.milvus.Source");
    assert_int_equal(json_array_size(json_object_get(source, "fields")), CHANGE_SOURCE_FIELDS);
    json_decref(envelope);
    json_decref(flat);
}

/* Avro itself accepts what we make, and an older row can be read with a newer schema. */
static void test_change_schema_value__says_that_c_may_be_an_upsert(void **state)
{
    const struct change_options as_create = {.upsert_as_create = true},
                                flat_as_create = {.upsert_as_create = true, .flat = true};
    char *text;
    struct ks_error err = {0};
    assert_int_equal(change_schema_value(&coll, &as_create, &text, &err), KS_OK);
    json_t *json = parse(text);
    assert_string_equal(golden_str(json, "milvus.upsert_op"), "c");
    json_decref(json);
    assert_int_equal(change_schema_value(&coll, &flat_as_create, &text, &err), KS_OK);
    json = parse(text);
    assert_null(json_object_get(json, "milvus.upsert_op"));
    json_decref(json);
}

static void test_change_schema_value__added_field_is_backward_compatible(void **state)
{
    struct ddl_schema older = schema;
    older.field_count = 5;
    struct catalogue_collection before = coll;
    before.schema = &older;
    char *old_text, *new_text;
    struct ks_error err = {0};
    assert_int_equal(change_schema_value(&before, &envelopes, &old_text, &err), KS_OK);
    assert_int_equal(change_schema_value(&coll, &envelopes, &new_text, &err), KS_OK);
    struct ks_avro_schema *writer, *reader;
    struct ks_avro_decoder *decoder;
    assert_int_equal(ks_avro_schema_parse(old_text, strlen(old_text), &writer, &err), KS_OK);
    assert_int_equal(ks_avro_schema_parse(new_text, strlen(new_text), &reader, &err), KS_OK);
    if (ks_avro_decoder_new(writer, reader, &decoder, &err) != KS_OK)
        fail_msg("%s", err.message);
    ks_avro_decoder_free(decoder);
    ks_avro_schema_free(writer);
    ks_avro_schema_free(reader);
    free(old_text);
    free(new_text);
}

static void test_change_schema_value__names_that_collide(void **state)
{
    struct ddl_field two[] = {fields[8], fields[1]};
    two[1].name = "_meta";
    struct ddl_schema clash = {.name = "c", .fields = two, .field_count = 2};
    struct catalogue_collection of = coll;
    of.schema = &clash;
    char *text;
    struct ks_error err = {0};
    assert_int_equal(change_schema_value(&of, &envelopes, &text, &err), KS_ERR_DATA);
    assert_non_null(strstr(err.message, "'_meta'"));
    assert_non_null(strstr(err.message, "db.c"));
}

static void test_change_schema_value__unknown_type(void **state)
{
    struct ddl_field odd = fields[1];
    odd.type = (enum milvus_type)24;
    struct ddl_schema bad = {.name = "c", .fields = &odd, .field_count = 1};
    struct catalogue_collection of = coll;
    of.schema = &bad;
    char *text;
    struct ks_error err = {0};
    assert_int_equal(change_schema_value(&of, &flat_rows, &text, &err), KS_ERR_DATA);
    assert_non_null(strstr(err.message, "type 24"));
}

static void test_change_schema_value__description_that_is_not_utf8(void **state)
{
    struct ddl_schema odd = schema;
    odd.description = "\xff";
    struct catalogue_collection of = coll;
    of.schema = &odd;
    json_t *value = value_of(&of, true);
    assert_non_null(json_object_get(value, "doc"));
    json_decref(value);
}

static void test_change_schema_key__record_and_primitive(void **state)
{
    char *text;
    struct ks_error err = {0};
    assert_int_equal(change_schema_key(&coll, true, &text, &err), KS_OK);
    assert_string_equal(text, "\"string\"");
    free(text);
    assert_int_equal(change_schema_key(&coll, false, &text, &err), KS_OK);
    assert_string_equal(text, "{\"type\":\"record\",\"name\":\"pre_fix._2nd.c.Key\","
                              "\"connect.name\":\"pre_fix._2nd.c.Key\","
                              "\"fields\":[{\"name\":\"id\",\"type\":\"string\"}]}");
    free(text);
}

static void test_change_schema_name__adjusts(void **state)
{
    static const char *const cases[][2] = {
        {"plain_1", "plain_1"}, {"$meta", "_meta"}, {"9lives", "_9lives"},
        {"a b-c", "a_b_c"},     {"", "_"},          {"\xc3\xa4", "__"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ks_buf name = {0};
        change_schema_name(cases[i][0], strlen(cases[i][0]), &name);
        assert_string_equal(ks_buf_str(&name), cases[i][1]);
        ks_buf_release(&name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_change_schema_value__fields),
        cmocka_unit_test(test_change_schema_value__vectors),
        cmocka_unit_test(test_change_schema_value__vectors_as_bytes),
        cmocka_unit_test(test_change_schema_value__masked_fields_say_so),
        cmocka_unit_test(test_change_schema_value__envelope),
        cmocka_unit_test(test_change_schema_value__says_that_c_may_be_an_upsert),
        cmocka_unit_test(test_change_schema_value__added_field_is_backward_compatible),
        cmocka_unit_test(test_change_schema_value__names_that_collide),
        cmocka_unit_test(test_change_schema_value__unknown_type),
        cmocka_unit_test(test_change_schema_value__description_that_is_not_utf8),
        cmocka_unit_test(test_change_schema_key__record_and_primitive),
        cmocka_unit_test(test_change_schema_name__adjusts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
