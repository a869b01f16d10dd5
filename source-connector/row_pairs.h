/* Which deletes of a group belong to inserts of the same group: the two halves of upserts. */
#ifndef SOURCE_ROW_PAIRS_H
#define SOURCE_ROW_PAIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kitestream/sdk/arena.h"
#include "kitestream/sdk/avro.h"

struct row_pair_delete {
    struct ks_cell key;
    uint64_t hash;
    int64_t partition_id;
    uint32_t first; /* index of the first delete of this key and partition: its flags count */
    bool matched;   /* some insert has its key */
    bool taken;     /* the row that becomes `u` is out */
};

/* Lives in the arena it was made in. Deletes stay in the order they were added. */
struct row_pairs {
    struct row_pair_delete *deletes;
    size_t count, cap;
    uint32_t *slots; /* index + 1 of a delete; 0: free */
    size_t mask;
};

/* Room for `cap` deletes, fewer than 2^31. */
void row_pairs_init(struct row_pairs *pairs, size_t cap, struct ks_arena *arena);
void row_pairs_add(struct row_pairs *pairs, const struct ks_cell *key, int64_t partition_id);
/* First pass over the inserted keys: marks the deletes that are the other half of an upsert. A
 * delete of partition -1 meets inserts of any. */
void row_pairs_match(struct row_pairs *pairs, const struct ks_cell *key, int64_t partition_id);
/* After the first pass: is delete number `i` the other half of an upsert? */
bool row_pairs_matched(const struct row_pairs *pairs, size_t i);
/* Second pass: is this row the first of its key (`u`), or a further one or a plain insert (`c`)? */
bool row_pairs_take(struct row_pairs *pairs, const struct ks_cell *key, int64_t partition_id);

#endif
