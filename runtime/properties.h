/* One value out of a Java properties file, the format that ${file:path:key} names. */
#ifndef RUNTIME_PROPERTIES_H
#define RUNTIME_PROPERTIES_H

#include <stddef.h>

/* The value of `key` (the last one, if it is given twice), or NULL. Owns: the caller frees it. */
char *properties_get(const char *text, size_t len, const char *key);

#endif
