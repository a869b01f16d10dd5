/* A collection's schema, compiled for reading rows: which field ID is which cell of a row. */
#ifndef SOURCE_COLUMN_LAYOUT_H
#define SOURCE_COLUMN_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "field_rules.h"
#include "kitestream/sdk/avro.h"
#include "map.h"

struct column_field {
    int64_t id;
    const char *name;
    enum milvus_type type, element_type;
    bool nullable;
    bool raw;              /* a FloatVector that is written as bytes */
    uint32_t dim;          /* dense vectors */
    uint32_t stride_bytes; /* of one value: dense vectors, and row-based scalars; 0: has none */
    size_t cell;           /* its (first) cell in a row */
    struct ks_cell absent; /* what a row without this column has: the default, or null */
};

/* Cells of a row stand in schema order: one a field, three a sparse vector (record, indices,
 * values), as an Avro plan numbers them. Owns: everything but the rules. */
struct column_layout {
    struct ks_arena arena;
    struct column_field *fields;
    size_t field_count, cell_count;
    const struct column_field *key;  /* the primary key */
    const struct field_rules *rules; /* NULL: nothing is left out */
    const char *collection;          /* for the rules */
    struct map *left_out;            /* field IDs that the rules have left out so far */
};

/* Errors: DATA naming the field that cannot be read. */
enum ks_status column_layout_new(const struct ddl_schema *schema, struct column_layout **ret,
                                 struct ks_error *err);
void column_layout_free(struct column_layout *layout);
/* The schema is what the rules left of `collection` (borrowed, as they are): a column that it lacks
 * because of them is expected, and vectors are encoded as they say. */
void column_layout_select(struct column_layout *layout, const struct field_rules *rules,
                          const char *collection);
/* NULL if there is none. `hint` is tried first. */
const struct column_field *column_layout_field(const struct column_layout *layout, int64_t id,
                                               size_t hint);
/* Is a column that the layout does not have left out by a rule? */
bool column_layout_left_out(const struct column_layout *layout, int64_t id, struct ks_slice name,
                            enum milvus_type type);

#endif
