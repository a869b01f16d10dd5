/* The raw mirror: values of Milvus' etcd keys as they are, found by what they are about. A value is
 * checked when it arrives, so that reading it later cannot fail. Next: meta_view, which decodes
 * what is there into one collection as a client would see it. Owns: copies of all values. Thread:
 * one. */
#ifndef SOURCE_META_MIRROR_H
#define SOURCE_META_MIRROR_H

#include "map.h"
#include "meta_values.h"

struct meta_entry {
    int64_t id;
    int64_t create_revision; /* of the key, as far as the caller of put knows it */
    uint64_t tick;           /* TSO of the last write, from its snapshots/ key; 0: none seen */
    enum meta_state state;   /* a tombstone is GONE; kinds without a state are CREATED */
    bool tombstone;
    uint64_t create_tick; /* as the value says; 0: it does not */
    struct ks_slice value;
};

/* Sorted by ID; entries are heap-allocated. */
struct meta_entries {
    struct meta_entry **items;
    size_t len, cap;
};
struct meta_entry *meta_entries_get(const struct meta_entries *list, int64_t id);

enum meta_part {
    META_PART_INFO, /* by database ID: a move between databases leaves a tombstone behind */
    META_PART_PARTITION,
    META_PART_FIELD,
    META_PART_FUNCTION,
    META_PART_INDEX,
    META_PART_LOAD, /* at most one, ID 0 */
    META_PART_PARTITION_LOAD,
    META_PART_COUNT,
};

struct meta_collection {
    int64_t id;
    struct meta_entries parts[META_PART_COUNT];
};

struct meta_alias {
    int64_t db_id, collection_id;
    char *name;
    struct meta_entry entry;
};

struct meta_mirror {
    struct meta_entries databases;
    struct map collections;      /* ID → struct meta_collection */
    struct strmap aliases;       /* "db ID/name" → struct meta_alias */
    struct meta_entries imports; /* by job ID */
};

void meta_mirror_release(struct meta_mirror *m);
/* key: a plain one (no snapshot). Errors: DATA. META_OTHER, META_RBAC and META_SEGMENT are not
 * kept. */
enum ks_status meta_mirror_put(struct meta_mirror *m, const struct meta_key *key,
                               struct ks_slice value, int64_t create_revision,
                               struct ks_error *err);
void meta_mirror_delete(struct meta_mirror *m, const struct meta_key *key);
/* The entry of a plain or snapshots/ key, or NULL. */
struct meta_entry *meta_mirror_entry(const struct meta_mirror *m, const struct meta_key *key);
struct meta_collection *meta_mirror_collection(const struct meta_mirror *m, int64_t id);
/* What stands for the collection: its value that is not a tombstone, else the last tombstone, or
 * NULL. */
const struct meta_entry *meta_collection_info(const struct meta_collection *coll);

#endif
