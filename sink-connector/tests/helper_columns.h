/* Columns as protobuf-c decodes them, back to cells; and random cells. */
#ifndef SINK_TESTS_HELPER_COLUMNS_H
#define SINK_TESTS_HELPER_COLUMNS_H

#include "ddl.h"
#include "kitestream/sdk/avro.h"
#include "milvus_rows.pb-c.h"

/* Number of rows of a column without vectors of zero length. */
size_t columns_rows(const MilvusRows__FieldData *column);
/* One cell for each row, NULL for a null. Vectors are in the compact form, scalars in the full one.
 * They point into the column and the arena. */
const struct ks_cell **columns_cells(const MilvusRows__FieldData *column, size_t count,
                                     struct ks_arena *arena);
/* Values that fit the field; a third of them null if it is nullable. */
const struct ks_cell **columns_random(const struct ddl_field *field, size_t count,
                                      struct ks_arena *arena);
bool columns_equal(enum milvus_type type, const struct ks_cell *a, const struct ks_cell *b);
/* Recorded bytes as they stand in JSON. */
uint8_t *columns_base64(const char *p, size_t *ret_len, struct ks_arena *arena);

#endif
