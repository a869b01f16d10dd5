/* Bytes to base64 text and back. */
#include "base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct ks_buf *out, const uint8_t *data, size_t len)
{
    char *p = (char *)ks_buf_reserve(out, (len + 2) / 3 * 4);
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        uint32_t group = (uint32_t)data[i] << 16;
        group |= left > 1 ? (uint32_t)data[i + 1] << 8 : 0;
        group |= left > 2 ? data[i + 2] : 0u;
        *p++ = alphabet[group >> 18];
        *p++ = alphabet[group >> 12 & 63];
        *p++ = left > 1 ? alphabet[group >> 6 & 63] : '=';
        *p++ = left > 2 ? alphabet[group & 63] : '=';
    }
    out->len += (len + 2) / 3 * 4;
}

static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_decode(struct ks_buf *out, const char *text, size_t len)
{
    if (len % 4 != 0)
        return false;
    size_t padding = 0;
    while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
        padding++;
    size_t digits = len - padding, bytes = len / 4 * 3 - padding, done = 0;
    uint8_t *p = ks_buf_reserve(out, bytes);
    uint32_t bits = 0;
    for (size_t i = 0; i < len; i++) {
        int value = i < digits ? digit_value(text[i]) : 0;
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 != 3)
            continue;
        for (int shift = 16; shift >= 0 && done < bytes; shift -= 8)
            p[done++] = (uint8_t)(bits >> shift);
        bits = 0;
    }
    out->len += bytes;
    return true;
}
