#include "../utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static size_t put(uint8_t *p, uint32_t code)
{
    if (code < 0x80) {
        p[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        p[0] = (uint8_t)(0xC0 | code >> 6);
        p[1] = (uint8_t)(0x80 | (code & 63));
        return 2;
    }
    if (code < 0x10000) {
        p[0] = (uint8_t)(0xE0 | code >> 12);
        p[1] = (uint8_t)(0x80 | (code >> 6 & 63));
        p[2] = (uint8_t)(0x80 | (code & 63));
        return 3;
    }
    p[0] = (uint8_t)(0xF0 | code >> 18);
    p[1] = (uint8_t)(0x80 | (code >> 12 & 63));
    p[2] = (uint8_t)(0x80 | (code >> 6 & 63));
    p[3] = (uint8_t)(0x80 | (code & 63));
    return 4;
}

static void test_utf8_character__every_code_point(void **state)
{
    for (uint32_t code = 0; code < 0x120000; code++) {
        uint8_t bytes[4];
        size_t len = put(bytes, code);
        bool valid = code < 0x110000 && (code < 0xD800 || code > 0xDFFF);
        assert_int_equal(utf8_character(bytes, len), valid ? len : 0);
        if (len > 1)
            assert_int_equal(utf8_character(bytes, len - 1), 0);
    }
}

static void test_utf8_character__malformed(void **state)
{
    static const char *const BAD[] = {"\x80",
                                      "\xBF",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xC3"
                                      "a",
                                      "\xE0\x80\x80",
                                      "\xE0\x9F\xBF",
                                      "\xE2\x82"
                                      "a",
                                      "\xF0\x80\x80\x80",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF0\x9F\x98"
                                      "a",
                                      "\xF5\x80\x80\x80",
                                      "\xFF"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_int_equal(utf8_character((const uint8_t *)BAD[i], strlen(BAD[i])), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8_character__every_code_point),
        cmocka_unit_test(test_utf8_character__malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
