/* A row filter's text against a collection with a field of each scalar type: what parses and fits
 * is asked about rows whose values come from the text itself. Negating a filter must turn true into
 * not true. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "row_filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct ddl_field fields[] = {
    {.id = 100, .name = "id", .type = MILVUS_INT64, .is_primary_key = true},
    {.id = 101, .name = "b", .type = MILVUS_BOOL},
    {.id = 102, .name = "i", .type = MILVUS_INT32},
    {.id = 103, .name = "f", .type = MILVUS_FLOAT},
    {.id = 104, .name = "d", .type = MILVUS_DOUBLE},
    {.id = 105, .name = "s", .type = MILVUS_VARCHAR},
    {.id = 106, .name = "n", .type = MILVUS_VARCHAR, .nullable = true},
    {.id = 107, .name = "j", .type = MILVUS_JSON},
};
static const struct ddl_schema schema = {
    .name = "c", .fields = fields, .field_count = sizeof fields / sizeof *fields};

static void fill(const uint8_t *data, size_t size, struct ks_cell *row)
{
    int64_t number = 0;
    memcpy(&number, data, size < 8 ? size : 8);
    struct ks_cell text = {.kind = KS_CELL_BYTES, .count = (uint32_t)size, .u.data = data};
    row[0] = row[2] = (struct ks_cell){.kind = KS_CELL_INT, .u.i = number};
    row[1] = (struct ks_cell){.kind = KS_CELL_BOOL, .u.i = number & 1};
    row[3] = (struct ks_cell){.kind = KS_CELL_FLOAT, .u.f = (float)(number % 1000)};
    row[4] = (struct ks_cell){.kind = KS_CELL_DOUBLE, .u.d = (double)number};
    row[5] = text;
    row[6] = number & 2 ? text : (struct ks_cell){.kind = KS_CELL_NULL};
    row[7] = text;
}

static void check(const struct row_expr *expr, const struct column_layout *layout,
                  const uint8_t *data, size_t size)
{
    const struct row_expr not = {.kind = ROW_EXPR_NOT, .left = expr};
    struct row_filter *filter, *negated;
    struct ks_error err;
    struct ks_cell row[8];
    if (row_filter_new(expr, layout, &filter, &err) != KS_OK)
        return;
    if (row_filter_new(&not, layout, &negated, &err) != KS_OK)
        abort();
    for (size_t at = 0; at <= size && at < 64; at++) {
        fill(data + at, size - at, row);
        if (row_filter_passes(filter, row) && row_filter_passes(negated, row))
            abort();
    }
    row_filter_free(filter);
    row_filter_free(negated);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct column_layout *layout;
    struct ks_arena arena = {.chunk_bytes = 4096};
    struct ks_error err;
    const struct row_expr *expr;
    if (!layout && column_layout_new(&schema, &layout, &err) != KS_OK)
        abort();
    char *text = ks_arena_strndup(&arena, (const char *)data, size);
    if (row_expr_parse(text, &arena, &expr, &err) == KS_OK)
        check(expr, layout, data, size);
    ks_arena_release(&arena);
    return 0;
}
