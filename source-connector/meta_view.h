/* One collection as a client of Milvus would see it, decoded from the raw mirror: half-made and
 * dropped parts are left out. Next: meta_diff, which compares it with what the stream says. */
#ifndef SOURCE_META_VIEW_H
#define SOURCE_META_VIEW_H

#include "meta_mirror.h"

struct meta_view_partition {
    int64_t id;
    const char *name;
    uint64_t tick; /* of its last change */
    bool loaded;
};

struct meta_view_index {
    struct ddl_index index;
    uint64_t create_tick;
};

/* Lives in the arena it was built in, and in the mirror. */
struct meta_view {
    int64_t id, db_id;
    enum meta_state
        state; /* CREATING: not to be shown yet, or not to be judged from what is there */
    const char *db;
    uint64_t create_tick, info_tick, schema_tick; /* last change of the collection, of any field */
    struct ddl_schema schema;                     /* schema.partitions = partitions */
    struct meta_view_partition *partitions;
    size_t partition_count;
    struct meta_view_index *indexes;
    size_t index_count;
    bool load_present, load_whole;
    int32_t replicas;
    const struct meta_channel *channels;
    size_t channel_count;
};

/* Name of a database that is Created, or NULL. Milvus before databases wrote 0 for "default". */
const char *meta_view_database(const struct meta_mirror *m, int64_t db_id, struct ks_arena *arena);

/* `known_db`: the database name if the mirror has lost it, or NULL. A collection that the mirror
 * does not have is GONE. */
void meta_view_build(const struct meta_mirror *m, int64_t collection_id, const char *known_db,
                     struct ks_arena *arena, struct meta_view *ret);

#endif
