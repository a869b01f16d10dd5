#include "config_def.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_issues__from_tables_and_from_plugins(void **state)
{
    struct config_issues issues = {0};
    config_issues_add(&issues, "a", "1", "is bad");
    config_issues_add(&issues, "b", NULL, "is missing");
    struct ks_config_issues sink = config_issues_sink(&issues);
    char message[] = "made on a stack";
    sink.add(sink.ctx, "c", message);
    message[0] = 'M';
    assert_int_equal(issues.count, 3);
    assert_string_equal(issues.list[0].value, "1");
    assert_null(issues.list[1].value);
    assert_string_equal(issues.list[2].option, "c");
    assert_string_equal(issues.list[2].message, "made on a stack");
    config_issues_release(&issues);
    assert_int_equal(issues.count, 0);
    assert_null(issues.list);
}

static void test_drop_unknown__faults_stay(void **state)
{
    struct config_issues issues = {0};
    config_issues_add(&issues, "a", "1", "Unknown configuration");
    config_issues_add(&issues, "b", NULL, "is missing");
    config_issues_add(&issues, "c", "1", "Unknown configuration");
    issues.list[0].unknown = issues.list[2].unknown = true;
    config_issues_drop_unknown(&issues);
    assert_int_equal(issues.count, 1);
    assert_string_equal(issues.list[0].option, "b");
    config_issues_release(&issues);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_issues__from_tables_and_from_plugins),
        cmocka_unit_test(test_drop_unknown__faults_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
