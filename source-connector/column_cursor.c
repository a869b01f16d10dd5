/* A FieldData message in, one cell after the other out; next: insert_columns makes rows of them.
 * Opening checks the number of values, so that a column can never run dry in the middle of a
 * record; what is left for `next` to find is a malformed value. */
#include "column_cursor.h"

#include <inttypes.h>
#include <string.h>

#include "column_items.h"
#include "kitestream/sdk/util.h"
#include "utf8_check.h"
#include "wire_gather.h"

/* The parts of FieldData that matter. */
struct column_parts {
    struct ks_slice scalars, vectors, valid;
    int64_t type;
};

static enum ks_status bad(const struct column_field *field, struct ks_error *err, const char *what)
{
    return ks_error_set(err, KS_ERR_DATA, "field '%s' (%s): %s", field->name,
                        milvus_type_name(field->type), what);
}

static enum ks_status bad_count(const struct column_field *field, struct ks_error *err,
                                uint64_t values, uint64_t rows)
{
    return ks_error_set(err, KS_ERR_DATA,
                        "field '%s' (%s): %" PRIu64 " values for %" PRIu64 " rows", field->name,
                        milvus_type_name(field->type), values, rows);
}

/* Values held by the data of each kind; UINT64_MAX: malformed. */
static uint64_t count_members(struct ks_slice values, bool utf8)
{
    uint64_t count = 0;
    struct wire w = wire_of(values.data, values.len);
    struct wire_field f;
    while (wire_next(&w, &f)) {
        if (f.number != 1 || f.type != WIRE_LEN)
            continue;
        if (utf8 && !utf8_check(f.data, f.len))
            return UINT64_MAX;
        count++;
    }
    return w.bad ? UINT64_MAX : count;
}

static uint64_t count_fixed(struct ks_slice values, size_t width)
{
    return values.len % width ? UINT64_MAX : values.len / width;
}

static uint64_t count_values(const struct column_field *field, enum cursor_kind kind,
                             struct ks_slice values)
{
    switch (kind) {
    case CURSOR_VARINTS:
        if (values.len && ((const uint8_t *)values.data)[values.len - 1] & 0x80)
            return UINT64_MAX;
        return wire_count_varints(values.data, values.len);
    case CURSOR_FLOATS:
        return count_fixed(values, 4);
    case CURSOR_DOUBLES:
        return count_fixed(values, 8);
    case CURSOR_INTS:
    case CURSOR_DENSE:
        return count_fixed(values, field->stride_bytes);
    case CURSOR_TEXTS:
        return count_members(values, true);
    default:
        return count_members(values, false);
    }
}

static enum cursor_kind kind_of(enum milvus_type type)
{
    switch (type) {
    case MILVUS_FLOAT:
        return CURSOR_FLOATS;
    case MILVUS_DOUBLE:
        return CURSOR_DOUBLES;
    case MILVUS_VARCHAR:
    case MILVUS_JSON:
        return CURSOR_TEXTS;
    case MILVUS_ARRAY:
        return CURSOR_ARRAYS;
    case MILVUS_SPARSE_FLOAT_VECTOR:
        return CURSOR_SPARSE;
    default:
        return type >= MILVUS_BINARY_VECTOR ? CURSOR_DENSE : CURSOR_VARINTS;
    }
}

static bool read_parts(struct ks_slice field_data, struct ks_arena *arena,
                       struct column_parts *parts)
{
    struct wire w = wire_of(field_data.data, field_data.len);
    struct wire_field f;
    while (wire_next(&w, &f))
        if (f.number == 1 && f.type == WIRE_VARINT)
            parts->type = (int32_t)f.value;
    return !w.bad && wire_gather_message(field_data, 3, arena, &parts->scalars) &&
           wire_gather_message(field_data, 4, arena, &parts->vectors) &&
           wire_gather_packed(field_data, 7, WIRE_VARINT, arena, &parts->valid);
}

static bool scalar_values(const struct column_field *field, struct ks_slice scalars,
                          struct ks_arena *arena, struct ks_slice *ret)
{
    struct ks_slice array;
    if (!wire_gather_message(scalars, milvus_scalar_member(field->type), arena, &array))
        return false;
    switch (kind_of(field->type)) {
    case CURSOR_VARINTS:
        return wire_gather_packed(array, 1, WIRE_VARINT, arena, ret);
    case CURSOR_FLOATS:
        return wire_gather_packed(array, 1, WIRE_I32, arena, ret);
    case CURSOR_DOUBLES:
        return wire_gather_packed(array, 1, WIRE_I64, arena, ret);
    default:
        *ret = array;
        return true;
    }
}

/* Members of VectorField: 2 float_vector, 3 binary, 4 fp16, 5 bf16, 6 sparse, 7 int8. */
static bool vector_values(const struct column_field *field, struct ks_slice vectors,
                          struct ks_arena *arena, struct ks_slice *ret)
{
    struct ks_slice floats;
    switch (field->type) {
    case MILVUS_FLOAT_VECTOR:
        return wire_gather_message(vectors, 2, arena, &floats) &&
               wire_gather_packed(floats, 1, WIRE_I32, arena, ret);
    case MILVUS_BINARY_VECTOR:
        return wire_last_bytes(vectors, 3, ret);
    case MILVUS_FLOAT16_VECTOR:
        return wire_last_bytes(vectors, 4, ret);
    case MILVUS_BFLOAT16_VECTOR:
        return wire_last_bytes(vectors, 5, ret);
    case MILVUS_SPARSE_FLOAT_VECTOR:
        return wire_gather_message(vectors, 6, arena, ret);
    default:
        return wire_last_bytes(vectors, 7, ret);
    }
}

static bool same_dimension(const struct column_field *field, struct ks_slice vectors)
{
    struct wire w = wire_of(vectors.data, vectors.len);
    struct wire_field f;
    while (wire_next(&w, &f))
        if (f.number == 1 && f.type == WIRE_VARINT && f.value != field->dim)
            return false;
    return true;
}

/* One byte a row. Varints of several bytes (no writer makes them) are rewritten. */
static enum ks_status set_valid(struct column_cursor *cursor, struct ks_slice valid, uint32_t rows,
                                struct ks_arena *arena, uint32_t *ret_present, struct ks_error *err)
{
    *ret_present = rows;
    if (valid.len == 0)
        return KS_OK;
    size_t count = wire_count_varints(valid.data, valid.len);
    if (count != rows)
        return ks_error_set(err, KS_ERR_DATA,
                            "field '%s': valid_data of %zu rows in a record of %" PRIu32,
                            cursor->field->name, count, rows);
    uint8_t *bytes = valid.len == rows ? NULL : ks_arena_alloc(arena, rows);
    cursor->valid = bytes ? bytes : valid.data;
    struct wire w = wire_of(valid.data, valid.len);
    *ret_present = 0;
    for (uint32_t i = 0; i < rows; i++) {
        uint64_t value;
        if (!wire_varint(&w, &value))
            return bad(cursor->field, err, "malformed valid_data");
        if (bytes)
            bytes[i] = value != 0;
        *ret_present += value != 0;
    }
    return KS_OK;
}

enum ks_status column_cursor_open(const struct column_field *field, struct ks_slice field_data,
                                  uint32_t rows, struct ks_arena *arena, struct column_cursor *ret,
                                  struct ks_error *err)
{
    struct column_cursor cursor = {.field = field, .kind = kind_of(field->type)};
    struct column_parts parts = {0};
    struct ks_slice values;
    bool vector = field->type >= MILVUS_BINARY_VECTOR;
    if (!read_parts(field_data, arena, &parts) ||
        !(vector ? vector_values(field, parts.vectors, arena, &values)
                 : scalar_values(field, parts.scalars, arena, &values)))
        return bad(field, err, "malformed column");
    if (parts.type != MILVUS_NONE && parts.type != (int64_t)field->type)
        return bad(field, err, "the record holds a column of another type");
    if (cursor.kind == CURSOR_DENSE && !same_dimension(field, parts.vectors))
        return bad(field, err, "the record holds vectors of another dimension");
    uint32_t present;
    enum ks_status status = set_valid(&cursor, parts.valid, rows, arena, &present, err);
    if (status != KS_OK)
        return status;
    uint64_t count = count_values(field, cursor.kind, values);
    if (count == UINT64_MAX)
        return bad(field, err, "malformed values, or a text that is not UTF-8");
    if (count != rows && count != present)
        return bad_count(field, err, count, rows);
    cursor.compact = count != rows;
    cursor.data = wire_of(values.data, values.len);
    *ret = cursor;
    return KS_OK;
}

enum ks_status column_cursor_over(const struct column_field *field, enum cursor_kind kind,
                                  struct ks_slice values, uint32_t rows, struct column_cursor *ret,
                                  struct ks_error *err)
{
    uint64_t count = count_values(field, kind, values);
    if (count == UINT64_MAX)
        return bad(field, err, "malformed values, or a text that is not UTF-8");
    if (count != rows)
        return bad_count(field, err, count, rows);
    *ret = (struct column_cursor){
        .field = field, .kind = kind, .data = wire_of(values.data, values.len)};
    return KS_OK;
}

static struct ks_cell integer(const struct column_field *field, int64_t value)
{
    if (field->type == MILVUS_BOOL)
        return (struct ks_cell){.kind = KS_CELL_BOOL, .u.i = value != 0};
    if (field->type != MILVUS_INT64)
        value = (int32_t)value;
    return (struct ks_cell){.kind = KS_CELL_INT, .u.i = value};
}

static int64_t read_le(const uint8_t *p, uint32_t width)
{
    uint64_t bits = 0;
    memcpy(&bits, p, width);
    unsigned unused = 64 - width * 8;
    return (int64_t)(bits << unused) >> unused;
}

/* The next member number 1; there is one, since they were counted. */
static struct ks_slice next_member(struct wire *data)
{
    struct wire_field f;
    while (wire_next(data, &f))
        if (f.number == 1 && f.type == WIRE_LEN)
            return (struct ks_slice){f.data, f.len};
    return (struct ks_slice){"", 0};
}

static const uint8_t *advance(struct wire *data, size_t len)
{
    const uint8_t *at = data->p;
    data->p += len;
    return at;
}

static struct ks_cell dense(struct column_cursor *cursor)
{
    uint32_t stride = cursor->field->stride_bytes;
    const uint8_t *at = advance(&cursor->data, stride);
    if (cursor->field->type == MILVUS_FLOAT_VECTOR && !cursor->field->raw)
        return (struct ks_cell){.kind = KS_CELL_FLOATS, .count = stride / 4, .u.data = at};
    return (struct ks_cell){.kind = KS_CELL_BYTES, .count = stride, .u.data = at};
}

/* False: the value does not decode. */
static bool read_value(struct column_cursor *cursor, struct ks_cell *cells,
                       struct ks_arena *scratch)
{
    const struct column_field *field = cursor->field;
    struct ks_slice member;
    uint64_t value;
    switch (cursor->kind) {
    case CURSOR_ABSENT:
        *cells = field->absent;
        return true;
    case CURSOR_VARINTS:
        if (!wire_varint(&cursor->data, &value))
            return false;
        *cells = integer(field, (int64_t)value);
        return true;
    case CURSOR_INTS:
        *cells = integer(field,
                         read_le(advance(&cursor->data, field->stride_bytes), field->stride_bytes));
        return true;
    case CURSOR_FLOATS:
        *cells = (struct ks_cell){.kind = KS_CELL_FLOAT};
        memcpy(&cells->u.f, advance(&cursor->data, 4), 4);
        return true;
    case CURSOR_DOUBLES:
        *cells = (struct ks_cell){.kind = KS_CELL_DOUBLE};
        memcpy(&cells->u.d, advance(&cursor->data, 8), 8);
        return true;
    case CURSOR_DENSE:
        *cells = dense(cursor);
        return true;
    case CURSOR_TEXTS:
        member = next_member(&cursor->data);
        *cells = (struct ks_cell){
            .kind = KS_CELL_BYTES, .count = (uint32_t)member.len, .u.data = member.data};
        return true;
    case CURSOR_ARRAYS:
        return column_items_array(field->element_type, next_member(&cursor->data), scratch, cells);
    case CURSOR_SPARSE:
        return column_items_sparse(next_member(&cursor->data), scratch, cells);
    }
    return false;
}

enum ks_status column_cursor_next(struct column_cursor *cursor, struct ks_cell *cells,
                                  struct ks_arena *scratch, struct ks_error *err)
{
    bool null = cursor->valid && !*cursor->valid++;
    if (!(null && cursor->compact) && !read_value(cursor, cells, scratch))
        return bad(cursor->field, err, "malformed value");
    if (null)
        *cells = (struct ks_cell){.kind = KS_CELL_NULL};
    return KS_OK;
}
