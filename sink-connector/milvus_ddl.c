/* What changes the target's metadata. In: one change; out: the server's answer, sorted. Each is one
 * RPC, so a process that dies here leaves the change done or not done: ddl_apply describes first
 * and repeats. */
#include "milvus_api.pb-c.h"
#include "milvus_call.h"
#include "milvus_schema.h"

/* Dropping and releasing a collection have the same request. */
static struct milvus_answer change_collection(struct milvus_client *c, const char *method,
                                              const char *db, const char *name, int64_t deadline_ms)
{
    MilvusApi__CollectionRequest request = MILVUS_API__COLLECTION_REQUEST__INIT;
    request.db_name = (char *)db;
    request.collection_name = (char *)name;
    return milvus_call(c, method, db, &request.base, deadline_ms, NULL);
}

/* ---- collections ---- */

static struct milvus_answer create_collection(struct milvus_client *c, const char *db,
                                              const char *name, const struct ddl_schema *schema,
                                              const struct ddl_kv *properties, size_t count,
                                              int64_t deadline_ms, struct ks_arena *arena)
{
    MilvusApi__CreateCollectionRequest request = MILVUS_API__CREATE_COLLECTION_REQUEST__INIT;
    const char *bad = NULL;
    MilvusMeta__CollectionSchema *message = milvus_schema_message(name, schema, arena, &bad);
    if (!message)
        return milvus_answer_of(MILVUS_REFUSED,
                                "CreateCollection: the default value of field %s is none of its "
                                "type",
                                bad);
    size_t len = milvus_meta__collection_schema__get_packed_size(message);
    request.schema.data = ks_arena_alloc(arena, len);
    request.schema.len = milvus_meta__collection_schema__pack(message, request.schema.data);
    request.db_name = (char *)db;
    request.collection_name = (char *)name;
    request.shards_num = schema->shards;
    request.consistency_level = (MilvusMeta__ConsistencyLevel)schema->consistency_level;
    request.properties = milvus_pairs(properties, count, arena);
    request.n_properties = count;
    request.num_partitions = schema->num_partitions;
    return milvus_call(c, "CreateCollection", db, &request.base, deadline_ms, NULL);
}

struct milvus_answer milvus_create_collection(struct milvus_client *c, const char *db,
                                              const char *name, const struct ddl_schema *schema,
                                              const struct ddl_kv *properties, size_t count,
                                              int64_t deadline_ms)
{
    struct ks_arena arena = {0};
    struct milvus_answer a =
        create_collection(c, db, name, schema, properties, count, deadline_ms, &arena);
    ks_arena_release(&arena);
    return a;
}

struct milvus_answer milvus_drop_collection(struct milvus_client *c, const char *db,
                                            const char *name, int64_t deadline_ms)
{
    return change_collection(c, "DropCollection", db, name, deadline_ms);
}

struct milvus_answer milvus_rename_collection(struct milvus_client *c, const char *db,
                                              const char *old_name, const char *new_db,
                                              const char *new_name, int64_t deadline_ms)
{
    MilvusApi__RenameCollectionRequest request = MILVUS_API__RENAME_COLLECTION_REQUEST__INIT;
    request.db_name = (char *)db;
    request.oldname = (char *)old_name;
    request.newname = (char *)new_name;
    request.newdbname = (char *)new_db;
    return milvus_call(c, "RenameCollection", db, &request.base, deadline_ms, NULL);
}

struct milvus_answer milvus_alter_collection(struct milvus_client *c, const char *db,
                                             const char *name, const struct ddl_kv *properties,
                                             size_t count, int64_t deadline_ms)
{
    MilvusApi__AlterCollectionRequest request = MILVUS_API__ALTER_COLLECTION_REQUEST__INIT;
    struct ks_arena arena = {0};
    request.db_name = (char *)db;
    request.collection_name = (char *)name;
    request.properties = milvus_pairs(properties, count, &arena);
    request.n_properties = count;
    struct milvus_answer a =
        milvus_call(c, "AlterCollection", db, &request.base, deadline_ms, NULL);
    ks_arena_release(&arena);
    return a;
}

struct milvus_answer milvus_remove_properties(struct milvus_client *c, const char *db,
                                              const char *name, const char *const *keys,
                                              size_t count, int64_t deadline_ms)
{
    MilvusApi__AlterCollectionRequest request = MILVUS_API__ALTER_COLLECTION_REQUEST__INIT;
    request.db_name = (char *)db;
    request.collection_name = (char *)name;
    request.delete_keys = (char **)keys;
    request.n_delete_keys = count;
    return milvus_call(c, "AlterCollection", db, &request.base, deadline_ms, NULL);
}

struct milvus_answer milvus_flush(struct milvus_client *c, const char *db,
                                  const char *const *collections, size_t count, int64_t deadline_ms)
{
    MilvusApi__FlushRequest request = MILVUS_API__FLUSH_REQUEST__INIT;
    struct ks_buf reply = {0};
    request.db_name = (char *)db;
    request.collection_names = (char **)collections;
    request.n_collection_names = count;
    struct milvus_answer a = milvus_call(c, "Flush", db, &request.base, deadline_ms, &reply);
    ks_buf_release(&reply);
    return a;
}

/* ---- partitions ---- */

static struct milvus_answer change_partition(struct milvus_client *c, const char *method,
                                             const char *db, const char *collection,
                                             const char *partition, int64_t deadline_ms)
{
    MilvusApi__PartitionRequest request = MILVUS_API__PARTITION_REQUEST__INIT;
    request.db_name = (char *)db;
    request.collection_name = (char *)collection;
    request.partition_name = (char *)partition;
    return milvus_call(c, method, db, &request.base, deadline_ms, NULL);
}

struct milvus_answer milvus_create_partition(struct milvus_client *c, const char *db,
                                             const char *collection, const char *partition,
                                             int64_t deadline_ms)
{
    return change_partition(c, "CreatePartition", db, collection, partition, deadline_ms);
}

struct milvus_answer milvus_drop_partition(struct milvus_client *c, const char *db,
                                           const char *collection, const char *partition,
                                           int64_t deadline_ms)
{
    return change_partition(c, "DropPartition", db, collection, partition, deadline_ms);
}

/* ---- indexes ---- */

struct milvus_answer milvus_create_index(struct milvus_client *c, const char *db,
                                         const char *collection, const struct ddl_index *index,
                                         int64_t deadline_ms)
{
    MilvusApi__CreateIndexRequest request = MILVUS_API__CREATE_INDEX_REQUEST__INIT;
    struct ks_arena arena = {0};
    request.db_name = (char *)db;
    request.collection_name = (char *)collection;
    request.field_name = (char *)index->field;
    request.index_name = (char *)index->name;
    request.extra_params = milvus_pairs(index->params, index->param_count, &arena);
    request.n_extra_params = index->param_count;
    struct milvus_answer a = milvus_call(c, "CreateIndex", db, &request.base, deadline_ms, NULL);
    ks_arena_release(&arena);
    return a;
}

struct milvus_answer milvus_drop_index(struct milvus_client *c, const char *db,
                                       const char *collection, const struct ddl_index *index,
                                       int64_t deadline_ms)
{
    MilvusApi__IndexRequest request = MILVUS_API__INDEX_REQUEST__INIT;
    request.db_name = (char *)db;
    request.collection_name = (char *)collection;
    request.field_name = (char *)index->field;
    request.index_name = (char *)index->name;
    return milvus_call(c, "DropIndex", db, &request.base, deadline_ms, NULL);
}

struct milvus_answer milvus_alter_index(struct milvus_client *c, const char *db,
                                        const char *collection, const struct ddl_index *index,
                                        int64_t deadline_ms)
{
    MilvusApi__AlterIndexRequest request = MILVUS_API__ALTER_INDEX_REQUEST__INIT;
    struct ks_arena arena = {0};
    request.db_name = (char *)db;
    request.collection_name = (char *)collection;
    request.index_name = (char *)index->name;
    request.extra_params = milvus_pairs(index->params, index->param_count, &arena);
    request.n_extra_params = index->param_count;
    struct milvus_answer a = milvus_call(c, "AlterIndex", db, &request.base, deadline_ms, NULL);
    ks_arena_release(&arena);
    return a;
}

/* ---- load ---- */

struct milvus_answer milvus_load(struct milvus_client *c, const char *db, const char *collection,
                                 const char *const *partitions, size_t count, int32_t replicas,
                                 int64_t deadline_ms)
{
    if (count > 0) {
        MilvusApi__LoadPartitionsRequest request = MILVUS_API__LOAD_PARTITIONS_REQUEST__INIT;
        request.db_name = (char *)db;
        request.collection_name = (char *)collection;
        request.partition_names = (char **)partitions;
        request.n_partition_names = count;
        request.replica_number = replicas > 0 ? replicas : 1;
        return milvus_call(c, "LoadPartitions", db, &request.base, deadline_ms, NULL);
    }
    MilvusApi__LoadCollectionRequest request = MILVUS_API__LOAD_COLLECTION_REQUEST__INIT;
    request.db_name = (char *)db;
    request.collection_name = (char *)collection;
    request.replica_number = replicas > 0 ? replicas : 1;
    return milvus_call(c, "LoadCollection", db, &request.base, deadline_ms, NULL);
}

struct milvus_answer milvus_release(struct milvus_client *c, const char *db, const char *collection,
                                    const char *const *partitions, size_t count,
                                    int64_t deadline_ms)
{
    MilvusApi__ReleasePartitionsRequest request = MILVUS_API__RELEASE_PARTITIONS_REQUEST__INIT;
    if (count == 0)
        return change_collection(c, "ReleaseCollection", db, collection, deadline_ms);
    request.db_name = (char *)db;
    request.collection_name = (char *)collection;
    request.partition_names = (char **)partitions;
    request.n_partition_names = count;
    return milvus_call(c, "ReleasePartitions", db, &request.base, deadline_ms, NULL);
}

/* ---- aliases ---- */

struct milvus_answer milvus_create_alias(struct milvus_client *c, const char *db,
                                         const char *collection, const char *alias, bool alter,
                                         int64_t deadline_ms)
{
    MilvusApi__AliasRequest request = MILVUS_API__ALIAS_REQUEST__INIT;
    request.db_name = (char *)db;
    request.collection_name = (char *)collection;
    request.alias = (char *)alias;
    return milvus_call(c, alter ? "AlterAlias" : "CreateAlias", db, &request.base, deadline_ms,
                       NULL);
}

struct milvus_answer milvus_drop_alias(struct milvus_client *c, const char *db, const char *alias,
                                       int64_t deadline_ms)
{
    MilvusApi__AliasNameRequest request = MILVUS_API__ALIAS_NAME_REQUEST__INIT;
    request.db_name = (char *)db;
    request.alias = (char *)alias;
    return milvus_call(c, "DropAlias", db, &request.base, deadline_ms, NULL);
}

/* ---- databases: their name is never the call's `dbname`, which has to exist ---- */

struct milvus_answer milvus_create_database(struct milvus_client *c, const char *db,
                                            const struct ddl_kv *properties, size_t count,
                                            int64_t deadline_ms)
{
    MilvusApi__CreateDatabaseRequest request = MILVUS_API__CREATE_DATABASE_REQUEST__INIT;
    struct ks_arena arena = {0};
    request.db_name = (char *)db;
    request.properties = milvus_pairs(properties, count, &arena);
    request.n_properties = count;
    struct milvus_answer a =
        milvus_call(c, "CreateDatabase", NULL, &request.base, deadline_ms, NULL);
    ks_arena_release(&arena);
    return a;
}

struct milvus_answer milvus_drop_database(struct milvus_client *c, const char *db,
                                          int64_t deadline_ms)
{
    MilvusApi__DropDatabaseRequest request = MILVUS_API__DROP_DATABASE_REQUEST__INIT;
    request.db_name = (char *)db;
    return milvus_call(c, "DropDatabase", NULL, &request.base, deadline_ms, NULL);
}

struct milvus_answer milvus_alter_database(struct milvus_client *c, const char *db,
                                           const struct ddl_kv *properties, size_t count,
                                           int64_t deadline_ms)
{
    MilvusApi__AlterDatabaseRequest request = MILVUS_API__ALTER_DATABASE_REQUEST__INIT;
    struct ks_arena arena = {0};
    request.db_name = (char *)db;
    request.properties = milvus_pairs(properties, count, &arena);
    request.n_properties = count;
    struct milvus_answer a =
        milvus_call(c, "AlterDatabase", NULL, &request.base, deadline_ms, NULL);
    ks_arena_release(&arena);
    return a;
}
