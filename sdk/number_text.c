/* Floats to short text. In: a finite number; out: the fewest digits that read back as it. Six
 * digits (fifteen for a double) survive any round trip, so the search begins there; shorter texts
 * show up as trailing zeros. Vectors in JSON are made of nothing else, so everyday floats avoid
 * printf: with at most 9 digits and a power of ten up to 10^22 one division of doubles is what
 * strtod would answer. */
#include "number_text.h"

#include <float.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Both ways of reading must agree: a double exactly between two floats may round the other way than
 * the decimal text does. */
static bool reads_back(double read, float value)
{
    uint64_t bits;
    memcpy(&bits, &read, sizeof bits);
    return (float)read == value && (bits & 0x1FFFFFFF) != 0x10000000;
}

/* digits * 10^-places, 0 <= places <= 22, trailing zeros already gone. */
static size_t put_decimal(char *text, uint32_t digits, int places)
{
    char reversed[NUMBER_TEXT_MAX];
    size_t n = 0, len = 0;
    for (int i = 0; digits || i <= places; i++) {
        if (i == places && i > 0)
            reversed[n++] = '.';
        reversed[n++] = (char)('0' + digits % 10);
        digits /= 10;
    }
    while (n)
        text[len++] = reversed[--n];
    text[len] = '\0';
    return len;
}

/* For 1e-5 <= value < 1e9; 0 if the digits are not found this way. */
static size_t everyday_float(char *text, float value)
{
    int exponent = 0; /* value < 10^exponent, exponent >= -4 */
    while (exponent < 9 && (double)value >= powers[exponent])
        exponent++;
    while (exponent <= 0 && exponent > -4 && (double)value * powers[1 - exponent] < 1)
        exponent--;
    for (int count = 6; count <= 9; count++) {
        int places = count - exponent;
        if (places < 0)
            continue;
        uint32_t whole = (uint32_t)((double)value * powers[places] + 0.5);
        if (!reads_back((double)whole / powers[places], value))
            continue;
        while (places > 0 && whole % 10 == 0) {
            whole /= 10;
            places--;
        }
        return put_decimal(text, whole, places);
    }
    return 0;
}

/* "-0" would be read as an integer and lose its sign. */
static bool is_negative_zero(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits == UINT64_C(1) << 63;
}

static size_t put_negative_zero(char *text)
{
    memcpy(text, "-0.0", 5);
    return 4;
}

size_t number_from_float(char text[NUMBER_TEXT_MAX], float value)
{
    float size = value < 0 ? -value : value;
    if (size >= 1e-5f && size < 1e9f) {
        text[0] = '-';
        size_t sign = value < 0, len = everyday_float(text + sign, size);
        if (len)
            return len + sign;
    }
    if (is_negative_zero((double)value))
        return put_negative_zero(text);
    int len = 0;
    for (int digits = size < FLT_MIN ? 1 : FLT_DIG; digits <= 9; digits++) {
        len = snprintf(text, NUMBER_TEXT_MAX, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value && (float)strtod(text, NULL) == value)
            break;
    }
    return (size_t)len;
}

size_t number_from_double(char text[NUMBER_TEXT_MAX], double value)
{
    if (is_negative_zero(value))
        return put_negative_zero(text);
    int len = 0;
    bool subnormal = value < DBL_MIN && value > -DBL_MIN;
    for (int digits = subnormal ? 1 : DBL_DIG; digits <= 17; digits++) {
        len = snprintf(text, NUMBER_TEXT_MAX, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return (size_t)len;
}
