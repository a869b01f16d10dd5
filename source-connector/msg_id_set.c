#include "msg_id_set.h"

#include <stdlib.h>

#include "alloc.h"

/* Open addressing at most half full; the ring remembers the order of arrival. */
struct msg_id_set {
    size_t capacity, slots;
    int64_t *table; /* 0 = free */
    int64_t *ring;
    size_t count, next;
};

struct msg_id_set *msg_id_set_new(size_t capacity)
{
    struct msg_id_set *set = xcalloc(1, sizeof(*set));
    set->capacity = capacity;
    set->slots = capacity * 2;
    set->table = xcalloc(set->slots, sizeof(*set->table));
    set->ring = xcalloc(capacity, sizeof(*set->ring));
    return set;
}

void msg_id_set_free(struct msg_id_set *set)
{
    if (!set)
        return;
    free(set->table);
    free(set->ring);
    free(set);
}

static size_t home_of(const struct msg_id_set *set, int64_t id)
{
    uint64_t h = (uint64_t)id * 0x9e3779b97f4a7c15u;
    return (size_t)(h >> 20) & (set->slots - 1);
}

static size_t find(const struct msg_id_set *set, int64_t id)
{
    size_t i = home_of(set, id);
    while (set->table[i] && set->table[i] != id)
        i = (i + 1) & (set->slots - 1);
    return i;
}

/* Moves later members of the probe chain into the hole, so that lookups need no tombstones. */
static void erase(struct msg_id_set *set, int64_t id)
{
    size_t hole = find(set, id);
    size_t mask = set->slots - 1;
    for (size_t i = (hole + 1) & mask; set->table[i]; i = (i + 1) & mask) {
        size_t home = home_of(set, set->table[i]);
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            set->table[hole] = set->table[i];
            hole = i;
        }
    }
    set->table[hole] = 0;
}

bool msg_id_set_has(const struct msg_id_set *set, int64_t id)
{
    return id != 0 && set->table[find(set, id)] == id;
}

bool msg_id_set_add(struct msg_id_set *set, int64_t id)
{
    if (id == 0)
        return true;
    if (msg_id_set_has(set, id))
        return false;
    if (set->count == set->capacity)
        erase(set, set->ring[set->next]);
    else
        set->count++;
    set->table[find(set, id)] = id;
    set->ring[set->next] = id;
    set->next = (set->next + 1) & (set->capacity - 1);
    return true;
}
