/* Where the cells of one writer schema are: which of them is the operation, the source block, the
 * primary key, each field of Milvus. Compiled once per schema, used by change_decode for every row.
 */
#ifndef SINK_CHANGE_LAYOUT_H
#define SINK_CHANGE_LAYOUT_H

#include "change_decode.h"

/* One field of the row image. */
struct image_field {
    char *name; /* as Milvus has it */
    int cell;
};

struct change_layout {
    struct ks_avro_schema *schema;
    struct ks_avro_decoder *decoder;
    size_t cell_count;
    bool flat;
    bool upsert_as_create;      /* `c` may be an upsert: the header __op knows */
    struct image_field *fields; /* of `after`, or of the flat row */
    size_t field_count;
    int key_cell;        /* flat rows and images: the primary key */
    int before_key_cell; /* envelope: the key of a deleted row */
    int op, before, after;
    int collection_id, partition, partition_id, tick, ddl_seq;
};

/* Errors: DATA for a schema that is none of Kitestream's value schemas. */
enum ks_status change_layout_new(const char *json, struct change_layout **ret,
                                 struct ks_error *err);
void change_layout_free(struct change_layout *l);

#endif
