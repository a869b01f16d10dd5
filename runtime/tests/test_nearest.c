#include "nearest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <stdint.h>

static void test_distance__edits(void **state)
{
    assert_int_equal(nearest_distance("abc", "abc"), 0);
    assert_int_equal(nearest_distance("abc", "ABC"), 0);
    assert_int_equal(nearest_distance("abc", ""), 3);
    assert_int_equal(nearest_distance("", "ab"), 2);
    assert_int_equal(nearest_distance("abc", "acb"), 1);
    assert_int_equal(nearest_distance("kitten", "sitting"), 3);
    assert_int_equal(nearest_distance("tasksmax", "tasks.max"), 1);
}

static void test_distance__too_long(void **state)
{
    char text[66];
    memset(text, 'a', 65);
    text[65] = '\0';
    assert_true(nearest_distance(text, "a") == SIZE_MAX);
    assert_true(nearest_distance("a", text) == SIZE_MAX);
    text[64] = '\0';
    assert_int_equal(nearest_distance(text, text), 0);
}

static void test_name__nearest_or_none(void **state)
{
    static const char *const names[] = {"name", "class", "tasksMax", "config", NULL};
    assert_string_equal(nearest_name("taskMax", names), "tasksMax");
    assert_string_equal(nearest_name("confg", names), "config");
    assert_null(nearest_name("topic.prefix", names));
    assert_null(nearest_name("xyz", names));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distance__edits),
        cmocka_unit_test(test_distance__too_long),
        cmocka_unit_test(test_name__nearest_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
