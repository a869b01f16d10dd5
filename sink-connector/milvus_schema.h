/* Schemas of ours as Milvus' messages, for creating collections. */
#ifndef SINK_MILVUS_SCHEMA_H
#define SINK_MILVUS_SCHEMA_H

#include "ddl.h"
#include "milvus_meta.pb-c.h"

MilvusMeta__KeyValuePair **milvus_pairs(const struct ddl_kv *kvs, size_t count,
                                        struct ks_arena *arena);
/* What the target gives itself is left out: IDs, states, the dynamic field; autoID is off. NULL
 * with *ret_bad_field: a default value that is none of its type. */
MilvusMeta__CollectionSchema *milvus_schema_message(const char *name,
                                                    const struct ddl_schema *schema,
                                                    struct ks_arena *arena,
                                                    const char **ret_bad_field);

#endif
