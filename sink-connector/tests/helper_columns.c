#include "helper_columns.h"

#include <stdlib.h>
#include <string.h>

/* ---- decoded scalars ---- */

static size_t scalar_count(const MilvusRows__ScalarField *s)
{
    switch (s->data_case) {
    case MILVUS_ROWS__SCALAR_FIELD__DATA_BOOL_DATA:
        return s->bool_data->n_data;
    case MILVUS_ROWS__SCALAR_FIELD__DATA_INT_DATA:
        return s->int_data->n_data;
    case MILVUS_ROWS__SCALAR_FIELD__DATA_LONG_DATA:
        return s->long_data->n_data;
    case MILVUS_ROWS__SCALAR_FIELD__DATA_FLOAT_DATA:
        return s->float_data->n_data;
    case MILVUS_ROWS__SCALAR_FIELD__DATA_DOUBLE_DATA:
        return s->double_data->n_data;
    case MILVUS_ROWS__SCALAR_FIELD__DATA_STRING_DATA:
        return s->string_data->n_data;
    case MILVUS_ROWS__SCALAR_FIELD__DATA_ARRAY_DATA:
        return s->array_data->n_data;
    case MILVUS_ROWS__SCALAR_FIELD__DATA_JSON_DATA:
        return s->json_data->n_data;
    default:
        return 0;
    }
}

static struct ks_cell scalar_cell(const MilvusRows__ScalarField *s, size_t i,
                                  struct ks_arena *arena);

/* As the decoder of change records gives it: floats in one piece, others as items. */
static struct ks_cell array_cell(const MilvusRows__ScalarField *s, struct ks_arena *arena)
{
    size_t count = scalar_count(s);
    struct ks_cell *items = ks_arena_zalloc(arena, (count + 1) * sizeof(*items));
    struct ks_cell cell = {.kind = KS_CELL_ARRAY, .count = (uint32_t)count, .u.items = items};
    if (s->data_case == MILVUS_ROWS__SCALAR_FIELD__DATA_FLOAT_DATA) {
        cell.kind = KS_CELL_FLOATS;
        cell.u.data = s->float_data->data;
        return cell;
    }
    for (size_t i = 0; i < count; i++)
        items[i] = scalar_cell(s, i, arena);
    return cell;
}

static struct ks_cell scalar_cell(const MilvusRows__ScalarField *s, size_t i,
                                  struct ks_arena *arena)
{
    struct ks_cell cell = {0};
    switch (s->data_case) {
    case MILVUS_ROWS__SCALAR_FIELD__DATA_BOOL_DATA:
        cell.kind = KS_CELL_BOOL;
        cell.u.i = s->bool_data->data[i];
        break;
    case MILVUS_ROWS__SCALAR_FIELD__DATA_INT_DATA:
        cell.kind = KS_CELL_INT;
        cell.u.i = s->int_data->data[i];
        break;
    case MILVUS_ROWS__SCALAR_FIELD__DATA_LONG_DATA:
        cell.kind = KS_CELL_INT;
        cell.u.i = s->long_data->data[i];
        break;
    case MILVUS_ROWS__SCALAR_FIELD__DATA_FLOAT_DATA:
        cell.kind = KS_CELL_FLOAT;
        cell.u.f = s->float_data->data[i];
        break;
    case MILVUS_ROWS__SCALAR_FIELD__DATA_DOUBLE_DATA:
        cell.kind = KS_CELL_DOUBLE;
        cell.u.d = s->double_data->data[i];
        break;
    case MILVUS_ROWS__SCALAR_FIELD__DATA_STRING_DATA:
        cell.kind = KS_CELL_BYTES;
        cell.u.data = s->string_data->data[i];
        cell.count = (uint32_t)strlen(s->string_data->data[i]);
        break;
    case MILVUS_ROWS__SCALAR_FIELD__DATA_ARRAY_DATA:
        return array_cell(s->array_data->data[i], arena);
    case MILVUS_ROWS__SCALAR_FIELD__DATA_JSON_DATA:
        cell.kind = KS_CELL_BYTES;
        cell.u.data = s->json_data->data[i].data;
        cell.count = (uint32_t)s->json_data->data[i].len;
        break;
    default:
        break;
    }
    return cell;
}

/* ---- decoded vectors ---- */

static const struct ks_cell *sparse_cells(ProtobufCBinaryData bytes, struct ks_arena *arena)
{
    uint32_t count = (uint32_t)(bytes.len / 8);
    struct ks_cell *items = ks_arena_zalloc(arena, (count + 1) * sizeof(*items));
    float *values = ks_arena_zalloc(arena, (count + 1) * sizeof(*values));
    struct ks_cell cells[] = {
        {.kind = KS_CELL_RECORD},
        {.kind = KS_CELL_ARRAY, .count = count, .u.items = items},
        {.kind = KS_CELL_FLOATS, .count = count, .u.data = values},
    };
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index;
        memcpy(&index, bytes.data + (size_t)i * 8, 4);
        memcpy(&values[i], bytes.data + (size_t)i * 8 + 4, 4);
        items[i] = (struct ks_cell){.kind = KS_CELL_INT, .u.i = index};
    }
    return ks_arena_copy(arena, cells, sizeof(cells));
}

static ProtobufCBinaryData vector_bytes(const MilvusRows__VectorField *v, size_t *ret_each)
{
    size_t dim = (size_t)v->dim;
    *ret_each = dim * 2;
    switch (v->data_case) {
    case MILVUS_ROWS__VECTOR_FIELD__DATA_BINARY_VECTOR:
        *ret_each = dim / 8;
        return v->binary_vector;
    case MILVUS_ROWS__VECTOR_FIELD__DATA_FLOAT16_VECTOR:
        return v->float16_vector;
    case MILVUS_ROWS__VECTOR_FIELD__DATA_BFLOAT16_VECTOR:
        return v->bfloat16_vector;
    default:
        *ret_each = dim;
        return v->int8_vector;
    }
}

/* i counts the rows that are not null. */
static const struct ks_cell *vector_cell(const MilvusRows__VectorField *v, size_t i,
                                         struct ks_arena *arena)
{
    struct ks_cell cell;
    if (v->data_case == MILVUS_ROWS__VECTOR_FIELD__DATA_SPARSE_FLOAT_VECTOR)
        return sparse_cells(v->sparse_float_vector->contents[i], arena);
    if (v->data_case == MILVUS_ROWS__VECTOR_FIELD__DATA_FLOAT_VECTOR) {
        cell = (struct ks_cell){.kind = KS_CELL_FLOATS,
                                .count = (uint32_t)v->dim,
                                .u.data = v->float_vector->data + i * (size_t)v->dim};
    } else {
        size_t each;
        ProtobufCBinaryData bytes = vector_bytes(v, &each);
        cell = (struct ks_cell){
            .kind = KS_CELL_BYTES, .count = (uint32_t)each, .u.data = bytes.data + i * each};
    }
    return ks_arena_copy(arena, &cell, sizeof(cell));
}

size_t columns_rows(const MilvusRows__FieldData *column)
{
    if (column->n_valid_data > 0)
        return column->n_valid_data;
    if (column->field_case == MILVUS_ROWS__FIELD_DATA__FIELD_SCALARS)
        return scalar_count(column->scalars);
    const MilvusRows__VectorField *v = column->vectors;
    if (v->data_case == MILVUS_ROWS__VECTOR_FIELD__DATA_SPARSE_FLOAT_VECTOR)
        return v->sparse_float_vector->n_contents;
    if (v->data_case == MILVUS_ROWS__VECTOR_FIELD__DATA_FLOAT_VECTOR)
        return v->float_vector->n_data / (size_t)v->dim;
    size_t each, len = vector_bytes(v, &each).len;
    return len / each;
}

const struct ks_cell **columns_cells(const MilvusRows__FieldData *column, size_t count,
                                     struct ks_arena *arena)
{
    const struct ks_cell **cells = ks_arena_zalloc(arena, (count + 1) * sizeof(*cells));
    size_t vectors = 0;
    for (size_t i = 0; i < count; i++) {
        if (column->n_valid_data > 0 && !column->valid_data[i])
            continue;
        if (column->field_case == MILVUS_ROWS__FIELD_DATA__FIELD_SCALARS) {
            struct ks_cell cell = scalar_cell(column->scalars, i, arena);
            cells[i] = ks_arena_copy(arena, &cell, sizeof(cell));
        } else {
            cells[i] = vector_cell(column->vectors, vectors++, arena);
        }
    }
    return cells;
}

/* ---- random cells ---- */

static void random_bytes(void *to, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)to)[i] = (uint8_t)rand();
}

static int64_t random_integer(enum milvus_type type)
{
    int64_t value;
    random_bytes(&value, sizeof(value));
    if (rand() % 3 == 0)
        return rand() % 3 - 1;
    return type == MILVUS_INT8    ? (int8_t)value
           : type == MILVUS_INT16 ? (int16_t)value
           : type == MILVUS_INT32 ? (int32_t)value
                                  : value;
}

static struct ks_cell random_text(struct ks_arena *arena)
{
    size_t len = (size_t)(rand() % 5 ? rand() % 8 : 200);
    char *text = ks_arena_alloc(arena, len + 1);
    memset(text, 'a' + rand() % 26, len);
    return (struct ks_cell){.kind = KS_CELL_BYTES, .count = (uint32_t)len, .u.data = text};
}

static struct ks_cell random_scalar(enum milvus_type type, struct ks_arena *arena)
{
    switch (type) {
    case MILVUS_BOOL:
        return (struct ks_cell){.kind = KS_CELL_BOOL, .u.i = rand() % 2};
    case MILVUS_FLOAT:
        return (struct ks_cell){.kind = KS_CELL_FLOAT, .u.f = (float)rand() / 7};
    case MILVUS_DOUBLE:
        return (struct ks_cell){.kind = KS_CELL_DOUBLE, .u.d = (double)rand() / 7};
    case MILVUS_VARCHAR:
    case MILVUS_JSON:
        return random_text(arena);
    default:
        return (struct ks_cell){.kind = KS_CELL_INT, .u.i = random_integer(type)};
    }
}

static struct ks_cell random_floats(uint32_t count, struct ks_arena *arena)
{
    float *floats = ks_arena_alloc(arena, count * sizeof(*floats) + 1);
    for (uint32_t i = 0; i < count; i++)
        floats[i] = (float)rand() / 3;
    return (struct ks_cell){.kind = KS_CELL_FLOATS, .count = count, .u.data = floats};
}

static struct ks_cell random_array(enum milvus_type element, struct ks_arena *arena)
{
    uint32_t count = (uint32_t)(rand() % 6);
    struct ks_cell *items = ks_arena_zalloc(arena, (count + 1) * sizeof(*items));
    if (element == MILVUS_FLOAT)
        return random_floats(count, arena);
    for (uint32_t i = 0; i < count; i++)
        items[i] = random_scalar(element, arena);
    return (struct ks_cell){.kind = KS_CELL_ARRAY, .count = count, .u.items = items};
}

static const struct ks_cell *random_sparse(struct ks_arena *arena)
{
    uint32_t count = (uint32_t)(rand() % 4), index = 0;
    struct ks_cell *items = ks_arena_zalloc(arena, (count + 1) * sizeof(*items));
    for (uint32_t i = 0; i < count; i++)
        items[i] = (struct ks_cell){.kind = KS_CELL_INT,
                                    .u.i = index += 1 + (uint32_t)rand() % 1000000000};
    struct ks_cell cells[] = {
        {.kind = KS_CELL_RECORD},
        {.kind = KS_CELL_ARRAY, .count = count, .u.items = items},
        random_floats(count, arena),
    };
    return ks_arena_copy(arena, cells, sizeof(cells));
}

static struct ks_cell random_vector(const struct ddl_field *field, struct ks_arena *arena)
{
    const char *text = ddl_kv_get(field->type_params, field->type_param_count, "dim");
    uint32_t dim = (uint32_t)atoi(text);
    uint32_t len = field->type == MILVUS_BINARY_VECTOR ? dim / 8
                   : field->type == MILVUS_INT8_VECTOR ? dim
                                                       : dim * 2;
    if (field->type == MILVUS_FLOAT_VECTOR)
        return random_floats(dim, arena);
    void *bytes = ks_arena_alloc(arena, len);
    random_bytes(bytes, len);
    return (struct ks_cell){.kind = KS_CELL_BYTES, .count = len, .u.data = bytes};
}

const struct ks_cell **columns_random(const struct ddl_field *field, size_t count,
                                      struct ks_arena *arena)
{
    const struct ks_cell **cells = ks_arena_zalloc(arena, count * sizeof(*cells));
    for (size_t i = 0; i < count; i++) {
        struct ks_cell cell;
        if (field->nullable && rand() % 3 == 0)
            continue;
        if (field->type == MILVUS_SPARSE_FLOAT_VECTOR) {
            cells[i] = random_sparse(arena);
            continue;
        }
        if (field->type >= MILVUS_BINARY_VECTOR)
            cell = random_vector(field, arena);
        else if (field->type == MILVUS_ARRAY)
            cell = random_array(field->element_type, arena);
        else
            cell = random_scalar(field->type, arena);
        cells[i] = ks_arena_copy(arena, &cell, sizeof(cell));
    }
    return cells;
}

/* ---- comparing ---- */

static bool same_bytes(const struct ks_cell *a, const struct ks_cell *b, size_t each)
{
    return a->count == b->count &&
           (a->count == 0 || memcmp(a->u.data, b->u.data, a->count * each) == 0);
}

static bool cell_equal(const struct ks_cell *a, const struct ks_cell *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case KS_CELL_FLOAT:
        return a->u.f == b->u.f;
    case KS_CELL_DOUBLE:
        return a->u.d == b->u.d;
    case KS_CELL_BYTES:
        return same_bytes(a, b, 1);
    case KS_CELL_FLOATS:
        return same_bytes(a, b, sizeof(float));
    case KS_CELL_ARRAY:
        for (uint32_t i = 0; i < a->count && a->count == b->count; i++)
            if (!cell_equal(&a->u.items[i], &b->u.items[i]))
                return false;
        return a->count == b->count;
    case KS_CELL_RECORD:
        return true;
    default:
        return a->u.i == b->u.i;
    }
}

bool columns_equal(enum milvus_type type, const struct ks_cell *a, const struct ks_cell *b)
{
    if (!a || !b)
        return a == b;
    size_t cells = type == MILVUS_SPARSE_FLOAT_VECTOR ? 3 : 1;
    for (size_t i = 0; i < cells; i++)
        if (!cell_equal(&a[i], &b[i]))
            return false;
    return true;
}

/* ---- recorded bytes ---- */

uint8_t *columns_base64(const char *p, size_t *ret_len, struct ks_arena *arena)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t *bytes = ks_arena_alloc(arena, strlen(p) + 1);
    uint32_t bits = 0;
    size_t have = 0;
    *ret_len = 0;
    for (; *p && *p != '='; p++) {
        bits = bits << 6 | (uint32_t)(strchr(digits, *p) - digits);
        have += 6;
        if (have >= 8) {
            have -= 8;
            bytes[(*ret_len)++] = (uint8_t)(bits >> have);
        }
    }
    return bytes;
}
