#include "converters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_registry.h"

static const struct ks_record plain = {.topic = "t"};

struct fixture {
    struct worker_config worker;
    struct schema_cache *schemas;
    struct converter *converter;
    struct ks_buf scratch;
    struct ks_arena arena;
    struct ks_error err;
};

static struct fixture open_as(const char *class_name, const char *schemas_enable)
{
    struct fixture f = {.schemas = schema_cache_new()};
    struct ks_config_entry entries[] = {{"value.converter", class_name},
                                        {"value.converter.schemas.enable", schemas_enable}};
    struct ks_config config = {entries, schemas_enable ? 2 : 1};
    if (converter_open(&f.worker, &config, false, f.schemas, &f.converter, &f.err) != KS_OK)
        f.converter = NULL;
    return f;
}

static struct fixture open_avro_with(const char *option, const char *value)
{
    struct fixture f = {.schemas = schema_cache_new()};
    struct ks_config_entry entry = {option, value};
    struct ks_config config = {&entry, 1};
    assert_int_equal(converter_open(&f.worker, &config, false, f.schemas, &f.converter, &f.err),
                     KS_OK);
    return f;
}

static void close_all(struct fixture *f)
{
    converter_close(f->converter);
    schema_cache_free(f->schemas);
    ks_buf_release(&f->scratch);
    ks_arena_release(&f->arena);
}

#define AVRO "io.confluent.connect.avro.AvroConverter"
#define JSON "org.apache.kafka.connect.json.JsonConverter"
#define STRING "org.apache.kafka.connect.storage.StringConverter"
#define BYTES "org.apache.kafka.connect.converters.ByteArrayConverter"

static const struct ks_schema *intern(struct fixture *f, const char *json)
{
    const struct ks_schema *schema = NULL;
    assert_int_equal(schema_cache_intern(f->schemas, json, strlen(json), &schema, &f->err), KS_OK);
    return schema;
}

static void assert_slice(struct ks_slice slice, const char *bytes, size_t len)
{
    assert_int_equal(slice.len, len);
    assert_memory_equal(slice.data, bytes, len);
}

static void test_converter_open__refusals(void **state)
{
    struct fixture f = open_as("com.example.Protobuf", NULL);
    assert_null(f.converter);
    assert_int_equal(f.err.status, KS_ERR_FATAL);
    assert_non_null(strstr(f.err.message, "com.example.Protobuf"));
    close_all(&f);
    f = open_as(JSON, "perhaps");
    assert_null(f.converter);
    assert_non_null(strstr(f.err.message, "value.converter.schemas.enable"));
    close_all(&f);
}

static void test_converter_open__by_simple_names(void **state)
{
    static const struct {
        const char *name, *class_name;
    } cases[] = {
        {"JsonConverter", JSON}, {"Json", JSON}, {"Avro", AVRO}, {"StringConverter", STRING}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f = open_as(cases[i].name, NULL);
        assert_string_equal(converter_class(f.converter), cases[i].class_name);
        close_all(&f);
    }
}

static void test_from_record__avro_frames_in_place(void **state)
{
    struct fixture f = open_as(AVRO, NULL);
    char memory[KS_RECORD_HEADROOM + 3] = {0};
    memcpy(memory + KS_RECORD_HEADROOM, "\x04hi", 3);
    struct ks_slice data = {memory + KS_RECORD_HEADROOM, 3}, out;
    const struct ks_schema *schema = intern(&f, "\"string\"");
    assert_int_equal(
        converter_from_record(f.converter, "t", data, schema, &f.scratch, &out, &f.err), KS_OK);
    assert_ptr_equal(out.data, memory + KS_RECORD_HEADROOM - 5);
    assert_slice(out, "\0\1\2\3\1\x04hi", 8);
    assert_int_equal(f.scratch.len, 0);
    assert_string_equal(registry.subject, "t-value");
    close_all(&f);
}

static void test_from_record__avro_registers_once_per_topic_and_schema(void **state)
{
    struct fixture f = open_as(AVRO, NULL);
    char memory[KS_RECORD_HEADROOM + 1] = {0};
    struct ks_slice data = {memory + KS_RECORD_HEADROOM, 1}, out;
    const struct ks_schema *schemas[] = {intern(&f, "\"int\""), intern(&f, "\"long\"")};
    static const char *const topics[] = {"a", "b"};
    for (int round = 0; round < 5; round++)
        for (int i = 0; i < 4; i++)
            assert_int_equal(converter_from_record(f.converter, topics[i / 2], data, schemas[i % 2],
                                                   &f.scratch, &out, &f.err),
                             KS_OK);
    assert_int_equal(registry.registered, 4);
    assert_int_equal(((const char *)out.data)[4], 4);
    close_all(&f);
}

static void test_from_record__avro_raw_bytes_get_a_schema(void **state)
{
    struct fixture f = open_as(AVRO, NULL);
    struct ks_slice out;
    assert_int_equal(converter_from_record(f.converter, "t", (struct ks_slice){"xyz", 3}, NULL,
                                           &f.scratch, &out, &f.err),
                     KS_OK);
    assert_slice(out, "\0\1\2\3\1\6xyz", 9);
    assert_string_equal(registry.schema, "\"bytes\"");
    assert_true(f.scratch.len > 0);
    close_all(&f);
}

#define RECORD_A                                                                                   \
    "{\"type\":\"record\",\"name\":\"a.R\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"}]}"

static enum ks_status write_int(struct fixture *f, const char *schema, struct ks_slice *ret)
{
    static char memory[KS_RECORD_HEADROOM + 1];
    memory[KS_RECORD_HEADROOM] = 4;
    return converter_from_record(f->converter, "t",
                                 (struct ks_slice){memory + KS_RECORD_HEADROOM, 1},
                                 intern(f, schema), &f->scratch, ret, &f->err);
}

static void test_from_record__avro_subject_by_record(void **state)
{
    struct ks_slice out;
    struct fixture f =
        open_avro_with("value.converter.value.subject.name.strategy",
                       "io.confluent.kafka.serializers.subject.TopicRecordNameStrategy");
    assert_int_equal(write_int(&f, RECORD_A, &out), KS_OK);
    assert_string_equal(registry.subject, "t-a.R");
    assert_int_equal(write_int(&f, "\"int\"", &out), KS_ERR_DATA);
    assert_non_null(strstr(f.err.message, "value.subject.name.strategy"));
    close_all(&f);
}

static void test_from_record__avro_latest_version(void **state)
{
    struct ks_slice out;
    struct fixture f = open_avro_with("value.converter.use.latest.version", "true");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(write_int(&f, RECORD_A, &out), KS_OK);
        assert_slice(out, "\0\1\2\3\11\6\4", 7); /* id, n = 3, a = 2 */
        assert_true(f.scratch.len > 0);
    }
    assert_int_equal(registry.fetched, 1);
    assert_int_equal(registry.registered, 0);
    assert_string_equal(registry.subject, "t-value");
    assert_int_equal(converter_from_record(f.converter, "t", (struct ks_slice){"xyz", 3}, NULL,
                                           &f.scratch, &out, &f.err),
                     KS_ERR_DATA);
    assert_non_null(strstr(f.err.message, "t-value"));
    close_all(&f);
}

static void test_from_record__null_stays_null(void **state)
{
    static const char *const classes[] = {AVRO, JSON, STRING, BYTES};
    for (size_t i = 0; i < 4; i++) {
        struct fixture f = open_as(classes[i], "false");
        struct ks_slice out = {"x", 1};
        assert_int_equal(converter_from_record(f.converter, "t", (struct ks_slice){0},
                                               intern(&f, "\"string\""), &f.scratch, &out, &f.err),
                         KS_OK);
        assert_null(out.data);
        assert_null(converter_header(f.converter));
        assert_int_equal(registry.registered, 0);
        close_all(&f);
    }
}

/* A tombstone has no schema: the header of the value before it must not stay. */
static void test_from_record__null_after_json(void **state)
{
    struct fixture f = open_as(JSON, "false");
    struct ks_slice out;
    assert_int_equal(converter_from_record(f.converter, "t", (struct ks_slice){"\x02", 1},
                                           intern(&f, "\"int\""), &f.scratch, &out, &f.err),
                     KS_OK);
    assert_non_null(converter_header(f.converter));
    assert_int_equal(converter_from_record(f.converter, "t", (struct ks_slice){0}, NULL, &f.scratch,
                                           &out, &f.err),
                     KS_OK);
    assert_null(converter_header(f.converter));
    close_all(&f);
}

static void test_from_record__registry_away(void **state)
{
    struct fixture f = open_as(AVRO, NULL);
    char memory[KS_RECORD_HEADROOM + 1] = {0};
    struct ks_slice data = {memory + KS_RECORD_HEADROOM, 1}, out = {NULL, 0};
    const struct ks_schema *schema = intern(&f, "\"int\"");
    registry.answer = KS_ERR_RETRIABLE;
    assert_int_equal(
        converter_from_record(f.converter, "t", data, schema, &f.scratch, &out, &f.err),
        KS_ERR_RETRIABLE);
    registry.answer = KS_OK;
    assert_int_equal(
        converter_from_record(f.converter, "t", data, schema, &f.scratch, &out, &f.err), KS_OK);
    assert_int_equal(out.len, 6);
    close_all(&f);
}

static void test_from_record__json(void **state)
{
    struct fixture f = open_as(JSON, "false");
    struct ks_slice out;
    const struct ks_schema *schema = intern(
        &f, "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"},"
            "{\"name\":\"b\",\"type\":[\"null\",\"string\"]}]}");
    assert_int_equal(converter_from_record(f.converter, "t", (struct ks_slice){"\x02\x02\x04hi", 5},
                                           schema, &f.scratch, &out, &f.err),
                     KS_OK);
    assert_slice(out, "{\"a\":1,\"b\":\"hi\"}", 16);
    assert_string_equal(converter_header(f.converter)->key, "kitestream.value.schema.id");
    assert_slice(converter_header(f.converter)->value, "16909057", 8);
    assert_int_equal(converter_from_record(f.converter, "t", (struct ks_slice){"abc", 3}, NULL,
                                           &f.scratch, &out, &f.err),
                     KS_OK);
    assert_slice(out, "\"YWJj\"", 6);
    assert_int_equal(converter_from_record(f.converter, "t", (struct ks_slice){"\x02\x02\x08hi", 5},
                                           schema, &f.scratch, &out, &f.err),
                     KS_ERR_DATA);
    close_all(&f);
}

static void test_from_record__string(void **state)
{
    struct fixture f = open_as(STRING, NULL);
    struct ks_slice out;
    const struct ks_schema *text = intern(&f, "\"string\""), *number = intern(&f, "\"int\"");
    assert_int_equal(converter_from_record(f.converter, "t", (struct ks_slice){"\x04hi", 3}, text,
                                           &f.scratch, &out, &f.err),
                     KS_OK);
    assert_slice(out, "hi", 2);
    assert_int_equal(converter_from_record(f.converter, "t", (struct ks_slice){"\x54", 1}, number,
                                           &f.scratch, &out, &f.err),
                     KS_OK);
    assert_slice(out, "42", 2);
    assert_int_equal(converter_from_record(f.converter, "t", (struct ks_slice){"raw", 3}, NULL,
                                           &f.scratch, &out, &f.err),
                     KS_OK);
    assert_slice(out, "raw", 3);
    close_all(&f);
}

static void test_from_record__text_with_a_false_length(void **state)
{
    struct fixture f = open_as(STRING, NULL);
    const struct ks_schema *text = intern(&f, "\"string\"");
    static const struct ks_slice bad[] = {
        {"", 0},       {"\x06hi", 3}, {"\x02hi", 3},
        {"\x03hi", 3}, {"\x80", 1},   {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct ks_slice out;
        assert_int_equal(
            converter_from_record(f.converter, "t", bad[i], text, &f.scratch, &out, &f.err),
            KS_ERR_DATA);
    }
    close_all(&f);
}

static void test_from_record__bytes(void **state)
{
    struct fixture f = open_as(BYTES, NULL);
    struct ks_slice out;
    assert_int_equal(converter_from_record(f.converter, "t", (struct ks_slice){"\x04hi", 3},
                                           intern(&f, "\"bytes\""), &f.scratch, &out, &f.err),
                     KS_OK);
    assert_slice(out, "hi", 2);
    assert_int_equal(converter_from_record(f.converter, "t", (struct ks_slice){"\x04hi", 3},
                                           intern(&f, "\"string\""), &f.scratch, &out, &f.err),
                     KS_ERR_DATA);
    close_all(&f);
}

static void test_to_record__avro(void **state)
{
    struct fixture f = open_as(AVRO, NULL);
    struct ks_slice body;
    const struct ks_schema *schema;
    for (int i = 0; i < 3; i++)
        assert_int_equal(converter_to_record(f.converter, &plain,
                                             (struct ks_slice){"\0\0\0\0\7\x54", 6}, &f.arena,
                                             &body, &schema, &f.err),
                         KS_OK);
    assert_slice(body, "\x54", 1);
    assert_int_equal(schema->id, 7);
    assert_int_equal(ks_avro_schema_type(schema->schema), KS_AVRO_RECORD);
    assert_int_equal(registry.fetched, 1);
    struct ks_slice original = converter_original(f.converter, body, schema, &f.scratch);
    assert_slice(original, "\0\0\0\0\7\x54", 6);
    close_all(&f);
}

static void test_to_record__avro_refusals(void **state)
{
    struct fixture f = open_as(AVRO, NULL);
    static const struct ks_slice bad[] = {
        {"", 0}, {"\0\0\0\0", 4}, {"{\"a\":1}", 7}, {"\0\0\0\0\x8x", 6}};
    struct ks_slice body;
    const struct ks_schema *schema;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(
            converter_to_record(f.converter, &plain, bad[i], &f.arena, &body, &schema, &f.err),
            KS_ERR_DATA);
    assert_non_null(strstr(f.err.message, "schema id 8"));
    registry.answer = KS_ERR_RETRIABLE;
    assert_int_equal(converter_to_record(f.converter, &plain,
                                         (struct ks_slice){"\0\0\0\0\7\x54", 6}, &f.arena, &body,
                                         &schema, &f.err),
                     KS_ERR_RETRIABLE);
    close_all(&f);
}

static void test_to_record__json_and_string(void **state)
{
    static const char *const classes[] = {JSON, STRING};
    for (size_t i = 0; i < 2; i++) {
        struct fixture f = open_as(classes[i], "false");
        struct ks_slice body, bytes = {"{\"a\":1}", 7};
        const struct ks_schema *schema;
        assert_int_equal(
            converter_to_record(f.converter, &plain, bytes, &f.arena, &body, &schema, &f.err),
            KS_OK);
        assert_slice(body, "\x0e{\"a\":1}", 8);
        assert_int_equal(ks_avro_schema_type(schema->schema), KS_AVRO_STRING);
        assert_slice(converter_original(f.converter, body, schema, &f.scratch), "{\"a\":1}", 7);
        bytes = (struct ks_slice){"{\"a\":", 5};
        assert_int_equal(
            converter_to_record(f.converter, &plain, bytes, &f.arena, &body, &schema, &f.err),
            i == 0 ? KS_ERR_DATA : KS_OK);
        bytes = (struct ks_slice){0};
        assert_int_equal(
            converter_to_record(f.converter, &plain, bytes, &f.arena, &body, &schema, &f.err),
            KS_OK);
        assert_null(body.data);
        assert_null(schema);
        close_all(&f);
    }
}

static void test_to_record__bytes(void **state)
{
    struct fixture f = open_as(BYTES, NULL);
    struct ks_slice body;
    const struct ks_schema *schema;
    assert_int_equal(converter_to_record(f.converter, &plain, (struct ks_slice){"\0x", 2}, &f.arena,
                                         &body, &schema, &f.err),
                     KS_OK);
    assert_slice(body, "\0x", 2);
    assert_null(schema);
    close_all(&f);
}

static void test_schema_cache_intern__same_handle(void **state)
{
    struct fixture f = open_as(BYTES, NULL);
    assert_ptr_equal(intern(&f, "\"int\""), intern(&f, "\"int\""));
    assert_ptr_not_equal(intern(&f, "\"int\""), intern(&f, "\"long\""));
    const struct ks_schema *schema;
    assert_int_equal(schema_cache_intern(f.schemas, "{", 1, &schema, &f.err), KS_ERR_DATA);
    close_all(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_converter_open__refusals),
        cmocka_unit_test(test_converter_open__by_simple_names),
        cmocka_unit_test(test_from_record__avro_frames_in_place),
        cmocka_unit_test(test_from_record__avro_registers_once_per_topic_and_schema),
        cmocka_unit_test(test_from_record__avro_raw_bytes_get_a_schema),
        cmocka_unit_test(test_from_record__avro_subject_by_record),
        cmocka_unit_test(test_from_record__avro_latest_version),
        cmocka_unit_test(test_from_record__null_stays_null),
        cmocka_unit_test(test_from_record__null_after_json),
        cmocka_unit_test(test_from_record__registry_away),
        cmocka_unit_test(test_from_record__json),
        cmocka_unit_test(test_from_record__string),
        cmocka_unit_test(test_from_record__text_with_a_false_length),
        cmocka_unit_test(test_from_record__bytes),
        cmocka_unit_test(test_to_record__avro),
        cmocka_unit_test(test_to_record__avro_refusals),
        cmocka_unit_test(test_to_record__json_and_string),
        cmocka_unit_test(test_to_record__bytes),
        cmocka_unit_test(test_schema_cache_intern__same_handle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
