/* Made-up metadata: revisions of etcd keys, written as Milvus writes them, and the DDL that come
 * out as text. */
#ifndef SOURCE_TESTS_HELPER_META_H
#define SOURCE_TESTS_HELPER_META_H

#include "meta_model.h"

#define META_PREFIX "r/meta/"

enum { CREATED, CREATING, DROPPING, DROPPED };

struct meta_script {
    struct etcd_event *events;
    size_t count, cap;
    int64_t revision; /* of the events that are added next */
};
void meta_script_release(struct meta_script *s);
void meta_script_next(struct meta_script *s);

/* Below META_PREFIX. tick > 0: with its snapshots/ key in the same revision. Value is copied. */
void meta_put(struct meta_script *s, const char *key, struct ks_slice value, uint64_t tick);
void meta_tombstone(struct meta_script *s, const char *key, uint64_t tick);
void meta_delete(struct meta_script *s, const char *key);

void meta_database(struct meta_script *s, int64_t id, const char *name, uint64_t tick);
/* Key, with one field, one partition "_default" (ID * 10) and a channel "ch<ID>". */
void meta_collection(struct meta_script *s, int64_t db, int64_t id, const char *name,
                     uint64_t tick);
/* The collection's own key only; `ttl` > 0 is a property. */
void meta_info(struct meta_script *s, int64_t db, int64_t id, const char *name, int state, int ttl,
               uint64_t tick);
void meta_field(struct meta_script *s, int64_t collection, int64_t id, const char *name,
                uint64_t tick);
void meta_partition(struct meta_script *s, int64_t collection, int64_t id, const char *name,
                    int state, uint64_t tick);
void meta_alias_to(struct meta_script *s, int64_t db, const char *alias, int64_t collection,
                   uint64_t tick);
void meta_index(struct meta_script *s, int64_t collection, int64_t id, const char *type,
                bool deleted, uint64_t tick);
/* type: 1 by partition, 2 whole; status: 1 loading, 2 loaded. */
void meta_load(struct meta_script *s, int64_t collection, int type, int status, int replicas);
void meta_partition_load(struct meta_script *s, int64_t collection, int64_t partition, int status);

/* Plays events [from, count) into the model; the DDL as text, one line each. Owns: free. */
char *meta_play(struct meta_model *m, const struct meta_script *s, size_t from);
/* The state after all events, as a listing. */
void meta_list(struct meta_model *m, const struct meta_script *s);
char *meta_text(struct pending_ddl *take_list);
struct meta_model *meta_empty(void);

#endif
