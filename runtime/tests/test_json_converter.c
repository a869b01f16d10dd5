#include "json_converter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_registry.h"

struct fixture {
    struct worker_config worker;
    struct schema_cache *schemas;
    struct json_converter *converter;
    struct ks_buf out;
    struct ks_arena arena;
    struct ks_slice body;
    const struct ks_schema *schema;
    struct ks_error err;
};

static void open_with(struct fixture *f, const char *schemas_enable)
{
    struct ks_config_entry entry = {"schemas.enable", schemas_enable};
    struct ks_config config = {&entry, schemas_enable != NULL};
    *f = (struct fixture){.schemas = schema_cache_new()};
    registry = (struct schema_registry){0};
    if (json_converter_new(&f->worker, &config, false, f->schemas, &f->converter, &f->err) != KS_OK)
        fail_msg("%s", f->err.message);
}

static void close_all(struct fixture *f)
{
    json_converter_free(f->converter);
    schema_cache_free(f->schemas);
    ks_buf_release(&f->out);
    ks_arena_release(&f->arena);
}

static const struct ks_schema *intern(struct fixture *f, const char *json)
{
    const struct ks_schema *schema;
    if (schema_cache_intern(f->schemas, json, strlen(json), &schema, &f->err) != KS_OK)
        fail_msg("%s", f->err.message);
    return schema;
}

static enum ks_status write(struct fixture *f, struct ks_slice body, const struct ks_schema *schema)
{
    ks_buf_reset(&f->out);
    return json_converter_write(f->converter, "t", body, schema, &f->out, &f->err);
}

/* `header`: the schema's id, or NULL for none. */
static enum ks_status read(struct fixture *f, const char *json, const char *header)
{
    struct ks_header headers[] = {{"other", {"7", 1}},
                                  {JSON_VALUE_ID_HEADER, {header, header ? strlen(header) : 0}}};
    struct ks_record record = {.topic = "t", .headers = headers, .header_count = header ? 2 : 1};
    return json_converter_read(f->converter, &record, (struct ks_slice){json, strlen(json)},
                               &f->arena, &f->body, &f->schema, &f->err);
}

static void assert_text(struct ks_slice slice, const char *text)
{
    assert_int_equal(slice.len, strlen(text));
    assert_memory_equal(slice.data, text, slice.len);
}

static void assert_fails(struct fixture *f, const char *json, const char *header, const char *why)
{
    assert_int_equal(read(f, json, header), KS_ERR_DATA);
    if (!strstr(f->err.message, why))
        fail_msg("%s: '%s' lacks '%s'", json, f->err.message, why);
}

/* ---- with schema, Connect's default ---- */

#define INT "{\"type\":\"int32\",\"optional\":false}"

static void test_write__with_schema(void **state)
{
    struct fixture f;
    open_with(&f, NULL);
    assert_int_equal(write(&f, (struct ks_slice){"\x54", 1}, intern(&f, "\"int\"")), KS_OK);
    assert_string_equal(ks_buf_str(&f.out), "{\"schema\":" INT ",\"payload\":42}");
    assert_int_equal(write(&f, (struct ks_slice){"abc", 3}, NULL), KS_OK);
    assert_string_equal(
        ks_buf_str(&f.out),
        "{\"schema\":{\"type\":\"bytes\",\"optional\":false},\"payload\":\"YWJj\"}");
    assert_null(json_converter_header(f.converter));
    assert_int_equal(registry.opened, 0);
    close_all(&f);
}

static void test_write__what_json_cannot_hold(void **state)
{
    static const char *const modes[] = {"true", "false"};
    for (size_t i = 0; i < 2; i++) {
        struct fixture f;
        open_with(&f, modes[i]);
        struct ks_slice latin = {"\x02\xe9", 2};
        assert_int_equal(write(&f, latin, intern(&f, "\"string\"")), KS_ERR_DATA);
        assert_non_null(strstr(f.err.message, "UTF-8"));
        close_all(&f);
    }
}

static void test_read__with_schema(void **state)
{
    struct fixture f;
    open_with(&f, "true");
    assert_int_equal(read(&f, "{\"schema\":" INT ",\"payload\":42}", NULL), KS_OK);
    assert_text(f.body, "\x54");
    assert_int_equal(ks_avro_schema_type(f.schema->schema), KS_AVRO_INT);
    const struct ks_schema *first = f.schema;
    assert_int_equal(read(&f, "{\"payload\": -1, \"schema\": " INT "}", NULL), KS_OK);
    assert_ptr_equal(f.schema, first);
    json_converter_original(f.converter, f.body, f.schema, &f.out);
    assert_string_equal(ks_buf_str(&f.out), "{\"schema\":" INT ",\"payload\":-1}");
    close_all(&f);
}

static void test_read__null_payloads(void **state)
{
    struct fixture f;
    open_with(&f, "true");
    assert_int_equal(
        read(&f, "{\"schema\":{\"type\":\"string\",\"optional\":true},\"payload\":null}", NULL),
        KS_OK);
    assert_null(f.body.data);
    assert_null(f.schema);
    assert_fails(&f, "{\"schema\":" INT ",\"payload\":null}", NULL, "payload");
    close_all(&f);
}

/* Connect writes so what a connector gave no schema. */
static void test_read__schema_of_null(void **state)
{
    struct fixture f;
    open_with(&f, "true");
    assert_int_equal(read(&f, "{\"schema\":null,\"payload\":{\"a\":1}}", NULL), KS_OK);
    assert_text(f.body, "\x0e{\"a\":1}");
    json_converter_original(f.converter, f.body, f.schema, &f.out);
    assert_string_equal(ks_buf_str(&f.out), "{\"schema\":null,\"payload\":{\"a\":1}}");
    close_all(&f);
}

static void test_read__with_schema_refuses(void **state)
{
    struct fixture f;
    open_with(&f, "true");
    assert_fails(&f, "{\"a\":1}", NULL, "schemas.enable=false");
    assert_fails(&f, "{\"schema\":" INT ",\"payload\":\"x\"}", NULL, "a string is not int");
    assert_fails(&f, "{\"schema\":" INT ",\"payload\":[1}}", NULL, "not JSON");
    assert_fails(&f, "{\"schema\":{\"type\":\"x\"},\"payload\":1}", NULL, "unknown type");
    assert_fails(&f, "{\"schema\":{\"type\":[}},\"payload\":1}", NULL, "schema");
    assert_fails(&f,
                 "{\"schema\":{\"type\":\"struct\",\"fields\":[{\"field\":\"a-b\",\"type\":"
                 "\"int32\"}]},\"payload\":{}}",
                 NULL, "a-b");
    close_all(&f);
}

/* ---- plain ---- */

static void test_write__plain_registers_and_says_the_id(void **state)
{
    struct fixture f;
    open_with(&f, "false");
    assert_int_equal(registry.opened, 0);
    assert_int_equal(write(&f, (struct ks_slice){"\x54", 1}, intern(&f, "\"int\"")), KS_OK);
    assert_string_equal(ks_buf_str(&f.out), "42");
    assert_string_equal(registry.subject, "t-value");
    assert_string_equal(registry.schema, "\"int\"");
    assert_string_equal(json_converter_header(f.converter)->key, JSON_VALUE_ID_HEADER);
    assert_text(json_converter_header(f.converter)->value, "16909057");
    close_all(&f);
}

static void test_write__plain_waits_for_the_registry(void **state)
{
    struct fixture f;
    open_with(&f, "false");
    const struct ks_schema *schema = intern(&f, "\"int\"");
    assert_int_equal(write(&f, (struct ks_slice){"\x54", 1}, schema), KS_OK);
    registry.answer = KS_ERR_RETRIABLE;
    assert_int_equal(write(&f, (struct ks_slice){"\x54", 1}, intern(&f, "\"long\"")),
                     KS_ERR_RETRIABLE);
    close_all(&f);
}

static void test_read__plain_by_id(void **state)
{
    struct fixture f;
    open_with(&f, "false");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(read(&f, "{\"a\":-3}", "7"), KS_OK);
        assert_text(f.body, "\x05");
        assert_int_equal(ks_avro_schema_type(f.schema->schema), KS_AVRO_RECORD);
    }
    assert_int_equal(registry.fetched, 1);
    json_converter_original(f.converter, f.body, f.schema, &f.out);
    assert_string_equal(ks_buf_str(&f.out), "{\"a\":-3}");
    close_all(&f);
}

static void test_read__plain_without_id_is_text(void **state)
{
    struct fixture f;
    open_with(&f, "false");
    assert_int_equal(read(&f, " {\"a\":\"\\u0000\"} ", NULL), KS_OK);
    assert_text(f.body, "\x20 {\"a\":\"\\u0000\"} ");
    assert_int_equal(ks_avro_schema_type(f.schema->schema), KS_AVRO_STRING);
    json_converter_original(f.converter, f.body, f.schema, &f.out);
    assert_string_equal(ks_buf_str(&f.out), " {\"a\":\"\\u0000\"} ");
    assert_int_equal(registry.opened, 0);
    close_all(&f);
}

static void test_read__plain_refuses(void **state)
{
    struct fixture f;
    open_with(&f, "false");
    assert_fails(&f, "{", NULL, "not JSON");
    assert_fails(&f, "{\"a\":1}", "8", "schema id 8");
    assert_fails(&f, "{\"b\":1}", "7", "by schema id 7: a: missing");
    assert_fails(&f, "{\"a\":1,\"b\":1}", "7", "no field \"b\"");
    assert_fails(&f, "{\"a\":1}", "", JSON_VALUE_ID_HEADER);
    assert_fails(&f, "{\"a\":1}", "7x", JSON_VALUE_ID_HEADER);
    assert_fails(&f, "{\"a\":1}", "4294967296", JSON_VALUE_ID_HEADER);
    assert_fails(&f, "{\"a\":1}", "99999999999", JSON_VALUE_ID_HEADER);
    registry.answer = KS_ERR_RETRIABLE;
    assert_int_equal(read(&f, "{\"a\":1}", "9"), KS_ERR_RETRIABLE);
    close_all(&f);
}

/* ---- values ---- */

static void assert_survives(struct fixture *f, const struct ks_schema *schema, struct ks_slice body)
{
    assert_int_equal(write(f, body, schema), KS_OK);
    if (read(f, ks_buf_str(&f->out), NULL) != KS_OK)
        fail_msg("%s: %s", ks_buf_str(&f->out), f->err.message);
    assert_int_equal(f->body.len, body.len);
    assert_memory_equal(f->body.data, body.data, body.len);
}

/* Bodies come back bit by bit: the least and greatest numbers, -0, subnormals, infinities. */
static void test_round_trip__extremes(void **state)
{
    static const uint32_t floats[] = {0x80000000, 0x00000001, 0x7f7fffff, 0xff800000,
                                      0x7f800000, 0x7fc00000, 0x3dcccccd, 0x00800000};
    static const uint64_t doubles[] = {UINT64_C(0x8000000000000000), 1,
                                       UINT64_C(0x7fefffffffffffff), UINT64_C(0xfff0000000000000),
                                       UINT64_C(0x7ff8000000000000), UINT64_C(0x3fb999999999999a)};
    struct fixture f;
    open_with(&f, "true");
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++)
        assert_survives(&f, intern(&f, "\"float\""), (struct ks_slice){&floats[i], 4});
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
        assert_survives(&f, intern(&f, "\"double\""), (struct ks_slice){&doubles[i], 8});
    static const char least[] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
    static const char greatest[] = "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01";
    assert_survives(&f, intern(&f, "\"long\""), (struct ks_slice){least, 10});
    assert_survives(&f, intern(&f, "\"long\""), (struct ks_slice){greatest, 10});
    assert_survives(&f, intern(&f, "\"bytes\""), (struct ks_slice){"\x06\x00\xff\x80", 4});
    assert_survives(&f, intern(&f, "\"string\""), (struct ks_slice){"\x08\x00\"\\\n", 5});
    close_all(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write__with_schema),
        cmocka_unit_test(test_write__what_json_cannot_hold),
        cmocka_unit_test(test_read__with_schema),
        cmocka_unit_test(test_read__null_payloads),
        cmocka_unit_test(test_read__schema_of_null),
        cmocka_unit_test(test_read__with_schema_refuses),
        cmocka_unit_test(test_write__plain_registers_and_says_the_id),
        cmocka_unit_test(test_write__plain_waits_for_the_registry),
        cmocka_unit_test(test_read__plain_by_id),
        cmocka_unit_test(test_read__plain_without_id_is_text),
        cmocka_unit_test(test_read__plain_refuses),
        cmocka_unit_test(test_round_trip__extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
