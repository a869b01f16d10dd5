/* Avro: schemas, and compiled plans that turn a row of typed cells into an Avro body and back.
 *
 * A plan numbers the nodes of a record schema in pre-order: one cell for each field, a nested
 * record's own cell first (it says null or not), then its fields' cells. Arrays have one cell.
 * "after.vec" names a cell by path. Rows are encoded and decoded without allocation, except for the
 * items of arrays of non-float elements when decoding (arena). Floats are little-endian raw bytes
 * on both sides: one memcpy for a vector. */
#ifndef KITESTREAM_SDK_AVRO_H
#define KITESTREAM_SDK_AVRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kitestream/error.h"
#include "kitestream/record.h"
#include "kitestream/sdk/arena.h"
#include "kitestream/sdk/buf.h"

enum ks_avro_type {
    KS_AVRO_NULL,
    KS_AVRO_BOOLEAN,
    KS_AVRO_INT,
    KS_AVRO_LONG,
    KS_AVRO_FLOAT,
    KS_AVRO_DOUBLE,
    KS_AVRO_BYTES,
    KS_AVRO_STRING,
    KS_AVRO_FIXED,
    KS_AVRO_ENUM,
    KS_AVRO_ARRAY,
    KS_AVRO_MAP,
    KS_AVRO_RECORD,
    KS_AVRO_UNION,
};

/* ---- schemas ---- */

/* An immutable parsed schema. Thread: any, once parsed. Limits: depth 64, 1 MiB of JSON. */
struct ks_avro_schema;

struct ks_avro_field {
    const char *name;
    const struct ks_avro_schema *schema;
    const char *doc;          /* or NULL */
    const char *default_json; /* or NULL; JSON text */
};

/* Errors: DATA with the place in the schema. Owns a copy of the JSON. */
enum ks_status ks_avro_schema_parse(const char *json, size_t len, struct ks_avro_schema **ret,
                                    struct ks_error *err);
void ks_avro_schema_free(struct ks_avro_schema *schema); /* of what parse returned, not of nodes */
enum ks_avro_type ks_avro_schema_type(const struct ks_avro_schema *schema);
const char *ks_avro_schema_name(const struct ks_avro_schema *schema); /* full name; NULL unnamed */
size_t ks_avro_schema_count(const struct ks_avro_schema *schema); /* fields, branches or symbols */
const struct ks_avro_field *ks_avro_schema_field(const struct ks_avro_schema *schema, size_t i);
const struct ks_avro_schema *ks_avro_schema_branch(const struct ks_avro_schema *schema, size_t i);
const struct ks_avro_schema *ks_avro_schema_items(const struct ks_avro_schema *schema);
const char *ks_avro_schema_symbol(const struct ks_avro_schema *schema, size_t i);
size_t ks_avro_schema_fixed_bytes(const struct ks_avro_schema *schema); /* 0 unless fixed */
/* A property of the node, as JSON text ("8", "\"vector\""), or NULL: logicalType, connect.name… */
const char *ks_avro_schema_prop(const struct ks_avro_schema *schema, const char *name);
const char *ks_avro_schema_prop_name(const struct ks_avro_schema *schema, size_t i); /* or NULL */
/* Rabin fingerprint of the full JSON in a canonical form that keeps properties: two schemas that
 * differ only in white space or member order have the same. */
uint64_t ks_avro_schema_fingerprint(const struct ks_avro_schema *schema);

/* ---- cells ---- */

enum ks_cell_kind {
    KS_CELL_NULL = 0,
    KS_CELL_BOOL,   /* i: 0 or 1 */
    KS_CELL_INT,    /* i: for int, long, enum */
    KS_CELL_FLOAT,  /* f */
    KS_CELL_DOUBLE, /* d */
    KS_CELL_BYTES,  /* data, count = bytes: for string, bytes, fixed */
    KS_CELL_FLOATS, /* data, count = floats: for array<float>; data may be unaligned */
    KS_CELL_ARRAY, /* items, count: any other array (or map: key, value, key, value…). An item has
                      the cells of its node: a record its own, then its fields' */
    KS_CELL_RECORD, /* present; its fields' cells follow */
    KS_CELL_RAW,    /* encode only: data, count = the Avro encoding of this node without the union
                       branch index; a record's field cells are then ignored */
};

struct ks_cell {
    enum ks_cell_kind kind;
    uint32_t count;
    union {
        int64_t i;
        float f;
        double d;
        const void *data;
        const struct ks_cell *items;
    } u;
};

/* ---- plans ---- */

struct ks_avro_encoder;
struct ks_avro_decoder;

/* Errors: DATA naming the node that a plan cannot express: unions other than [null, T] / [T, null]
 * or a single branch; recursive types. A root that is not a record has one cell, path "". */
enum ks_status ks_avro_encoder_new(const struct ks_avro_schema *schema,
                                   struct ks_avro_encoder **ret, struct ks_error *err);
void ks_avro_encoder_free(struct ks_avro_encoder *enc);
size_t ks_avro_encoder_cells(const struct ks_avro_encoder *enc);
/* Index of a cell by path, or -1. "tags[].name" is counted from the first cell of an item (behind
 * the key, for a map). */
int ks_avro_encoder_cell(const struct ks_avro_encoder *enc, const char *path);
/* Cells of one item of the array or map at `path`, a map's key included; 0 if there is none. */
size_t ks_avro_encoder_item_cells(const struct ks_avro_encoder *enc, const char *path);
/* Appends one body. Errors: DATA naming the path when a cell's kind does not fit its node. */
enum ks_status ks_avro_encode(const struct ks_avro_encoder *enc, const struct ks_cell *cells,
                              struct ks_buf *out, struct ks_error *err);

/* Decodes bodies written with `writer` into the cells of `reader` (by name; dropped fields are
 * skipped, missing ones take their default, int→long→float→double, bytes↔string are promoted).
 * reader may equal writer. Errors: DATA if they cannot be resolved. */
enum ks_status ks_avro_decoder_new(const struct ks_avro_schema *writer,
                                   const struct ks_avro_schema *reader,
                                   struct ks_avro_decoder **ret, struct ks_error *err);
void ks_avro_decoder_free(struct ks_avro_decoder *dec);
size_t ks_avro_decoder_cells(const struct ks_avro_decoder *dec);
int ks_avro_decoder_cell(const struct ks_avro_decoder *dec, const char *path);
size_t ks_avro_decoder_item_cells(const struct ks_avro_decoder *dec, const char *path);
/* Fills cells, which point into `body` and `arena`. Every length is checked; trailing bytes are an
 * error. Errors: DATA with path and byte position. */
enum ks_status ks_avro_decode(const struct ks_avro_decoder *dec, struct ks_slice body,
                              struct ks_cell *cells, struct ks_arena *arena, struct ks_error *err);

/* ---- JSON, for people and for JsonConverter ---- */

/* Appends the body as one line of plain JSON (not Avro's JSON encoding: a union is just its value;
 * bytes are base64; NaN and infinities are strings). Works for any schema, recursive ones too. */
enum ks_status ks_avro_to_json(const struct ks_avro_schema *schema, struct ks_slice body,
                               struct ks_buf *out, struct ks_error *err);
/* The same for programs that make a body of it again: a string that is not UTF-8, of which JSON can
 * only hold a likeness, is an error (DATA, with its place). */
enum ks_status ks_avro_to_json_exact(const struct ks_avro_schema *schema, struct ks_slice body,
                                     struct ks_buf *out, struct ks_error *err);
/* Appends the default of a field that has one in the same form, in which bytes are base64 (in a
 * schema they are characters). */
enum ks_status ks_avro_default_to_json(const struct ks_avro_field *field, struct ks_buf *out,
                                       struct ks_error *err);
/* The other way, for tools, tests and JsonConverter: JSON text to an Avro body. */
enum ks_status ks_avro_from_json(const struct ks_avro_schema *schema, const char *json, size_t len,
                                 struct ks_buf *out, struct ks_error *err);

#endif
