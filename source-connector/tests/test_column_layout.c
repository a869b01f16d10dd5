#include "column_layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct ddl_field key = {
    .id = 100, .name = "id", .type = MILVUS_INT64, .is_primary_key = true};

static enum ks_status make(const struct ddl_field *fields, size_t count, struct column_layout **ret,
                           struct ks_error *err)
{
    struct ddl_schema schema = {.name = "c", .fields = fields, .field_count = count};
    return column_layout_new(&schema, ret, err);
}

static void test_column_layout_new__cells_and_strides(void **state)
{
    struct ddl_kv dim = {"dim", "16"};
    struct ddl_field fields[] = {
        key,
        {.id = 101, .name = "sp", .type = MILVUS_SPARSE_FLOAT_VECTOR},
        {.id = 102,
         .name = "bv",
         .type = MILVUS_BINARY_VECTOR,
         .type_params = &dim,
         .type_param_count = 1},
        {.id = 103,
         .name = "i8v",
         .type = MILVUS_INT8_VECTOR,
         .type_params = &dim,
         .type_param_count = 1},
    };
    struct column_layout *layout;
    struct ks_error err = {0};
    assert_int_equal(make(fields, 4, &layout, &err), KS_OK);
    assert_int_equal(layout->cell_count, 6);
    assert_int_equal(layout->fields[1].cell, 1);
    assert_int_equal(layout->fields[2].cell, 4);
    assert_int_equal(layout->fields[2].stride_bytes, 2);
    assert_int_equal(layout->fields[3].stride_bytes, 16);
    assert_ptr_equal(layout->key, &layout->fields[0]);
    assert_ptr_equal(column_layout_field(layout, 102, 0), &layout->fields[2]);
    assert_ptr_equal(column_layout_field(layout, 102, 2), &layout->fields[2]);
    assert_null(column_layout_field(layout, 55, 99));
    column_layout_free(layout);
}

static void test_column_layout_new__defaults(void **state)
{
    static const struct {
        enum milvus_type type;
        const char *json;
        struct ks_cell want;
    } cases[] = {
        {MILVUS_BOOL, "true", {.kind = KS_CELL_BOOL, .u.i = 1}},
        {MILVUS_INT16, "-7", {.kind = KS_CELL_INT, .u.i = -7}},
        {MILVUS_FLOAT, "0.5", {.kind = KS_CELL_FLOAT, .u.f = 0.5f}},
        {MILVUS_DOUBLE, "3", {.kind = KS_CELL_DOUBLE, .u.d = 3}},
        {MILVUS_INT64, "\"text\"", {.kind = KS_CELL_NULL}},
        {MILVUS_INT64, "no json", {.kind = KS_CELL_NULL}},
        {MILVUS_JSON, "{}", {.kind = KS_CELL_NULL}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ddl_field fields[] = {
            key, {.id = 101, .name = "f", .type = cases[i].type, .default_value = cases[i].json}};
        struct column_layout *layout;
        struct ks_error err = {0};
        assert_int_equal(make(fields, 2, &layout, &err), KS_OK);
        assert_memory_equal(&layout->fields[1].absent, &cases[i].want, sizeof cases[i].want);
        column_layout_free(layout);
    }
}

static void test_column_layout_new__text_default(void **state)
{
    struct ddl_field fields[] = {
        key, {.id = 101, .name = "s", .type = MILVUS_VARCHAR, .default_value = "\"a\\u0000b\""}};
    struct column_layout *layout;
    struct ks_error err = {0};
    assert_int_equal(make(fields, 2, &layout, &err), KS_OK);
    assert_int_equal(layout->fields[1].absent.count, 3);
    assert_memory_equal(layout->fields[1].absent.u.data, "a\0b", 3);
    column_layout_free(layout);
}

static void test_column_layout_new__what_it_refuses(void **state)
{
    static const struct ddl_kv odd = {"dim", "12"}, words = {"dim", "many"};
    static const struct ddl_field cases[] = {
        {.id = 101, .name = "f", .type = (enum milvus_type)24},
        {.id = 101, .name = "f", .type = MILVUS_ARRAY, .element_type = MILVUS_JSON},
        {.id = 101, .name = "f", .type = MILVUS_FLOAT_VECTOR},
        {.id = 101,
         .name = "f",
         .type = MILVUS_BINARY_VECTOR,
         .type_params = &odd,
         .type_param_count = 1},
        {.id = 101,
         .name = "f",
         .type = MILVUS_FLOAT_VECTOR,
         .type_params = &words,
         .type_param_count = 1},
        {.id = 101, .name = "f", .type = MILVUS_INT64, .is_primary_key = true},
        {.id = 101, .name = "f", .type = MILVUS_FLOAT, .is_primary_key = true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ddl_field fields[] = {key, cases[i]};
        struct column_layout *layout;
        struct ks_error err = {0};
        assert_int_equal(make(fields, 2, &layout, &err), KS_ERR_DATA);
        assert_non_null(strstr(err.message, "'f'"));
    }
}

static void test_column_layout_new__no_key(void **state)
{
    struct column_layout *layout;
    struct ks_error err = {0};
    assert_int_equal(make(NULL, 0, &layout, &err), KS_ERR_DATA);
    assert_non_null(strstr(err.message, "no primary key"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_column_layout_new__cells_and_strides),
        cmocka_unit_test(test_column_layout_new__defaults),
        cmocka_unit_test(test_column_layout_new__text_default),
        cmocka_unit_test(test_column_layout_new__what_it_refuses),
        cmocka_unit_test(test_column_layout_new__no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
