#include "connect_schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Texts have ' for ". */
static json_t *json_of(const char *text)
{
    char *quoted = strdup(text);
    for (char *c = quoted; *c; c++)
        if (*c == '\'')
            *c = '"';
    json_t *json = json_loads(quoted, JSON_DECODE_ANY, NULL);
    if (!json)
        fail_msg("%s is not JSON", quoted);
    free(quoted);
    return json;
}

static enum ks_status write(const char *avro, struct ks_buf *out, struct ks_error *err)
{
    json_t *json = json_of(avro);
    char *text = json_dumps(json, JSON_ENCODE_ANY);
    struct ks_avro_schema *schema;
    if (ks_avro_schema_parse(text, strlen(text), &schema, err) != KS_OK)
        fail_msg("%s", err->message);
    enum ks_status status = connect_schema_write(schema, out, err);
    ks_avro_schema_free(schema);
    free(text);
    json_decref(json);
    return status;
}

static void assert_writes(const char *avro, const char *connect)
{
    struct ks_buf out = {0};
    struct ks_error err;
    if (write(avro, &out, &err) != KS_OK)
        fail_msg("%s: %s", avro, err.message);
    json_t *got = json_loads(ks_buf_str(&out), 0, NULL), *want = json_of(connect);
    if (!json_equal(got, want))
        fail_msg("%s became %s", avro, ks_buf_str(&out));
    json_decref(got);
    json_decref(want);
    ks_buf_release(&out);
}

static void test_write__simple_types(void **state)
{
    static const char *const types[][2] = {
        {"boolean", "boolean"}, {"int", "int32"},     {"long", "int64"},  {"float", "float"},
        {"double", "double"},   {"string", "string"}, {"bytes", "bytes"},
    };
    char avro[64], connect[64];
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        snprintf(avro, sizeof avro, "'%s'", types[i][0]);
        snprintf(connect, sizeof connect, "{'type':'%s','optional':false}", types[i][1]);
        assert_writes(avro, connect);
    }
    assert_writes("{'type':'int','connect.type':'int8'}", "{'type':'int8','optional':false}");
    assert_writes("{'type':'int','connect.type':'int16'}", "{'type':'int16','optional':false}");
    assert_writes("['null','long']", "{'type':'int64','optional':true}");
    assert_writes("{'type':'enum','name':'a.E','symbols':['X']}",
                  "{'type':'string','optional':false,'name':'a.E'}");
    assert_writes("{'type':'fixed','name':'F','size':2}",
                  "{'type':'bytes','optional':false,'name':'F'}");
}

static void test_write__containers(void **state)
{
    assert_writes("{'type':'array','items':['null','int']}",
                  "{'type':'array','items':{'type':'int32','optional':true},'optional':false}");
    assert_writes("{'type':'map','values':'long'}",
                  "{'type':'map','keys':{'type':'string','optional':false},'values':{'type':"
                  "'int64','optional':false},'optional':false}");
}

/* A type's second use is written out again. */
static void test_write__structs(void **state)
{
    assert_writes("{'type':'record','name':'n.R','doc':'of R','fields':[{'name':'a','doc':'of a',"
                  "'type':['null',{'type':'record','name':'V','fields':[{'name':'x','type':'int'}"
                  "]}],'default':null},{'name':'b','type':'n.V'}]}",
                  "{'type':'struct','optional':false,'name':'n.R','doc':'of R','fields':["
                  "{'type':'struct','optional':true,'name':'n.V','field':'a','doc':'of a','fields':"
                  "[{'type':'int32','optional':false,'field':'x'}]},"
                  "{'type':'struct','optional':false,'name':'n.V','field':'b','fields':"
                  "[{'type':'int32','optional':false,'field':'x'}]}]}");
}

static void test_write__defaults(void **state)
{
    assert_writes("{'type':'record','name':'R','fields':["
                  "{'name':'i','type':'int','default':5},"
                  "{'name':'b','type':'bytes','default':'\\u00ff'},"
                  "{'name':'n','type':['null','int'],'default':null}]}",
                  "{'type':'struct','optional':false,'name':'R','fields':["
                  "{'type':'int32','optional':false,'field':'i','default':5},"
                  "{'type':'bytes','optional':false,'field':'b','default':'/w=='},"
                  "{'type':'int32','optional':true,'field':'n'}]}");
}

/* What Avro's readers find in properties of the type. */
static void test_write__parameters(void **state)
{
    assert_writes(
        "{'type':'array','items':'float','connect.name':'io.debezium.data.FloatVector',"
        "'connect.version':1,'logicalType':'vector','dimensions':8,'milvus.nullable':true,"
        "'milvus.default':'5','milvus.name':'x-y','connect.parameters':{'p':'q'}}",
        "{'type':'array','items':{'type':'float','optional':false},'optional':false,"
        "'name':'io.debezium.data.FloatVector','version':1,'parameters':{'p':'q',"
        "'logicalType':'vector','dimensions':'8','milvus.nullable':'true',"
        "'milvus.default':'\\'5\\'','milvus.name':'x-y'}}");
}

static void assert_refused(const char *avro, const char *why)
{
    struct ks_buf out = {0};
    struct ks_error err;
    assert_int_equal(write(avro, &out, &err), KS_ERR_DATA);
    if (!strstr(err.message, why))
        fail_msg("'%s' lacks '%s'", err.message, why);
    ks_buf_release(&out);
}

static void test_write__what_connect_has_not(void **state)
{
    assert_refused("['int','string']", "unions of several types");
    assert_refused("{'type':'array','items':['null','int','string']}", "unions of several types");
    assert_refused("{'type':'record','name':'L','fields':[{'name':'a','type':['null','L']},"
                   "{'name':'b','type':['null','L']}]}",
                   "refer to themselves");
}

/* Forty records, each of which uses the next twice. */
static void test_write__types_that_multiply(void **state)
{
    struct ks_buf avro = {0};
    for (int i = 40; i > 0; i--)
        ks_buf_printf(&avro, "{'type':'record','name':'R%d','fields':[{'name':'a','type':", i);
    ks_buf_add_str(&avro, "{'type':'record','name':'R0','fields':[]}");
    for (int i = 0; i < 40; i++)
        ks_buf_printf(&avro, "},{'name':'b','type':'R%d'}]}", i);
    assert_refused(ks_buf_str(&avro), "refer to themselves");
    ks_buf_release(&avro);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write__simple_types),
        cmocka_unit_test(test_write__containers),
        cmocka_unit_test(test_write__structs),
        cmocka_unit_test(test_write__defaults),
        cmocka_unit_test(test_write__parameters),
        cmocka_unit_test(test_write__what_connect_has_not),
        cmocka_unit_test(test_write__types_that_multiply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
