#include "name_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static enum ks_status list_of(const char *text, struct name_list *ret, struct ks_error *err)
{
    struct ks_config_entry entry = {"field.exclude.list", text};
    return name_list_new(&(struct ks_config){&entry, 1}, "field.exclude.list",
                         "database.collection.field", ret, err);
}

static void test_name_list_match__the_whole_name(void **state)
{
    struct name_list list = {0};
    struct ks_error err;
    assert_int_equal(list_of("default\\.a\\.(x|y), .*\\.\\$meta", &list, &err), KS_OK);
    assert_int_equal(list.count, 2);
    assert_true(name_list_match(&list, "default.a.x"));
    assert_true(name_list_match(&list, "shop.b.$meta"));
    assert_false(name_list_match(&list, "default.a.xx"));
    assert_false(name_list_match(&list, "default.a"));
    name_list_release(&list);
    assert_false(name_list_match(&list, "default.a.x"));
}

static void test_name_list_new__without_the_option(void **state)
{
    struct name_list list = {0};
    struct ks_error err;
    assert_int_equal(name_list_new(&(struct ks_config){0}, "field.exclude.list", "x", &list, &err),
                     KS_OK);
    assert_int_equal(list.count, 0);
    name_list_release(&list);
}

static void test_name_list_new__names_the_bad_expression(void **state)
{
    struct name_list list = {0};
    struct ks_error err;
    assert_int_equal(list_of("ok,a(", &list, &err), KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "field.exclude.list: 'a('"));
    assert_non_null(strstr(err.message, "database.collection.field"));
    assert_int_equal(list.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_list_match__the_whole_name),
        cmocka_unit_test(test_name_list_new__without_the_option),
        cmocka_unit_test(test_name_list_new__names_the_bad_expression),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
