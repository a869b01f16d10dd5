#include "rest_target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void check_segments(const char *uri, size_t count, const char *const *wanted)
{
    struct rest_target t;
    struct ks_error err;
    assert_int_equal(rest_target_parse(uri, &t, &err), KS_OK);
    assert_int_equal(t.segment_count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(t.segments[i], wanted[i]);
    rest_target_release(&t);
}

static void test_parse__segments(void **state)
{
    check_segments("/", 0, NULL);
    check_segments("", 0, NULL);
    check_segments("/connectors", 1, (const char *[]){"connectors"});
    check_segments("/connectors/", 1, (const char *[]){"connectors"});
    check_segments("/connectors//", 2, (const char *[]){"connectors", ""});
    check_segments("/a/b/c?x=/d/e", 3, (const char *[]){"a", "b", "c"});
    check_segments("http://host:80/a/b", 2, (const char *[]){"a", "b"});
    check_segments("http://host", 0, NULL);
}

static void test_parse__names_that_need_codes(void **state)
{
    check_segments("/a%2Fb", 1, (const char *[]){"a/b"});
    check_segments("/a%2fb/c", 2, (const char *[]){"a/b", "c"});
    check_segments("/a%25b", 1, (const char *[]){"a%b"});
    check_segments("/a+b%2Bc", 1, (const char *[]){"a+b+c"});
    check_segments("/a%20b;c%3Bd", 1, (const char *[]){"a b;c;d"});
    check_segments("/a%3Fb", 1, (const char *[]){"a?b"});
    check_segments("/caf%C3%A9", 1, (const char *[]){"caf\xC3\xA9"});
    check_segments("/%2E%2E/..", 2, (const char *[]){"..", ".."});
    check_segments("/a%5Cb", 1, (const char *[]){"a\\b"});
}

static void test_parse__not_text(void **state)
{
    static const char *const bad[] = {"/%",   "/%4",   "/%zz",     "/a%00b", "/%ff", "/\xff",
                                      "/%C3", "/a?%=", "/a?b=%4g", "/a?%00", "a",    "*"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rest_target t;
        struct ks_error err;
        assert_int_equal(rest_target_parse(bad[i], &t, &err), KS_ERR_DATA);
        assert_non_null(strstr(err.message, "percent-encoded UTF-8"));
    }
}

static void test_parse__more_segments_than_any_route(void **state)
{
    struct rest_target t;
    struct ks_error err;
    assert_int_equal(rest_target_parse("/1/2/3/4/5/6/7/8/9/10", &t, &err), KS_OK);
    assert_int_equal(t.segment_count, 10);
    assert_string_equal(t.segments[REST_SEGMENTS_MAX - 1], "8");
    rest_target_release(&t);
}

static void test_parse__queries(void **state)
{
    struct rest_target t;
    struct ks_error err;
    const char *uri = "/c?expand=info&expand=status&&a+b=c%26d=e&flag&=x#part";
    assert_int_equal(rest_target_parse(uri, &t, &err), KS_OK);
    static const struct rest_query wanted[] = {
        {"expand", "info"}, {"expand", "status"}, {"a b", "c&d=e"}, {"flag", ""}, {"", "x#part"}};
    assert_int_equal(t.query_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(t.queries[i].name, wanted[i].name);
        assert_string_equal(t.queries[i].value, wanted[i].value);
    }
    assert_string_equal(t.path, "/c");
    rest_target_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse__segments),
        cmocka_unit_test(test_parse__names_that_need_codes),
        cmocka_unit_test(test_parse__not_text),
        cmocka_unit_test(test_parse__more_segments_than_any_route),
        cmocka_unit_test(test_parse__queries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
