/* Names of Avro types, fields and symbols. */
#ifndef SDK_AVRO_NAME_H
#define SDK_AVRO_NAME_H

#include <stdbool.h>

#include "kitestream/sdk/arena.h"

/* [A-Za-z_][A-Za-z0-9_]*, at most AVRO_NAME_BYTES_MAX bytes. */
bool avro_name_valid(const char *name);
/* Simple names joined by dots. */
bool avro_full_name_valid(const char *name);
/* "N" in namespace "a.b" is "a.b.N"; a name with dots is already full. `space` may be NULL or "".
 */
const char *avro_full_name(struct ks_arena *arena, const char *name, const char *space);
/* The namespace of a full name, NULL if it has none. */
const char *avro_name_space(struct ks_arena *arena, const char *full_name);

#endif
