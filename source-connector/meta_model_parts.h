/* What the files of the metadata model share: meta_model.c (life, listing, difference),
 * meta_model_events.c, meta_model_facts.c. Private to them. */
#ifndef SOURCE_META_MODEL_PARTS_H
#define SOURCE_META_MODEL_PARTS_H

#include "map.h"
#include "meta_diff.h"
#include "meta_history.h"
#include "meta_mirror.h"
#include "meta_model.h"

struct meta_model {
    char *prefix;
    struct meta_mirror mirror;
    struct meta_history history; /* of the last listing, until the first event */
    struct catalogue *shown;
    int64_t seq, revision;
    struct map dropped;   /* IDs of collections whose key is gone altogether */
    struct map with_rows; /* IDs of collections, as of the last listing */
    uint64_t max_tick;
    uint64_t said_tick; /* what the stream says already; see meta_model_said */
    int64_t said_revision;
    size_t key_count;
    struct meta_ignored ignored[META_IGNORED_COUNT];
    /* Derived, rebuilt when asked for after a change. */
    bool floor_known, uses_known;
    uint64_t floor;
    struct ks_arena uses_arena;
    struct meta_channel_use *uses;
    size_t use_count, use_cap;
};

void meta_model_note_tick(struct meta_model *m, uint64_t tick);
/* Into the mirror. Errors: DATA naming the key. */
enum ks_status meta_model_put(struct meta_model *m, const struct meta_key *key,
                              const struct etcd_kv *kv, struct ks_error *err);
/* Appends to the list that begins at *tail. */
struct meta_diff meta_model_diff_of(struct meta_model *m, struct pending_ddl **tail);
/* A bulk import. */
void meta_model_gap(struct meta_diff *d, int64_t job, const struct meta_entry *entry);

#endif
