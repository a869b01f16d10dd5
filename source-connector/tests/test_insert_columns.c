#include "insert_columns.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "delete_keys.h"
#include "helper_golden.h"
#include "helper_schema.h"
#include "kitestream/sdk/buf.h"

/* ---- cells against the expected JSON ---- */

static bool same_double(double a, double b)
{
    return a == b && signbit(a) == signbit(b);
}

static int64_t json_int(const json_t *value)
{
    return json_is_string(value) ? strtoll(json_string_value(value), NULL, 10)
                                 : json_integer_value(value);
}

static float float_at(const void *data, size_t i)
{
    float f;
    memcpy(&f, (const uint8_t *)data + i * 4, 4);
    return f;
}

static bool bytes_equal(const struct ks_cell *cell, const char *base64)
{
    struct ks_slice want = golden_base64(base64);
    bool equal = cell->kind == KS_CELL_BYTES && cell->count == want.len &&
                 memcmp(cell->u.data, want.data, want.len) == 0;
    free((void *)want.data);
    return equal;
}

static bool text_equal(const struct ks_cell *cell, const json_t *want)
{
    return cell->kind == KS_CELL_BYTES && cell->count == json_string_length(want) &&
           memcmp(cell->u.data, json_string_value(want), cell->count) == 0;
}

static bool floats_equal(const struct ks_cell *cell, const json_t *want)
{
    if (cell->kind != KS_CELL_FLOATS || cell->count != json_array_size(want))
        return false;
    for (size_t i = 0; i < cell->count; i++)
        if (!same_double(float_at(cell->u.data, i),
                         (float)json_number_value(json_array_get(want, i))))
            return false;
    return true;
}

static bool scalar_equal(enum milvus_type type, const struct ks_cell *cell, const json_t *want)
{
    switch (type) {
    case MILVUS_BOOL:
        return cell->kind == KS_CELL_BOOL && cell->u.i == json_is_true(want);
    case MILVUS_FLOAT:
        return cell->kind == KS_CELL_FLOAT &&
               same_double(cell->u.f, (float)json_number_value(want));
    case MILVUS_DOUBLE:
        return cell->kind == KS_CELL_DOUBLE && same_double(cell->u.d, json_number_value(want));
    case MILVUS_VARCHAR:
    case MILVUS_JSON:
        return text_equal(cell, want);
    default:
        return cell->kind == KS_CELL_INT && cell->u.i == json_int(want);
    }
}

static bool array_equal(enum milvus_type element, const struct ks_cell *cell, const json_t *want)
{
    if (element == MILVUS_FLOAT)
        return floats_equal(cell, want);
    if (cell->kind != KS_CELL_ARRAY || cell->count != json_array_size(want))
        return false;
    for (size_t i = 0; i < cell->count; i++)
        if (!scalar_equal(element, &cell->u.items[i], json_array_get(want, i)))
            return false;
    return true;
}

static bool sparse_equal(const struct ks_cell *cells, const json_t *want)
{
    size_t count = json_array_size(want);
    if (cells[0].kind != KS_CELL_RECORD || cells[1].count != count || cells[2].count != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *pair = json_array_get(want, i);
        float value = (float)json_number_value(json_array_get(pair, 1));
        if (cells[1].u.items[i].u.i != json_integer_value(json_array_get(pair, 0)) ||
            !same_double(float_at(cells[2].u.data, i), value))
            return false;
    }
    return true;
}

static bool value_equal(const struct column_field *field, const struct ks_cell *cells,
                        const json_t *want)
{
    if (json_is_null(want))
        return cells->kind == KS_CELL_NULL;
    switch (field->type) {
    case MILVUS_ARRAY:
        return array_equal(field->element_type, cells, want);
    case MILVUS_FLOAT_VECTOR:
        return floats_equal(cells, want);
    case MILVUS_BINARY_VECTOR:
        return bytes_equal(cells, json_string_value(want));
    case MILVUS_FLOAT16_VECTOR:
    case MILVUS_BFLOAT16_VECTOR:
        return bytes_equal(cells, golden_str(want, "b64"));
    case MILVUS_SPARSE_FLOAT_VECTOR:
        return sparse_equal(cells, want);
    default:
        return scalar_equal(field->type, cells, want);
    }
}

/* ---- golden ---- */

static void check_row(const struct column_layout *layout, const struct ks_cell *cells,
                      const json_t *columns, const json_t *row)
{
    bool seen[64] = {false};
    for (size_t i = 0; i < json_array_size(columns); i++) {
        const json_t *column = json_array_get(columns, i);
        const struct column_field *field =
            column_layout_field(layout, golden_int(column, "field_id"), 0);
        assert_non_null(field);
        seen[field - layout->fields] = true;
        if (!value_equal(field, &cells[field->cell], json_array_get(row, i)))
            fail_msg("field %s differs", field->name);
    }
    for (size_t i = 0; i < layout->field_count; i++)
        if (!seen[i])
            assert_memory_equal(&cells[layout->fields[i].cell], &layout->fields[i].absent,
                                sizeof *cells);
}

static size_t check_insert(const struct column_layout *layout, const json_t *insert,
                           const struct mq_record *rec)
{
    struct ks_arena arena = {0};
    struct insert_columns rows;
    struct ks_cell cells[64];
    struct ks_error err = {0};
    if (insert_columns_open(layout, rec, &arena, &rows, &err) != KS_OK)
        fail_msg("%s", err.message);
    const json_t *expected = json_object_get(insert, "rows");
    for (uint32_t i = 0; i < rows.row_count; i++) {
        assert_int_equal(insert_columns_next(&rows, cells, &arena, &err), KS_OK);
        if (json_array_size(expected))
            check_row(layout, cells, json_object_get(insert, "columns"),
                      json_array_get(expected, i));
    }
    ks_arena_release(&arena);
    return rows.row_count;
}

static size_t check_delete(const struct column_layout *layout, const json_t *expected,
                           const struct mq_record *rec)
{
    struct ks_arena arena = {0};
    struct column_cursor keys;
    struct ks_error err = {0};
    assert_int_equal(delete_keys_open(layout->key, rec, &arena, &keys, &err), KS_OK);
    const json_t *list = json_object_get(expected, "primary_keys");
    assert_int_equal(rec->row_count, json_array_size(list));
    for (uint32_t i = 0; i < rec->row_count; i++) {
        struct ks_cell cell;
        assert_int_equal(column_cursor_next(&keys, &cell, &arena, &err), KS_OK);
        assert_true(scalar_equal(layout->key->type, &cell, json_array_get(list, i)));
    }
    ks_arena_release(&arena);
    return rec->row_count;
}

static size_t check_line(json_t *lines, json_t *line)
{
    const json_t *expect = json_object_get(line, "expect");
    const json_t *insert = json_object_get(expect, "insert");
    const json_t *delete = json_object_get(expect, "delete");
    if (!insert && !delete)
        return 0;
    struct ks_arena arena = {0};
    struct ks_error err = {0};
    struct column_layout *layout;
    const struct ddl_schema *schema =
        schema_golden_25(lines, golden_str(insert ? insert : delete, "collection_name"), &arena);
    assert_int_equal(column_layout_new(schema, &layout, &err), KS_OK);
    struct ks_slice value = golden_base64(golden_str(line, "value_b64"));
    struct mq_record rec = {0};
    assert_int_equal(mq_record_decode(value, false, &rec, &err), KS_OK);
    size_t rows = insert ? check_insert(layout, insert, &rec) : check_delete(layout, delete, &rec);
    free((void *)value.data);
    column_layout_free(layout);
    ks_arena_release(&arena);
    return rows;
}

static void test_insert_columns__golden_25(void **state)
{
    json_t *lines = golden_load(GOLDEN_25);
    size_t rows = 0;
    for (size_t i = 0; i < json_array_size(lines); i++)
        rows += check_line(lines, json_array_get(lines, i));
    assert_true(rows >= 40);
    json_decref(lines);
}

/* ---- made-up records ---- */

struct fixture {
    struct ks_arena arena;
    struct column_layout *layout;
    struct ks_buf value;
    struct mq_record rec;
    struct insert_columns rows;
    struct ks_error err;
};

static const struct ddl_kv dim2[] = {{"dim", "2"}};
static const struct ddl_field id_field = {
    .id = 100, .name = "id", .type = MILVUS_INT64, .is_primary_key = true};

static void setup(struct fixture *t, const struct ddl_field *second)
{
    *t = (struct fixture){0};
    struct ddl_field fields[] = {id_field, second ? *second : id_field};
    struct ddl_schema schema = {.name = "c", .fields = fields, .field_count = second ? 2 : 1};
    assert_int_equal(column_layout_new(&schema, &t->layout, &t->err), KS_OK);
}

static void teardown(struct fixture *t)
{
    column_layout_free(t->layout);
    ks_arena_release(&t->arena);
    ks_buf_release(&t->value);
}

/* FieldData {scalars {member {values}}}, appended to the record as field 13. */
static void add_scalars(struct fixture *t, int64_t id, uint32_t member, const void *values,
                        size_t len)
{
    struct ks_buf scalars = {0}, data = {0};
    wire_put_bytes(&scalars, member, values, len);
    wire_put_int(&data, 5, id);
    wire_put_bytes(&data, 3, scalars.data, scalars.len);
    wire_put_bytes(&t->value, 13, data.data, data.len);
    ks_buf_release(&scalars);
    ks_buf_release(&data);
}

static enum ks_status open_rows(struct fixture *t, uint32_t rows, bool column_based)
{
    wire_put_uint(&t->value, 15, column_based);
    t->rec.value = (struct ks_slice){t->value.data, t->value.len};
    t->rec.row_count = rows;
    return insert_columns_open(t->layout, &t->rec, &t->arena, &t->rows, &t->err);
}

static enum ks_status next(struct fixture *t, struct ks_cell *cells)
{
    return insert_columns_next(&t->rows, cells, &t->arena, &t->err);
}

static void test_insert_columns__unpacked_and_split_column(void **state)
{
    struct fixture t;
    setup(&t, NULL);
    struct ks_buf values = {0};
    wire_put_int(&values, 1, 7);               /* unpacked */
    wire_put_bytes(&values, 1, "\x08\x09", 2); /* packed */
    wire_put_int(&values, 1, -1);
    add_scalars(&t, 100, 3, values.data, values.len);
    assert_int_equal(open_rows(&t, 4, true), KS_OK);
    static const int64_t want[] = {7, 8, 9, -1};
    for (int i = 0; i < 4; i++) {
        struct ks_cell cell;
        assert_int_equal(next(&t, &cell), KS_OK);
        assert_int_equal(cell.u.i, want[i]);
    }
    ks_buf_release(&values);
    teardown(&t);
}

static void test_insert_columns__missing_columns(void **state)
{
    struct fixture t;
    struct ddl_field field = {
        .id = 101, .name = "d", .type = MILVUS_DOUBLE, .default_value = "2.5"};
    setup(&t, &field);
    add_scalars(&t, 100, 3, "\x0a\x01\x05", 3);
    assert_int_equal(open_rows(&t, 1, true), KS_OK);
    struct ks_cell cells[2];
    assert_int_equal(next(&t, cells), KS_OK);
    assert_int_equal(cells[1].kind, KS_CELL_DOUBLE);
    assert_true(cells[1].u.d == 2.5);
    teardown(&t);

    setup(&t, &field);
    add_scalars(&t, 101, 5, "\x0a\x08........", 10);
    assert_int_equal(open_rows(&t, 1, true), KS_ERR_DATA);
    assert_non_null(strstr(t.err.message, "'id' is missing"));
    teardown(&t);
}

/* Data of the two rows that have a value, valid_data of three. */
static void test_insert_columns__compact_nulls(void **state)
{
    struct fixture t;
    struct ddl_field field = {.id = 101, .name = "s", .type = MILVUS_VARCHAR, .nullable = true};
    setup(&t, &field);
    add_scalars(&t, 100, 3, "\x0a\x03\x01\x02\x03", 5);
    struct ks_buf data = {0}, scalars = {0};
    wire_put_str(&scalars, 6, "\x0a\x01x\x0a\x01y");
    wire_put_int(&data, 5, 101);
    wire_put_bytes(&data, 3, scalars.data, scalars.len);
    wire_put_bytes(&data, 7, "\x01\x00\x01", 3);
    wire_put_bytes(&t.value, 13, data.data, data.len);
    assert_int_equal(open_rows(&t, 3, true), KS_OK);
    static const char want[] = {'x', 0, 'y'};
    for (int i = 0; i < 3; i++) {
        struct ks_cell cells[2];
        assert_int_equal(next(&t, cells), KS_OK);
        assert_int_equal(cells[1].kind, want[i] ? KS_CELL_BYTES : KS_CELL_NULL);
        if (want[i])
            assert_int_equal(*(const char *)cells[1].u.data, want[i]);
    }
    ks_buf_release(&scalars);
    ks_buf_release(&data);
    teardown(&t);
}

static void test_insert_columns__count_mismatch_names_the_field(void **state)
{
    struct fixture t;
    setup(&t, NULL);
    add_scalars(&t, 100, 3, "\x0a\x03\x01\x02\x03", 5);
    assert_int_equal(open_rows(&t, 2, true), KS_ERR_DATA);
    assert_string_equal(t.err.message, "field 'id' (Int64): 3 values for 2 rows");
    teardown(&t);
}

static void test_insert_columns__unknown_and_double_columns(void **state)
{
    struct fixture t;
    setup(&t, NULL);
    add_scalars(&t, 100, 3, "\x0a\x01\x01", 3);
    add_scalars(&t, 777, 3, "\x0a\x01\x01", 3);
    assert_int_equal(open_rows(&t, 1, true), KS_ERR_DATA);
    assert_non_null(strstr(t.err.message, "777"));
    teardown(&t);

    setup(&t, NULL);
    add_scalars(&t, 100, 3, "\x0a\x01\x01", 3);
    add_scalars(&t, 100, 3, "\x0a\x01\x01", 3);
    assert_int_equal(open_rows(&t, 1, true), KS_ERR_DATA);
    assert_non_null(strstr(t.err.message, "two columns"));
    teardown(&t);
}

/* FieldData of the name and type, without values. */
static void add_named(struct fixture *t, int64_t id, const char *name, enum milvus_type type)
{
    struct ks_buf data = {0};
    wire_put_uint(&data, 1, (uint64_t)type);
    wire_put_str(&data, 2, name);
    wire_put_int(&data, 5, id);
    wire_put_bytes(&t->value, 13, data.data, data.len);
    ks_buf_release(&data);
}

static void test_insert_columns__left_out_columns_are_passed_over(void **state)
{
    struct ks_config_entry entries[] = {{"field.exclude.list", "db\\.c\\.(secret|\\$meta)"},
                                        {"vector.encoding", "omit"}};
    struct field_rules rules;
    struct fixture t;
    assert_int_equal(field_rules_new(&(struct ks_config){entries, 2}, &rules, &t.err), KS_OK);
    for (int again = 0; again < 2; again++) {
        setup(&t, NULL);
        column_layout_select(t.layout, &rules, "db.c");
        for (int i = 0; i <= again; i++) { /* the layout remembers */
            ks_buf_reset(&t.value);
            add_named(&t, 101, "secret", MILVUS_VARCHAR);
            add_scalars(&t, 100, 3, "\x0a\x01\x05", 3);
            add_named(&t, 102, "$meta", MILVUS_JSON);
            add_named(&t, 103, "v", MILVUS_FLOAT_VECTOR);
            if (open_rows(&t, 1, true))
                fail_msg("%s", t.err.message);
            struct ks_cell cell;
            assert_int_equal(next(&t, &cell), KS_OK);
            assert_int_equal(cell.u.i, 5);
        }
        ks_buf_reset(&t.value);
        add_scalars(&t, 100, 3, "\x0a\x01\x05", 3);
        add_named(&t, 104, "secrets", MILVUS_VARCHAR);
        assert_int_equal(open_rows(&t, 1, true), KS_ERR_DATA);
        assert_non_null(strstr(t.err.message, "column 'secrets' (field ID 104) is not in the"));
        teardown(&t);
    }
    field_rules_release(&rules);
}

static void test_insert_columns__vectors_as_bytes(void **state)
{
    static const struct field_rules bytes = {.vectors = VECTORS_BYTES};
    static const float want[] = {1.5f, -2.0f};
    struct ddl_field field = {.id = 101,
                              .name = "v",
                              .type = MILVUS_FLOAT_VECTOR,
                              .type_params = dim2,
                              .type_param_count = 1};
    struct ks_buf floats = {0}, vectors = {0}, data = {0};
    struct ks_cell cells[2];
    struct fixture t;
    setup(&t, &field);
    column_layout_select(t.layout, &bytes, "db.c");
    wire_put_bytes(&floats, 1, want, sizeof want);
    wire_put_bytes(&vectors, 2, floats.data, floats.len);
    wire_put_int(&data, 5, 101);
    wire_put_bytes(&data, 4, vectors.data, vectors.len);
    add_scalars(&t, 100, 3, "\x0a\x01\x05", 3);
    wire_put_bytes(&t.value, 13, data.data, data.len);
    assert_int_equal(open_rows(&t, 1, true), KS_OK);
    assert_int_equal(next(&t, cells), KS_OK);
    assert_int_equal(cells[1].kind, KS_CELL_BYTES);
    assert_int_equal(cells[1].count, sizeof want);
    assert_memory_equal(cells[1].u.data, want, sizeof want);
    ks_buf_release(&floats);
    ks_buf_release(&vectors);
    ks_buf_release(&data);
    teardown(&t);
}

static void test_insert_columns__text_that_is_not_utf8(void **state)
{
    static const char *const texts[] = {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80",
                                        "12345678\xe2\x82"};
    struct ddl_field field = {.id = 101, .name = "s", .type = MILVUS_VARCHAR};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct fixture t;
        setup(&t, &field);
        struct ks_buf values = {0};
        wire_put_str(&values, 1, texts[i]);
        add_scalars(&t, 100, 3, "\x0a\x01\x01", 3);
        add_scalars(&t, 101, 6, values.data, values.len);
        assert_int_equal(open_rows(&t, 1, true), KS_ERR_DATA);
        assert_non_null(strstr(t.err.message, "UTF-8"));
        ks_buf_release(&values);
        teardown(&t);
    }
}

static void test_insert_columns__vector_of_another_dimension(void **state)
{
    struct ddl_field field = {.id = 101,
                              .name = "v",
                              .type = MILVUS_FLOAT_VECTOR,
                              .type_params = dim2,
                              .type_param_count = 1};
    struct fixture t;
    setup(&t, &field);
    add_scalars(&t, 100, 3, "\x0a\x01\x01", 3);
    struct ks_buf data = {0};
    wire_put_int(&data, 5, 101);
    wire_put_bytes(&data, 4, "\x08\x04", 2); /* vectors {dim 4} */
    wire_put_bytes(&t.value, 13, data.data, data.len);
    assert_int_equal(open_rows(&t, 1, true), KS_ERR_DATA);
    assert_non_null(strstr(t.err.message, "dimension"));
    ks_buf_release(&data);
    teardown(&t);
}

static void test_insert_columns__overlong_varint(void **state)
{
    struct fixture t;
    setup(&t, NULL);
    add_scalars(&t, 100, 3, "\x0a\x0c\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 14);
    assert_int_equal(open_rows(&t, 1, true), KS_OK);
    struct ks_cell cell;
    assert_int_equal(next(&t, &cell), KS_ERR_DATA);
    teardown(&t);
}

static void test_insert_columns__row_based(void **state)
{
    struct ddl_field field = {.id = 101,
                              .name = "v",
                              .type = MILVUS_FLOAT_VECTOR,
                              .type_params = dim2,
                              .type_param_count = 1};
    struct fixture t;
    setup(&t, &field);
    float v[] = {0.5f, -1};
    int64_t id = -3;
    uint8_t blob[16];
    memcpy(blob, &id, 8);
    memcpy(blob + 8, v, 8);
    struct ks_buf inner = {0};
    wire_put_bytes(&inner, 1, blob, sizeof blob);
    wire_put_bytes(&t.value, 12, inner.data, inner.len);
    assert_int_equal(open_rows(&t, 1, false), KS_OK);
    struct ks_cell cells[2];
    assert_int_equal(next(&t, cells), KS_OK);
    assert_int_equal(cells[0].u.i, -3);
    assert_memory_equal(cells[1].u.data, v, 8);
    ks_buf_release(&inner);
    teardown(&t);
}

static void test_insert_columns__row_based_of_another_length(void **state)
{
    struct fixture t;
    setup(&t, NULL);
    struct ks_buf inner = {0};
    wire_put_bytes(&inner, 1, "1234567", 7);
    wire_put_bytes(&t.value, 12, inner.data, inner.len);
    assert_int_equal(open_rows(&t, 1, false), KS_ERR_DATA);
    assert_non_null(strstr(t.err.message, "row 0 is not 8 bytes"));
    ks_buf_release(&inner);
    teardown(&t);
}

static void test_insert_columns__row_based_cannot_hold_text(void **state)
{
    struct ddl_field field = {.id = 101, .name = "s", .type = MILVUS_VARCHAR};
    struct fixture t;
    setup(&t, &field);
    assert_int_equal(open_rows(&t, 1, false), KS_ERR_DATA);
    assert_non_null(strstr(t.err.message, "'s'"));
    teardown(&t);
}

static void test_insert_columns_keys__is_a_second_reader(void **state)
{
    struct fixture t;
    setup(&t, NULL);
    add_scalars(&t, 100, 3, "\x0a\x02\x07\x08", 4);
    assert_int_equal(open_rows(&t, 2, true), KS_OK);
    struct column_cursor keys = insert_columns_keys(&t.rows);
    struct ks_cell cell;
    assert_int_equal(column_cursor_next(&keys, &cell, &t.arena, &t.err), KS_OK);
    assert_int_equal(column_cursor_next(&keys, &cell, &t.arena, &t.err), KS_OK);
    assert_int_equal(cell.u.i, 8);
    assert_int_equal(next(&t, &cell), KS_OK);
    assert_int_equal(cell.u.i, 7);
    teardown(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_insert_columns__golden_25),
        cmocka_unit_test(test_insert_columns__unpacked_and_split_column),
        cmocka_unit_test(test_insert_columns__missing_columns),
        cmocka_unit_test(test_insert_columns__compact_nulls),
        cmocka_unit_test(test_insert_columns__count_mismatch_names_the_field),
        cmocka_unit_test(test_insert_columns__unknown_and_double_columns),
        cmocka_unit_test(test_insert_columns__left_out_columns_are_passed_over),
        cmocka_unit_test(test_insert_columns__vectors_as_bytes),
        cmocka_unit_test(test_insert_columns__text_that_is_not_utf8),
        cmocka_unit_test(test_insert_columns__vector_of_another_dimension),
        cmocka_unit_test(test_insert_columns__overlong_varint),
        cmocka_unit_test(test_insert_columns__row_based),
        cmocka_unit_test(test_insert_columns__row_based_of_another_length),
        cmocka_unit_test(test_insert_columns__row_based_cannot_hold_text),
        cmocka_unit_test(test_insert_columns_keys__is_a_second_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
