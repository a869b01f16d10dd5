/* Replies of MilvusService, whose status was OK, as plain structs in the caller's arena. A reply
 * that does not decode is AMBIGUOUS and leaves *ret untouched. Private to milvus_*.c and tests. */
#ifndef SINK_MILVUS_ANSWERS_H
#define SINK_MILVUS_ANSWERS_H

#include "milvus_client.h"

struct milvus_answer milvus_read_connect(struct ks_slice reply, char *ret_version, size_t cap);
struct milvus_answer milvus_read_version(struct ks_slice reply, char *ret_version, size_t cap);
/* DescribeCollection. It does not show the dynamic field, which is added here; nor partitions. */
struct milvus_answer milvus_read_collection(struct ks_slice reply, struct ks_arena *arena,
                                            struct milvus_collection *ret);
/* ShowPartitions. */
struct milvus_answer milvus_read_partitions(struct ks_slice reply, struct ks_arena *arena,
                                            struct ddl_schema *ret);
struct milvus_answer milvus_read_indexes(struct ks_slice reply, struct ks_arena *arena,
                                         struct milvus_index **ret, size_t *ret_count);
struct milvus_answer milvus_read_databases(struct ks_slice reply, struct ks_arena *arena,
                                           const char *const **ret, size_t *ret_count);
struct milvus_answer milvus_read_alias(struct ks_slice reply, struct ks_arena *arena,
                                       const char **ret_collection);
/* Query of count(*). */
struct milvus_answer milvus_read_count(struct ks_slice reply, int64_t *ret_count);
struct milvus_answer milvus_read_load_state(struct ks_slice reply, enum milvus_load_state *ret);

#endif
