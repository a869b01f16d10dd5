#include "request_column.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kitestream/sdk/util.h"
#include "proto_wire.h"

/* schema.proto: FieldData, ScalarField, VectorField and the arrays in them. */
enum {
    FIELD_TYPE = 1,
    FIELD_NAME = 2,
    FIELD_SCALARS = 3,
    FIELD_VECTORS = 4,
    FIELD_IS_DYNAMIC = 6,
    FIELD_VALID = 7,
    ARRAY_DATA = 1,
    ARRAY_ELEMENT = 2,
    VECTOR_DIM = 1,
    SPARSE_CONTENTS = 1,
    SPARSE_DIM = 2,
};
enum { BYTES_OF_TAG = 1 }; /* every number above is below 16 */

static size_t message_size(size_t body)
{
    return BYTES_OF_TAG + wire_varint_size(body) + body;
}

static void open_message(struct ks_buf *out, uint32_t number, size_t body)
{
    wire_put_tag(out, number, WIRE_LEN);
    wire_put_varint(out, body);
}

/* ---- types ---- */

/* Number of the oneof member in VectorField; 0 for scalars. */
static uint32_t vector_member(enum milvus_type type)
{
    switch (type) {
    case MILVUS_FLOAT_VECTOR:
        return 2;
    case MILVUS_BINARY_VECTOR:
        return 3;
    case MILVUS_FLOAT16_VECTOR:
        return 4;
    case MILVUS_BFLOAT16_VECTOR:
        return 5;
    case MILVUS_SPARSE_FLOAT_VECTOR:
        return 6;
    case MILVUS_INT8_VECTOR:
        return 7;
    default:
        return 0;
    }
}

/* Values without a length of their own are packed into one run of bytes. */
static bool is_packed(enum milvus_type type)
{
    return type != MILVUS_VARCHAR && type != MILVUS_JSON && type != MILVUS_ARRAY;
}

static enum ks_cell_kind cell_kind(enum milvus_type type)
{
    switch (type) {
    case MILVUS_BOOL:
        return KS_CELL_BOOL;
    case MILVUS_INT8:
    case MILVUS_INT16:
    case MILVUS_INT32:
    case MILVUS_INT64:
        return KS_CELL_INT;
    case MILVUS_FLOAT:
        return KS_CELL_FLOAT;
    case MILVUS_DOUBLE:
        return KS_CELL_DOUBLE;
    case MILVUS_ARRAY:
        return KS_CELL_ARRAY;
    case MILVUS_FLOAT_VECTOR:
        return KS_CELL_FLOATS;
    case MILVUS_SPARSE_FLOAT_VECTOR:
        return KS_CELL_RECORD;
    default:
        return KS_CELL_BYTES;
    }
}

/* Bytes of one dense vector. */
static size_t vector_bytes(enum milvus_type type, uint64_t dim)
{
    switch (type) {
    case MILVUS_FLOAT_VECTOR:
        return dim * 4;
    case MILVUS_BINARY_VECTOR:
        return dim / 8;
    case MILVUS_INT8_VECTOR:
        return dim;
    default:
        return dim * 2;
    }
}

/* What a null leaves in the place of its value: a zero of the type; for vectors nothing. */
static size_t null_payload(enum milvus_type type)
{
    if (vector_member(type))
        return 0;
    switch (type) {
    case MILVUS_FLOAT:
        return 4;
    case MILVUS_DOUBLE:
        return 8;
    case MILVUS_VARCHAR:
    case MILVUS_JSON:
    case MILVUS_ARRAY:
        return message_size(0);
    default:
        return 1;
    }
}

/* ---- measuring ---- */

/* Payload of one scalar that is not an array. */
static size_t scalar_payload(enum milvus_type type, const struct ks_cell *cell)
{
    switch (type) {
    case MILVUS_BOOL:
        return 1;
    case MILVUS_FLOAT:
        return 4;
    case MILVUS_DOUBLE:
        return 8;
    case MILVUS_VARCHAR:
    case MILVUS_JSON:
        return message_size(cell->count);
    default:
        return wire_varint_size((uint64_t)cell->u.i);
    }
}

/* The typed array inside the ScalarField of one Array value. */
static size_t items_payload(enum milvus_type element, const struct ks_cell *cell)
{
    size_t bytes = 0;
    if (cell->kind == KS_CELL_FLOATS)
        return (size_t)cell->count * 4;
    for (uint32_t i = 0; i < cell->count; i++)
        bytes += scalar_payload(element, &cell->u.items[i]);
    return bytes;
}

static size_t typed_array_size(enum milvus_type element, size_t payload)
{
    return payload == 0 ? 0 : is_packed(element) ? message_size(payload) : payload;
}

static size_t array_value_size(enum milvus_type element, const struct ks_cell *cell)
{
    size_t array = typed_array_size(element, items_payload(element, cell));
    return message_size(message_size(array)); /* ScalarField, and the typed array in it */
}

static const struct ks_cell *sparse_indices(const struct ks_cell *cell)
{
    return cell + 1;
}

static const struct ks_cell *sparse_values(const struct ks_cell *cell)
{
    return cell + 2;
}

/* False if the cell does not fit the field. */
static bool check_array(const struct ddl_field *field, const struct ks_cell *cell)
{
    enum ks_cell_kind kind = cell_kind(field->element_type);
    if (cell->kind == KS_CELL_FLOATS)
        return field->element_type == MILVUS_FLOAT;
    if (cell->kind != KS_CELL_ARRAY)
        return false;
    for (uint32_t i = 0; i < cell->count; i++)
        if (cell->u.items[i].kind != kind)
            return false;
    return true;
}

static bool check_sparse(const struct ks_cell *cell)
{
    const struct ks_cell *indices = sparse_indices(cell), *values = sparse_values(cell);
    if (cell->kind != KS_CELL_RECORD || indices->kind != KS_CELL_ARRAY ||
        values->kind != KS_CELL_FLOATS || indices->count != values->count)
        return false;
    for (uint32_t i = 0; i < indices->count; i++) {
        const struct ks_cell *index = &indices->u.items[i];
        if (index->kind != KS_CELL_INT || index->u.i < 0 || index->u.i > UINT32_MAX - 1)
            return false;
    }
    return true;
}

static bool check_vector(const struct request_column *c, const struct ks_cell *cell)
{
    enum milvus_type type = c->field->type;
    if (type == MILVUS_SPARSE_FLOAT_VECTOR)
        return check_sparse(cell);
    if (type == MILVUS_FLOAT_VECTOR && cell->kind == KS_CELL_FLOATS)
        return cell->count == c->dim;
    return cell->kind == KS_CELL_BYTES && cell->count == vector_bytes(type, c->dim);
}

static bool check_cell(const struct request_column *c, const struct ks_cell *cell)
{
    if (vector_member(c->field->type))
        return check_vector(c, cell);
    if (c->field->type == MILVUS_ARRAY)
        return check_array(c->field, cell);
    return cell->kind == cell_kind(c->field->type);
}

static size_t cell_payload(const struct request_column *c, const struct ks_cell *cell)
{
    enum milvus_type type = c->field->type;
    if (type == MILVUS_ARRAY)
        return array_value_size(c->field->element_type, cell);
    if (type == MILVUS_SPARSE_FLOAT_VECTOR)
        return message_size((size_t)sparse_indices(cell)->count * 8);
    if (vector_member(type))
        return vector_bytes(type, c->dim);
    return scalar_payload(type, cell);
}

/* Of a sparse batch: the largest index + 1. */
static uint64_t sparse_dim(const struct request_column *c)
{
    uint64_t dim = 0;
    for (size_t i = 0; i < c->count; i++) {
        const struct ks_cell *indices = c->cells[i] ? sparse_indices(c->cells[i]) : NULL;
        for (uint32_t k = 0; indices && k < indices->count; k++)
            if ((uint64_t)indices->u.items[k].u.i >= dim)
                dim = (uint64_t)indices->u.items[k].u.i + 1;
    }
    return dim;
}

static bool set_dim(struct request_column *c)
{
    const char *text = ddl_kv_get(c->field->type_params, c->field->type_param_count, "dim");
    char *end = NULL;
    if (!vector_member(c->field->type) || c->field->type == MILVUS_SPARSE_FLOAT_VECTOR)
        return true;
    c->dim = text ? strtoull(text, &end, 10) : 0;
    return text && *text && !*end && c->dim > 0 && c->dim <= 1 << 20;
}

enum ks_status request_column_measure(struct request_column *c, size_t *ret_bad,
                                      struct ks_error *err)
{
    const char *type = milvus_type_name(c->field->type);
    *ret_bad = 0;
    if (!milvus_scalar_member(c->field->type) && !vector_member(c->field->type))
        return ks_error_set(err, KS_ERR_DATA,
                            "field %s of the target has the type %d, which is "
                            "not supported",
                            c->field->name, (int)c->field->type);
    if (!set_dim(c))
        return ks_error_set(err, KS_ERR_DATA, "field %s of the target has no dimension",
                            c->field->name);
    c->payload_bytes = c->null_count = 0;
    for (size_t i = 0; i < c->count; i++) {
        if (!c->cells[i]) {
            c->null_count++;
            c->payload_bytes += null_payload(c->field->type);
            continue;
        }
        if (!check_cell(c, c->cells[i])) {
            *ret_bad = i;
            return ks_error_set(err, KS_ERR_DATA,
                                "field %s: the value does not fit the target's %s%s%" PRIu64
                                ": were both made from the same schema?",
                                c->field->name, type, c->dim ? " of dimension " : " ", c->dim);
        }
        c->payload_bytes += cell_payload(c, c->cells[i]);
    }
    if (c->field->type == MILVUS_SPARSE_FLOAT_VECTOR)
        c->dim = sparse_dim(c);
    return KS_OK;
}

/* ---- sizes of the messages around the values ---- */

static bool is_bytes_vector(enum milvus_type type)
{
    return type == MILVUS_BINARY_VECTOR || type == MILVUS_FLOAT16_VECTOR ||
           type == MILVUS_BFLOAT16_VECTOR || type == MILVUS_INT8_VECTOR;
}

/* The typed array (BoolArray, FloatArray, SparseFloatArray …) that holds the payload; vectors of
 * bytes have none around them. */
static size_t inner_size(const struct request_column *c)
{
    enum milvus_type type = c->field->type;
    if (type == MILVUS_SPARSE_FLOAT_VECTOR)
        return c->payload_bytes + BYTES_OF_TAG + wire_varint_size(c->dim);
    if (is_bytes_vector(type))
        return c->payload_bytes;
    if (type == MILVUS_ARRAY)
        return c->payload_bytes + BYTES_OF_TAG + wire_varint_size((uint64_t)c->field->element_type);
    return is_packed(type) ? message_size(c->payload_bytes) : c->payload_bytes;
}

/* ScalarField or VectorField. */
static size_t outer_size(const struct request_column *c)
{
    size_t size = message_size(inner_size(c));
    if (vector_member(c->field->type))
        size += BYTES_OF_TAG + wire_varint_size(c->dim);
    return size;
}

static size_t valid_size(const struct request_column *c)
{
    return c->field->nullable ? message_size(c->count) : 0;
}

size_t request_column_size(const struct request_column *c)
{
    size_t size = BYTES_OF_TAG + wire_varint_size((uint64_t)c->field->type);
    size += message_size(strlen(c->field->name));
    size += c->field->is_dynamic ? 2 : 0;
    return size + valid_size(c) + message_size(outer_size(c));
}

/* ---- writing ---- */

static void put_fixed(struct ks_buf *out, const void *data, size_t len)
{
    ks_buf_add(out, data, len);
}

static void put_scalar(struct ks_buf *out, enum milvus_type type, const struct ks_cell *cell)
{
    switch (type) {
    case MILVUS_BOOL:
        ks_buf_add_byte(out, cell->u.i != 0);
        break;
    case MILVUS_FLOAT:
        put_fixed(out, &cell->u.f, 4);
        break;
    case MILVUS_DOUBLE:
        put_fixed(out, &cell->u.d, 8);
        break;
    case MILVUS_VARCHAR:
    case MILVUS_JSON:
        wire_put_bytes(out, ARRAY_DATA, cell->u.data, cell->count);
        break;
    default:
        wire_put_varint(out, (uint64_t)cell->u.i);
        break;
    }
}

static void put_array(struct ks_buf *out, enum milvus_type element, const struct ks_cell *cell)
{
    size_t payload = items_payload(element, cell);
    size_t array = typed_array_size(element, payload);
    open_message(out, ARRAY_DATA, message_size(array));
    open_message(out, milvus_scalar_member(element), array);
    if (payload == 0)
        return;
    if (is_packed(element))
        open_message(out, ARRAY_DATA, payload);
    if (cell->kind == KS_CELL_FLOATS)
        ks_buf_add(out, cell->u.data, payload);
    else
        for (uint32_t i = 0; i < cell->count; i++)
            put_scalar(out, element, &cell->u.items[i]);
}

static void put_sparse(struct ks_buf *out, const struct ks_cell *cell)
{
    const struct ks_cell *indices = sparse_indices(cell), *values = sparse_values(cell);
    const uint8_t *floats = values->u.data;
    open_message(out, SPARSE_CONTENTS, (size_t)indices->count * 8);
    for (uint32_t i = 0; i < indices->count; i++) {
        uint32_t index = (uint32_t)indices->u.items[i].u.i;
        ks_buf_add(out, &index, 4);
        ks_buf_add(out, floats + (size_t)i * 4, 4);
    }
}

static void put_null(struct ks_buf *out, enum milvus_type type)
{
    static const uint8_t zeros[8];
    if (null_payload(type) == message_size(0) && !is_packed(type))
        open_message(out, ARRAY_DATA, 0);
    else
        ks_buf_add(out, zeros, null_payload(type));
}

static void put_values(const struct request_column *c, struct ks_buf *out)
{
    enum milvus_type type = c->field->type;
    size_t vector = vector_member(type) ? vector_bytes(type, c->dim) : 0;
    for (size_t i = 0; i < c->count; i++) {
        const struct ks_cell *cell = c->cells[i];
        if (!cell)
            put_null(out, type);
        else if (type == MILVUS_SPARSE_FLOAT_VECTOR)
            put_sparse(out, cell);
        else if (vector)
            ks_buf_add(out, cell->u.data, vector);
        else if (type == MILVUS_ARRAY)
            put_array(out, c->field->element_type, cell);
        else
            put_scalar(out, type, cell);
    }
}

static void put_inner(const struct request_column *c, struct ks_buf *out)
{
    enum milvus_type type = c->field->type;
    if (is_packed(type) && !is_bytes_vector(type) && type != MILVUS_SPARSE_FLOAT_VECTOR)
        open_message(out, ARRAY_DATA, c->payload_bytes);
    put_values(c, out);
    if (type == MILVUS_ARRAY)
        wire_put_uint(out, ARRAY_ELEMENT, (uint64_t)c->field->element_type);
    if (type == MILVUS_SPARSE_FLOAT_VECTOR)
        wire_put_uint(out, SPARSE_DIM, c->dim);
}

void request_column_write(const struct request_column *c, struct ks_buf *out)
{
    enum milvus_type type = c->field->type;
    bool vector = vector_member(type) != 0;
    wire_put_uint(out, FIELD_TYPE, (uint64_t)type);
    wire_put_str(out, FIELD_NAME, c->field->name);
    if (c->field->is_dynamic)
        wire_put_uint(out, FIELD_IS_DYNAMIC, 1);
    if (c->field->nullable) {
        open_message(out, FIELD_VALID, c->count);
        for (size_t i = 0; i < c->count; i++)
            ks_buf_add_byte(out, c->cells[i] != NULL);
    }
    open_message(out, vector ? FIELD_VECTORS : FIELD_SCALARS, outer_size(c));
    if (vector)
        wire_put_uint(out, VECTOR_DIM, c->dim);
    open_message(out, vector ? vector_member(type) : milvus_scalar_member(type), inner_size(c));
    put_inner(c, out);
}
