#include "../java_regex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct java_regex *compiled(const char *pattern)
{
    struct java_regex *re;
    struct ks_error err;
    if (java_regex_new(pattern, &re, &err))
        fail_msg("%s: %s", pattern, err.message);
    return re;
}

static bool matches(const char *pattern, const char *text)
{
    struct java_regex *re = compiled(pattern);
    enum java_match match = java_regex_matches(re, text);
    java_regex_free(re);
    assert_int_not_equal(match, JAVA_GAVE_UP);
    return match == JAVA_MATCH;
}

static void expect_replaced(const char *pattern, const char *replacement, const char *text,
                            const char *expected)
{
    struct java_regex *re = compiled(pattern);
    struct ks_buf out = {0};
    assert_null(java_regex_replacement_fault(re, replacement));
    assert_int_equal(java_regex_replace_first(re, text, replacement, &out), JAVA_MATCH);
    assert_string_equal(ks_buf_str(&out), expected);
    ks_buf_release(&out);
    java_regex_free(re);
}

static void expect_refused(const char *pattern, const char *why)
{
    struct java_regex *re;
    struct ks_error err;
    assert_int_equal(java_regex_new(pattern, &re, &err), KS_ERR_DATA);
    if (!strstr(err.message, why))
        fail_msg("%s: %s", pattern, err.message);
}

static void expect_fault(const char *pattern, const char *replacement, const char *why)
{
    struct java_regex *re = compiled(pattern);
    char *fault = java_regex_replacement_fault(re, replacement);
    assert_non_null(fault);
    if (!strstr(fault, why))
        fail_msg("%s: %s", replacement, fault);
    free(fault);
    java_regex_free(re);
}

static void test_matches__the_whole_text(void **state)
{
    assert_true(matches("shop\\.(.*)", "shop.default.books"));
    assert_false(matches("shop", "shop.default"));
    assert_false(matches("default", "shop.default"));
    assert_true(matches("a|ab", "ab"));
    assert_true(matches("", ""));
    assert_true(matches("\\Qa[b\\E", "a[b"));
    assert_true(matches("[]a]+", "]a"));
}

/* As Connect's RegexRouter calls it, after the whole has matched: only the first match is replaced.
 */
static void test_replace_first__as_java(void **state)
{
    expect_replaced("(.*)\\.(.*)\\.(.*)", "$3-$1", "shop.default.books", "books-shop");
    expect_replaced("a|ab", "x", "ab", "xb");
    expect_replaced("(.*?)", "x$1", "ab", "xab");
    expect_replaced("(?<db>\\w+)\\.(?<coll>\\w+)", "${coll}.${db}", "a.b", "b.a");
    expect_replaced("(a)(b)?", "[$2]", "a", "[]");
    expect_replaced("(.)(.*)", "$12", "abc", "a2");
    expect_replaced("(.)(.*)", "$0\\$1\\\\", "abc", "abc$1\\");
    expect_replaced("b", "-", "abc", "a-c");
    expect_replaced(".*", "", "abc", "");
}

static void test_new__what_java_reads_in_another_way(void **state)
{
    expect_refused("[a-z&&[^b]]", "&&");
    expect_refused("[a[bc]]", "within another");
    expect_refused("[[:alpha:]]", "within another");
    expect_refused("(", "at position 1");
    expect_refused("\\p{javaLowerCase}", "Invalid regex");
    assert_true(matches("[a\\[b]&&", "[&&"));
    char *longest = calloc(1, 5000);
    memset(longest, 'a', 4999);
    expect_refused(longest, "4096");
    free(longest);
}

static void test_replacement_fault__each(void **state)
{
    expect_fault("(a)", "$2", "number");
    expect_fault("(a)", "${b}", "name");
    expect_fault("(?<b>a)", "${b", "'}'");
    expect_fault("a", "x$", "position 1");
    expect_fault("a", "x\\", "escaped");
    expect_fault("a", "$x", "\\$");
}

static void test_matches__gives_up(void **state)
{
    struct java_regex *re = compiled("(a+)+(a+)+(a+)+b");
    assert_int_equal(java_regex_matches(re, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaacb"),
                     JAVA_GAVE_UP);
    java_regex_free(re);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches__the_whole_text),
        cmocka_unit_test(test_replace_first__as_java),
        cmocka_unit_test(test_new__what_java_reads_in_another_way),
        cmocka_unit_test(test_replacement_fault__each),
        cmocka_unit_test(test_matches__gives_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
