/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef SDK_UTF8_H
#define SDK_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at p, 1 to 4; 0 if it is not one. left >= 1. */
size_t utf8_character(const uint8_t *p, size_t left);

#endif
