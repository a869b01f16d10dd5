#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper_avro.h"

#include <cmocka.h>

#define RECORD(fields) "{'type':'record','name':'R','fields':[" fields "]}"

static void test_parse__every_type(void **state)
{
    struct ks_avro_schema *schema = schema_of(RECORD(
        "{'name':'a','type':'null'},{'name':'b','type':'boolean'},{'name':'c','type':'int'},"
        "{'name':'d','type':'long'},{'name':'e','type':'float'},{'name':'f','type':'double'},"
        "{'name':'g','type':'bytes'},{'name':'h','type':{'type':'string'}},"
        "{'name':'i','type':{'type':'fixed','name':'X','size':16}},"
        "{'name':'j','type':{'type':'enum','name':'E','symbols':['A','B']}},"
        "{'name':'k','type':{'type':'array','items':'int'}},"
        "{'name':'l','type':{'type':'map','values':'long'}},"
        "{'name':'m','type':{'type':'record','name':'I','fields':[]}},"
        "{'name':'n','type':['null','E','X']}"));
    assert_int_equal(ks_avro_schema_type(schema), KS_AVRO_RECORD);
    assert_string_equal(ks_avro_schema_name(schema), "R");
    assert_int_equal(ks_avro_schema_count(schema), 14);
    for (size_t i = 0; i < 14; i++)
        assert_int_equal(ks_avro_schema_type(ks_avro_schema_field(schema, i)->schema), i);
    assert_null(ks_avro_schema_field(schema, 14));

    const struct ks_avro_schema *en = ks_avro_schema_field(schema, 9)->schema;
    assert_int_equal(ks_avro_schema_count(en), 2);
    assert_string_equal(ks_avro_schema_symbol(en, 1), "B");
    assert_null(ks_avro_schema_symbol(en, 2));
    const struct ks_avro_schema *array = ks_avro_schema_field(schema, 10)->schema;
    assert_int_equal(ks_avro_schema_type(ks_avro_schema_items(array)), KS_AVRO_INT);
    const struct ks_avro_schema *choice = ks_avro_schema_field(schema, 13)->schema;
    assert_int_equal(ks_avro_schema_count(choice), 3);
    assert_ptr_equal(ks_avro_schema_branch(choice, 1), en);
    assert_int_equal(ks_avro_schema_fixed_bytes(ks_avro_schema_branch(choice, 2)), 16);
    assert_null(ks_avro_schema_branch(choice, 3));
    ks_avro_schema_free(schema);
}

static void test_parse__namespaces(void **state)
{
    static const char *const WANT[] = {"a.b.In", "x.Out", "a.b.In", "x.Deep", "None"};
    struct ks_avro_schema *schema = schema_of(
        "{'type':'record','name':'Top','namespace':'a.b','fields':["
        "{'name':'f0','type':{'type':'record','name':'In','fields':[]}},"
        "{'name':'f1','type':{'type':'record','name':'x.Out','namespace':'ignored','fields':["
        "{'name':'d','type':{'type':'fixed','name':'Deep','size':1}}]}},"
        "{'name':'f2','type':'In'},"
        "{'name':'f3','type':'x.Deep'},"
        "{'name':'f4','type':{'type':'enum','name':'None','namespace':'','symbols':['A']}}]}");
    assert_string_equal(ks_avro_schema_name(schema), "a.b.Top");
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(ks_avro_schema_name(ks_avro_schema_field(schema, i)->schema), WANT[i]);
    ks_avro_schema_free(schema);
}

static void test_parse__recursive_type_is_one_node(void **state)
{
    struct ks_avro_schema *schema =
        schema_of("{'type':'record','name':'n.L','fields':[{'name':'next','type':['null','L']}]}");
    const struct ks_avro_schema *next = ks_avro_schema_field(schema, 0)->schema;
    assert_ptr_equal(ks_avro_schema_branch(next, 1), schema);
    ks_avro_schema_free(schema);
}

static void test_parse__props_docs_and_defaults_are_kept(void **state)
{
    struct ks_avro_schema *schema = schema_of(
        RECORD("{'name':'v','doc':'the vector','type':{'type':'array','items':'float',"
               "'logicalType':'vector','dimensions':8,'connect.parameters':{'b':1,'a':[true]}}},"
               "{'name':'s','type':['null','string'],'default':null},"
               "{'name':'d','type':'double','default':0.25}"));
    const struct ks_avro_field *v = ks_avro_schema_field(schema, 0);
    assert_string_equal(v->doc, "the vector");
    assert_null(v->default_json);
    assert_string_equal(ks_avro_schema_prop(v->schema, "logicalType"), "\"vector\"");
    assert_string_equal(ks_avro_schema_prop(v->schema, "dimensions"), "8");
    assert_string_equal(ks_avro_schema_prop(v->schema, "connect.parameters"),
                        "{\"a\":[true],\"b\":1}");
    assert_null(ks_avro_schema_prop(v->schema, "items"));
    assert_null(ks_avro_schema_prop(v->schema, "absent"));
    size_t count = 0;
    while (ks_avro_schema_prop_name(v->schema, count))
        assert_non_null(
            ks_avro_schema_prop(v->schema, ks_avro_schema_prop_name(v->schema, count++)));
    assert_true(count >= 3);
    assert_string_equal(ks_avro_schema_field(schema, 1)->default_json, "null");
    assert_string_equal(ks_avro_schema_field(schema, 2)->default_json, "0.25");
    assert_null(ks_avro_schema_field(schema, 2)->doc);
    ks_avro_schema_free(schema);
}

static void test_parse__wrapped_and_referred(void **state)
{
    struct ks_avro_schema *schema = schema_of(
        RECORD("{'name':'a','type':{'type':{'type':'enum','name':'E','symbols':['A']},'x':1}},"
               "{'name':'b','type':{'type':'E','connect.name':'y'}},"
               "{'name':'c','type':{'type':['null','E']}}"));
    assert_ptr_equal(ks_avro_schema_field(schema, 0)->schema,
                     ks_avro_schema_field(schema, 1)->schema);
    assert_int_equal(ks_avro_schema_type(ks_avro_schema_field(schema, 2)->schema), KS_AVRO_UNION);
    ks_avro_schema_free(schema);
}

static void test_parse__refusals(void **state)
{
    static const struct {
        const char *schema, *message;
    } CASES[] = {
        {"", "not JSON"},
        {"{'type':'int','type':'long'}", "not JSON: duplicate"},
        {"'integer'", "unknown type \"integer\""},
        {"5", "neither a name"},
        {"{}", "no type"},
        {"[]", "a union without branches"},
        {"['int','int']", "two branches of a union are \"int\""},
        {"['null',['int']]", "a union directly in a union"},
        {"{'type':'record','fields':[]}", "no name for a \"record\""},
        {"{'type':'record','name':'R'}", "no array of fields"},
        {"{'type':'record','name':'1R','fields':[]}", "not a valid type name"},
        {"{'type':'record','name':'a..R','fields':[]}", "not a valid type name"},
        {"{'type':'record','name':'string','fields':[]}", "not a valid type name"},
        {RECORD("{'name':'a-b','type':'int'}"), "not a valid field name"},
        {RECORD("{'type':'int'}"), "not a valid field name"},
        {RECORD("{'name':'a'}"), "schema at a: no type"},
        {RECORD("{'name':'a','type':'int'},{'name':'a','type':'int'}"), "two fields"},
        {RECORD("{'name':'a','type':'int','aliases':'b'}"), "aliases are not"},
        {RECORD("{'name':'a','type':" RECORD("") "}"), "type defined twice: \"R\""},
        {RECORD("{'name':'a','type':{'type':'array','items':{'type':'map','values':'Q'}}}"),
         "schema at a: unknown type \"Q\""},
        {RECORD("{'name':'a','type':{'type':'array'}}"), "missing member \"items\""},
        {"{'type':'map','items':'int'}", "missing member \"values\""},
        {"{'type':'enum','name':'E','symbols':[]}", "no symbols"},
        {"{'type':'enum','name':'E','symbols':['A','A']}", "listed twice"},
        {"{'type':'enum','name':'E','symbols':['A b']}", "not a valid symbol"},
        {"{'type':'enum','name':'E','symbols':[1]}", "not a valid symbol"},
        {"{'type':'enum','name':'E','symbols':['A'],'default':'B'}", "default is not a symbol"},
        {"{'type':'fixed','name':'F','size':-1}", "size is not"},
        {"{'type':'fixed','name':'F','size':2147483648}", "size is not"},
        {"{'type':'fixed','name':'F','size':'4'}", "size is not"},
        {RECORD("{'name':'a','type':'R'}"), "R contains itself"},
        {RECORD("{'name':'a','type':['R']}"), "R contains itself"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        assert_schema_refused(CASES[i].schema, CASES[i].message);
}

static void test_parse__bad_defaults(void **state)
{
    static const struct {
        const char *type, *value, *message;
    } CASES[] = {
        {"'int'", "'1'", "a string is not int"},
        {"'int'", "2147483648", "does not fit an int"},
        {"'int'", "1.5", "a number is not int"},
        {"['null','string']", "5", "field f of R: a number is not string"},
        {"['int','string']", "null", "null fits no branch"},
        {"'bytes'", "'\\u0100'", "above U+00FF"},
        {"{'type':'fixed','name':'F','size':2}", "'abc'", "3 bytes, but F has 2"},
        {"{'type':'enum','name':'E','symbols':['A']}", "'B'", "\"B\" is not a symbol of E"},
        {"{'type':'array','items':'int'}", "[1,true]", "[1]: true is not int"},
        {"{'type':'record','name':'I','fields':[{'name':'x','type':'int'}]}", "{}",
         "x: missing, and it has no default"},
        {"{'type':'record','name':'I','fields':[{'name':'x','type':'int'}]}", "{'x':1,'y':2}",
         "I has no field \"y\""},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char json[512];
        snprintf(json, sizeof json, RECORD("{'name':'f','type':%s,'default':%s}"), CASES[i].type,
                 CASES[i].value);
        assert_schema_refused(json, CASES[i].message);
    }
}

static void nest(struct ks_buf *json, int depth)
{
    for (int i = 0; i < depth; i++)
        ks_buf_add_str(json, "{'type':'array','items':");
    ks_buf_add_str(json, "'int'");
    for (int i = 0; i < depth; i++)
        ks_buf_add_str(json, "}");
}

static void test_parse__depth_limit(void **state)
{
    struct ks_buf json = {0};
    nest(&json, 64);
    ks_avro_schema_free(schema_of(ks_buf_str(&json)));
    ks_buf_reset(&json);
    nest(&json, 65);
    assert_schema_refused(ks_buf_str(&json), "nested too deep");
    ks_buf_reset(&json);
    nest(&json, 1500);
    assert_schema_refused(ks_buf_str(&json), "nested too deep");
    ks_buf_reset(&json);
    nest(&json, 20000); /* avro-c overruns its stack */
    assert_schema_refused(ks_buf_str(&json), "not JSON");
    ks_buf_release(&json);
}

static void test_parse__size_limit(void **state)
{
    struct ks_buf json = {0};
    ks_buf_add_str(&json, "{'type':'int','doc':'");
    while (json.len < 1024 * 1024)
        ks_buf_add_str(&json, "0123456789abcdef");
    ks_buf_add_str(&json, "'}");
    assert_schema_refused(ks_buf_str(&json), "at most 1048576 are taken");
    ks_buf_release(&json);
}

/* Each record's default pulls in the one before twice. */
static void test_parse__defaults_that_multiply(void **state)
{
    struct ks_buf json = {0};
    ks_buf_add_str(&json, "{'type':'record','name':'Top','fields':["
                          "{'name':'r0','type':{'type':'record','name':'R0','fields':[]}}");
    for (int i = 1; i <= 40; i++)
        ks_buf_printf(&json,
                      ",{'name':'r%d','type':{'type':'record','name':'R%d','fields':["
                      "{'name':'a','type':'R%d','default':{}},"
                      "{'name':'b','type':'R%d','default':{}}]}}",
                      i, i, i - 1, i - 1);
    ks_buf_add_str(&json, "]}");
    assert_schema_refused(ks_buf_str(&json), "too large once defaults");
    ks_buf_release(&json);
    assert_schema_refused(RECORD("{'name':'a','type':['R','null'],'default':{}}"),
                          "a.a.a: nested too deep");
}

static void test_parse__schemas_of_the_stream(void **state)
{
    static const char *const FILES[] = {"ddl", "heartbeat", "key"};
    for (size_t i = 0; i < 3; i++) {
        char path[512], json[32 * 1024];
        snprintf(path, sizeof path, "%s/schemas/%s.avsc", KITESTREAM_SOURCE_DIR, FILES[i]);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        size_t len = fread(json, 1, sizeof json - 1, file);
        fclose(file);
        struct ks_avro_schema *schema;
        struct ks_avro_encoder *enc;
        struct ks_error err;
        if (ks_avro_schema_parse(json, len, &schema, &err) ||
            ks_avro_encoder_new(schema, &enc, &err))
            fail_msg("%s: %s", FILES[i], err.message);
        ks_avro_encoder_free(enc);
        for (size_t f = 0; f < ks_avro_schema_count(schema); f++)
            assert_non_null(ks_avro_schema_field(schema, f)->doc);
        ks_avro_schema_free(schema);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse__every_type),
        cmocka_unit_test(test_parse__namespaces),
        cmocka_unit_test(test_parse__recursive_type_is_one_node),
        cmocka_unit_test(test_parse__props_docs_and_defaults_are_kept),
        cmocka_unit_test(test_parse__wrapped_and_referred),
        cmocka_unit_test(test_parse__refusals),
        cmocka_unit_test(test_parse__bad_defaults),
        cmocka_unit_test(test_parse__depth_limit),
        cmocka_unit_test(test_parse__size_limit),
        cmocka_unit_test(test_parse__defaults_that_multiply),
        cmocka_unit_test(test_parse__schemas_of_the_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
