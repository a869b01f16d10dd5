#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cdc_names.h"

static void test_within__stars_and_names(void **state)
{
    assert_true(cdc_name_within("default.books", "default.books"));
    assert_true(cdc_name_within("default.*", "default.books"));
    assert_true(cdc_name_within("*.books", "library.books"));
    assert_true(cdc_name_within("*.*", "library.*"));
    assert_false(cdc_name_within("default.books", "default.*"));
    assert_false(cdc_name_within("default.books", "default.book"));
    assert_false(cdc_name_within("default.*", "defaul.books"));
    assert_false(cdc_name_within("*.books", "library.films"));
    assert_false(cdc_name_within("library.*", "*.*"));
}

static void test_overlap__of_patterns_that_only_cross(void **state)
{
    assert_true(cdc_names_overlap("default.*", "*.books"));
    assert_true(cdc_names_overlap("*.*", "a.b"));
    assert_false(cdc_names_overlap("default.*", "library.*"));
    assert_false(cdc_names_overlap("*.books", "*.films"));
}

static void test_is_any__either_half(void **state)
{
    assert_true(cdc_name_is_any("default.*"));
    assert_true(cdc_name_is_any("*.books"));
    assert_false(cdc_name_is_any("default.b*"));
}

static void test_add_regex__quotes_and_joins(void **state)
{
    struct ks_buf list = {0};
    cdc_name_add_regex(&list, "default.books");
    assert_string_equal(ks_buf_str(&list), "default\\.books");
    cdc_name_add_regex(&list, "*.a+b");
    assert_string_equal(ks_buf_str(&list), "default\\.books,.*\\.a\\+b");
    ks_buf_release(&list);
}

static void test_is_possible__refuses_what_lists_cannot_hold(void **state)
{
    static const char *const bad[] = {"a,b", "a.b", "a:b", "a b", "${env:X}", "a\nb"};
    assert_true(cdc_name_is_possible("books_2"));
    assert_true(cdc_name_is_possible("*"));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(cdc_name_is_possible(bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_within__stars_and_names),
        cmocka_unit_test(test_overlap__of_patterns_that_only_cross),
        cmocka_unit_test(test_is_any__either_half),
        cmocka_unit_test(test_add_regex__quotes_and_joins),
        cmocka_unit_test(test_is_possible__refuses_what_lists_cannot_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
