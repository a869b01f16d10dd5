/* One etcd key or value of Milvus in, a plain struct out: what the key is about, and its protobuf
 * value decoded into an arena. Next: meta_mirror, which keeps them.
 * Errors: DATA for a value that does not decode; the caller adds the key. */
#ifndef SOURCE_META_VALUES_H
#define SOURCE_META_VALUES_H

#include "ddl.h"
#include "meta_model.h"

enum meta_kind {
    META_OTHER, /* below the prefix, but nothing that a DDL comes from */
    META_DATABASE,
    META_COLLECTION,
    META_PARTITION,
    META_FIELD,
    META_FUNCTION,
    META_ALIAS,
    META_OLD_ALIAS, /* before Milvus had databases: the value is a CollectionInfo */
    META_INDEX,
    META_LOAD,
    META_PARTITION_LOAD,
    META_IMPORT,
    META_SEGMENT, /* of the collection `owner` */
    META_RBAC,
};

/* Slices point into the key that was parsed. */
struct meta_key {
    enum meta_kind kind;
    bool snapshot;        /* a copy below snapshots/, not the key itself */
    uint64_t tick;        /* of a snapshot */
    int64_t owner;        /* database of a collection or alias, else the collection; 0: none */
    int64_t id;           /* database, collection, partition, field, function, index or job */
    struct ks_slice name; /* alias; for META_RBAC: users, roles, ... */
};

/* False: the key is not below the prefix. */
bool meta_key_parse(const char *prefix, struct ks_slice key, struct meta_key *ret);

/* The three bytes that Milvus writes in place of a deleted value. */
bool meta_is_tombstone(struct ks_slice value);

/* Milvus' states, brought to one numbering. */
enum meta_state { META_STATE_CREATED, META_STATE_CREATING, META_STATE_GONE };

/* created_time is left out: it is wall-clock nanoseconds, not a TSO. */
struct meta_database_value {
    enum meta_state state;
    const char *name;
    const struct ddl_kv *properties;
    size_t property_count;
};

struct meta_channel {
    const char *pchannel;
    int64_t start_offset; /* Kafka; -1: unknown */
};

struct meta_collection_value {
    enum meta_state state;
    uint64_t create_tick;
    struct ddl_schema schema; /* fields, functions, partitions only in layouts before 2.1 */
    const struct meta_channel *channels;
    size_t channel_count;
};

struct meta_partition_value {
    enum meta_state state;
    const char *name;
    uint64_t create_tick;
};

struct meta_index_value {
    bool deleted;
    uint64_t create_tick;
    struct ddl_index index; /* field is NULL: a value has only its ID */
};

struct meta_load_value {
    bool present; /* loading or loaded */
    bool loaded;
    bool by_partition;
    int32_t replicas;
};

enum ks_status meta_decode_database(struct ks_slice value, struct ks_arena *arena,
                                    struct meta_database_value *ret, struct ks_error *err);
enum ks_status meta_decode_collection(struct ks_slice value, struct ks_arena *arena,
                                      struct meta_collection_value *ret, struct ks_error *err);
enum ks_status meta_decode_partition(struct ks_slice value, struct ks_arena *arena,
                                     struct meta_partition_value *ret, struct ks_error *err);
/* *ret_gone: a field that is being dropped. */
enum ks_status meta_decode_field(struct ks_slice value, struct ks_arena *arena,
                                 struct ddl_field *ret, bool *ret_gone, struct ks_error *err);
enum ks_status meta_decode_function(struct ks_slice value, struct ks_arena *arena,
                                    struct ddl_function *ret, struct ks_error *err);
enum ks_status meta_decode_alias(enum meta_kind kind, struct ks_slice value,
                                 enum meta_state *ret_state, int64_t *ret_collection_id,
                                 struct ks_error *err);
enum ks_status meta_decode_index(struct ks_slice value, struct ks_arena *arena,
                                 struct meta_index_value *ret, struct ks_error *err);
/* Of a collection or of a partition. */
enum ks_status meta_decode_load(enum meta_kind kind, struct ks_slice value,
                                struct meta_load_value *ret, struct ks_error *err);
/* Of a segment of data: is it there, and not known to be empty? */
bool meta_segment_has_rows(struct ks_slice value);
/* The layout of an import job differs between releases: its collection is the number in it for
 * which `known` answers true. 0: none. */
int64_t meta_import_collection(struct ks_slice value, bool (*known)(void *arg, int64_t id),
                               void *arg);

#endif
