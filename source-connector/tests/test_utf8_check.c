#include "utf8_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_utf8_check__texts(void **state)
{
    static const char *const good[] = {"",
                                       "a",
                                       "12345678",
                                       "123456789",
                                       "\xc3\xa4",
                                       "1234567\xc3\xa4",
                                       "\xe6\x97\xa5\xe6\x9c\xac",
                                       "\xf0\x9f\x98\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(utf8_check(good[i], strlen(good[i])));
    assert_true(utf8_check("a\0b", 3));
}

static void test_utf8_check__what_it_refuses(void **state)
{
    static const char *const bad[] = {"\x80",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x80\x80",
                                      "\xed\xa0\x80",
                                      "\xf0\x80\x80\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "\xc3",
                                      "12345678\xe6\x97",
                                      "\xe6"
                                      "a\xa5"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(utf8_check(bad[i], strlen(bad[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8_check__texts),
        cmocka_unit_test(test_utf8_check__what_it_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
