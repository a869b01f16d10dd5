/* Allocation that cannot fail: out of memory ends the process with a message. */
#ifndef LIB_ALLOC_H
#define LIB_ALLOC_H

#include <stdarg.h>
#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *ptr, size_t size);
char *xstrdup(const char *str);
char *xstrndup(const char *str, size_t len);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *fmt, va_list args) __attribute__((format(printf, 1, 0)));
/* Makes room for one more element of a growing array: doubles *cap when len == *cap. */
void *xgrow(void *array, size_t len, size_t *cap, size_t element_size);

#endif
