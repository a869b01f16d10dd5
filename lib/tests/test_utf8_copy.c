#include "utf8_copy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_copy(size_t cap, const char *text, const char *expected)
{
    char to[32];
    memset(to, 'x', sizeof(to));
    utf8_copy(to, cap, text);
    assert_string_equal(to, expected);
    assert_int_equal(to[cap], 'x');
}

static void test_utf8_copy__fits(void **state)
{
    assert_copy(1, "", "");
    assert_copy(4, "abc", "abc");
    assert_copy(5, "f\u00fcr", "f\u00fcr");
}

static void test_utf8_copy__cut_at_a_character(void **state)
{
    assert_copy(1, "abc", "");
    assert_copy(3, "abc", "ab");
    assert_copy(3, "f\u00fcr", "f");
    assert_copy(4, "f\u00fcr", "f\u00fc");
    assert_copy(4, "\U0001F600", "");
    assert_copy(5, "\U0001F600", "\U0001F600");
    assert_copy(6, "a\u20ac\u20ac", "a\u20ac");
}

static void test_utf8_copy__not_utf8(void **state)
{
    assert_copy(3, "\x80\x80\x80\x80", "");
    assert_copy(3, "\xff\xff\xff", "\xff\xff");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8_copy__fits),
        cmocka_unit_test(test_utf8_copy__cut_at_a_character),
        cmocka_unit_test(test_utf8_copy__not_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
