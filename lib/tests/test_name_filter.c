#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "name_filter.h"

static struct name_filter *filter(const char *include, const char *exclude)
{
    struct ks_config_entry entries[2] = {{"collection.exclude.list", exclude},
                                         {"collection.include.list", include}};
    struct name_filter *f = NULL;
    struct ks_error err;
    assert_int_equal(name_filter_new(&(struct ks_config){entries, 2}, &f, &err), KS_OK);
    return f;
}

static void test_name_filter__empty_lists_match_all(void **state)
{
    struct name_filter *f = filter("", "");
    assert_true(name_filter_match(f, "default", "a"));
    name_filter_free(f);
}

static void test_name_filter__matches_the_whole_name(void **state)
{
    struct name_filter *f = filter("default\\.a|shop\\..*, x\\.y", "shop\\.secret.*");
    assert_true(name_filter_match(f, "default", "a"));
    assert_false(name_filter_match(f, "default", "ab"));
    assert_true(name_filter_match(f, "shop", "orders"));
    assert_false(name_filter_match(f, "shop", "secrets"));
    assert_true(name_filter_match(f, "x", "y"));
    assert_false(name_filter_match(f, "x", "yy"));
    name_filter_free(f);
}

static void test_name_filter__names_the_bad_expression(void **state)
{
    struct ks_config_entry entry = {"collection.include.list", "ok,a("};
    struct name_filter *f = NULL;
    struct ks_error err;
    assert_int_equal(name_filter_new(&(struct ks_config){&entry, 1}, &f, &err), KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "collection.include.list"));
    assert_non_null(strstr(err.message, "'a('"));
    assert_null(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_filter__empty_lists_match_all),
        cmocka_unit_test(test_name_filter__matches_the_whole_name),
        cmocka_unit_test(test_name_filter__names_the_bad_expression),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
