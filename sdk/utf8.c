/* Is this a character? For printing text that others wrote. */
#include "utf8.h"

#include <stdbool.h>

static bool is_tail(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

size_t utf8_character(const uint8_t *p, size_t left)
{
    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xC2 || p[0] > 0xF4)
        return 0;
    if (p[0] < 0xE0)
        return left >= 2 && is_tail(p[1]) ? 2 : 0;
    if (left < 3 || !is_tail(p[1]) || !is_tail(p[2]))
        return 0;
    if (p[0] < 0xF0) {
        bool overlong = p[0] == 0xE0 && p[1] < 0xA0;
        bool surrogate = p[0] == 0xED && p[1] > 0x9F;
        return overlong || surrogate ? 0 : 3;
    }
    bool overlong = p[0] == 0xF0 && p[1] < 0x90;
    bool beyond = p[0] == 0xF4 && p[1] > 0x8F;
    return left >= 4 && is_tail(p[3]) && !overlong && !beyond ? 4 : 0;
}
