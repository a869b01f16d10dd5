/* Allocation inside the SDK, which may not use lib/: out of memory ends the process. */
#ifndef SDK_MEM_H
#define SDK_MEM_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void *mem_check(void *ptr)
{
    if (!ptr) {
        fputs("kitestream-sdk: out of memory\n", stderr);
        abort();
    }
    return ptr;
}

static inline void *mem_calloc(size_t count, size_t size)
{
    return mem_check(calloc(count ? count : 1, size ? size : 1));
}

static inline char *mem_strndup(const char *str, size_t len)
{
    char *copy = mem_calloc(len + 1, 1);
    memcpy(copy, str, len);
    return copy;
}

static inline char *mem_strdup(const char *str)
{
    return mem_strndup(str, strlen(str));
}

/* Makes room for one more element of a growing array: doubles *cap when len == *cap. */
static inline void *mem_grow(void *array, size_t len, size_t *cap, size_t element_size)
{
    if (len < *cap)
        return array;
    *cap = *cap ? *cap * 2 : 8;
    return mem_check(reallocarray(array, *cap, element_size));
}

#endif
