/* An Insert or Delete record against several schemas: the first byte picks the schema, the rest is
 * the record. Every row that opens is read to its end. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "delete_keys.h"
#include "insert_columns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct ddl_kv dim4[] = {{"dim", "4"}}, dim16[] = {{"dim", "16"}},
                           dim2[] = {{"dim", "2"}}, dim1[] = {{"dim", "1"}};
#define PARAMS(kvs) .type_params = kvs, .type_param_count = 1

/* The field IDs are those of the recorded collections, which are the seeds. */
static const struct ddl_field all_types[] = {
    {.id = 100, .name = "id", .type = MILVUS_INT64, .is_primary_key = true},
    {.id = 101, .name = "b", .type = MILVUS_BOOL},
    {.id = 102, .name = "i8", .type = MILVUS_INT8},
    {.id = 103, .name = "i16", .type = MILVUS_INT16},
    {.id = 104, .name = "i32", .type = MILVUS_INT32},
    {.id = 105, .name = "i64", .type = MILVUS_INT64},
    {.id = 106, .name = "f", .type = MILVUS_FLOAT},
    {.id = 107, .name = "d", .type = MILVUS_DOUBLE},
    {.id = 108, .name = "s", .type = MILVUS_VARCHAR},
    {.id = 109, .name = "j", .type = MILVUS_JSON},
    {.id = 110, .name = "ab", .type = MILVUS_ARRAY, .element_type = MILVUS_BOOL},
    {.id = 111, .name = "a8", .type = MILVUS_ARRAY, .element_type = MILVUS_INT8},
    {.id = 112, .name = "a16", .type = MILVUS_ARRAY, .element_type = MILVUS_INT16},
    {.id = 113, .name = "a32", .type = MILVUS_ARRAY, .element_type = MILVUS_INT32},
    {.id = 114, .name = "a64", .type = MILVUS_ARRAY, .element_type = MILVUS_INT64},
    {.id = 115, .name = "af", .type = MILVUS_ARRAY, .element_type = MILVUS_FLOAT},
    {.id = 116, .name = "ad", .type = MILVUS_ARRAY, .element_type = MILVUS_DOUBLE},
    {.id = 117, .name = "as", .type = MILVUS_ARRAY, .element_type = MILVUS_VARCHAR},
    {.id = 118, .name = "ni", .type = MILVUS_INT32, .nullable = true},
    {.id = 119, .name = "ns", .type = MILVUS_VARCHAR, .nullable = true},
    {.id = 120, .name = "nj", .type = MILVUS_JSON, .nullable = true},
    {.id = 121, .name = "na", .type = MILVUS_ARRAY, .element_type = MILVUS_INT64, .nullable = true},
    {.id = 122, .name = "nd", .type = MILVUS_DOUBLE, .nullable = true},
    {.id = 123, .name = "dflt", .type = MILVUS_INT64, .default_value = "42"},
    {.id = 124, .name = "fv", .type = MILVUS_FLOAT_VECTOR, PARAMS(dim4)},
    {.id = 125, .name = "bv", .type = MILVUS_BINARY_VECTOR, PARAMS(dim16)},
    {.id = 126, .name = "f16", .type = MILVUS_FLOAT16_VECTOR, PARAMS(dim2)},
    {.id = 127, .name = "bf16", .type = MILVUS_BFLOAT16_VECTOR, PARAMS(dim2)},
    {.id = 128, .name = "sv", .type = MILVUS_SPARSE_FLOAT_VECTOR},
    {.id = 129, .name = "$meta", .type = MILVUS_JSON, .is_dynamic = true},
};
static const struct ddl_field docs[] = {
    {.id = 100, .name = "pk", .type = MILVUS_VARCHAR, .is_primary_key = true},
    {.id = 101, .name = "body", .type = MILVUS_VARCHAR},
    {.id = 102, .name = "bv", .type = MILVUS_BINARY_VECTOR, PARAMS(dim16)},
    {.id = 103, .name = "sp", .type = MILVUS_SPARSE_FLOAT_VECTOR, .is_function_output = true},
};
static const struct ddl_field rows[] = {
    {.id = 100, .name = "id", .type = MILVUS_INT64, .is_primary_key = true},
    {.id = 101, .name = "v", .type = MILVUS_FLOAT_VECTOR, PARAMS(dim1)},
};
static const struct ddl_schema schemas[] = {
    {.name = "all_types", .fields = all_types, .field_count = sizeof all_types / sizeof *all_types},
    {.name = "docs", .fields = docs, .field_count = sizeof docs / sizeof *docs},
    {.name = "rows", .fields = rows, .field_count = sizeof rows / sizeof *rows},
    {.name = "few", .fields = all_types, .field_count = 4}, /* what rules left of all_types */
};
#define SCHEMA_COUNT (sizeof schemas / sizeof *schemas)

/* The last layout: all other fields are left out, by their names or as vectors. */
static void select_few(struct column_layout *layout)
{
    static struct field_rules rules;
    struct ks_config_entry entries[] = {{"field.exclude.list", "db\\.few\\.[a-z0-9$]+"},
                                        {"vector.encoding", "omit"}};
    struct ks_error err;
    if (field_rules_new(&(struct ks_config){entries, 2}, &rules, &err) != KS_OK)
        abort();
    column_layout_select(layout, &rules, "db.few");
}

/* Touches every byte that a cell points at. */
static uint8_t touch(const struct ks_cell *cell)
{
    size_t len = cell->kind == KS_CELL_FLOATS  ? (size_t)cell->count * 4
                 : cell->kind == KS_CELL_BYTES ? cell->count
                                               : 0;
    uint8_t sum = 0;
    for (size_t i = 0; i < len; i++)
        sum ^= ((const uint8_t *)cell->u.data)[i];
    if (cell->kind == KS_CELL_ARRAY)
        for (size_t i = 0; i < cell->count; i++)
            sum ^= touch(&cell->u.items[i]);
    return sum;
}

static volatile uint8_t sink;

static void read_insert(const struct column_layout *layout, const struct mq_record *rec,
                        struct ks_arena *arena)
{
    struct ks_error err;
    struct insert_columns columns;
    struct ks_cell cells[64] = {0};
    if (insert_columns_open(layout, rec, arena, &columns, &err) != KS_OK)
        return;
    for (uint32_t i = 0; i < columns.row_count; i++) {
        struct ks_arena scratch = {.chunk_bytes = 512};
        bool ok = insert_columns_next(&columns, cells, &scratch, &err) == KS_OK;
        for (size_t c = 0; ok && c < layout->cell_count; c++)
            if (cells[c].kind != KS_CELL_NULL || c == 0)
                sink ^= touch(&cells[c]);
        memset(cells, 0, sizeof cells);
        ks_arena_release(&scratch);
        if (!ok)
            return;
    }
}

static void read_delete(const struct column_layout *layout, const struct mq_record *rec,
                        struct ks_arena *arena)
{
    struct ks_error err;
    struct column_cursor keys;
    struct ks_cell cell;
    if (delete_keys_open(layout->key, rec, arena, &keys, &err) != KS_OK)
        return;
    for (uint32_t i = 0; i < rec->row_count; i++) {
        if (column_cursor_next(&keys, &cell, arena, &err) != KS_OK)
            return;
        sink ^= touch(&cell);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct column_layout *layouts[SCHEMA_COUNT];
    struct ks_error err = {0};
    bool first = !layouts[0];
    for (size_t i = 0; first && i < SCHEMA_COUNT; i++)
        if (column_layout_new(&schemas[i], &layouts[i], &err) != KS_OK)
            abort();
    if (first)
        select_few(layouts[SCHEMA_COUNT - 1]);
    struct mq_record rec = {0};
    if (size < 1 ||
        mq_record_decode((struct ks_slice){data + 1, size - 1}, false, &rec, &err) != KS_OK)
        return 0;
    const struct column_layout *layout = layouts[data[0] % SCHEMA_COUNT];
    struct ks_arena arena = {.chunk_bytes = 4096};
    if (rec.kind == MQ_INSERT)
        read_insert(layout, &rec, &arena);
    else if (rec.kind == MQ_DELETE && rec.row_count > 0)
        read_delete(layout, &rec, &arena);
    ks_arena_release(&arena);
    return 0;
}
