/* A row-based Insert (from producers older than 2.3) in, column cursors out: each row is one blob
 * of fixed-width little-endian values in schema order, turned into columns here. Texts and other
 * values without a fixed width do not exist in this form. */
#include <inttypes.h>
#include <string.h>

#include "insert_columns.h"
#include "kitestream/sdk/util.h"

static enum cursor_kind kind_of(const struct column_field *field)
{
    if (field->type == MILVUS_FLOAT)
        return CURSOR_FLOATS;
    if (field->type == MILVUS_DOUBLE)
        return CURSOR_DOUBLES;
    return field->type >= MILVUS_BINARY_VECTOR ? CURSOR_DENSE : CURSOR_INTS;
}

static enum ks_status row_width(const struct column_layout *layout, size_t *ret,
                                struct ks_error *err)
{
    *ret = 0;
    for (size_t i = 0; i < layout->field_count; i++) {
        if (layout->fields[i].stride_bytes == 0)
            return ks_error_set(err, KS_ERR_DATA, "a row-based insert cannot hold field '%s' (%s)",
                                layout->fields[i].name, milvus_type_name(layout->fields[i].type));
        *ret += layout->fields[i].stride_bytes;
    }
    return KS_OK;
}

/* Blob {1 bytes}: the values of row number `row`, spread over the columns. */
static bool spread(const struct column_layout *layout, const struct wire_field *blob, size_t width,
                   uint32_t row, uint8_t *const *columns)
{
    struct wire w = wire_of(blob->data, blob->len);
    struct wire_field f;
    const uint8_t *p = NULL;
    while (wire_next(&w, &f))
        if (f.number == 1 && f.type == WIRE_LEN)
            p = f.len == width ? f.data : NULL;
    if (!p)
        return false;
    for (size_t i = 0; i < layout->field_count; i++) {
        uint32_t stride = layout->fields[i].stride_bytes;
        memcpy(columns[i] + (size_t)row * stride, p, stride);
        p += stride;
    }
    return true;
}

enum ks_status insert_blobs_open(const struct column_layout *layout, const struct mq_record *rec,
                                 struct ks_arena *arena, struct column_cursor *columns,
                                 struct ks_error *err)
{
    size_t width;
    enum ks_status status = row_width(layout, &width, err);
    if (status != KS_OK)
        return status;
    if ((uint64_t)width * rec->row_count > rec->value.len)
        return ks_error_set(err, KS_ERR_DATA,
                            "the record is shorter than %" PRIu32 " rows of %zu bytes",
                            rec->row_count, width);
    uint8_t **data = ks_arena_alloc(arena, layout->field_count * sizeof *data);
    for (size_t i = 0; i < layout->field_count; i++)
        data[i] = ks_arena_zalloc(arena, (size_t)rec->row_count * layout->fields[i].stride_bytes);
    uint32_t row = 0;
    struct wire w = wire_of(rec->value.data, rec->value.len);
    struct wire_field f;
    while (wire_next(&w, &f) && row < rec->row_count)
        if (f.number == 12 && f.type == WIRE_LEN && !spread(layout, &f, width, row++, data))
            return ks_error_set(err, KS_ERR_DATA, "row %" PRIu32 " is not %zu bytes long", row - 1,
                                width);
    for (size_t i = 0; i < layout->field_count && status == KS_OK; i++) {
        const struct column_field *field = &layout->fields[i];
        struct ks_slice values = {data[i], (size_t)rec->row_count * field->stride_bytes};
        status =
            column_cursor_over(field, kind_of(field), values, rec->row_count, &columns[i], err);
    }
    return status;
}
