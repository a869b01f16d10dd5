#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../default_value.h"

static void test_default_value__text_to_value_to_text(void **state)
{
    static const struct {
        enum milvus_type type;
        const char *text;
    } cases[] = {
        {MILVUS_BOOL, "true"},
        {MILVUS_BOOL, "false"},
        {MILVUS_INT8, "-128"},
        {MILVUS_INT32, "2147483647"},
        {MILVUS_INT64, "-9223372036854775808"},
        {MILVUS_FLOAT, "0.1"},
        {MILVUS_FLOAT, "3"},
        {MILVUS_DOUBLE, "0.30000000000000004"},
        {MILVUS_DOUBLE, "1e-300"},
        {MILVUS_FLOAT, "\"NaN\""},
        {MILVUS_DOUBLE, "\"-Infinity\""},
        {MILVUS_VARCHAR, "\"\""},
        {MILVUS_VARCHAR, "\"a\\\"b\xc3\xa9\""},
        {MILVUS_JSON, "{\"a\": [1, 2]}"},
    };
    struct ks_arena arena = {0};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        MilvusMeta__ValueField value;
        assert_true(default_value_read(cases[i].text, cases[i].type, &arena, &value));
        assert_string_equal(default_value_text(&value, &arena), cases[i].text);
    }
    ks_arena_release(&arena);
}

static void test_default_value_read__other_types(void **state)
{
    static const struct {
        enum milvus_type type;
        const char *text;
    } cases[] = {
        {MILVUS_BOOL, "1"},     {MILVUS_INT32, "2147483648"}, {MILVUS_INT64, "1.5"},
        {MILVUS_FLOAT, "true"}, {MILVUS_DOUBLE, "\"nan\""},   {MILVUS_VARCHAR, "a"},
        {MILVUS_VARCHAR, "1"},  {MILVUS_JSON, "{"},           {MILVUS_ARRAY, "[1]"},
        {MILVUS_INT64, ""},
    };
    struct ks_arena arena = {0};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        MilvusMeta__ValueField value;
        assert_false(default_value_read(cases[i].text, cases[i].type, &arena, &value));
    }
    ks_arena_release(&arena);
}

static void test_default_value_text__nothing(void **state)
{
    MilvusMeta__ValueField value = MILVUS_META__VALUE_FIELD__INIT;
    struct ks_arena arena = {0};
    assert_null(default_value_text(&value, &arena));
    ks_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_value__text_to_value_to_text),
        cmocka_unit_test(test_default_value_read__other_types),
        cmocka_unit_test(test_default_value_text__nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
