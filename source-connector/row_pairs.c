/* Keys of a group's deletes and inserts in, the upserts among them out; next: row_events gives each
 * row its op. A hash table in the group's arena, sized once: nothing is moved or freed. */
#include "row_pairs.h"

#include <string.h>

static uint64_t mix(uint64_t h)
{
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93u;
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93u;
    return h ^ h >> 32;
}

static uint64_t hash_of(const struct ks_cell *key)
{
    if (key->kind == KS_CELL_INT)
        return mix((uint64_t)key->u.i);
    const uint8_t *p = key->u.data;
    size_t left = key->count;
    uint64_t hash = left;
    for (; left >= 8; p += 8, left -= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        hash = mix(hash ^ word);
    }
    uint64_t word = 0;
    if (left)
        memcpy(&word, p, left);
    return mix(hash ^ word);
}

static bool same_key(const struct ks_cell *a, const struct ks_cell *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == KS_CELL_INT)
        return a->u.i == b->u.i;
    return a->count == b->count && (a->count == 0 || memcmp(a->u.data, b->u.data, a->count) == 0);
}

void row_pairs_init(struct row_pairs *pairs, size_t cap, struct ks_arena *arena)
{
    size_t slots = 16;
    while (slots < cap * 2)
        slots *= 2;
    *pairs = (struct row_pairs){.cap = cap, .mask = slots - 1};
    pairs->deletes = ks_arena_alloc(arena, cap * sizeof *pairs->deletes);
    pairs->slots = ks_arena_zalloc(arena, slots * sizeof *pairs->slots);
}

/* A key that comes again is not entered again, or a thousand equal keys would be one long chain. */
void row_pairs_add(struct row_pairs *pairs, const struct ks_cell *key, int64_t partition_id)
{
    uint32_t index = (uint32_t)pairs->count++;
    struct row_pair_delete *delete = &pairs->deletes[index];
    *delete = (struct row_pair_delete){
        .key = *key, .hash = hash_of(key), .partition_id = partition_id, .first = index};
    size_t slot = delete->hash & pairs->mask;
    for (; pairs->slots[slot]; slot = (slot + 1) & pairs->mask) {
        const struct row_pair_delete *other = &pairs->deletes[pairs->slots[slot] - 1];
        if (other->hash == delete->hash && other->partition_id == partition_id &&
            same_key(&other->key, key)) {
            delete->first = other->first;
            return;
        }
    }
    pairs->slots[slot] = index + 1;
}

bool row_pairs_matched(const struct row_pairs *pairs, size_t i)
{
    return pairs->deletes[pairs->deletes[i].first].matched;
}

/* The next delete of the key at or behind *slot, which is moved behind it; NULL: no more. */
static struct row_pair_delete *probe(struct row_pairs *pairs, const struct ks_cell *key,
                                     uint64_t hash, int64_t partition_id, size_t *slot)
{
    while (pairs->slots[*slot]) {
        struct row_pair_delete *delete = &pairs->deletes[pairs->slots[*slot] - 1];
        *slot = (*slot + 1) & pairs->mask;
        bool here = delete->partition_id == -1 || delete->partition_id == partition_id;
        if (delete->hash == hash && here && same_key(&delete->key, key))
            return delete;
    }
    return NULL;
}

void row_pairs_match(struct row_pairs *pairs, const struct ks_cell *key, int64_t partition_id)
{
    uint64_t hash = hash_of(key);
    size_t slot = hash & pairs->mask;
    struct row_pair_delete *delete;
    while ((delete = probe(pairs, key, hash, partition_id, &slot)))
        delete->matched = true;
}

bool row_pairs_take(struct row_pairs *pairs, const struct ks_cell *key, int64_t partition_id)
{
    uint64_t hash = hash_of(key);
    size_t slot = hash & pairs->mask;
    bool first = false;
    struct row_pair_delete *delete;
    while ((delete = probe(pairs, key, hash, partition_id, &slot))) {
        first = first || !delete->taken;
        delete->taken = true;
    }
    return first;
}
