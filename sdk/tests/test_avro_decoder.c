#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "helper_avro.h"

#include <cmocka.h>

#define FLOATS "{'type':'array','items':'float'}"

/* One decoded row; release it. */
struct row {
    struct ks_avro_decoder *dec;
    struct ks_cell *cells;
    struct ks_arena arena;
    struct ks_error err;
    enum ks_status status;
};

static struct row decode(const char *writer, const char *reader, struct ks_slice body)
{
    struct row row = {.dec = decoder_of(writer, reader)};
    row.cells = calloc(ks_avro_decoder_cells(row.dec) + 1, sizeof *row.cells);
    row.status = ks_avro_decode(row.dec, body, row.cells, &row.arena, &row.err);
    return row;
}

static void row_release(struct row *row)
{
    ks_avro_decoder_free(row->dec);
    ks_arena_release(&row->arena);
    free(row->cells);
}

/* A record of one field "f" of the given type. */
static char *record_of(const char *type, const char *more)
{
    struct ks_buf json = {0};
    ks_buf_printf(&json, "{'type':'record','name':'R','fields':[{'name':'f','type':%s%s}]}", type,
                  more);
    return ks_buf_take_str(&json);
}

/* ---- reading what was written ---- */

static void test_decode__vector_points_into_the_body(void **state)
{
    static const char BODY[] = "\x04\0\0\x80\x3f\0\0\0\x40\0";
    struct row row = decode(FLOATS, FLOATS, SLICE(BODY));
    assert_int_equal(row.status, KS_OK);
    assert_int_equal(row.cells[0].kind, KS_CELL_FLOATS);
    assert_int_equal(row.cells[0].count, 2);
    assert_ptr_equal(row.cells[0].u.data, BODY + 1);
    assert_int_equal(row.arena.used_bytes, 0);
    row_release(&row);
}

static void test_decode__vector_in_blocks_is_gathered(void **state)
{
    /* one plain block, one of two items with its size, one more plain one */
    struct row row = decode(
        FLOATS, FLOATS, SLICE("\x02\0\0\x80\x3f\x03\x10\0\0\0\x40\0\0\x40\x40\x02\0\0\x80\x40\0"));
    assert_int_equal(row.status, KS_OK);
    assert_int_equal(row.cells[0].count, 4);
    float floats[4];
    memcpy(floats, row.cells[0].u.data, sizeof floats);
    for (int i = 0; i < 4; i++)
        assert_true(floats[i] == (float)(i + 1));
    row_release(&row);
}

static void test_decode__strings_in_blocks(void **state)
{
    struct row row =
        decode("{'type':'array','items':'string'}", "{'type':'array','items':'string'}",
               SLICE("\x02\x02"
                     "a\x01\x04\x02"
                     "b\x04\x02"
                     "c\x02"
                     "d\0"));
    assert_int_equal(row.status, KS_OK);
    assert_int_equal(row.cells[0].kind, KS_CELL_ARRAY);
    assert_int_equal(row.cells[0].count, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(row.cells[0].u.items[i].count, 1);
        assert_int_equal(*(const char *)row.cells[0].u.items[i].u.data, 'a' + i);
    }
    row_release(&row);
}

static void test_decode__map_is_key_value_key_value(void **state)
{
    struct row row = decode("{'type':'map','values':'long'}", "{'type':'map','values':'long'}",
                            SLICE("\x04\x02k\x02\x04xy\x04\0"));
    assert_int_equal(row.status, KS_OK);
    assert_int_equal(row.cells[0].count, 2);
    const struct ks_cell *items = row.cells[0].u.items;
    assert_memory_equal(items[0].u.data, "k", 1);
    assert_int_equal(items[1].u.i, 1);
    assert_memory_equal(items[2].u.data, "xy", 2);
    assert_int_equal(items[3].u.i, 2);
    row_release(&row);
}

static void test_decode__null_record_nulls_its_fields(void **state)
{
    static const char SCHEMA[] = "{'type':'record','name':'R','fields':[{'name':'r','type':['null',"
                                 "{'type':'record','name':'I','fields':[{'name':'x','type':'int'},"
                                 "{'name':'y','type':'int'}]}]},{'name':'z','type':'int'}]}";
    struct row row = {.dec = decoder_of(SCHEMA, SCHEMA)};
    row.cells = calloc(4, sizeof *row.cells);
    assert_int_equal(ks_avro_decoder_cells(row.dec), 4);
    assert_int_equal(
        ks_avro_decode(row.dec, SLICE("\x02\x02\x04\x06"), row.cells, &row.arena, &row.err), KS_OK);
    assert_int_equal(row.cells[0].kind, KS_CELL_RECORD);
    assert_int_equal(row.cells[2].u.i, 2);
    /* the same row of cells again */
    assert_int_equal(ks_avro_decode(row.dec, SLICE("\0\x08"), row.cells, &row.arena, &row.err),
                     KS_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(row.cells[i].kind, KS_CELL_NULL);
    assert_int_equal(row.cells[3].u.i, 4);
    row_release(&row);
}

static void test_decoder_cell__paths(void **state)
{
    struct ks_avro_decoder *dec =
        decoder_of("{'type':'record','name':'R','fields':[]}",
                   "{'type':'record','name':'R','fields':[{'name':'a','type':"
                   "{'type':'array','items':'long'},'default':[]}]}");
    assert_int_equal(ks_avro_decoder_cell(dec, "a"), 0);
    assert_int_equal(ks_avro_decoder_cell(dec, "b"), -1);
    assert_int_equal(ks_avro_decoder_item_cells(dec, "a"), 1);
    ks_avro_decoder_free(dec);
}

/* ---- evolution: body of writer type, JSON of what the reader sees ---- */

/* The reader's cells, encoded again with the reader's schema, say as JSON what was read. */
static void assert_reads(const char *writer, const char *json, const char *reader, const char *want)
{
    struct ks_buf body = {0}, again = {0}, text = {0};
    char *wanted = json_of(want);
    body_of(writer, json, &body);
    struct row row = decode(writer, reader, slice_of(&body));
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
    struct row row = decode(WRITER, "{'type':'enum','name':'E','symbols':['C']}", SLICE("\x02"));
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
    struct row row = decode(WRITER, READER, SLICE("\x02\x0a"));
    assert_int_equal(row.status, KS_OK);
    assert_int_equal(row.cells[1].u.i, 5);
    row_release(&row);
    row = decode(WRITER, READER, SLICE("\x00\x0a"));
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

/* ---- hostile bodies ---- */

static void assert_refused(const char *schema, struct ks_slice body, const char *part)
{
    struct row row = decode(schema, schema, body);
    assert_int_equal(row.status, KS_ERR_DATA);
    assert_contains(row.err.message, part);
    assert_true(row.arena.used_bytes < 64u * 1024 * 1024);
    row_release(&row);
    /* what is skipped, and what is printed, is checked in the same way */
    struct ks_buf writer = {0}, text = {0};
    ks_buf_printf(&writer, "{'type':'record','name':'Around','fields':[{'name':'f','type':%s}]}",
                  schema);
    row = decode(ks_buf_str(&writer), "{'type':'record','name':'Around','fields':[]}", body);
    assert_int_equal(row.status, KS_ERR_DATA);
    row_release(&row);
    struct ks_avro_schema *parsed = schema_of(schema);
    assert_int_equal(ks_avro_to_json(parsed, body, &text, NULL), KS_ERR_DATA);
    assert_int_equal(text.len, 0);
    ks_avro_schema_free(parsed);
    ks_buf_release(&writer);
    ks_buf_release(&text);
}

#define LONGEST "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" /* -2^63 */
#define LARGE "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"   /* 2^63 - 1 */

static void test_decode__hostile_numbers(void **state)
{
    assert_refused("'long'", SLICE(""), "ends inside a number at byte 0 of 0");
    assert_refused("'long'", SLICE("\x80\x80"), "ends inside a number");
    assert_refused("'long'", SLICE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), "longer than 64");
    assert_refused("'long'", SLICE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
                   "longer than 64");
    assert_refused("'int'", SLICE("\x80\x80\x80\x80\x10"), "does not fit 32 bits");
    assert_refused("'boolean'", SLICE("\x02"), "neither 0 nor 1");
    assert_refused("'float'", SLICE("\0\0\0"), "ends too early");
    assert_refused("'double'", SLICE("\0\0\0\0\0\0\0"), "ends too early");
    assert_refused("'long'", SLICE("\x02\x02"), "left over at byte 1 of 2");
    assert_refused("{'type':'fixed','name':'F','size':2147483647}", SLICE("abc"), "ends too early");
}

static void test_decode__hostile_lengths(void **state)
{
    assert_refused("'string'", SLICE("\x01"), "a length is negative");
    assert_refused("'string'", SLICE(LONGEST), "a length is negative");
    assert_refused("'string'", SLICE(LARGE), "beyond the end");
    assert_refused("'bytes'", SLICE("\x80\x80\x80\x80\x08"), "beyond the end"); /* 1 GiB */
    assert_refused("'bytes'",
                   SLICE("\x06"
                         "ab"),
                   "beyond the end");
}

static void test_decode__hostile_choices(void **state)
{
    static const char ENUM[] = "{'type':'enum','name':'E','symbols':['A','B']}";
    assert_refused(ENUM, SLICE("\x04"), "no such branch or symbol");
    assert_refused(ENUM, SLICE("\x01"), "no such branch or symbol");
    assert_refused("['null','int']", SLICE("\x04"), "no such branch or symbol");
    assert_refused("['null','int']", SLICE("\x03"), "no such branch or symbol");
}

static void test_decode__hostile_blocks(void **state)
{
    static const char STRINGS[] = "{'type':'array','items':'string'}";
    static const char MAP[] = "{'type':'map','values':'null'}";
    assert_refused(FLOATS, SLICE("\x02\0\0\0"), "more items than the body can hold");
    assert_refused(FLOATS, SLICE(LARGE), "more items than the body can hold");
    assert_refused(FLOATS, SLICE(LONGEST "\x02\0\0\0\0"), "more items than the body can hold");
    assert_refused(FLOATS, SLICE("\x02\0\0\0\0"), "ends inside a number"); /* no closing block */
    assert_refused(FLOATS, SLICE("\x01\x06\0\0\0\0\0"), "size is not that of its items");
    assert_refused(FLOATS, SLICE("\x01\x07\0\0\0\0\0"), "a block's size is negative");
    assert_refused(FLOATS, SLICE("\x01" LARGE), "a block's size is negative or beyond");
    assert_refused(STRINGS,
                   SLICE("\x06\x02"
                         "a"),
                   "more items than the body can hold");
    assert_refused(STRINGS,
                   SLICE("\x01\x02\x02"
                         "a\0"),
                   "size is not that of its items");
    assert_refused(STRINGS,
                   SLICE("\x02\x04"
                         "a"),
                   "[0]: a length");
    assert_refused(MAP, SLICE(LARGE "\x02k"), "more items than the body can hold");
    assert_refused(MAP, SLICE("\x02\x04k"), "a length");
}

/* avro-c hangs on these: 2^31 items without a byte behind them. */
static void test_decode__hostile_empty_items(void **state)
{
    static const char *const SCHEMAS[] = {
        "{'type':'array','items':'null'}",
        "{'type':'array','items':{'type':'fixed','name':'F','size':0}}",
        "{'type':'array','items':{'type':'record','name':'I','fields':[]}}",
    };
    for (size_t i = 0; i < sizeof SCHEMAS / sizeof *SCHEMAS; i++) {
        assert_refused(SCHEMAS[i], SLICE("\x80\x80\x80\x80\x10\0"),
                       "too many items without content");
        assert_refused(SCHEMAS[i], SLICE(LONGEST "\0\0"), "too many items without content");
    }
    /* the cap is on the sum */
    struct ks_buf body = {0};
    ks_buf_add(&body, "\x80\x80\x08", 3); /* 65536 */
    ks_buf_add(&body, "\x02\0", 2);
    assert_refused(SCHEMAS[0], slice_of(&body), "too many items without content");
    ks_buf_release(&body);
    struct row row = decode(SCHEMAS[0], SCHEMAS[0], SLICE("\x80\x80\x08\0"));
    assert_int_equal(row.status, KS_OK);
    assert_int_equal(row.cells[0].count, 65536);
    row_release(&row);
}

/* Deep data of a recursive type, skipped and printed: avro-c overruns its stack. */
static void test_decode__hostile_depth(void **state)
{
    static const char LIST[] =
        "{'type':'record','name':'L','fields':[{'name':'next','type':['null',"
        "'L']}]}";
    struct ks_buf body = {0}, writer = {0}, text = {0};
    for (int i = 0; i < 1000 * 1000; i++)
        ks_buf_add_byte(&body, 2);
    ks_buf_add_byte(&body, 0);
    ks_buf_printf(&writer, "{'type':'record','name':'R','fields':[{'name':'f','type':%s}]}", LIST);
    struct row row =
        decode(ks_buf_str(&writer), "{'type':'record','name':'R','fields':[]}", slice_of(&body));
    assert_int_equal(row.status, KS_ERR_DATA);
    assert_contains(row.err.message, "f: values are nested too deep");
    struct ks_avro_schema *schema = schema_of(LIST);
    assert_int_equal(ks_avro_to_json(schema, slice_of(&body), &text, &row.err), KS_ERR_DATA);
    assert_contains(row.err.message, "nested too deep");
    ks_avro_schema_free(schema);
    row_release(&row);
    ks_buf_release(&body);
    ks_buf_release(&writer);
    ks_buf_release(&text);
}

/* Many blocks of one item each must not be copied again and again. */
static void test_decode__many_small_blocks(void **state)
{
    struct ks_buf body = {0};
    for (int i = 0; i < 300 * 1000; i++)
        ks_buf_add(&body, "\x02\x02", 2);
    ks_buf_add_byte(&body, 0);
    struct row row =
        decode("{'type':'array','items':'int'}", "{'type':'array','items':'int'}", slice_of(&body));
    assert_int_equal(row.status, KS_OK);
    assert_int_equal(row.cells[0].count, 300 * 1000);
    assert_int_equal(row.cells[0].u.items[299999].u.i, 1);
    assert_true(row.arena.used_bytes < 32u * 1024 * 1024);
    row_release(&row);
    ks_buf_release(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode__vector_points_into_the_body),
        cmocka_unit_test(test_decode__vector_in_blocks_is_gathered),
        cmocka_unit_test(test_decode__strings_in_blocks),
        cmocka_unit_test(test_decode__map_is_key_value_key_value),
        cmocka_unit_test(test_decode__null_record_nulls_its_fields),
        cmocka_unit_test(test_decoder_cell__paths),
        cmocka_unit_test(test_resolve__promotions),
        cmocka_unit_test(test_resolve__fields_by_name),
        cmocka_unit_test(test_resolve__dropped_recursive_field),
        cmocka_unit_test(test_resolve__defaults_of_every_type),
        cmocka_unit_test(test_resolve__default_inside_items),
        cmocka_unit_test(test_resolve__enum_symbols),
        cmocka_unit_test(test_resolve__union_of_records_by_name),
        cmocka_unit_test(test_resolve__refusals),
        cmocka_unit_test(test_decode__hostile_numbers),
        cmocka_unit_test(test_decode__hostile_lengths),
        cmocka_unit_test(test_decode__hostile_choices),
        cmocka_unit_test(test_decode__hostile_blocks),
        cmocka_unit_test(test_decode__hostile_empty_items),
        cmocka_unit_test(test_decode__hostile_depth),
        cmocka_unit_test(test_decode__many_small_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
