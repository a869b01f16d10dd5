#include "properties.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect(const char *text, const char *key, const char *value)
{
    char *got = properties_get(text, strlen(text), key);
    if (value) {
        assert_non_null(got);
        assert_string_equal(got, value);
    } else {
        assert_null(got);
    }
    free(got);
}

static void test_get__separators(void **state)
{
    expect("a=1\nb: 2\nc 3\n d = 4 \n", "a", "1");
    expect("a=1\nb: 2\nc 3\n d = 4 \n", "b", "2");
    expect("a=1\nb: 2\nc 3\n d = 4 \n", "c", "3");
    expect("a=1\nb: 2\nc 3\n d = 4 \n", "d", "4 ");
    expect("url=http://h:1/?a=b", "url", "http://h:1/?a=b");
    expect("empty\nx=", "empty", "");
    expect("empty\nx=", "x", "");
    expect("a=1", "b", NULL);
    expect("", "b", NULL);
}

static void test_get__comments_and_blank_lines(void **state)
{
    expect("# a=1\n! a=2\n\n   \n  # x\r\na=3\r\n", "a", "3");
    expect("# a=1", "a", NULL);
    expect("a=x # not a comment", "a", "x # not a comment");
}

static void test_get__escapes(void **state)
{
    expect("a\\ b\\=c=\\t\\n\\\\", "a b=c", "\t\n\\");
    expect("a=\\u00e9\\u20AC\\uD83D\\uDE00", "a", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    expect("a=\\uD83Dx\\uZZ", "a", "\xEF\xBF\xBDxuZZ");
    expect("a=\\u12", "a", "u12");
}

static void test_get__continued_lines(void **state)
{
    expect("a=one, \\\n    two\\\r\n three\nb=x", "a",
           "one, two"
           "three");
    expect("a=end\\", "a", "end");
}

static void test_get__last_one_counts(void **state)
{
    expect("a=1\na=2\n", "a", "2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get__separators),
        cmocka_unit_test(test_get__comments_and_blank_lines),
        cmocka_unit_test(test_get__escapes),
        cmocka_unit_test(test_get__continued_lines),
        cmocka_unit_test(test_get__last_one_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
