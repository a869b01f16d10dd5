/* "Did you mean …?": the nearest of some names to what somebody wrote. */
#ifndef RUNTIME_NEAREST_H
#define RUNTIME_NEAREST_H

#include <stddef.h>

/* Edits (insert, delete, replace, swap of neighbours; case is ignored) from a to b. SIZE_MAX if one
 * is longer than 64 bytes. */
size_t nearest_distance(const char *a, const char *b);
/* Edits within which a name counts as near to `word`. */
size_t nearest_limit(const char *word);
/* The nearest of a NULL-ended list, or NULL if nothing is near. */
const char *nearest_name(const char *word, const char *const *names);

#endif
