/* A consumed data record in, a typed row change out. Next: write_plan. Reads the envelope and the
 * flat shape (recognised by the schema); plans are compiled once per schema handle. */
#ifndef SINK_CHANGE_DECODE_H
#define SINK_CHANGE_DECODE_H

#include "ddl.h"
#include "kitestream/plugin.h"
#include "kitestream/sdk/avro.h"

/* How the cells of one writer schema map to Milvus fields. Lives as long as the decoder. */
struct change_layout;

enum change_op { CHANGE_CREATE, CHANGE_UPDATE, CHANGE_DELETE, CHANGE_TOMBSTONE };

/* Points into the record, the decoder and the arena given to change_decode. */
struct change_row {
    enum change_op op; /* 'r' counts as CREATE; a tombstone has nothing else but position and key */
    const char *topic;
    int32_t partition;
    int64_t offset;
    int64_t collection_id;
    int64_t partition_id;           /* of Milvus; -1: no concrete partition */
    struct ks_slice partition_name; /* of Milvus; empty: none was named */
    uint64_t tick;
    int64_t ddl_seq; /* the DDL that must be applied before this row */
    bool pk_is_string;
    int64_t pk_int;
    struct ks_slice pk_str;
    const struct change_layout *layout;
    const struct ks_cell *cells; /* of the row image; NULL for deletes */
    size_t bytes;                /* size of the encoded value: what limits count */
};

struct change_decoder;
struct change_decoder *change_decoder_new(const struct ks_task_host *host);
void change_decoder_free(struct change_decoder *d);
/* Errors: DATA naming topic, partition, offset, field. */
enum ks_status change_decode(struct change_decoder *d, const struct ks_record *record,
                             struct ks_arena *arena, struct change_row *ret, struct ks_error *err);
/* Cell of a Milvus field (by its Milvus name, `$meta` for the dynamic one), or NULL when the writer
 * schema lacks it. */
const struct ks_cell *change_row_cell(const struct change_row *row, const char *field);
/* Index of the field's cell for this layout, or -1: resolve once, use for many rows. */
int change_layout_cell(const struct change_layout *layout, const char *field);

#endif
