/* What the target has: RPCs that change nothing. */
#include "milvus_answers.h"

#include <string.h>

#include "clock.h"
#include "milvus_api.pb-c.h"
#include "milvus_call.h"
#include "milvus_status.h"

static struct ks_slice slice_of(const struct ks_buf *buf)
{
    return (struct ks_slice){buf->data, buf->len};
}

/* DescribeCollection and ShowPartitions have the same request. */
static struct milvus_answer ask_collection(struct milvus_client *c, const char *method,
                                           const char *db, const char *collection,
                                           int64_t deadline_ms, struct ks_buf *reply)
{
    MilvusApi__CollectionRequest request = MILVUS_API__COLLECTION_REQUEST__INIT;
    request.db_name = (char *)db;
    request.collection_name = (char *)collection;
    ks_buf_reset(reply);
    return milvus_call(c, method, db, &request.base, deadline_ms, reply);
}

struct milvus_answer milvus_describe_collection(struct milvus_client *c, const char *db,
                                                const char *collection, int64_t deadline_ms,
                                                struct ks_arena *arena,
                                                struct milvus_collection *ret)
{
    struct ks_buf reply = {0};
    struct milvus_collection found;
    int64_t end_ms = clock_mono_ms() + deadline_ms;
    struct milvus_answer a =
        ask_collection(c, "DescribeCollection", db, collection, deadline_ms, &reply);
    if (a.outcome == MILVUS_OK)
        a = milvus_read_collection(slice_of(&reply), arena, &found);
    if (a.outcome == MILVUS_OK)
        a = ask_collection(c, "ShowPartitions", db, collection, end_ms - clock_mono_ms(), &reply);
    if (a.outcome == MILVUS_OK)
        a = milvus_read_partitions(slice_of(&reply), arena, &found.schema);
    if (a.outcome == MILVUS_OK)
        *ret = found;
    ks_buf_release(&reply);
    return a;
}

struct milvus_answer milvus_describe_indexes(struct milvus_client *c, const char *db,
                                             const char *collection, int64_t deadline_ms,
                                             struct ks_arena *arena, struct milvus_index **ret,
                                             size_t *ret_count)
{
    MilvusApi__IndexRequest request = MILVUS_API__INDEX_REQUEST__INIT;
    struct ks_buf reply = {0};
    request.db_name = (char *)db;
    request.collection_name = (char *)collection;
    struct milvus_answer a =
        milvus_call(c, "DescribeIndex", db, &request.base, deadline_ms, &reply);
    if (a.outcome == MILVUS_OK) {
        a = milvus_read_indexes(slice_of(&reply), arena, ret, ret_count);
    } else if (milvus_means_no_index(&a)) {
        a = (struct milvus_answer){.outcome = MILVUS_OK};
        *ret = NULL;
        *ret_count = 0;
    }
    ks_buf_release(&reply);
    return a;
}

struct milvus_answer milvus_list_databases(struct milvus_client *c, int64_t deadline_ms,
                                           struct ks_arena *arena, const char *const **ret,
                                           size_t *ret_count)
{
    MilvusApi__ListDatabasesRequest request = MILVUS_API__LIST_DATABASES_REQUEST__INIT;
    struct ks_buf reply = {0};
    struct milvus_answer a =
        milvus_call(c, "ListDatabases", NULL, &request.base, deadline_ms, &reply);
    if (a.outcome == MILVUS_OK)
        a = milvus_read_databases(slice_of(&reply), arena, ret, ret_count);
    ks_buf_release(&reply);
    return a;
}

struct milvus_answer milvus_describe_alias(struct milvus_client *c, const char *db,
                                           const char *alias, int64_t deadline_ms,
                                           struct ks_arena *arena, const char **ret_collection)
{
    MilvusApi__AliasNameRequest request = MILVUS_API__ALIAS_NAME_REQUEST__INIT;
    struct ks_buf reply = {0};
    request.db_name = (char *)db;
    request.alias = (char *)alias;
    struct milvus_answer a =
        milvus_call(c, "DescribeAlias", db, &request.base, deadline_ms, &reply);
    if (a.outcome == MILVUS_OK) {
        a = milvus_read_alias(slice_of(&reply), arena, ret_collection);
    } else if (a.outcome == MILVUS_NOT_FOUND) {
        a = (struct milvus_answer){.outcome = MILVUS_OK};
        *ret_collection = NULL;
    }
    ks_buf_release(&reply);
    return a;
}

struct milvus_answer milvus_count(struct milvus_client *c, const char *db, const char *collection,
                                  int64_t deadline_ms, int64_t *ret_count)
{
    char field[] = "count(*)", *fields[] = {field};
    MilvusApi__QueryRequest request = MILVUS_API__QUERY_REQUEST__INIT;
    struct ks_buf reply = {0};
    request.db_name = (char *)db;
    request.collection_name = (char *)collection;
    request.output_fields = fields;
    request.n_output_fields = 1;
    request.consistency_level = MILVUS_META__CONSISTENCY_LEVEL__Strong;
    struct milvus_answer a = milvus_call(c, "Query", db, &request.base, deadline_ms, &reply);
    if (a.outcome == MILVUS_OK)
        a = milvus_read_count(slice_of(&reply), ret_count);
    ks_buf_release(&reply);
    return a;
}

struct milvus_answer milvus_load_state(struct milvus_client *c, const char *db,
                                       const char *collection, const char *partition,
                                       int64_t deadline_ms, enum milvus_load_state *ret)
{
    MilvusApi__GetLoadStateRequest request = MILVUS_API__GET_LOAD_STATE_REQUEST__INIT;
    struct ks_buf reply = {0};
    char *partitions[] = {(char *)partition};
    request.db_name = (char *)db;
    request.collection_name = (char *)collection;
    request.partition_names = partitions;
    request.n_partition_names = partition ? 1 : 0;
    struct milvus_answer a = milvus_call(c, "GetLoadState", db, &request.base, deadline_ms, &reply);
    if (a.outcome == MILVUS_OK)
        a = milvus_read_load_state(slice_of(&reply), ret);
    ks_buf_release(&reply);
    return a;
}
