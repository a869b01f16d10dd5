/* The rows of an Insert record, one after the other, as cells in the layout's order. */
#ifndef SOURCE_INSERT_COLUMNS_H
#define SOURCE_INSERT_COLUMNS_H

#include "column_cursor.h"
#include "mq_record.h"

/* Lives in the arena it was opened with; points into the record's value. */
struct insert_columns {
    const struct column_layout *layout;
    uint32_t row_count;
    struct column_cursor *columns; /* one a field of the layout */
};

/* Column-based and row-based inserts. A column that the record lacks reads as the field's default
 * or null; the primary key's must be there. Errors: DATA naming the field. */
enum ks_status insert_columns_open(const struct column_layout *layout, const struct mq_record *rec,
                                   struct ks_arena *arena, struct insert_columns *ret,
                                   struct ks_error *err);
/* At most row_count times. `cells`: layout->cell_count of them. `scratch` holds the items of arrays
 * and sparse vectors and may be reset once the row is encoded. */
enum ks_status insert_columns_next(struct insert_columns *rows, struct ks_cell *cells,
                                   struct ks_arena *scratch, struct ks_error *err);
/* A second reader, at the row where `rows` is. */
struct insert_columns insert_columns_copy(const struct insert_columns *rows,
                                          struct ks_arena *arena);
/* The same of the primary keys alone. */
struct column_cursor insert_columns_keys(const struct insert_columns *rows);

/* Row-based records (version 0): opens all columns. For insert_columns_open. */
enum ks_status insert_blobs_open(const struct column_layout *layout, const struct mq_record *rec,
                                 struct ks_arena *arena, struct column_cursor *columns,
                                 struct ks_error *err);

#endif
