/* The past, as Milvus keeps it: every write of a database, collection, partition, field or alias is
 * also a key snapshots/<key>_ts<TSO>. After a compaction these tell what happened while nobody
 * watched, in order and with its time. Owns: copies of what is added. */
#ifndef SOURCE_META_HISTORY_H
#define SOURCE_META_HISTORY_H

#include "meta_diff.h"

struct meta_past {
    struct meta_key key; /* its name points into `name` */
    char *name;
    struct ks_slice value;
};

struct meta_history {
    struct meta_past *items;
    size_t len, cap;
};

void meta_history_release(struct meta_history *h);
void meta_history_add(struct meta_history *h, const struct meta_key *key, struct ks_slice value);
/* Call once, after the last add. */
void meta_history_sort(struct meta_history *h);
/* Emits what happened after `since`, moment by moment, except for indexes and loads, which have no
 * history. d->mirror is the present; it is put back, and d->history with it. */
void meta_history_replay(const struct meta_history *h, uint64_t since, struct meta_diff *d);

#endif
