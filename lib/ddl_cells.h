/* The cells of a DDL record, in the order of schemas/ddl.avsc, and both ways between them and
 * struct ddl. ddl_codec_new checks the numbering against the schema. */
#ifndef LIB_DDL_CELLS_H
#define LIB_DDL_CELLS_H

#include "ddl.h"
#include "kitestream/sdk/avro.h"

enum cell {
    SEQ,
    TICK,
    TS_MS,
    KIND,
    CLUSTER,
    REVISION,
    DB,
    DB_ID,
    COLLECTION,
    COLLECTION_ID,
    OLD_DB,
    OLD_COLLECTION,
    PARTITION,
    PARTITION_ID,
    PARTITIONS,
    ALIAS,
    TOPIC,
    SNAPSHOT,
    SCHEMA,
    SCHEMA_NAME,
    SCHEMA_DESCRIPTION,
    SCHEMA_AUTO_ID,
    SCHEMA_DYNAMIC,
    SCHEMA_SHARDS,
    SCHEMA_NUM_PARTITIONS,
    SCHEMA_CONSISTENCY,
    SCHEMA_PARTITIONS,
    SCHEMA_PROPERTIES,
    SCHEMA_FIELDS,
    SCHEMA_FUNCTIONS,
    INDEX,
    INDEX_NAME,
    INDEX_ID,
    INDEX_FIELD,
    INDEX_FIELD_ID,
    INDEX_PARAMS,
    LOAD,
    LOAD_REPLICAS,
    LOAD_GROUPS,
    LOAD_FIELDS,
    PROPERTIES,
    COLLECTIONS,
    REASON,
    AFTER,
    CELLS,
};

/* Items of arrays: the record's own cell, then its fields. */
enum { KV, KV_KEY, KV_VALUE, KV_CELLS };
enum { REF, REF_NAME, REF_ID, REF_CELLS };
enum { POSITION, POSITION_TOPIC, POSITION_PARTITION, POSITION_OFFSET, POSITION_CELLS };
enum {
    FIELD,
    FIELD_ID,
    FIELD_NAME,
    FIELD_TYPE,
    FIELD_ELEMENT_TYPE,
    FIELD_PRIMARY_KEY,
    FIELD_AUTO_ID,
    FIELD_PARTITION_KEY,
    FIELD_CLUSTERING_KEY,
    FIELD_DYNAMIC,
    FIELD_NULLABLE,
    FIELD_FUNCTION_OUTPUT,
    FIELD_DESCRIPTION,
    FIELD_DEFAULT,
    FIELD_PARAMS,
    FIELD_CELLS,
};
enum {
    FUNCTION,
    FUNCTION_NAME,
    FUNCTION_ID,
    FUNCTION_TYPE,
    FUNCTION_DESCRIPTION,
    FUNCTION_INPUTS,
    FUNCTION_OUTPUTS,
    FUNCTION_PARAMS,
    FUNCTION_CELLS,
};

/* Index = number in Milvus' ConsistencyLevel. Another number stands as decimal text. */
#define DDL_CONSISTENCY_COUNT 5
extern const char *const ddl_consistency_names[DDL_CONSISTENCY_COUNT];

/* Cells point into the DDL and the arena; the other way everything is copied into the arena. */
void ddl_to_cells(const struct ddl *ddl, struct ks_arena *arena, struct ks_cell cells[CELLS]);
struct ddl *ddl_of_cells(const struct ks_cell cells[CELLS], struct ks_arena *arena);

#endif
