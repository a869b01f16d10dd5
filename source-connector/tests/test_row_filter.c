#include "row_filter.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct ddl_kv dim[] = {{"dim", "2"}};
static const struct ddl_field fields[] = {
    {.id = 100, .name = "id", .type = MILVUS_INT64, .is_primary_key = true},
    {.id = 101, .name = "sparse", .type = MILVUS_SPARSE_FLOAT_VECTOR},
    {.id = 102, .name = "b", .type = MILVUS_BOOL},
    {.id = 103, .name = "i8", .type = MILVUS_INT8},
    {.id = 104, .name = "f", .type = MILVUS_FLOAT},
    {.id = 105, .name = "d", .type = MILVUS_DOUBLE},
    {.id = 106, .name = "s", .type = MILVUS_VARCHAR},
    {.id = 107, .name = "n", .type = MILVUS_INT32, .nullable = true},
    {.id = 108, .name = "j", .type = MILVUS_JSON, .nullable = true},
    {.id = 109, .name = "a", .type = MILVUS_ARRAY, .element_type = MILVUS_INT64},
    {.id = 110,
     .name = "v",
     .type = MILVUS_FLOAT_VECTOR,
     .type_params = dim,
     .type_param_count = 1},
    {.id = 111, .name = "$meta", .type = MILVUS_JSON, .is_dynamic = true},
};
static const struct ddl_schema schema = {
    .name = "c", .fields = fields, .field_count = sizeof fields / sizeof *fields};

struct fixture {
    struct ks_arena arena;
    struct column_layout *layout;
    struct ks_error err;
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.arena.chunk_bytes = 1024};
    assert_int_equal(column_layout_new(&schema, &f.layout, &f.err), KS_OK);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    column_layout_free(f->layout);
    ks_arena_release(&f->arena);
    return 0;
}

static enum ks_status compile(struct fixture *f, const char *text, struct row_filter **ret)
{
    const struct row_expr *expr;
    enum ks_status status = row_expr_parse(text, &f->arena, &expr, &f->err);
    return status ? status : row_filter_new(expr, f->layout, ret, &f->err);
}

static bool passes(struct fixture *f, const char *text, const struct ks_cell *cells)
{
    struct row_filter *filter;
    if (compile(f, text, &filter))
        fail_msg("%s: %s", text, f->err.message);
    bool pass = row_filter_passes(filter, cells);
    row_filter_free(filter);
    return pass;
}

static struct ks_cell *cell(struct fixture *f, struct ks_cell *row, const char *name)
{
    for (size_t i = 0; i < f->layout->field_count; i++)
        if (strcmp(f->layout->fields[i].name, name) == 0)
            return &row[f->layout->fields[i].cell];
    fail_msg("no field %s", name);
    return NULL;
}

/* id 7, b true, i8 -3, f 0.1, d 2.5, s "abc", n null, j null. */
static void fill(struct fixture *f, struct ks_cell *row)
{
    *cell(f, row, "id") = (struct ks_cell){.kind = KS_CELL_INT, .u.i = 7};
    *cell(f, row, "b") = (struct ks_cell){.kind = KS_CELL_BOOL, .u.i = 1};
    *cell(f, row, "i8") = (struct ks_cell){.kind = KS_CELL_INT, .u.i = -3};
    *cell(f, row, "f") = (struct ks_cell){.kind = KS_CELL_FLOAT, .u.f = 0.1f};
    *cell(f, row, "d") = (struct ks_cell){.kind = KS_CELL_DOUBLE, .u.d = 2.5};
    *cell(f, row, "s") = (struct ks_cell){.kind = KS_CELL_BYTES, .count = 3, .u.data = "abc"};
}

static void test_row_filter_passes__true_of_the_row(void **state)
{
    static const char *const expressions[] = {
        "id == 7",
        "id != 8",
        "id < 8",
        "id <= 7",
        "id > 6",
        "id >= 7",
        "6 < id < 8",
        "8 > id >= 7",
        "b == true",
        "b != false",
        "b in [true]",
        "i8 == -3",
        "i8 > -300",
        "i8 < 300",
        "f == 0.1",
        "f < 1",
        "f in [3, 0.1]",
        "d == 2.5",
        "2 < d < 3",
        "d > -1e300",
        "s == 'abc'",
        "s < 'abd'",
        "s < 'abcd'",
        "s > 'ab'",
        "s >= 'abc'",
        "s != ''",
        "s like 'a%'",
        "s like '_b_'",
        "s in ['x', 'abc', 'b']",
        "s not in ['x']",
        "id in [9, 7, 1]",
        "id not in [9, 8, 1]",
        "id not in []",
        "n is null",
        "j is null",
        "not (n is not null)",
        "a is not null",
        "id == 7 and s == 'abc'",
        "id == 8 or s == 'abc'",
        "n == 1 or id == 7",
        "not (n == 1 and id == 8)",
        "not (id == 8)",
    };
    struct ks_cell row[16] = {0};
    fill(*state, row);
    *cell(*state, row, "a") = (struct ks_cell){.kind = KS_CELL_ARRAY};
    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++)
        if (!passes(*state, expressions[i], row))
            fail_msg("%s", expressions[i]);
}

/* Each is false or, because of the null, unknown. */
static void test_row_filter_passes__not_true_of_the_row(void **state)
{
    static const char *const expressions[] = {
        "id == 8",
        "id in [6, 8]",
        "id in []",
        "6 < id < 7",
        "b == false",
        "b in []",
        "f > 0.1",
        "f < 0.1",
        "d < 2.5",
        "s == 'ab'",
        "s < 'abc'",
        "s like 'b%'",
        "s in ['', 'abcd']",
        "n == 1",
        "n != 1",
        "n < 1",
        "n in [1]",
        "n not in [1]",
        "not (n == 1)",
        "not (n > 1)",
        "n is not null",
        "not (n == 1 and id == 7)",
        "not (n == 1 or id == 8)",
        "n == 1 and id == 7",
        "n == 1 or id == 8",
        "not (n == 1 or n != 1)",
    };
    struct ks_cell row[16] = {0};
    fill(*state, row);
    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++)
        if (passes(*state, expressions[i], row))
            fail_msg("%s", expressions[i]);
}

static void test_row_filter_passes__not_a_number(void **state)
{
    struct ks_cell row[16] = {0};
    fill(*state, row);
    *cell(*state, row, "d") = (struct ks_cell){.kind = KS_CELL_DOUBLE, .u.d = NAN};
    assert_true(passes(*state, "d != 1", row));
    assert_false(passes(*state, "d == 1", row));
    assert_false(passes(*state, "d >= 1", row));
    assert_false(passes(*state, "d <= 1", row));
    assert_false(passes(*state, "d in [1, 2]", row));
}

static void test_row_filter_passes__long_lists(void **state)
{
    struct ks_cell row[16] = {0};
    char text[4000] = "id in [";
    fill(*state, row);
    for (int i = 500; i > 0; i--)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d,", i * 3);
    strcat(text, "0]");
    struct row_filter *filter;
    assert_int_equal(compile(*state, text, &filter), KS_OK);
    for (int64_t i = -2; i < 1510; i++) {
        cell(*state, row, "id")->u.i = i;
        assert_int_equal(row_filter_passes(filter, row), i >= 0 && i % 3 == 0 && i <= 1500);
    }
    row_filter_free(filter);
}

static void test_row_filter_new__refuses_what_does_not_fit(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"x == 1", "column 1: 'x' is not a field of the collection (keys of the dynamic field "
                   "cannot be used); it has id, sparse, b, i8, f, d, s, n, j, a, v, $meta"},
        {"id == 1 and v == 1",
         "column 13: field 'v' is a FloatVector: a row filter cannot look into vectors"},
        {"sparse is null",
         "column 1: field 'sparse' is a SparseFloatVector: a row filter cannot look into vectors"},
        {"j == 1", "column 1: field 'j' is a JSON: a row filter cannot look into JSON"},
        {"$meta == ''", "column 1: field '$meta' is a JSON: a row filter cannot look into JSON"},
        {"a in [1]", "column 1: field 'a' is a Array: a row filter cannot look into arrays"},
        {"id == '1'", "column 1: field 'id' is a Int64: it is compared with whole numbers"},
        {"i8 in [1, 1.5]", "column 1: field 'i8' is a Int8: it is compared with whole numbers"},
        {"f == true", "column 1: field 'f' is a Float: it is compared with numbers"},
        {"s == 1", "column 1: field 's' is a VarChar: it is compared with texts in quotes"},
        {"b == 1", "column 1: field 'b' is a Bool: it is compared with true or false"},
        {"b < true", "column 1: field 'b' is a Bool: true and false are only equal or not"},
        {"id like '1%'", "column 1: field 'id' is a Int64: like is for VarChar fields"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct row_filter *filter = NULL;
        assert_int_equal(compile(f, cases[i].text, &filter), KS_ERR_FATAL);
        assert_null(filter);
        if (strcmp(f->err.message, cases[i].message) != 0)
            fail_msg("%s\n  is: %s\n not: %s", cases[i].text, f->err.message, cases[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row_filter_passes__true_of_the_row),
        cmocka_unit_test(test_row_filter_passes__not_true_of_the_row),
        cmocka_unit_test(test_row_filter_passes__not_a_number),
        cmocka_unit_test(test_row_filter_passes__long_lists),
        cmocka_unit_test(test_row_filter_new__refuses_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
