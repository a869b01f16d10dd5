#include "alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_xmalloc__zero_bytes_is_a_pointer(void **state)
{
    void *p = xmalloc(0), *q = xcalloc(0, 8);
    assert_non_null(p);
    assert_non_null(q);
    q = xrealloc(q, 0);
    assert_non_null(q);
    free(p);
    free(q);
}

static void test_xcalloc__is_zero(void **state)
{
    uint8_t *p = xcalloc(100, 3);
    for (size_t i = 0; i < 300; i++)
        assert_int_equal(p[i], 0);
    free(p);
}

static void test_xstrndup__stops_at_nul_and_at_len(void **state)
{
    char *a = xstrndup("abcdef", 3), *b = xstrndup("ab\0def", 6), *c = xstrdup("whole");
    assert_string_equal(a, "abc");
    assert_string_equal(b, "ab");
    assert_string_equal(c, "whole");
    free(a);
    free(b);
    free(c);
}

static void test_xasprintf__formats(void **state)
{
    char *text = xasprintf("%s/%d", "by-dev", 7);
    assert_string_equal(text, "by-dev/7");
    free(text);
}

static void test_xgrow__doubles_only_when_full(void **state)
{
    size_t cap = 0;
    int *array = NULL;
    for (size_t len = 0; len < 1000; len++) {
        array = xgrow(array, len, &cap, sizeof(*array));
        assert_true(cap > len);
        array[len] = (int)len;
    }
    assert_int_equal(cap, 1024);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(array[i], i);
    free(array);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xmalloc__zero_bytes_is_a_pointer),
        cmocka_unit_test(test_xcalloc__is_zero),
        cmocka_unit_test(test_xstrndup__stops_at_nul_and_at_len),
        cmocka_unit_test(test_xasprintf__formats),
        cmocka_unit_test(test_xgrow__doubles_only_when_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
