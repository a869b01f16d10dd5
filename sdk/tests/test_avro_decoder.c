#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "helper_avro.h"

#include <cmocka.h>

#define FLOATS "{'type':'array','items':'float'}"

/* ---- reading what was written ---- */

static void test_decode__vector_points_into_the_body(void **state)
{
    static const char BODY[] = "\x04\0\0\x80\x3f\0\0\0\x40\0";
    struct row row = row_of(FLOATS, FLOATS, SLICE(BODY));
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
    struct row row = row_of(
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
        row_of("{'type':'array','items':'string'}", "{'type':'array','items':'string'}",
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
    struct row row = row_of("{'type':'map','values':'long'}", "{'type':'map','values':'long'}",
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

/* ---- hostile bodies ---- */

static void assert_refused(const char *schema, struct ks_slice body, const char *part)
{
    struct row row = row_of(schema, schema, body);
    assert_int_equal(row.status, KS_ERR_DATA);
    assert_contains(row.err.message, part);
    assert_true(row.arena.used_bytes < 64u * 1024 * 1024);
    row_release(&row);
    /* what is skipped, and what is printed, is checked in the same way */
    struct ks_buf writer = {0}, text = {0};
    ks_buf_printf(&writer, "{'type':'record','name':'Around','fields':[{'name':'f','type':%s}]}",
                  schema);
    row = row_of(ks_buf_str(&writer), "{'type':'record','name':'Around','fields':[]}", body);
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
    struct row row = row_of(SCHEMAS[0], SCHEMAS[0], SLICE("\x80\x80\x08\0"));
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
        row_of(ks_buf_str(&writer), "{'type':'record','name':'R','fields':[]}", slice_of(&body));
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
        row_of("{'type':'array','items':'int'}", "{'type':'array','items':'int'}", slice_of(&body));
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
