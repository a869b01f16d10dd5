#include "../topic_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_fault__none(void **state)
{
    char longest[TOPIC_NAME_MAX + 1];
    memset(longest, 'x', TOPIC_NAME_MAX);
    longest[TOPIC_NAME_MAX] = '\0';
    assert_null(topic_name_fault(longest));
    assert_null(topic_name_fault("Shop.default.books_2-x"));
    assert_null(topic_name_fault("..."));
}

static void test_fault__each(void **state)
{
    char longer[TOPIC_NAME_MAX + 2];
    memset(longer, 'x', TOPIC_NAME_MAX + 1);
    longer[TOPIC_NAME_MAX + 1] = '\0';
    assert_non_null(strstr(topic_name_fault(longer), "249"));
    assert_non_null(strstr(topic_name_fault(""), "empty"));
    assert_non_null(strstr(topic_name_fault("a b"), "characters"));
    assert_non_null(strstr(topic_name_fault("sch\xc3\xb6n"), "characters"));
    assert_non_null(topic_name_fault("."));
    assert_non_null(topic_name_fault(".."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fault__none),
        cmocka_unit_test(test_fault__each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
