/* Hash maps from 64-bit numbers and from strings to pointers. Open addressing, linear probing, at
 * most 3/4 full; a removal moves later entries back, so nothing ever decays.
 * Owns: the table (and, for strings, copies of the keys), never the values: free those first.
 * Zero-initialised is valid and empty. A NULL value is allowed; `find` tells it from absence.
 * Pointers to values, and positions of an iteration, are void after any put or remove. */
#ifndef LIB_MAP_H
#define LIB_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_slot {
    uint64_t key;
    void *value;
    bool used;
};

struct map {
    struct map_slot *slots;
    size_t len, cap; /* cap: 0 or a power of two */
};

void map_release(struct map *map);
void map_clear(struct map *map); /* keeps the memory */
/* Where the value of `key` is, or NULL if there is none. */
void **map_find(const struct map *map, uint64_t key);
void *map_get(const struct map *map, uint64_t key); /* NULL: none */
/* Returns the value that was replaced, or NULL. */
void *map_put(struct map *map, uint64_t key, void *value);
/* Returns the value that was removed, or NULL. */
void *map_remove(struct map *map, uint64_t key);
/* Walks all entries in no order: `size_t pos = 0; while (map_next(&m, &pos, &key, &value))`. */
bool map_next(const struct map *map, size_t *pos, uint64_t *ret_key, void **ret_value);

struct strmap_slot {
    char *key; /* NULL: free slot */
    size_t key_len;
    uint64_t hash;
    void *value;
};

struct strmap {
    struct strmap_slot *slots;
    size_t len, cap;
};

void strmap_release(struct strmap *map);
void **strmap_find(const struct strmap *map, const char *key);
/* A key that is not NUL-terminated, or holds NULs. */
void **strmap_find_n(const struct strmap *map, const char *key, size_t len);
void *strmap_get(const struct strmap *map, const char *key);
void *strmap_put(struct strmap *map, const char *key, void *value);
void *strmap_put_n(struct strmap *map, const char *key, size_t len, void *value);
void *strmap_remove(struct strmap *map, const char *key);
void *strmap_remove_n(struct strmap *map, const char *key, size_t len);
bool strmap_next(const struct strmap *map, size_t *pos, const char **ret_key, void **ret_value);

#endif
