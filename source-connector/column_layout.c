/* A collection's schema in, the fields as the column cursors need them out: cell numbers, strides,
 * what a missing column means. Next: insert_columns. A type that cannot be read is refused here,
 * when the collection is first met, and not at its first row. */
#include "column_layout.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"

#define DIM_MAX (1 << 20)

static bool is_scalar(enum milvus_type type)
{
    switch (type) {
    case MILVUS_BOOL:
    case MILVUS_INT8:
    case MILVUS_INT16:
    case MILVUS_INT32:
    case MILVUS_INT64:
    case MILVUS_FLOAT:
    case MILVUS_DOUBLE:
    case MILVUS_VARCHAR:
        return true;
    default:
        return false;
    }
}

/* Bits of one dimension of a dense vector; 0: not one. */
static uint32_t dense_bits(enum milvus_type type)
{
    switch (type) {
    case MILVUS_BINARY_VECTOR:
        return 1;
    case MILVUS_INT8_VECTOR:
        return 8;
    case MILVUS_FLOAT16_VECTOR:
    case MILVUS_BFLOAT16_VECTOR:
        return 16;
    case MILVUS_FLOAT_VECTOR:
        return 32;
    default:
        return 0;
    }
}

static uint32_t scalar_bytes(enum milvus_type type)
{
    switch (type) {
    case MILVUS_BOOL:
    case MILVUS_INT8:
        return 1;
    case MILVUS_INT16:
        return 2;
    case MILVUS_INT32:
    case MILVUS_FLOAT:
        return 4;
    case MILVUS_INT64:
    case MILVUS_DOUBLE:
        return 8;
    default:
        return 0;
    }
}

static enum ks_status set_dense(struct column_field *field, const struct ddl_field *from,
                                uint32_t bits, struct ks_error *err)
{
    const char *text = ddl_kv_get(from->type_params, from->type_param_count, "dim");
    char *end = NULL;
    long dim = text ? strtol(text, &end, 10) : 0;
    if (dim <= 0 || dim > DIM_MAX || *end || (uint32_t)dim * bits % 8 != 0)
        return ks_error_set(err, KS_ERR_DATA,
                            "field '%s' is a %s with the dimension '%s', which is not possible",
                            from->name, milvus_type_name(from->type), text ? text : "");
    field->dim = (uint32_t)dim;
    field->stride_bytes = field->dim * bits / 8;
    return KS_OK;
}

/* Defaults exist for scalars only. A text that does not fit the type is no default. */
static void set_default(struct column_layout *layout, struct column_field *field, const char *text)
{
    json_t *value = text ? json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
    struct ks_cell cell = {.kind = KS_CELL_NULL};
    if (field->type == MILVUS_BOOL && json_is_boolean(value))
        cell = (struct ks_cell){.kind = KS_CELL_BOOL, .u.i = json_is_true(value)};
    else if (field->type >= MILVUS_INT8 && field->type <= MILVUS_INT64 && json_is_integer(value))
        cell = (struct ks_cell){.kind = KS_CELL_INT, .u.i = json_integer_value(value)};
    else if (field->type == MILVUS_FLOAT && json_is_number(value))
        cell = (struct ks_cell){.kind = KS_CELL_FLOAT, .u.f = (float)json_number_value(value)};
    else if (field->type == MILVUS_DOUBLE && json_is_number(value))
        cell = (struct ks_cell){.kind = KS_CELL_DOUBLE, .u.d = json_number_value(value)};
    else if (field->type == MILVUS_VARCHAR && json_is_string(value)) {
        cell.kind = KS_CELL_BYTES;
        cell.count = (uint32_t)json_string_length(value);
        cell.u.data = ks_arena_copy(&layout->arena, json_string_value(value), cell.count);
    }
    field->absent = cell;
    json_decref(value);
}

static enum ks_status set_field(struct column_layout *layout, struct column_field *field,
                                const struct ddl_field *from, struct ks_error *err)
{
    *field = (struct column_field){
        .id = from->id,
        .name = ks_arena_strndup(&layout->arena, from->name, strlen(from->name)),
        .type = from->type,
        .element_type = from->element_type,
        .nullable = from->nullable,
        .stride_bytes = scalar_bytes(from->type),
        .cell = layout->cell_count,
    };
    layout->cell_count += from->type == MILVUS_SPARSE_FLOAT_VECTOR ? 3 : 1;
    uint32_t bits = dense_bits(from->type);
    if (bits)
        return set_dense(field, from, bits, err);
    bool readable = is_scalar(from->type) || from->type == MILVUS_JSON ||
                    from->type == MILVUS_SPARSE_FLOAT_VECTOR ||
                    (from->type == MILVUS_ARRAY && is_scalar(from->element_type));
    if (!readable)
        return ks_error_set(err, KS_ERR_DATA,
                            "field '%s' has type %d (elements: %d), which this version of "
                            "Kitestream cannot read",
                            from->name, (int)from->type, (int)from->element_type);
    set_default(layout, field, from->default_value);
    return KS_OK;
}

static enum ks_status set_key(struct column_layout *layout, const struct ddl_schema *schema,
                              struct ks_error *err)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        if (!schema->fields[i].is_primary_key)
            continue;
        enum milvus_type type = schema->fields[i].type;
        if (layout->key || (type != MILVUS_INT64 && type != MILVUS_VARCHAR))
            return ks_error_set(err, KS_ERR_DATA, "field '%s' of type %s cannot be the primary key",
                                schema->fields[i].name, milvus_type_name(type));
        layout->key = &layout->fields[i];
    }
    if (!layout->key)
        return ks_error_set(err, KS_ERR_DATA, "collection '%s' has no primary key", schema->name);
    return KS_OK;
}

enum ks_status column_layout_new(const struct ddl_schema *schema, struct column_layout **ret,
                                 struct ks_error *err)
{
    struct column_layout *layout = xcalloc(1, sizeof *layout);
    layout->arena.chunk_bytes = 4096;
    layout->fields = xcalloc(schema->field_count, sizeof *layout->fields);
    layout->field_count = schema->field_count;
    enum ks_status status = KS_OK;
    for (size_t i = 0; i < schema->field_count && status == KS_OK; i++)
        status = set_field(layout, &layout->fields[i], &schema->fields[i], err);
    if (status == KS_OK)
        status = set_key(layout, schema, err);
    if (status != KS_OK) {
        column_layout_free(layout);
        return status;
    }
    *ret = layout;
    return KS_OK;
}

void column_layout_free(struct column_layout *layout)
{
    if (!layout)
        return;
    if (layout->left_out)
        map_release(layout->left_out); /* it lives in the arena */
    ks_arena_release(&layout->arena);
    free(layout->fields);
    free(layout);
}

void column_layout_select(struct column_layout *layout, const struct field_rules *rules,
                          const char *collection)
{
    layout->rules = rules;
    layout->collection = collection;
    layout->left_out = ks_arena_zalloc(&layout->arena, sizeof *layout->left_out);
    for (size_t i = 0; i < layout->field_count; i++)
        layout->fields[i].raw = rules->vectors == VECTORS_BYTES;
}

const struct column_field *column_layout_field(const struct column_layout *layout, int64_t id,
                                               size_t hint)
{
    if (hint < layout->field_count && layout->fields[hint].id == id)
        return &layout->fields[hint];
    for (size_t i = 0; i < layout->field_count; i++)
        if (layout->fields[i].id == id)
            return &layout->fields[i];
    return NULL;
}

bool column_layout_left_out(const struct column_layout *layout, int64_t id, struct ks_slice name,
                            enum milvus_type type)
{
    if (!layout->rules)
        return false;
    if (map_find(layout->left_out, (uint64_t)id))
        return true;
    if (!field_rules_leave_out(layout->rules, layout->collection, name, type))
        return false;
    map_put(layout->left_out, (uint64_t)id, NULL);
    return true;
}
