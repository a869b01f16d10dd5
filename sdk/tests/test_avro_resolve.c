#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "helper_avro.h"

#include <cmocka.h>

#define FLOATS "{'type':'array','items':'float'}"

/* A record of one field "f" of the given type. */
static char *record_of(const char *type, const char *more)
{
    struct ks_buf json = {0};
    ks_buf_printf(&json, "{'type':'record','name':'R','fields':[{'name':'f','type':%s%s}]}", type,
                  more);
    return ks_buf_take_str(&json);
}

/* The reader's cells, encoded again with the reader's schema, say as JSON what was read. */
static void assert_reads(const char *writer, const char *json, const char *reader, const char *want)
{
    struct ks_buf body = {0}, again = {0}, text = {0};
    char *wanted = json_of(want);
    body_of(writer, json, &body);
    struct row row = row_of(writer, reader, slice_of(&body));
    if (row.status)
        fail_msg("%s", row.err.message);
    struct ks_avro_encoder *enc = encoder_of(reader);
    struct ks_avro_schema *schema = schema_of(reader);
    assert_int_equal(ks_avro_encode(enc, row.cells, &again, &row.err), KS_OK);
    assert_int_equal(ks_avro_to_json(schema, slice_of(&again), &text, &row.err), KS_OK);
    assert_string_equal(ks_buf_str(&text), wanted);
    free(wanted);
    ks_avro_schema_free(schema);
    ks_avro_encoder_free(enc);
    row_release(&row);
    ks_buf_release(&body);
    ks_buf_release(&again);
    ks_buf_release(&text);
}

static void test_resolve__promotions(void **state)
{
    static const struct {
        const char *writer, *value, *reader, *want;
    } CASES[] = {
        {"'int'", "-7", "'long'", "-7"},
        {"'int'", "-7", "'float'", "-7"},
        {"'int'", "7", "'double'", "7"},
        {"'long'", "16777217", "'float'", "16777216"},
        {"'long'", "9007199254740993", "'double'", "9007199254740992"},
        {"'float'", "0.5", "'double'", "0.5"},
        {"'string'", "'hi'", "'bytes'", "'aGk='"},
        {"'bytes'", "'aGk='", "'string'", "'hi'"},
        {"{'type':'array','items':'int'}", "[1,2]", FLOATS, "[1,2]"},
        {"{'type':'array','items':['null','float']}", "[1.5]", FLOATS, "[1.5]"},
        {FLOATS, "[1.5,2]", "{'type':'array','items':'double'}", "[1.5,2]"},
        {FLOATS, "[1.5]", "{'type':'array','items':['null','float']}", "[1.5]"},
        {"{'type':'map','values':'int'}", "{'a':1}", "{'type':'map','values':'double'}", "{'a':1}"},
        {"'int'", "1", "['null','long']", "1"},
        {"['null','int']", "1", "'long'", "1"},
        {"['null','int']", "null", "['long','null']", "null"},
        {"['int','string','null']", "3", "['null','double']", "3"},
        {"['int','string','null']", "null", "['null','double']", "null"},
        {"'null'", "null", "['null','string']", "null"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        assert_reads(CASES[i].writer, CASES[i].value, CASES[i].reader, CASES[i].want);
        /* and as a field */
        char *writer = record_of(CASES[i].writer, ""), *reader = record_of(CASES[i].reader, "");
        struct ks_buf value = {0}, want = {0};
        ks_buf_printf(&value, "{'f':%s}", CASES[i].value);
        ks_buf_printf(&want, "{'f':%s}", CASES[i].want);
        assert_reads(writer, ks_buf_str(&value), reader, ks_buf_str(&want));
        ks_buf_release(&value);
        ks_buf_release(&want);
        free(writer);
        free(reader);
    }
}

static void test_resolve__fields_by_name(void **state)
{
    assert_reads("{'type':'record','name':'a.Old','fields':["
                 "{'name':'gone','type':{'type':'map','values':['int','string']}},"
                 "{'name':'x','type':'int'},"
                 "{'name':'y','type':'string'},"
                 "{'name':'end','type':{'type':'array','items':'long'}}]}",
                 "{'gone':{'k':'v','l':1},'x':5,'y':'text','end':[1,2,3]}",
                 "{'type':'record','name':'b.New','fields':["
                 "{'name':'y','type':'string'},"
                 "{'name':'renamed','aliases':['other','x'],'type':'long'},"
                 "{'name':'added','type':'int','default':-3}]}",
                 "{'y':'text','renamed':5,'added':-3}");
}

static void test_resolve__dropped_recursive_field(void **state)
{
    assert_reads("{'type':'record','name':'R','fields':[{'name':'list','type':"
                 "{'type':'record','name':'L','fields':[{'name':'v','type':'int'},"
                 "{'name':'next','type':['null','L']}]}},"
                 "{'name':'f','type':'int'}]}",
                 "{'list':{'v':1,'next':{'v':2,'next':{'v':3,'next':null}}},'f':9}",
                 "{'type':'record','name':'R','fields':[{'name':'f','type':'int'}]}", "{'f':9}");
}

static void test_resolve__defaults_of_every_type(void **state)
{
    static const char EMPTY[] = "{'type':'record','name':'R','fields':[]}";
    static const struct {
        const char *type, *value, *want;
    } CASES[] = {
        {"'boolean'", "true", "true"},
        {"'int'", "5", "5"},
        {"'long'", "-9223372036854775808", "-9223372036854775808"},
        {"'float'", "0.1", "0.1"},
        {"'double'", "0.1", "0.1"},
        {"'string'", "'a\\u00e9'", "'a\xC3\xA9'"},
        {"'bytes'", "'\\u00ff\\u0000'", NULL},
        {"'bytes'", "'\\u00ff\\u0001'", "'/wE='"},
        {"{'type':'fixed','name':'F','size':2}", "'ab'", "'YWI='"},
        {"{'type':'enum','name':'E','symbols':['A','B']}", "'B'", "'B'"},
        {FLOATS, "[1,0.5]", "[1,0.5]"},
        {"{'type':'array','items':'string'}", "['x','y']", "['x','y']"},
        {"{'type':'map','values':'int'}", "{'k':1}", "{'k':1}"},
        {"['null','string']", "null", "null"},
        {"['string','null']", "'s'", "'s'"},
        {"['null','string']", "'second branch'", "'second branch'"},
        {"{'type':'record','name':'I','fields':[{'name':'x','type':'int'},"
         "{'name':'y','type':'int','default':7}]}",
         "{'x':1}", "{'x':1,'y':7}"},
        {"['null',{'type':'record','name':'I','fields':[{'name':'x','type':"
         "'int'}]}]",
         "null", "null"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct ks_buf more = {0}, want = {0};
        ks_buf_printf(&more, ",'default':%s", CASES[i].value);
        char *reader = record_of(CASES[i].type, ks_buf_str(&more));
        if (CASES[i].want) {
            ks_buf_printf(&want, "{'f':%s}", CASES[i].want);
            assert_reads(EMPTY, "{}", reader, ks_buf_str(&want));
        } else {
            assert_schema_refused(reader, "not JSON"); /* jansson's limit: no NUL in text */
        }
        ks_buf_release(&more);
        ks_buf_release(&want);
        free(reader);
    }
}

static void test_resolve__default_inside_items(void **state)
{
    assert_reads("{'type':'array','items':{'type':'record','name':'I','fields':["
                 "{'name':'x','type':'int'}]}}",
                 "[{'x':1},{'x':2}]",
                 "{'type':'array','items':{'type':'record','name':'I','fields':["
                 "{'name':'s','type':'string','default':'d'},"
                 "{'name':'x','type':'int'}]}}",
                 "[{'s':'d','x':1},{'s':'d','x':2}]");
}

static void test_resolve__enum_symbols(void **state)
{
    static const char WRITER[] = "{'type':'enum','name':'E','symbols':['A','B','C']}";
    assert_reads(WRITER, "'C'", "{'type':'enum','name':'E','symbols':['C','A']}", "'C'");
    assert_reads(WRITER, "'B'", "{'type':'enum','name':'E','symbols':['C','A'],'default':'A'}",
                 "'A'");
    struct row row = row_of(WRITER, "{'type':'enum','name':'E','symbols':['C']}", SLICE("\x02"));
    assert_int_equal(row.status, KS_ERR_DATA);
    assert_contains(row.err.message, "no such symbol and no default");
    row_release(&row);
}

static void test_resolve__union_of_records_by_name(void **state)
{
    static const char WRITER[] =
        "[{'type':'record','name':'n.A','fields':[{'name':'x','type':'int'}]},"
        "{'type':'record','name':'n.B','fields':[{'name':'x','type':'int'}]}]";
    static const char READER[] = "['null',{'type':'record','name':'B','fields':[{'name':'x','type':"
                                 "'long'}]}]";
    struct row row = row_of(WRITER, READER, SLICE("\x02\x0a"));
    assert_int_equal(row.status, KS_OK);
    assert_int_equal(row.cells[1].u.i, 5);
    row_release(&row);
    row = row_of(WRITER, READER, SLICE("\x00\x0a"));
    assert_int_equal(row.status, KS_ERR_DATA);
    assert_contains(row.err.message, "no place for the branch");
    row_release(&row);
}

static void assert_unresolvable(const char *writer_json, const char *reader_json,
                                const char *message)
{
    struct ks_avro_schema *writer = schema_of(writer_json), *reader = schema_of(reader_json);
    struct ks_avro_decoder *dec = NULL;
    struct ks_error err = {0};
    assert_int_equal(ks_avro_decoder_new(writer, reader, &dec, &err), KS_ERR_DATA);
    assert_null(dec);
    assert_string_equal(err.message, message);
    ks_avro_schema_free(writer);
    ks_avro_schema_free(reader);
}

static void test_resolve__refusals(void **state)
{
    char *text = record_of("'string'", ""), *number = record_of("'int'", ""),
         *wide = record_of("'long'", "");
    assert_unresolvable(text, number, "f: string was written, int is to be read");
    assert_unresolvable(wide, number, "f: long was written, int is to be read");
    assert_unresolvable("{'type':'record','name':'R','fields':[]}", number,
                        "f: it was not written and has no default");
    assert_unresolvable("'int'", number, "int was written, record R is to be read");
    assert_unresolvable("['null','string']", "'int'",
                        "no branch of the written union can be read as int");
    assert_unresolvable("'null'", "'int'", "null was written, int is to be read");
    assert_unresolvable("{'type':'fixed','name':'F','size':2}",
                        "{'type':'fixed','name':'F','size':3}",
                        "fixed of 2 bytes was written, one of 3 is to be read");
    assert_unresolvable("{'type':'array','items':'string'}", FLOATS,
                        "[]: string was written, float is to be read");
    free(text);
    free(number);
    free(wide);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resolve__promotions),
        cmocka_unit_test(test_resolve__fields_by_name),
        cmocka_unit_test(test_resolve__dropped_recursive_field),
        cmocka_unit_test(test_resolve__defaults_of_every_type),
        cmocka_unit_test(test_resolve__default_inside_items),
        cmocka_unit_test(test_resolve__enum_symbols),
        cmocka_unit_test(test_resolve__union_of_records_by_name),
        cmocka_unit_test(test_resolve__refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
