#include "../avro_compatible.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kitestream/sdk/buf.h"

static struct ks_avro_schema *parse(const char *json)
{
    struct ks_avro_schema *schema;
    struct ks_error err;
    if (ks_avro_schema_parse(json, strlen(json), &schema, &err) != KS_OK)
        fail_msg("%s: %.300s", err.message, json);
    return schema;
}

static void add_fault(void *arg, const char *kind, const char *place, const char *text)
{
    assert_true(strlen(text) > 0);
    ks_buf_printf(arg, "%s %s;", kind, place);
}

/* faults: "KIND place;" for each, "" for none. */
static void expect(const char *reader_json, const char *writer_json, const char *faults)
{
    struct ks_avro_schema *reader = parse(reader_json), *writer = parse(writer_json);
    struct ks_buf found = {0};
    struct ks_error err;
    bool can = !*faults;
    assert_int_equal(avro_can_read(reader, writer, add_fault, &found, &can, &err), KS_OK);
    if (strcmp(ks_buf_str(&found), faults) != 0 || can != !*faults)
        fail_msg("%s reads %s: %d, \"%s\", not \"%s\"", reader_json, writer_json, can,
                 ks_buf_str(&found), faults);
    ks_buf_release(&found);
    ks_avro_schema_free(reader);
    ks_avro_schema_free(writer);
}

#define NAMED(NAME, FIELDS) "{\"type\":\"record\",\"name\":\"" NAME "\",\"fields\":[" FIELDS "]}"
#define RECORD(FIELDS) NAMED("R", FIELDS)
#define FIELD(NAME, TYPE) "{\"name\":\"" NAME "\",\"type\":" TYPE "}"
#define NULLABLE(NAME, TYPE) "{\"name\":\"" NAME "\",\"type\":[\"null\"," TYPE "],\"default\":null}"

static void test_can_read__promotions(void **state)
{
    expect("\"long\"", "\"int\"", "");
    expect("\"double\"", "\"float\"", "");
    expect("\"string\"", "\"bytes\"", "");
    expect("\"int\"", "\"long\"", "TYPE_MISMATCH ;");
    expect("\"string\"", "\"int\"", "TYPE_MISMATCH ;");
    expect("{\"type\":\"array\",\"items\":\"long\"}", "{\"type\":\"array\",\"items\":\"int\"}", "");
    expect("{\"type\":\"map\",\"values\":\"int\"}", "{\"type\":\"map\",\"values\":\"long\"}",
           "TYPE_MISMATCH [];");
    expect("{\"type\":\"array\",\"items\":\"int\"}", "{\"type\":\"map\",\"values\":\"int\"}",
           "TYPE_MISMATCH ;");
}

static void test_can_read__fields(void **state)
{
    const char *one = RECORD(FIELD("id", "\"long\""));
    const char *more = RECORD(FIELD("id", "\"long\"") "," NULLABLE("t", "\"string\""));
    expect(more, one, "");
    expect(one, more, "");
    expect(RECORD(FIELD("id", "\"long\"") "," FIELD("n", "\"int\"") "," FIELD("m", "\"int\"")), one,
           "READER_FIELD_MISSING_DEFAULT_VALUE n;READER_FIELD_MISSING_DEFAULT_VALUE m;");
    expect(RECORD(FIELD("id", "\"string\"")), one, "TYPE_MISMATCH id;");
    expect(RECORD("{\"name\":\"key\",\"aliases\":[\"id\"],\"type\":\"long\"}"), one, "");
    expect(
        RECORD(FIELD("l", "{\"type\":\"array\",\"items\":" NAMED("I", FIELD("x", "\"int\"")) "}")),
        RECORD(FIELD("l", "{\"type\":\"array\",\"items\":" NAMED("I", FIELD("x", "\"long\"")) "}")),
        "TYPE_MISMATCH l[].x;");
}

static void test_can_read__nullable(void **state)
{
    const char *plain = RECORD(FIELD("a", "\"int\"")), *nullable = RECORD(NULLABLE("a", "\"int\""));
    expect(nullable, plain, "");
    expect(plain, nullable, "TYPE_MISMATCH a;");
    expect("[\"null\",\"long\"]", "[\"int\",\"null\"]", "");
    expect("[\"null\",\"int\"]", "[\"null\",\"string\",\"int\"]", "MISSING_UNION_BRANCH ;");
    expect("[\"null\",\"int\"]", "\"string\"", "MISSING_UNION_BRANCH ;");
}

static void test_can_read__names(void **state)
{
    const char *fixed = "{\"type\":\"fixed\",\"name\":\"a.F\",\"size\":4}";
    expect("{\"type\":\"fixed\",\"name\":\"b.F\",\"size\":4}", fixed, "");
    expect("{\"type\":\"fixed\",\"name\":\"a.F\",\"size\":5}", fixed, "FIXED_SIZE_MISMATCH ;");
    expect("{\"type\":\"fixed\",\"name\":\"a.G\",\"size\":4}", fixed, "NAME_MISMATCH ;");
    expect("{\"type\":\"fixed\",\"name\":\"a.G\",\"aliases\":[\"F\"],\"size\":4}", fixed, "");
    expect("{\"type\":\"fixed\",\"name\":\"b.G\",\"aliases\":[\"F\"],\"size\":4}", fixed,
           "NAME_MISMATCH ;");
    expect("{\"type\":\"fixed\",\"name\":\"b.G\",\"aliases\":[\"x.Y\",\"a.F\"],\"size\":4}", fixed,
           "");
}

static void test_can_read__symbols(void **state)
{
    const char *wide = "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\",\"C\"]}";
    const char *narrow = "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"B\"]}";
    expect(wide, narrow, "");
    expect(narrow, wide, "MISSING_ENUM_SYMBOLS ;");
    expect("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"B\"],\"default\":\"B\"}", wide, "");
}

/* A record that contains itself ends, and is looked into. */
static void test_can_read__recursive(void **state)
{
    const char *list = RECORD(FIELD("x", "\"int\"") "," NULLABLE("next", "\"R\""));
    const char *wider = RECORD(FIELD("x", "\"long\"") "," NULLABLE("next", "\"R\""));
    expect(wider, list, "");
    expect(list, wider, "TYPE_MISMATCH x;");
}

/* Types that name the one before them, so that the last is `count` deep and none is nested in the
 * text. Only the field `f` with the last is in two chains of different prefix. */
static struct ks_avro_schema *chain(size_t count, const char *prefix)
{
    struct ks_buf json = {0};
    ks_buf_add_str(&json, "{\"type\":\"record\",\"name\":\"Top\",\"fields\":[");
    for (size_t i = 0; i < count; i++) {
        ks_buf_printf(&json, "{\"name\":\"%s%zu\",\"default\":null,\"type\":[\"null\",", prefix, i);
        ks_buf_printf(&json, "{\"type\":\"record\",\"name\":\"R%zu\",\"fields\":[", i);
        ks_buf_printf(&json, i ? "{\"name\":\"x\",\"type\":\"R%zu\"}]}]}," : "]}]},", i - 1);
    }
    ks_buf_printf(&json, "{\"name\":\"f\",\"type\":\"R%zu\"}]}", count - 1);
    struct ks_avro_schema *schema = parse(ks_buf_str(&json));
    ks_buf_release(&json);
    return schema;
}

static enum ks_status compare_chains(size_t count, bool *ret, struct ks_error *err)
{
    struct ks_avro_schema *reader = chain(count, "a"), *writer = chain(count, "b");
    enum ks_status status = avro_can_read(reader, writer, NULL, NULL, ret, err);
    ks_avro_schema_free(reader);
    ks_avro_schema_free(writer);
    return status;
}

static void test_can_read__deep_types_do_not_take_the_stack(void **state)
{
    struct ks_error err;
    bool can = false;
    assert_int_equal(compare_chains(100, &can, &err), KS_OK);
    assert_true(can);
    assert_int_equal(compare_chains(1000, &can, &err), KS_ERR_DATA);
    assert_non_null(strstr(err.message, "too large"));
}

/* Every pair of branches is a step. */
static void test_can_read__wide_unions_do_not_take_the_processor(void **state)
{
    struct ks_error err;
    bool can;
    struct ks_buf wide = {0};
    for (int i = 0; i < 5000; i++)
        ks_buf_printf(&wide, "%s{\"type\":\"fixed\",\"name\":\"F%d\",\"size\":1}", i ? "," : "[",
                      i);
    ks_buf_add_str(&wide, "]");
    struct ks_avro_schema *schema = parse(ks_buf_str(&wide));
    assert_int_equal(avro_can_read(schema, schema, NULL, NULL, &can, &err), KS_ERR_DATA);
    ks_avro_schema_free(schema);
    ks_buf_release(&wide);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_can_read__promotions),
        cmocka_unit_test(test_can_read__fields),
        cmocka_unit_test(test_can_read__nullable),
        cmocka_unit_test(test_can_read__names),
        cmocka_unit_test(test_can_read__symbols),
        cmocka_unit_test(test_can_read__recursive),
        cmocka_unit_test(test_can_read__deep_types_do_not_take_the_stack),
        cmocka_unit_test(test_can_read__wide_unions_do_not_take_the_processor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
