/* Reads one column of an Insert, or the keys of a Delete, value by value, straight from the
 * record's bytes: no array is built, a copy of the cursor is a second reader. */
#ifndef SOURCE_COLUMN_CURSOR_H
#define SOURCE_COLUMN_CURSOR_H

#include "column_layout.h"
#include "proto_wire.h"

enum cursor_kind {
    CURSOR_ABSENT,  /* the column is not in the record */
    CURSOR_VARINTS, /* bool and integers */
    CURSOR_INTS,    /* the same, little-endian of field->stride_bytes */
    CURSOR_FLOATS,
    CURSOR_DOUBLES,
    CURSOR_DENSE, /* vectors of field->stride_bytes each */
    CURSOR_TEXTS, /* protobuf members number 1 */
    CURSOR_ARRAYS,
    CURSOR_SPARSE,
};

struct column_cursor {
    const struct column_field *field;
    enum cursor_kind kind;
    bool compact;         /* nulls have no value in the data */
    const uint8_t *valid; /* one byte a row, 0: null; NULL: every row has a value */
    struct wire data;
};

/* FieldData of an Insert. Checks that it holds `rows` values (or, nulls left out, fewer) of the
 * field's type, and that texts are UTF-8. What is copied (hardly anything) goes to the arena.
 * Errors: DATA naming the field. */
enum ks_status column_cursor_open(const struct column_field *field, struct ks_slice field_data,
                                  uint32_t rows, struct ks_arena *arena, struct column_cursor *ret,
                                  struct ks_error *err);
/* Over `values`: packed varints (kind VARINTS), fixed-width values, or members number 1 (TEXTS …).
 */
enum ks_status column_cursor_over(const struct column_field *field, enum cursor_kind kind,
                                  struct ks_slice values, uint32_t rows, struct column_cursor *ret,
                                  struct ks_error *err);
/* The next row's cell (three for a sparse vector). Call it at most `rows` times. Items of arrays
 * and sparse vectors go to `scratch`; all else points into the record. Errors: DATA naming the
 * field. */
enum ks_status column_cursor_next(struct column_cursor *cursor, struct ks_cell *cells,
                                  struct ks_arena *scratch, struct ks_error *err);

#endif
