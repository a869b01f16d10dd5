#include "rest_media.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_is_json__parameters_case_and_blanks(void **state)
{
    assert_true(rest_media_is_json("application/json"));
    assert_true(rest_media_is_json("Application/JSON; charset=utf-8"));
    assert_true(rest_media_is_json(" application/json ;charset=utf-8"));
    assert_false(rest_media_is_json("application/jsonx"));
    assert_false(rest_media_is_json("text/plain"));
    assert_false(rest_media_is_json("application/x-www-form-urlencoded"));
    assert_false(rest_media_is_json(""));
}

static void test_accepts_json__ranges(void **state)
{
    assert_true(rest_media_accepts_json(NULL));
    assert_true(rest_media_accepts_json(""));
    assert_true(rest_media_accepts_json("*/*"));
    assert_true(rest_media_accepts_json("text/html, application/*;q=0.5"));
    assert_true(rest_media_accepts_json("text/html,application/json;q=0.1,"));
    assert_false(rest_media_accepts_json("text/html"));
    assert_false(rest_media_accepts_json("text/html, application/xml"));
    assert_false(rest_media_accepts_json("application/json;q=0"));
    assert_false(rest_media_accepts_json("application/json; q=0.0, text/plain"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_json__parameters_case_and_blanks),
        cmocka_unit_test(test_accepts_json__ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
