#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "helper_avro.h"

#include <cmocka.h>

static void assert_bytes(const char *schema, const char *json, struct ks_slice want)
{
    struct ks_buf body = {0};
    body_of(schema, json, &body);
    assert_int_equal(body.len, want.len);
    assert_memory_equal(body.data, want.data, want.len);
    ks_buf_release(&body);
}

static void assert_refused(const char *quoted, const char *json, const char *message)
{
    struct ks_avro_schema *schema = schema_of(quoted);
    struct ks_buf body = {0};
    struct ks_error err;
    char *text = json_of(json);
    ks_buf_add_str(&body, "kept");
    assert_int_equal(ks_avro_from_json(schema, text, strlen(text), &body, &err), KS_ERR_DATA);
    assert_contains(err.message, message);
    assert_int_equal(body.len, 4);
    free(text);
    ks_buf_release(&body);
    ks_avro_schema_free(schema);
}

static void test_from_json__scalars(void **state)
{
    assert_bytes("'boolean'", "true", SLICE("\x01"));
    assert_bytes("'int'", "-1", SLICE("\x01"));
    assert_bytes("'long'", "9223372036854775807",
                 SLICE("\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
    assert_bytes("'float'", "0.1", SLICE("\xcd\xcc\xcc\x3d"));
    assert_bytes("'float'", "1", SLICE("\0\0\x80\x3f"));
    assert_bytes("'float'", "-0.0", SLICE("\0\0\0\x80"));
    assert_bytes("'double'", "'-Infinity'", SLICE("\0\0\0\0\0\0\xf0\xff"));
    assert_bytes("'string'", "'\\u00e9\\u0000'", SLICE("\x06\xC3\xA9\0"));
    assert_bytes("'bytes'", "'/wE='", SLICE("\x04\xff\x01"));
    assert_bytes("{'type':'fixed','name':'F','size':3}", "'YWJj'", SLICE("abc"));
    assert_bytes("{'type':'enum','name':'E','symbols':['A','B']}", "'B'", SLICE("\x02"));
}

static void test_from_json__containers(void **state)
{
    assert_bytes("{'type':'array','items':'int'}", "[1,2]", SLICE("\x04\x02\x04\0"));
    assert_bytes("{'type':'array','items':'int'}", "[]", SLICE("\0"));
    assert_bytes("{'type':'map','values':'int'}", "{'b':1,'a':2}",
                 SLICE("\x04\x02"
                       "b\x02\x02"
                       "a\x04\0"));
}

static void test_from_json__unions_take_the_first_that_fits(void **state)
{
    static const char UNION[] = "['null','int','long','double','string',"
                                "{'type':'enum','name':'E','symbols':['A']},"
                                "{'type':'map','values':'int'}]";
    assert_bytes(UNION, "null", SLICE("\0"));
    assert_bytes(UNION, "5", SLICE("\x02\x0a"));
    assert_bytes(UNION, "2147483648", SLICE("\x04\x80\x80\x80\x80\x10"));
    assert_bytes(UNION, "1.5", SLICE("\x06\0\0\0\0\0\0\xf8\x3f"));
    assert_bytes(UNION, "'A'",
                 SLICE("\x08\x02"
                       "A"));
    assert_bytes(UNION, "{'k':1}", SLICE("\x0c\x02\x02k\x02\0"));
    assert_refused(UNION, "[1]", "an array fits no branch of the union");
}

static void test_from_json__missing_fields_take_their_default(void **state)
{
    static const char RECORD[] = "{'type':'record','name':'R','fields':[{'name':'a','type':'int'},"
                                 "{'name':'b','type':['null','string'],'default':null},"
                                 "{'name':'c','type':'bytes','default':'\\u00ff'}]}";
    assert_bytes(RECORD, "{'a':1}", SLICE("\x02\0\x02\xff"));
    assert_bytes(RECORD, "{'c':'AA==','b':'x','a':1}", SLICE("\x02\x02\x02x\x02\0"));
    assert_refused(RECORD, "{}", "a: missing, and it has no default");
    assert_refused(RECORD, "{'a':1,'z':2}", "R has no field \"z\"");
    assert_refused(RECORD, "{'a':1,'b':7}", "b: a number is not string");
}

/* Its shortest text is a little greater than it. */
static void test_from_json__greatest_float(void **state)
{
    assert_bytes("'float'", "3.4028235e38", SLICE("\xff\xff\x7f\x7f"));
    assert_bytes("'float'", "-3.4028235e38", SLICE("\xff\xff\x7f\xff"));
    assert_refused("'float'", "3.4028236e38", "does not fit a float");
}

static void test_from_json__refusals(void **state)
{
    assert_refused("'int'", "{", "not JSON");
    assert_refused("'int'", "2147483648", "does not fit an int");
    assert_refused("'int'", "1.0", "a number is not int");
    assert_refused("'float'", "1e39", "does not fit a float");
    assert_refused("'float'", "'nan'", "a string is not float");
    assert_refused("'boolean'", "1", "a number is not boolean");
    assert_refused("'null'", "false", "false is not null");
    assert_refused("'string'", "5", "a number is not string");
    assert_refused("'bytes'", "'ab'", "not base64");
    assert_refused("'bytes'", "[1]", "an array is not bytes");
    assert_refused("{'type':'fixed','name':'F','size':3}", "'YQ=='", "1 bytes, but F has 3");
    assert_refused("{'type':'array','items':'int'}", "[1,'x']", "[1]: a string is not int");
    assert_refused("{'type':'array','items':'int'}", "{}", "an object is not array");
    assert_refused("{'type':'map','values':'int'}", "{'k':null}", "k: null is not int");
}

static void test_from_json__depth(void **state)
{
    struct ks_buf json = {0};
    for (int i = 0; i < 500; i++)
        ks_buf_add_str(&json, "{'next':");
    ks_buf_add_str(&json, "null");
    for (int i = 0; i < 500; i++)
        ks_buf_add_str(&json, "}");
    assert_refused("{'type':'record','name':'L','fields':[{'name':'next','type':['null','L']}]}",
                   ks_buf_str(&json), "nested too deep");
    ks_buf_release(&json);
}

/* Every level tries each branch, and all fail at the bottom: 3^60 without a budget. */
static void test_from_json__branches_that_multiply(void **state)
{
    struct ks_buf json = {0};
    for (int i = 0; i < 60; i++)
        ks_buf_add_str(&json, "{'n':");
    ks_buf_add_str(&json, "'bottom'");
    for (int i = 0; i < 60; i++)
        ks_buf_add_str(&json, "}");
    assert_refused("{'type':'record','name':'A','fields':[{'name':'n','type':['A',"
                   "{'type':'record','name':'B','fields':[{'name':'n','type':['A','B',"
                   "{'type':'record','name':'C','fields':[{'name':'n','type':['A','B','C','int']}]}"
                   "]}]}]}]}",
                   ks_buf_str(&json), "fits no branch");
    ks_buf_release(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_json__scalars),
        cmocka_unit_test(test_from_json__containers),
        cmocka_unit_test(test_from_json__unions_take_the_first_that_fits),
        cmocka_unit_test(test_from_json__missing_fields_take_their_default),
        cmocka_unit_test(test_from_json__greatest_float),
        cmocka_unit_test(test_from_json__refusals),
        cmocka_unit_test(test_from_json__depth),
        cmocka_unit_test(test_from_json__branches_that_multiply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
