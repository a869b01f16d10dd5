/* Bytes in, "is UTF-8" out (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
 * Eight bytes of ASCII are one step: nearly all texts are ASCII to a large part. */
#include "utf8_check.h"

#include <stdint.h>
#include <string.h>

#define HIGH_BITS 0x8080808080808080u

/* Length of the character at p, or 0. */
static size_t character(const uint8_t *p, size_t left)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = p[0] < 0x80   ? 1
                 : p[0] < 0xc2 ? 0
                 : p[0] < 0xe0 ? 2
                 : p[0] < 0xf0 ? 3
                 : p[0] < 0xf5 ? 4
                               : 0;
    if (len <= 1)
        return len;
    if (len > left)
        return 0;
    uint32_t code = p[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3fu);
    }
    bool legal = code >= least[len] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    return legal ? len : 0;
}

bool utf8_check(const void *data, size_t len)
{
    const uint8_t *p = data;
    size_t i = 0;
    while (i < len) {
        uint64_t word;
        if (len - i >= sizeof word) {
            memcpy(&word, p + i, sizeof word);
            if (!(word & HIGH_BITS)) {
                i += sizeof word;
                continue;
            }
        }
        size_t step = character(p + i, len - i);
        if (!step)
            return false;
        i += step;
    }
    return true;
}
