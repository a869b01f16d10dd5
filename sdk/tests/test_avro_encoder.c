#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "helper_avro.h"

#include <cmocka.h>

#define ROW                                                                                        \
    "{'type':'record','name':'Envelope','fields':["                                                \
    "{'name':'before','type':['null',{'type':'record','name':'Value','fields':["                   \
    "{'name':'id','type':'long'},"                                                                 \
    "{'name':'vec','type':[{'type':'array','items':'float'},'null']},"                             \
    "{'name':'tags','type':{'type':'array','items':'string'}}]}]},"                                \
    "{'name':'after','type':['null','Value']},"                                                    \
    "{'name':'op','type':'string'}]}"

static struct ks_cell text_cell(const char *text)
{
    return (struct ks_cell){KS_CELL_BYTES, (uint32_t)strlen(text), {.data = text}};
}

static struct ks_cell int_cell(int64_t value)
{
    return (struct ks_cell){KS_CELL_INT, 0, {.i = value}};
}

static void test_encoder_cell__paths_in_pre_order(void **state)
{
    struct ks_avro_encoder *enc = encoder_of(ROW);
    const char *paths[] = {"before",   "before.id", "before.vec", "before.tags", "after",
                           "after.id", "after.vec", "after.tags", "op"};
    assert_int_equal(ks_avro_encoder_cells(enc), 9);
    for (int i = 0; i < 9; i++)
        assert_int_equal(ks_avro_encoder_cell(enc, paths[i]), i);
    const char *absent[] = {"", "id", "after.", "after.i", "op.x", ".op", "after..id", "op[]"};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        assert_int_equal(ks_avro_encoder_cell(enc, absent[i]), -1);
    assert_int_equal(ks_avro_encoder_cell(enc, "after.tags[]"), 0);
    ks_avro_encoder_free(enc);
}

static void test_encoder_cell__inside_items(void **state)
{
    struct ks_avro_encoder *enc =
        encoder_of("{'type':'record','name':'R','fields':[{'name':'a','type':{'type':"
                   "'array','items':{'type':'record','name':'I','fields':[{'name':'x',"
                   "'type':'int'},{'name':'y','type':{'type':'map','values':'long'}}]}}}]}");
    assert_int_equal(ks_avro_encoder_cell(enc, "a[]"), 0);
    assert_int_equal(ks_avro_encoder_cell(enc, "a[].x"), 1);
    assert_int_equal(ks_avro_encoder_cell(enc, "a[].y"), 2);
    assert_int_equal(ks_avro_encoder_item_cells(enc, "a"), 3);
    assert_int_equal(ks_avro_encoder_item_cells(enc, "a[].y"), 2);
    assert_int_equal(ks_avro_encoder_item_cells(enc, "a[].x"), 0);
    assert_int_equal(ks_avro_encoder_item_cells(enc, "b"), 0);
    ks_avro_encoder_free(enc);
}

static void test_encode__envelope_bytes(void **state)
{
    struct ks_avro_encoder *enc = encoder_of(ROW);
    float vec[2] = {1.0f, -2.0f};
    struct ks_cell tags[2] = {text_cell("ab"), text_cell("")};
    struct ks_cell cells[9] = {
        [4] = {.kind = KS_CELL_RECORD},
        [5] = int_cell(-65),
        [6] = {KS_CELL_FLOATS, 2, {.data = vec}},
        [7] = {KS_CELL_ARRAY, 2, {.items = tags}},
        [8] = text_cell("c"),
    };
    struct ks_buf out = {0};
    ks_buf_add_str(&out, "head");
    assert_int_equal(ks_avro_encode(enc, cells, &out, NULL), KS_OK);
    static const uint8_t WANT[] = {'h', 'e', 'a', 'd',  0, 2, 0x81, 0x01, 0,   4, 0, 0, 0x80, 0x3f,
                                   0,   0,   0,   0xc0, 0, 4, 4,    'a',  'b', 0, 0, 2, 'c'};
    assert_int_equal(out.len, sizeof WANT);
    assert_memory_equal(out.data, WANT, sizeof WANT);
    ks_buf_release(&out);
    ks_avro_encoder_free(enc);
}

static void test_encode__raw_cells(void **state)
{
    struct ks_avro_encoder *enc = encoder_of(ROW);
    struct ks_cell cells[9] = {
        [0] = {KS_CELL_RAW, 4, {.data = "\x02\x02\x00\x00"}}, /* id 1, no vector, no tags */
        [1] = int_cell(99),                                   /* ignored */
        [4] = {.kind = KS_CELL_NULL},
        [8] = {KS_CELL_RAW, 2, {.data = "\x02u"}},
    };
    struct ks_buf out = {0};
    assert_int_equal(ks_avro_encode(enc, cells, &out, NULL), KS_OK);
    assert_int_equal(out.len, 8);
    assert_memory_equal(out.data, "\x02\x02\x02\x00\x00\x00\x02u", 8);
    ks_buf_release(&out);
    ks_avro_encoder_free(enc);
}

static void test_encode__unaligned_vector(void **state)
{
    struct ks_avro_encoder *enc = encoder_of("{'type':'array','items':'float'}");
    char bytes[9] = {0, 0, 0, (char)0x80, 0x3f, 0, 0, 0, 0x40};
    struct ks_cell cell = {KS_CELL_FLOATS, 2, {.data = bytes + 1}};
    struct ks_buf out = {0};
    assert_int_equal(ks_avro_encode(enc, &cell, &out, NULL), KS_OK);
    assert_int_equal(out.len, 10);
    assert_memory_equal(out.data + 1, bytes + 1, 8);
    /* the same as single cells */
    struct ks_cell items[2] = {{KS_CELL_FLOAT, 0, {.f = 1.0f}}, {KS_CELL_FLOAT, 0, {.f = 2.0f}}};
    struct ks_cell array = {KS_CELL_ARRAY, 2, {.items = items}};
    assert_int_equal(ks_avro_encode(enc, &array, &out, NULL), KS_OK);
    assert_int_equal(out.len, 20);
    assert_memory_equal(out.data, "\x04\0\0\x80\x3f\0\0\0\x40\0", 10);
    assert_memory_equal(out.data + 10, out.data, 10);
    ks_buf_release(&out);
    ks_avro_encoder_free(enc);
}

static void test_encode__refusals_name_the_path(void **state)
{
    static const struct {
        int cell;
        struct ks_cell value;
        const char *message;
    } CASES[] = {
        {5, {KS_CELL_DOUBLE, 0, {.d = 1}}, "after.id: the cell is not an integer"},
        {5, {KS_CELL_NULL, 0, {0}}, "after.id: null, but the type is not nullable"},
        {6, {KS_CELL_BYTES, 0, {0}}, "after.vec: the cell is not an array of items"},
        {4, {KS_CELL_INT, 0, {0}}, "after: the cell is not a record"},
        {8, {KS_CELL_NULL, 0, {0}}, "op: null, but the type is not nullable"},
        {8, {KS_CELL_BOOL, 0, {0}}, "op: the cell is not bytes or text"},
    };
    struct ks_avro_encoder *enc = encoder_of(ROW);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct ks_cell cells[9] = {[4] = {.kind = KS_CELL_RECORD},
                                   [5] = {.kind = KS_CELL_INT},
                                   [7] = {.kind = KS_CELL_ARRAY},
                                   [8] = {.kind = KS_CELL_BYTES}};
        cells[CASES[i].cell] = CASES[i].value;
        struct ks_buf out = {0};
        ks_buf_add_str(&out, "kept");
        struct ks_error err = {0};
        assert_int_equal(ks_avro_encode(enc, cells, &out, &err), KS_ERR_DATA);
        assert_string_equal(err.message, CASES[i].message);
        assert_int_equal(out.len, 4);
        ks_buf_release(&out);
    }
    ks_avro_encoder_free(enc);
}

static void test_encode__item_refused_with_its_index(void **state)
{
    struct ks_avro_encoder *enc = encoder_of(ROW);
    struct ks_cell tags[3] = {text_cell("a"), text_cell("b"), int_cell(1)};
    struct ks_cell cells[9] = {[4] = {.kind = KS_CELL_RECORD},
                               [5] = {.kind = KS_CELL_INT},
                               [7] = {KS_CELL_ARRAY, 3, {.items = tags}},
                               [8] = {.kind = KS_CELL_BYTES}};
    struct ks_buf out = {0};
    struct ks_error err = {0};
    assert_int_equal(ks_avro_encode(enc, cells, &out, &err), KS_ERR_DATA);
    assert_string_equal(err.message, "after.tags[2]: the cell is not bytes or text");
    ks_buf_release(&out);
    ks_avro_encoder_free(enc);
}

static void test_encode__ranges(void **state)
{
    static const char *const SCHEMAS[] = {"'int'",
                                          "{'type':'enum','name':'E','symbols':['A','B']}"};
    static const int64_t GOOD[][2] = {{INT32_MIN, INT32_MAX}, {0, 1}};
    static const int64_t BAD[][2] = {{INT32_MIN - INT64_C(1), INT32_MAX + INT64_C(1)}, {-1, 2}};
    for (int s = 0; s < 2; s++) {
        struct ks_avro_encoder *enc = encoder_of(SCHEMAS[s]);
        struct ks_buf out = {0};
        for (int i = 0; i < 2; i++) {
            struct ks_cell good = int_cell(GOOD[s][i]), bad = int_cell(BAD[s][i]);
            assert_int_equal(ks_avro_encode(enc, &good, &out, NULL), KS_OK);
            assert_int_equal(ks_avro_encode(enc, &bad, &out, NULL), KS_ERR_DATA);
        }
        ks_buf_release(&out);
        ks_avro_encoder_free(enc);
    }
}

static void test_encode__fixed_length(void **state)
{
    struct ks_avro_encoder *enc = encoder_of("{'type':'fixed','name':'F','size':3}");
    struct ks_buf out = {0};
    struct ks_error err = {0};
    struct ks_cell cell = text_cell("abc");
    assert_int_equal(ks_avro_encode(enc, &cell, &out, NULL), KS_OK);
    assert_int_equal(out.len, 3);
    cell = text_cell("ab");
    assert_int_equal(ks_avro_encode(enc, &cell, &out, &err), KS_ERR_DATA);
    assert_string_equal(err.message, "not as many bytes as the fixed type has");
    ks_buf_release(&out);
    ks_avro_encoder_free(enc);
}

static void assert_no_plan(const char *schema_json, const char *message)
{
    struct ks_avro_schema *schema = schema_of(schema_json);
    struct ks_avro_encoder *enc = NULL;
    struct ks_error err = {0};
    assert_int_equal(ks_avro_encoder_new(schema, &enc, &err), KS_ERR_DATA);
    assert_null(enc);
    assert_string_equal(err.message, message);
    ks_avro_schema_free(schema);
}

static void test_encoder_new__what_a_row_cannot_hold(void **state)
{
    assert_no_plan("{'type':'record','name':'R','fields':[{'name':'a','type':"
                   "{'type':'array','items':{'type':'record','name':'I','fields':"
                   "[{'name':'x','type':['int','string']}]}}}]}",
                   "a[].x: a union other than [null, T], [T, null] or [T] has no cell");
    assert_no_plan("{'type':'record','name':'List','fields':[{'name':'next',"
                   "'type':['null','List']}]}",
                   "next: a recursive type has no fixed number of cells");
    assert_no_plan("{'type':'record','name':'Tree','fields':[{'name':'kids',"
                   "'type':{'type':'array','items':'Tree'}}]}",
                   "kids[]: a recursive type has no fixed number of cells");
}

/* Each record holds the one before twice: 2^40 cells from a few lines. */
static void test_encoder_new__explosion_is_refused(void **state)
{
    struct ks_buf json = {0};
    ks_buf_add_str(&json, "{'type':'record','name':'Top','fields':["
                          "{'name':'r0','type':{'type':'record','name':'R0',"
                          "'fields':[{'name':'x','type':'int'}]}}");
    for (int i = 1; i <= 40; i++)
        ks_buf_printf(&json,
                      ",{'name':'r%d','type':{'type':'record','name':'R%d',"
                      "'fields':[{'name':'a','type':'R%d'},"
                      "{'name':'b','type':'R%d'}]}}",
                      i, i, i - 1, i - 1);
    ks_buf_add_str(&json, "]}");
    struct ks_avro_schema *schema = schema_of(ks_buf_str(&json));
    struct ks_avro_encoder *enc = NULL;
    struct ks_error err = {0};
    assert_int_equal(ks_avro_encoder_new(schema, &enc, &err), KS_ERR_DATA);
    assert_contains(err.message, "too many cells");
    ks_avro_schema_free(schema);
    ks_buf_release(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encoder_cell__paths_in_pre_order),
        cmocka_unit_test(test_encoder_cell__inside_items),
        cmocka_unit_test(test_encode__envelope_bytes),
        cmocka_unit_test(test_encode__raw_cells),
        cmocka_unit_test(test_encode__unaligned_vector),
        cmocka_unit_test(test_encode__refusals_name_the_path),
        cmocka_unit_test(test_encode__item_refused_with_its_index),
        cmocka_unit_test(test_encode__ranges),
        cmocka_unit_test(test_encode__fixed_length),
        cmocka_unit_test(test_encoder_new__what_a_row_cannot_hold),
        cmocka_unit_test(test_encoder_new__explosion_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
