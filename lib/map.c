/* Hash maps with open addressing. Both kinds follow one scheme: home slot = hash & (cap - 1), probe
 * forward to the key or to a free slot; after a removal the entries behind it are moved back over
 * the hole if their home allows, so there are no tombstones. */
#include "map.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

#define FIRST_CAP 16

/* Spreads IDs that differ in few bits over the whole word. */
static uint64_t mix(uint64_t x)
{
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    return x ^ x >> 32;
}

static uint64_t hash_bytes(const char *data, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (uint8_t)data[i]) * 0x100000001b3u;
    return mix(hash);
}

static bool must_grow(size_t len, size_t cap)
{
    return len + 1 > cap / 4 * 3;
}

/* An entry at `at` with home `home` may move back into `hole` unless its home lies behind the hole
 * (all modulo the table). */
static bool may_move(size_t home, size_t hole, size_t at, size_t mask)
{
    return ((at - home) & mask) >= ((at - hole) & mask);
}

/* ---- numbers ---- */

void map_release(struct map *map)
{
    free(map->slots);
    *map = (struct map){0};
}

void map_clear(struct map *map)
{
    if (map->len > 0)
        memset(map->slots, 0, map->cap * sizeof(*map->slots));
    map->len = 0;
}

/* The slot of `key`, or the free one where it belongs. The table is never full. */
static struct map_slot *map_probe(const struct map *map, uint64_t key)
{
    size_t mask = map->cap - 1, i = mix(key) & mask;
    while (map->slots[i].used && map->slots[i].key != key)
        i = (i + 1) & mask;
    return &map->slots[i];
}

static void map_grow(struct map *map)
{
    struct map old = *map;
    map->cap = old.cap ? old.cap * 2 : FIRST_CAP;
    map->slots = xcalloc(map->cap, sizeof(*map->slots));
    for (size_t i = 0; i < old.cap; i++)
        if (old.slots[i].used)
            *map_probe(map, old.slots[i].key) = old.slots[i];
    free(old.slots);
}

void **map_find(const struct map *map, uint64_t key)
{
    if (map->len == 0)
        return NULL;
    struct map_slot *slot = map_probe(map, key);
    return slot->used ? &slot->value : NULL;
}

void *map_get(const struct map *map, uint64_t key)
{
    void **found = map_find(map, key);
    return found ? *found : NULL;
}

void *map_put(struct map *map, uint64_t key, void *value)
{
    if (must_grow(map->len, map->cap))
        map_grow(map);
    struct map_slot *slot = map_probe(map, key);
    void *old = slot->used ? slot->value : NULL;
    map->len += !slot->used;
    *slot = (struct map_slot){.key = key, .value = value, .used = true};
    return old;
}

void *map_remove(struct map *map, uint64_t key)
{
    if (!map_find(map, key))
        return NULL;
    struct map_slot *slot = map_probe(map, key);
    void *value = slot->value;
    size_t mask = map->cap - 1, hole = (size_t)(slot - map->slots);
    for (size_t i = (hole + 1) & mask; map->slots[i].used; i = (i + 1) & mask) {
        if (!may_move(mix(map->slots[i].key) & mask, hole, i, mask))
            continue;
        map->slots[hole] = map->slots[i];
        hole = i;
    }
    map->slots[hole] = (struct map_slot){0};
    map->len--;
    return value;
}

bool map_next(const struct map *map, size_t *pos, uint64_t *ret_key, void **ret_value)
{
    while (*pos < map->cap) {
        const struct map_slot *slot = &map->slots[(*pos)++];
        if (!slot->used)
            continue;
        *ret_key = slot->key;
        *ret_value = slot->value;
        return true;
    }
    return false;
}

/* ---- strings ---- */

void strmap_release(struct strmap *map)
{
    for (size_t i = 0; i < map->cap; i++)
        free(map->slots[i].key);
    free(map->slots);
    *map = (struct strmap){0};
}

static bool strmap_is(const struct strmap_slot *slot, const char *key, size_t len, uint64_t hash)
{
    return slot->hash == hash && slot->key_len == len && memcmp(slot->key, key, len) == 0;
}

static struct strmap_slot *strmap_probe(const struct strmap *map, const char *key, size_t len,
                                        uint64_t hash)
{
    size_t mask = map->cap - 1, i = hash & mask;
    while (map->slots[i].key && !strmap_is(&map->slots[i], key, len, hash))
        i = (i + 1) & mask;
    return &map->slots[i];
}

static void strmap_grow(struct strmap *map)
{
    struct strmap old = *map;
    map->cap = old.cap ? old.cap * 2 : FIRST_CAP;
    map->slots = xcalloc(map->cap, sizeof(*map->slots));
    for (size_t i = 0; i < old.cap; i++) {
        struct strmap_slot *slot = &old.slots[i];
        if (slot->key)
            *strmap_probe(map, slot->key, slot->key_len, slot->hash) = *slot;
    }
    free(old.slots);
}

void **strmap_find_n(const struct strmap *map, const char *key, size_t len)
{
    if (map->len == 0)
        return NULL;
    struct strmap_slot *slot = strmap_probe(map, key, len, hash_bytes(key, len));
    return slot->key ? &slot->value : NULL;
}

void **strmap_find(const struct strmap *map, const char *key)
{
    return strmap_find_n(map, key, strlen(key));
}

void *strmap_get(const struct strmap *map, const char *key)
{
    void **found = strmap_find(map, key);
    return found ? *found : NULL;
}

void *strmap_put_n(struct strmap *map, const char *key, size_t len, void *value)
{
    if (must_grow(map->len, map->cap))
        strmap_grow(map);
    uint64_t hash = hash_bytes(key, len);
    struct strmap_slot *slot = strmap_probe(map, key, len, hash);
    void *old = slot->value;
    if (!slot->key) {
        char *copy = xmalloc(len + 1);
        memcpy(copy, key, len);
        copy[len] = '\0';
        *slot = (struct strmap_slot){.key = copy, .key_len = len, .hash = hash};
        map->len++;
    }
    slot->value = value;
    return old;
}

void *strmap_put(struct strmap *map, const char *key, void *value)
{
    return strmap_put_n(map, key, strlen(key), value);
}

void *strmap_remove_n(struct strmap *map, const char *key, size_t len)
{
    if (!strmap_find_n(map, key, len))
        return NULL;
    struct strmap_slot *slot = strmap_probe(map, key, len, hash_bytes(key, len));
    void *value = slot->value;
    free(slot->key);
    size_t mask = map->cap - 1, hole = (size_t)(slot - map->slots);
    for (size_t i = (hole + 1) & mask; map->slots[i].key; i = (i + 1) & mask) {
        if (!may_move(map->slots[i].hash & mask, hole, i, mask))
            continue;
        map->slots[hole] = map->slots[i];
        hole = i;
    }
    map->slots[hole] = (struct strmap_slot){0};
    map->len--;
    return value;
}

void *strmap_remove(struct strmap *map, const char *key)
{
    return strmap_remove_n(map, key, strlen(key));
}

bool strmap_next(const struct strmap *map, size_t *pos, const char **ret_key, void **ret_value)
{
    while (*pos < map->cap) {
        const struct strmap_slot *slot = &map->slots[(*pos)++];
        if (!slot->key)
            continue;
        *ret_key = slot->key;
        *ret_value = slot->value;
        return true;
    }
    return false;
}
