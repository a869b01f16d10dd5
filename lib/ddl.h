/* One metadata change, as it stands on <prefix>.ddl (schemas/ddl.avsc): made by the source from
 * etcd, applied by the sink. Plain data; everything reachable lives in one arena. Strings are never
 * NULL unless marked; a count of 0 goes with any pointer. */
#ifndef LIB_DDL_H
#define LIB_DDL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kitestream/error.h"
#include "kitestream/record.h"
#include "kitestream/sdk/arena.h"
#include "kitestream/sdk/buf.h"

enum ddl_kind {
    DDL_CREATE_DATABASE,
    DDL_DROP_DATABASE,
    DDL_ALTER_DATABASE,
    DDL_CREATE_COLLECTION,
    DDL_DROP_COLLECTION,
    DDL_RENAME_COLLECTION,
    DDL_ALTER_COLLECTION,
    DDL_CREATE_PARTITION,
    DDL_DROP_PARTITION,
    DDL_CREATE_INDEX,
    DDL_DROP_INDEX,
    DDL_ALTER_INDEX,
    DDL_LOAD_COLLECTION,
    DDL_RELEASE_COLLECTION,
    DDL_LOAD_PARTITIONS,
    DDL_RELEASE_PARTITIONS,
    DDL_CREATE_ALIAS,
    DDL_DROP_ALIAS,
    DDL_ALTER_ALIAS,
    DDL_FLUSH,
    DDL_GAP,
    DDL_KIND_COUNT,
};

/* Milvus' DataType numbers (schema.proto). */
enum milvus_type {
    MILVUS_NONE = 0,
    MILVUS_BOOL = 1,
    MILVUS_INT8 = 2,
    MILVUS_INT16 = 3,
    MILVUS_INT32 = 4,
    MILVUS_INT64 = 5,
    MILVUS_FLOAT = 10,
    MILVUS_DOUBLE = 11,
    MILVUS_VARCHAR = 21,
    MILVUS_ARRAY = 22,
    MILVUS_JSON = 23,
    MILVUS_BINARY_VECTOR = 100,
    MILVUS_FLOAT_VECTOR = 101,
    MILVUS_FLOAT16_VECTOR = 102,
    MILVUS_BFLOAT16_VECTOR = 103,
    MILVUS_SPARSE_FLOAT_VECTOR = 104,
    MILVUS_INT8_VECTOR = 105,
};

struct ddl_kv {
    const char *key, *value;
};
struct ddl_named {
    int64_t id;
    const char *name;
};

struct ddl_field {
    int64_t id;
    const char *name;
    enum milvus_type type, element_type;
    bool is_primary_key, auto_id, is_partition_key, is_clustering_key;
    bool is_dynamic, nullable, is_function_output;
    const char *description;
    const char *default_value; /* JSON text, or NULL */
    const struct ddl_kv *type_params;
    size_t type_param_count;
};

struct ddl_function {
    const char *name;
    int64_t id;
    int32_t type;
    const char *description;
    const char *const *inputs;
    size_t input_count;
    const char *const *outputs;
    size_t output_count;
    const struct ddl_kv *params;
    size_t param_count;
};

/* User fields and $meta (is_dynamic); never the system fields 0 and 1. */
struct ddl_schema {
    const char *name, *description;
    bool auto_id, enable_dynamic_field;
    int32_t shards;
    int64_t num_partitions; /* > 0 only with a partition key */
    int32_t consistency_level;
    const struct ddl_named *partitions; /* that exist when the event happens */
    size_t partition_count;
    const struct ddl_kv *properties;
    size_t property_count;
    const struct ddl_field *fields; /* in schema order */
    size_t field_count;
    const struct ddl_function *functions;
    size_t function_count;
};

struct ddl_index {
    const char *name;
    int64_t id;
    const char *field;
    int64_t field_id;
    const struct ddl_kv *params; /* what the user gave: index_type, metric_type, params… */
    size_t param_count;
};

struct ddl_load {
    int32_t replicas;
};

struct ddl {
    enum ddl_kind kind;
    int64_t seq;   /* 1, 2, 3 …; given when emitted */
    uint64_t tick; /* effective tick; given when emitted */
    int64_t ts_ms;
    const char *cluster;
    int64_t revision; /* etcd; 0 for what is not from etcd (flush) */
    const char *db;
    int64_t db_id;
    const char *collection;              /* NULL for database events and drop_alias */
    int64_t collection_id;               /* 0: none */
    const char *old_db, *old_collection; /* NULL but for rename */
    const char *partition;               /* NULL unless create/drop_partition */
    int64_t partition_id;
    const char *const *partitions; /* load/release_partitions */
    size_t partition_count;
    const char *alias; /* or NULL */
    const char *topic; /* where the collection's rows go, or NULL */
    bool snapshot;
    const struct ddl_schema *schema; /* create, rename, alter collection; else NULL */
    const struct ddl_index *index;   /* or NULL */
    const struct ddl_load *load;     /* load_*; or NULL */
    const struct ddl_kv *properties; /* alter_*: all properties after the change */
    size_t property_count;
    const char *const *collections; /* flush */
    size_t collection_count;
    const char *reason; /* gap; or NULL */
    const struct ks_topic_partition *after;
    size_t after_count;
};

const char *ddl_kind_name(enum ddl_kind kind);                 /* "create_collection" */
int ddl_kind_of(const char *name, size_t len);                 /* -1 if unknown */
const char *milvus_type_name(enum milvus_type type);           /* "FloatVector"; "Unknown" */
enum milvus_type milvus_type_of(const char *name, size_t len); /* MILVUS_NONE if unknown */
/* Number of the member of Milvus' ScalarField that holds values of this type; 0: none does. */
uint32_t milvus_scalar_member(enum milvus_type type);
/* Value of a key in a list, or NULL. */
const char *ddl_kv_get(const struct ddl_kv *kvs, size_t count, const char *key);
/* Does this kind gate the rows after it (ddl_seq; ordering §4)? */
bool ddl_gates_rows(enum ddl_kind kind);

bool ddl_schema_has_partition_key(const struct ddl_schema *schema);
/* The order of key-value pairs means nothing. */
bool ddl_kvs_equal(const struct ddl_kv *a, size_t a_count, const struct ddl_kv *b, size_t b_count);
/* Apart from the name and the partitions, which change by DDL of their own. */
bool ddl_schema_equal(const struct ddl_schema *a, const struct ddl_schema *b);
bool ddl_index_equal(const struct ddl_index *a, const struct ddl_index *b);

/* Deep copy into the arena. */
struct ddl *ddl_copy(const struct ddl *ddl, struct ks_arena *arena);
struct ddl_schema *ddl_schema_copy(const struct ddl_schema *schema, struct ks_arena *arena);
struct ddl_index *ddl_index_copy(const struct ddl_index *index, struct ks_arena *arena);
struct ddl_kv *ddl_kvs_copy(const struct ddl_kv *kvs, size_t count, struct ks_arena *arena);

/* The Avro side. The codec holds the compiled plans of schemas/ddl.avsc (embedded at build time).
 */
struct ddl_codec;
struct ddl_codec *ddl_codec_new(void);
void ddl_codec_free(struct ddl_codec *codec);
extern const char ddl_key_avsc[], ddl_value_avsc[]; /* NUL-terminated JSON */
void ddl_encode_key(struct ddl_codec *codec, const char *cluster, struct ks_buf *out);
void ddl_encode(struct ddl_codec *codec, const struct ddl *ddl, struct ks_buf *out);
/* `writer_json`: the record's own schema, which may be older or newer than ours; the plan for it is
 * cached. A kind we do not know is DDL_KIND_COUNT: to be passed over. Errors: DATA. *ret lives in
 * the arena. */
enum ks_status ddl_decode(struct ddl_codec *codec, const char *writer_json, struct ks_slice body,
                          struct ks_arena *arena, struct ddl **ret, struct ks_error *err);

#endif
