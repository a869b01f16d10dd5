#include "utf8.h"

/* Length of the well-formed character at `p`, 0 if there is none. */
static size_t character(const uint8_t *p, size_t len)
{
    size_t want = p[0] < 0x80                   ? 1
                  : p[0] >= 0xC2 && p[0] < 0xE0 ? 2
                  : (p[0] & 0xF0) == 0xE0       ? 3
                  : p[0] >= 0xF0 && p[0] < 0xF5 ? 4
                                                : 0;
    if (want == 0 || want > len)
        return 0;
    for (size_t i = 1; i < want; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
    bool surrogate = p[0] == 0xED && p[1] >= 0xA0;
    bool beyond = p[0] == 0xF4 && p[1] >= 0x90;
    return overlong || surrogate || beyond ? 0 : want;
}

void utf8_append(struct ks_buf *out, const uint8_t *text, size_t len)
{
    size_t done = 0;
    for (size_t i = 0; i < len;) {
        size_t step = character(text + i, len - i);
        if (step > 0) {
            i += step;
            continue;
        }
        ks_buf_add(out, text + done, i - done);
        ks_buf_add(out, "\xEF\xBF\xBD", 3);
        done = ++i;
    }
    ks_buf_add(out, text + done, len - done);
}
