#include "../topic_router.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct topic_router *router_of(struct ks_config_entry *entries, size_t count)
{
    struct topic_router *r;
    struct ks_error err;
    if (topic_router_new(&(struct ks_config){entries, count}, &r, &err))
        fail_msg("%s", err.message);
    return r;
}

static void expect(struct topic_router *r, const char *topic, const char *expected)
{
    const char *routed;
    struct ks_error err;
    if (topic_router_route(r, topic, &routed, &err))
        fail_msg("%s", err.message);
    assert_string_equal(routed, expected);
}

static void test_route__without_transforms(void **state)
{
    struct topic_router *r = router_of(NULL, 0);
    const char *topic = "not checked here", *routed;
    assert_null(r);
    assert_int_equal(topic_router_route(r, topic, &routed, NULL), KS_OK);
    assert_ptr_equal(routed, topic);
    assert_ptr_equal(topic_router_original(r, topic), topic);
    topic_router_free(r);
}

static void test_route__one_after_another(void **state)
{
    struct ks_config_entry entries[] = {{"transforms", "cut, put"},
                                        {"transforms.cut.regex", "shop\\.(.*)"},
                                        {"transforms.cut.replacement", "$1"},
                                        {"transforms.put.regex", "default\\.(?<c>.*)"},
                                        {"transforms.put.replacement", "cdc-${c}"}};
    struct topic_router *r = router_of(entries, 5);
    for (int i = 0; i < 2; i++) {
        expect(r, "shop.default.books", "cdc-books");
        expect(r, "shop.ddl", "ddl");
        expect(r, "workshop.default.books", "workshop.default.books");
    }
    topic_router_free(r);
}

static void test_original__of_what_was_routed(void **state)
{
    struct ks_config_entry entries[] = {
        {"transforms", "r"}, {"transforms.r.regex", "[ab]"}, {"transforms.r.replacement", "x"}};
    struct topic_router *r = router_of(entries, 3);
    const char *first, *second;
    topic_router_route(r, "a", &first, NULL);
    topic_router_route(r, "b", &second, NULL);
    assert_string_equal(first, second);
    assert_string_equal(topic_router_original(r, first), "a");
    assert_string_equal(topic_router_original(r, second), "b");
    assert_string_equal(topic_router_original(r, "another"), "another");
    topic_router_free(r);
}

static void test_route__no_name_for_kafka(void **state)
{
    struct ks_config_entry entries[] = {{"transforms", "r"},
                                        {"transforms.r.regex", "(.).*"},
                                        {"transforms.r.replacement", "$1/$1"}};
    struct topic_router *r = router_of(entries, 3);
    const char *routed;
    struct ks_error err;
    assert_int_equal(topic_router_route(r, "abc", &routed, &err), KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "\"a/a\" that the topic abc gets has other"));
    topic_router_free(r);
}

static void test_route__endless(void **state)
{
    struct ks_config_entry entries[] = {{"transforms", "r"},
                                        {"transforms.r.regex", "(a+)+(a+)+(a+)+b"},
                                        {"transforms.r.replacement", "x"}};
    struct topic_router *r = router_of(entries, 3);
    const char *routed;
    struct ks_error err;
    assert_int_equal(
        topic_router_route(r, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaacb", &routed, &err),
        KS_ERR_FATAL);
    assert_memory_equal(err.message, "transforms.r.regex: no answer for the topic a", 45);
    topic_router_free(r);
}

static void test_new__names_the_option(void **state)
{
    struct ks_config_entry entries[] = {
        {"transforms", "r"}, {"transforms.r.regex", "("}, {"transforms.r.replacement", "$9"}};
    struct ks_config config = {entries, 3};
    struct topic_router *r;
    struct ks_error err;
    assert_int_equal(topic_router_new(&config, &r, &err), KS_ERR_FATAL);
    assert_memory_equal(err.message, "transforms.r.regex: ", 20);
    entries[1].value = "(a)";
    assert_int_equal(topic_router_new(&config, &r, &err), KS_ERR_FATAL);
    assert_memory_equal(err.message, "transforms.r.replacement: ", 26);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_route__without_transforms),
        cmocka_unit_test(test_route__one_after_another),
        cmocka_unit_test(test_original__of_what_was_routed),
        cmocka_unit_test(test_route__no_name_for_kafka),
        cmocka_unit_test(test_route__endless),
        cmocka_unit_test(test_new__names_the_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
