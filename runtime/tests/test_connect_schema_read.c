#include "connect_schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Texts have ' for ". */
static char *quoted(const char *text)
{
    char *copy = strdup(text);
    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    return copy;
}

static enum ks_status read(const char *connect, struct ks_buf *out, bool *ret_optional,
                           struct ks_error *err)
{
    char *text = quoted(connect);
    enum ks_status status = connect_schema_read(text, strlen(text), out, ret_optional, err);
    free(text);
    return status;
}

static void assert_is_a_schema(struct ks_buf *avro)
{
    struct ks_error err;
    struct ks_avro_schema *schema;
    if (ks_avro_schema_parse(ks_buf_str(avro), avro->len, &schema, &err) != KS_OK)
        fail_msg("%s: %s", ks_buf_str(avro), err.message);
    ks_avro_schema_free(schema);
}

static void assert_reads(const char *connect, const char *avro)
{
    struct ks_buf out = {0};
    struct ks_error err;
    bool optional;
    if (read(connect, &out, &optional, &err) != KS_OK)
        fail_msg("%s: %s", connect, err.message);
    char *text = quoted(avro);
    json_t *want = json_loads(text, 0, NULL), *got = json_loads(ks_buf_str(&out), 0, NULL);
    if (!json_equal(got, want))
        fail_msg("%s became %s", connect, ks_buf_str(&out));
    assert_is_a_schema(&out);
    json_decref(want);
    json_decref(got);
    free(text);
    ks_buf_release(&out);
}

static void test_read__simple_types(void **state)
{
    assert_reads("{'type':'int64'}", "{'type':'long'}");
    assert_reads("{'type':'int8'}", "{'type':'int','connect.type':'int8'}");
    assert_reads("{'type':'float','name':'n','version':2}",
                 "{'type':'float','connect.name':'n','connect.version':2}");
}

static void test_read__optional_of_the_root(void **state)
{
    struct ks_buf out = {0};
    struct ks_error err;
    bool optional = false;
    assert_int_equal(read("{'type':'string','optional':true}", &out, &optional, &err), KS_OK);
    assert_true(optional);
    assert_string_equal(ks_buf_str(&out), "{\"type\":\"string\"}");
    assert_int_equal(read("{'type':'string','optional':false}", &out, &optional, &err), KS_OK);
    assert_false(optional);
    ks_buf_release(&out);
}

static void test_read__containers(void **state)
{
    assert_reads("{'type':'array','items':{'type':'int32','optional':true}}",
                 "{'type':'array','items':['null',{'type':'int'}]}");
    assert_reads("{'type':'map','keys':{'type':'string'},'values':{'type':'bytes'}}",
                 "{'type':'map','values':{'type':'bytes'}}");
}

static void test_read__structs(void **state)
{
    assert_reads("{'type':'struct','name':'my-topic.Value','doc':'d','fields':["
                 "{'field':'a','type':'int32','optional':true,'doc':'of a'},"
                 "{'field':'b','type':'string','default':'x'},"
                 "{'field':'c','type':'string','optional':true,'default':'y'},"
                 "{'field':'d','type':'bytes','default':'/w=='}]}",
                 "{'type':'record','name':'my_topic.Value','connect.name':'my-topic.Value','doc':"
                 "'d','fields':[{'name':'a','type':['null',{'type':'int'}],'default':null,'doc':"
                 "'of a'},{'name':'b','type':{'type':'string'},'default':'x'},"
                 "{'name':'c','type':[{'type':'string'},'null'],'default':'y'},"
                 "{'name':'d','type':{'type':'bytes'}}]}");
}

#define V(field, type)                                                                             \
    "{'field':'" field                                                                             \
    "','type':'struct','optional':true,'name':'V','fields':[{'field':'x','type':'" type "'}]}"

/* Equal structs are one type; one of the same name and another content gets a name of its own. */
static void test_read__structs_of_one_name(void **state)
{
    assert_reads("{'type':'struct','name':'E','fields':[" V("a", "int32") "," V("b", "int32") "," V(
                     "c", "int64") "]}",
                 "{'type':'record','name':'E','connect.name':'E','fields':["
                 "{'name':'a','default':null,'type':['null',{'type':'record','name':'V',"
                 "'connect.name':'V','fields':[{'name':'x','type':{'type':'int'}}]}]},"
                 "{'name':'b','default':null,'type':['null','V']},"
                 "{'name':'c','default':null,'type':['null',{'type':'record','name':'V_2',"
                 "'connect.name':'V','fields':[{'name':'x','type':{'type':'long'}}]}]}]}");
}

static void test_read__names_that_avro_has_not(void **state)
{
    static const char *const names[][2] = {
        {"", "ConnectDefault"}, {"1.2a", "_1._2a"}, {"a..b", "a._b"}, {".a.", "_a_"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char connect[128], avro[128];
        snprintf(connect, sizeof connect, "{'type':'struct','name':'%s','fields':[]}", names[i][0]);
        snprintf(avro, sizeof avro, "{'type':'record','name':'%s','connect.name':'%s','fields':[]}",
                 names[i][1], names[i][0]);
        assert_reads(connect, avro);
    }
}

static void test_read__parameters(void **state)
{
    assert_reads("{'type':'string','parameters':{'milvus.primary_key':'true','dimensions':'8',"
                 "'logicalType':'vector','milvus.name':'x-y','fields':'1','scale':'2'}}",
                 "{'type':'string','milvus.primary_key':true,'dimensions':8,'logicalType':"
                 "'vector','milvus.name':'x-y','connect.parameters':{'fields':'1','scale':'2'}}");
}

/* Whatever stands in an Avro schema of ours comes back. */
static void test_read__what_write_wrote(void **state)
{
    static const char avro[] =
        "{'type':'record','name':'E','connect.name':'E','connect.version':2,"
        "'milvus.upsert_op':'c','fields':[{'name':'a','default':null,'type':['null',{'type':"
        "'record','name':'n.V','connect.name':'n.V','fields':[{'name':'id','type':{'type':'long',"
        "'milvus.primary_key':true,'milvus.default':'12','milvus.field_id':100}},"
        "{'name':'j','type':['null',{'type':'int','connect.type':'int16','milvus.default':null}],"
        "'default':null,'doc':'of j'}]}]},{'name':'b','default':null,'type':['null','n.V']}]}";
    char *text = quoted(avro);
    struct ks_avro_schema *schema;
    struct ks_buf connect = {0}, again = {0};
    struct ks_error err;
    bool optional;
    assert_int_equal(ks_avro_schema_parse(text, strlen(text), &schema, &err), KS_OK);
    assert_int_equal(connect_schema_write(schema, &connect, &err), KS_OK);
    assert_int_equal(
        connect_schema_read(ks_buf_str(&connect), connect.len, &again, &optional, &err), KS_OK);
    json_t *want = json_loads(text, 0, NULL), *got = json_loads(ks_buf_str(&again), 0, NULL);
    if (!json_equal(got, want))
        fail_msg("%s", ks_buf_str(&again));
    json_decref(want);
    json_decref(got);
    ks_buf_release(&connect);
    ks_buf_release(&again);
    ks_avro_schema_free(schema);
    free(text);
}

static void test_read__refuses(void **state)
{
    static const char *const cases[][2] = {
        {"{", "not a JSON object"},
        {"[]", "has no name"},
        {"{}", "has no name"},
        {"{'type':'decimal'}", "unknown type \"decimal\""},
        {"{'type':'array'}", "no \"items\""},
        {"{'type':'map','values':{'type':'int32'}}", "keys"},
        {"{'type':'map','keys':{'type':'int32'},'values':{'type':'int32'}}", "\"int32\""},
        {"{'type':'struct'}", "no fields"},
        {"{'type':'struct','fields':[{'type':'int32'}]}", "a field has no name"},
        {"{'type':'struct','fields':[7]}", "a field has no name"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ks_buf out = {0};
        struct ks_error err;
        bool optional;
        assert_int_equal(read(cases[i][0], &out, &optional, &err), KS_ERR_DATA);
        if (!strstr(err.message, cases[i][1]))
            fail_msg("%s: '%s' lacks '%s'", cases[i][0], err.message, cases[i][1]);
        ks_buf_release(&out);
    }
}

static void test_read__nested_too_deep(void **state)
{
    struct ks_buf deep = {0}, out = {0};
    struct ks_error err;
    bool optional;
    for (int i = 0; i < 1000; i++)
        ks_buf_add_str(&deep, "{'type':'array','items':");
    ks_buf_add_str(&deep, "{'type':'int32'}");
    for (int i = 0; i < 1000; i++)
        ks_buf_add_byte(&deep, '}');
    assert_int_equal(read(ks_buf_str(&deep), &out, &optional, &err), KS_ERR_DATA);
    assert_non_null(strstr(err.message, "nested too deep"));
    ks_buf_release(&deep);
    ks_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read__simple_types),
        cmocka_unit_test(test_read__optional_of_the_root),
        cmocka_unit_test(test_read__containers),
        cmocka_unit_test(test_read__structs),
        cmocka_unit_test(test_read__structs_of_one_name),
        cmocka_unit_test(test_read__names_that_avro_has_not),
        cmocka_unit_test(test_read__parameters),
        cmocka_unit_test(test_read__what_write_wrote),
        cmocka_unit_test(test_read__refuses),
        cmocka_unit_test(test_read__nested_too_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
