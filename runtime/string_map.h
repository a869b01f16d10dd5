/* An owned, sorted ks_config: how configurations are kept and changed inside the runtime. */
#ifndef RUNTIME_STRING_MAP_H
#define RUNTIME_STRING_MAP_H

#include <jansson.h>

#include "kitestream/config.h"
#include "kitestream/error.h"

/* Owns: keys and values. Zero-initialised is empty. `view` shares the memory. */
struct string_map {
    struct ks_config_entry *entries;
    size_t count, cap;
};

void string_map_release(struct string_map *m);
void string_map_set(struct string_map *m, const char *key, const char *value); /* copies */
void string_map_remove(struct string_map *m, const char *key);
const char *string_map_get(const struct string_map *m, const char *key);
struct string_map string_map_copy(const struct ks_config *config);
struct ks_config string_map_view(const struct string_map *m); /* until the next change */
bool string_map_equal(const struct string_map *a, const struct string_map *b);
/* A flat object; numbers and booleans become text as Connect does it; null, objects, arrays are
 * errors (DATA). */
enum ks_status string_map_from_json(const json_t *object, struct string_map *ret,
                                    struct ks_error *err);
json_t *string_map_to_json(const struct string_map *m); /* new reference */

#endif
