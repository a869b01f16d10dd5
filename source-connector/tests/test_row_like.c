#include "row_like.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static bool match(const char *pattern, const char *text)
{
    struct ks_arena arena = {.chunk_bytes = 512};
    struct row_like like = row_like_new((struct ks_slice){pattern, strlen(pattern)}, &arena);
    bool matches = row_like_match(&like, (const uint8_t *)text, strlen(text));
    ks_arena_release(&arena);
    return matches;
}

static void test_row_like_match__cases(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"abc", "abc", true},
        {"abc", "abcd", false},
        {"abc", "ab", false},
        {"abc%", "abc", true},
        {"abc%", "abcdef", true},
        {"abc%", "xabc", false},
        {"%abc", "xxabc", true},
        {"%abc", "abcx", false},
        {"%", "", true},
        {"%%", "anything", true},
        {"%b%", "abc", true},
        {"%b%", "ac", false},
        {"a%b%c", "a1b2b3c", true},
        {"a%b%c", "a1c2b3", false},
        {"%ab", "aab", true}, /* the first try of % takes too little */
        {"%aab%aab", "aaabaaab", true},
        {"a_c", "abc", true},
        {"a_c", "ac", false},
        {"_", "", false},
        {"_", "日", true}, /* a character, not a byte */
        {"__", "日", false},
        {"%_本", "日本", true},
        {"100\\%", "100%", true},
        {"100\\%", "100x", false},
        {"a\\_b", "a_b", true},
        {"a\\_b", "axb", false},
        {"a\\\\b", "a\\b", true},
        {"a\\b", "a\\b", true}, /* before anything else a backslash is itself */
        {"a\\", "a\\", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (match(cases[i].pattern, cases[i].text) != cases[i].matches)
            fail_msg("'%s' like '%s'", cases[i].text, cases[i].pattern);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_row_like_match__cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
