#include "../number_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_number_from_float__texts(void **state)
{
    static const struct {
        float value;
        const char *text;
    } CASES[] = {
        {0.0f, "0"},
        {-0.0f, "-0.0"},
        {1.0f, "1"},
        {-2.5f, "-2.5"},
        {0.1f, "0.1"},
        {0.3f, "0.3"},
        {1e-5f, "0.00001"},
        {1.5e-6f, "1.5e-06"},
        {123456.0f, "123456"},
        {16777216.f, "16777216"},
        {3.4028235e38f, "3.4028235e+38"},
        {1e-45f, "1e-45"},
        {0.33333334f, "0.33333334"},
        {99999.99f, "99999.99"},
        {1e9f, "1e+09"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char text[NUMBER_TEXT_MAX];
        assert_int_equal(number_from_float(text, CASES[i].value), strlen(CASES[i].text));
        assert_string_equal(text, CASES[i].text);
    }
}

static size_t digits_of(const char *text)
{
    const char *end = strchr(text, 'e');
    char digits[NUMBER_TEXT_MAX] = "";
    size_t n = 0;
    for (const char *p = text; *p && p != end; p++) {
        if (*p >= '0' && *p <= '9' && (n || *p != '0'))
            digits[n++] = *p;
    }
    while (n && digits[n - 1] == '0')
        n--;
    return n;
}

/* Reads back both ways, and no text of fewer digits does. */
static void assert_shortest(float value)
{
    char text[NUMBER_TEXT_MAX], shorter[NUMBER_TEXT_MAX];
    size_t len = number_from_float(text, value), digits = digits_of(text);
    assert_int_equal(len, strlen(text));
    float direct = strtof(text, NULL), narrowed = (float)strtod(text, NULL);
    assert_memory_equal(&direct, &value, sizeof value);
    assert_memory_equal(&narrowed, &value, sizeof value);
    if (digits <= 1 || !strpbrk(text, ".e"))
        return; /* whole numbers are written out: more digits, but no longer */
    snprintf(shorter, sizeof shorter, "%.*e", (int)digits - 2, (double)value);
    assert_true(strtof(shorter, NULL) != value || (float)strtod(shorter, NULL) != value);
}

static void test_number_from_float__round_trip(void **state)
{
    uint32_t bits = 1;
    for (int i = 0; i < 200 * 1000; i++) {
        bits = bits * 1664525u + 1013904223u;
        uint32_t pattern = i % 2 ? bits : 0x3c000000u + (bits & 0x07ffffffu); /* any; or 0.01..8 */
        float value;
        memcpy(&value, &pattern, sizeof value);
        if ((pattern & 0x7f800000u) != 0x7f800000u)
            assert_shortest(value);
    }
}

static void test_number_from_double__texts(void **state)
{
    static const struct {
        double value;
        const char *text;
    } CASES[] = {
        {0.1, "0.1"},
        {-0.0, "-0.0"},
        {1.0 / 3, "0.3333333333333333"},
        {1e22, "1e+22"},
        {5e-324, "5e-324"},
        {9007199254740993.0, "9007199254740992"},
        {0.1 + 0.2, "0.30000000000000004"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char text[NUMBER_TEXT_MAX];
        number_from_double(text, CASES[i].value);
        assert_string_equal(text, CASES[i].text);
        assert_true(strtod(text, NULL) == CASES[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_number_from_float__texts),
        cmocka_unit_test(test_number_from_float__round_trip),
        cmocka_unit_test(test_number_from_double__texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
