/* Java properties files, the format that ${file:path:key} names. */
#ifndef RUNTIME_PROPERTIES_H
#define RUNTIME_PROPERTIES_H

#include <stddef.h>

/* The value of `key` (the last one, if it is given twice), or NULL. Owns: the caller frees it. */
char *properties_get(const char *text, size_t len, const char *key);
/* Every pair, in order; a key may come twice, and then the last one counts. */
typedef void properties_take_fn(void *arg, const char *key, const char *value);
void properties_each(const char *text, size_t len, properties_take_fn *take, void *arg);

#endif
