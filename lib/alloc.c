/* Allocation that cannot fail: callers need no error path for a condition in which the process
 * could not do anything sensible anyway. State lives in Kafka, so ending here loses nothing. */
#include "alloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void out_of_memory(size_t size)
{
    fprintf(stderr, "kitestream: out of memory (%zu bytes wanted)\n", size);
    abort();
}

static void *checked(void *ptr, size_t size)
{
    if (!ptr)
        out_of_memory(size);
    return ptr;
}

void *xmalloc(size_t size)
{
    return checked(malloc(size ? size : 1), size);
}

void *xcalloc(size_t count, size_t size)
{
    if (count == 0 || size == 0)
        count = size = 1;
    return checked(calloc(count, size), size);
}

void *xrealloc(void *ptr, size_t size)
{
    return checked(realloc(ptr, size ? size : 1), size);
}

char *xstrdup(const char *str)
{
    return xstrndup(str, strlen(str));
}

char *xstrndup(const char *str, size_t len)
{
    len = strnlen(str, len);
    char *copy = xmalloc(len + 1);
    memcpy(copy, str, len);
    copy[len] = '\0';
    return copy;
}

char *xvasprintf(const char *fmt, va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, fmt, args) < 0)
        out_of_memory(0);
    return text;
}

char *xasprintf(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = xvasprintf(fmt, args);
    va_end(args);
    return text;
}

void *xgrow(void *array, size_t len, size_t *cap, size_t element_size)
{
    if (len < *cap)
        return array;
    size_t wanted = *cap ? *cap * 2 : 8;
    if (wanted <= len)
        wanted = len + 1;
    if (wanted > SIZE_MAX / 2 / element_size)
        out_of_memory(SIZE_MAX);
    array = xrealloc(array, wanted * element_size);
    *cap = wanted;
    return array;
}
