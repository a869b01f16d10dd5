#include "utf8_copy.h"

#include <string.h>

void utf8_copy(char *to, size_t cap, const char *text)
{
    size_t len = strnlen(text, cap);
    if (len == cap)
        for (len--; len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80; len--) {
        }
    memcpy(to, text, len);
    to[len] = '\0';
}
