#include "../base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_base64__known_answers(void **state)
{
    static const char *const PAIRS[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"},
                                           {"\xff\xfe\xfb", "//77"}};
    for (size_t i = 0; i < sizeof PAIRS / sizeof *PAIRS; i++) {
        struct ks_buf text = {0}, back = {0};
        base64_encode(&text, (const uint8_t *)PAIRS[i][0], strlen(PAIRS[i][0]));
        assert_string_equal(ks_buf_str(&text), PAIRS[i][1]);
        assert_true(base64_decode(&back, PAIRS[i][1], strlen(PAIRS[i][1])));
        assert_string_equal(ks_buf_str(&back), PAIRS[i][0]);
        ks_buf_release(&text);
        ks_buf_release(&back);
    }
}

static void test_base64_decode__refusals(void **state)
{
    static const char *const BAD[] = {
        "Zg", "Zg=", "=Zg=", "Z===", "Zg==Zg==", "Zm9-", "Zm 9", "===="};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        struct ks_buf out = {0};
        assert_false(base64_decode(&out, BAD[i], strlen(BAD[i])));
        assert_int_equal(out.len, 0);
        ks_buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64__known_answers),
        cmocka_unit_test(test_base64_decode__refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
