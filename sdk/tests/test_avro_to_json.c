#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "helper_avro.h"

#include <cmocka.h>

static void assert_prints(const char *quoted, struct ks_slice body, const char *want)
{
    struct ks_avro_schema *schema = schema_of(quoted);
    struct ks_buf text = {0};
    struct ks_error err;
    if (ks_avro_to_json(schema, body, &text, &err))
        fail_msg("%s", err.message);
    assert_string_equal(ks_buf_str(&text), want);
    ks_buf_release(&text);
    ks_avro_schema_free(schema);
}

static void test_to_json__scalars(void **state)
{
    assert_prints("'null'", SLICE(""), "null");
    assert_prints("'boolean'", SLICE("\x01"), "true");
    assert_prints("'int'", SLICE("\x01"), "-1");
    assert_prints("'long'", SLICE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
                  "-9223372036854775808");
    assert_prints("'float'", SLICE("\xcd\xcc\xcc\x3d"), "0.1");
    assert_prints("'double'", SLICE("\x9a\x99\x99\x99\x99\x99\xb9\x3f"), "0.1");
    assert_prints("'bytes'", SLICE("\x04\xff\x01"), "\"/wE=\"");
    assert_prints("{'type':'fixed','name':'F','size':3}", SLICE("abc"), "\"YWJj\"");
    assert_prints("{'type':'enum','name':'E','symbols':['A','B']}", SLICE("\x02"), "\"B\"");
}

static void test_to_json__what_json_has_no_number_for(void **state)
{
    assert_prints("'float'", SLICE("\0\0\xc0\x7f"), "\"NaN\"");
    assert_prints("'float'", SLICE("\0\0\x80\x7f"), "\"Infinity\"");
    assert_prints("'double'", SLICE("\0\0\0\0\0\0\xf0\xff"), "\"-Infinity\"");
}

static void test_to_json__strings(void **state)
{
    assert_prints("'string'",
                  SLICE("\x0e"
                        "a\"\\\n\t\r\x01"),
                  "\"a\\\"\\\\\\n\\t\\r\\u0001\"");
    assert_prints("'string'",
                  SLICE("\x12"
                        "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"),
                  "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"");
    assert_prints("'string'", SLICE("\x02\0"), "\"\\u0000\"");
    /* cut, overlong, surrogate: each bad byte becomes U+FFFD */
    assert_prints("'string'",
                  SLICE("\x06"
                        "a\xC3"
                        "b"),
                  "\"a\xEF\xBF\xBD"
                  "b\"");
    assert_prints("'string'", SLICE("\x04\xC0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
    assert_prints("'string'", SLICE("\x06\xED\xA0\x80"),
                  "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

static void test_to_json__containers(void **state)
{
    assert_prints("{'type':'array','items':'int'}", SLICE("\0"), "[]");
    assert_prints("{'type':'array','items':'int'}", SLICE("\x02\x02\x03\x04\x04\x06\0"), "[1,2,3]");
    assert_prints("{'type':'map','values':'int'}", SLICE("\x04\x02k\x02\x02\"\x04\0"),
                  "{\"k\":1,\"\\\"\":2}");
    assert_prints("{'type':'record','name':'R','fields':[{'name':'a','type':['null','int']},"
                  "{'name':'b','type':['int','string']}]}",
                  SLICE("\0\x02\x02x"), "{\"a\":null,\"b\":\"x\"}");
}

/* For those who read it back: no likeness of what JSON cannot hold. */
static void test_to_json_exact__refuses_bad_utf8(void **state)
{
    struct ks_avro_schema *schema = schema_of("{'type':'map','values':'string'}");
    struct ks_buf text = {0};
    struct ks_error err;
    assert_int_equal(ks_avro_to_json_exact(schema, SLICE("\x02\x02k\x04\xC3\xA9\0"), &text, &err),
                     KS_OK);
    assert_string_equal(ks_buf_str(&text), "{\"k\":\"\xC3\xA9\"}");
    assert_int_equal(ks_avro_to_json_exact(schema, SLICE("\x02\x02k\x02\xC3\0"), &text, &err),
                     KS_ERR_DATA);
    assert_contains(err.message, "UTF-8");
    assert_int_equal(ks_avro_to_json_exact(schema, SLICE("\x02\x02\xff\x02x\0"), &text, &err),
                     KS_ERR_DATA);
    assert_string_equal(ks_buf_str(&text), "{\"k\":\"\xC3\xA9\"}");
    ks_buf_release(&text);
    ks_avro_schema_free(schema);
}

static void test_default_to_json__bytes_become_base64(void **state)
{
    struct ks_avro_schema *schema = schema_of(
        "{'type':'record','name':'R','fields':[{'name':'b','type':'bytes','default':'\\u00ff'},"
        "{'name':'m','type':{'type':'map','values':'int'},'default':{'k':1}}]}");
    struct ks_buf text = {0};
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(ks_avro_default_to_json(ks_avro_schema_field(schema, i), &text, NULL),
                         KS_OK);
    assert_string_equal(ks_buf_str(&text), "\"/w==\"{\"k\":1}");
    ks_buf_release(&text);
    ks_avro_schema_free(schema);
}

static void test_to_json__recursive(void **state)
{
    assert_prints("{'type':'record','name':'L','fields':[{'name':'v','type':'int'},"
                  "{'name':'next','type':['null','L']}]}",
                  SLICE("\x02\x02\x04\0"), "{\"v\":1,\"next\":{\"v\":2,\"next\":null}}");
}

static void test_to_json__appends(void **state)
{
    struct ks_avro_schema *schema = schema_of("'int'");
    struct ks_buf text = {0};
    ks_buf_add_str(&text, "x=");
    assert_int_equal(ks_avro_to_json(schema, SLICE("\x02"), &text, NULL), KS_OK);
    assert_int_equal(ks_avro_to_json(schema, SLICE("\x02\x02"), &text, NULL), KS_ERR_DATA);
    assert_string_equal(ks_buf_str(&text), "x=1");
    ks_buf_release(&text);
    ks_avro_schema_free(schema);
}

static void test_to_json__error_names_the_place(void **state)
{
    struct ks_avro_schema *schema = schema_of(
        "{'type':'record','name':'R','fields':[{'name':'a','type':{'type':'array','items':"
        "{'type':'record','name':'I','fields':[{'name':'s','type':'string'}]}}}]}");
    struct ks_buf text = {0};
    struct ks_error err;
    assert_int_equal(ks_avro_to_json(schema, SLICE("\x04\x02x\x09"), &text, &err), KS_ERR_DATA);
    assert_string_equal(err.message, "a[1].s: a length is negative or beyond the end of the body "
                                     "at byte 4 of 4");
    ks_buf_release(&text);
    ks_avro_schema_free(schema);
}

/* A body of no bytes that would print 2^40 records. */
static void test_to_json__endless_emptiness(void **state)
{
    struct ks_buf json = {0}, text = {0};
    for (int i = 40; i > 0; i--)
        ks_buf_printf(&json, "{'type':'record','name':'R%d','fields':[{'name':'a','type':", i);
    ks_buf_add_str(&json, "{'type':'record','name':'R0','fields':[]}");
    for (int i = 0; i < 40; i++)
        ks_buf_printf(&json, "},{'name':'b','type':'R%d'}]}", i);
    struct ks_avro_schema *schema = schema_of(ks_buf_str(&json));
    struct ks_error err;
    assert_int_equal(ks_avro_to_json(schema, SLICE(""), &text, &err), KS_ERR_DATA);
    assert_contains(err.message, "too many values without content");
    assert_int_equal(text.len, 0);
    ks_avro_schema_free(schema);
    ks_buf_release(&json);
    ks_buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_to_json__scalars),
        cmocka_unit_test(test_to_json__what_json_has_no_number_for),
        cmocka_unit_test(test_to_json__strings),
        cmocka_unit_test(test_to_json__containers),
        cmocka_unit_test(test_to_json_exact__refuses_bad_utf8),
        cmocka_unit_test(test_default_to_json__bytes_become_base64),
        cmocka_unit_test(test_to_json__recursive),
        cmocka_unit_test(test_to_json__appends),
        cmocka_unit_test(test_to_json__error_names_the_place),
        cmocka_unit_test(test_to_json__endless_emptiness),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
