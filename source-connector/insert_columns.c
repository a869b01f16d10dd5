/* An Insert record and the collection's layout in, rows of cells out; next: row_events encodes
 * them. Columns are matched by field ID, in any order. A column that the schema lacks is an error,
 * since its values would be lost without a word, unless a rule of the configuration left it out. */
#include "insert_columns.h"

#include <inttypes.h>
#include <string.h>

#include "kitestream/sdk/util.h"

/* Which column a FieldData is. */
struct column_id {
    int64_t id;
    struct ks_slice name;
    enum milvus_type type;
};

static bool read_id(struct ks_slice field_data, struct column_id *ret)
{
    struct wire w = wire_of(field_data.data, field_data.len);
    struct wire_field f;
    *ret = (struct column_id){.name = {"", 0}};
    while (wire_next(&w, &f)) {
        if (f.number == 5 && f.type == WIRE_VARINT)
            ret->id = (int64_t)f.value;
        else if (f.number == 2 && f.type == WIRE_LEN)
            ret->name = (struct ks_slice){f.data, f.len};
        else if (f.number == 1 && f.type == WIRE_VARINT && f.value <= MILVUS_INT8_VECTOR)
            ret->type = (enum milvus_type)f.value;
    }
    return !w.bad;
}

static enum ks_status unknown_column(const struct column_id *column, struct ks_error *err)
{
    return ks_error_set(err, KS_ERR_DATA,
                        "column '%.*s' (field ID %" PRId64
                        ") is not in the schema of the collection. If field.exclude.list or "
                        "vector.encoding left it out before: a field cannot come back into a "
                        "stream, undo the change or begin a new one with another topic.prefix",
                        (int)(column->name.len < 256 ? column->name.len : 256),
                        (const char *)column->name.data, column->id);
}

static enum ks_status open_column(struct insert_columns *rows, struct ks_slice field_data,
                                  size_t hint, struct ks_arena *arena, struct ks_error *err)
{
    struct column_id is;
    if (!read_id(field_data, &is))
        return ks_error_set(err, KS_ERR_DATA, "a column is malformed");
    const struct column_field *field = column_layout_field(rows->layout, is.id, hint);
    if (!field)
        return column_layout_left_out(rows->layout, is.id, is.name, is.type)
                   ? KS_OK
                   : unknown_column(&is, err);
    struct column_cursor *column = &rows->columns[field - rows->layout->fields];
    if (column->kind != CURSOR_ABSENT)
        return ks_error_set(err, KS_ERR_DATA, "field '%s' has two columns", field->name);
    return column_cursor_open(field, field_data, rows->row_count, arena, column, err);
}

/* version (15) other than 0. */
static bool is_column_based(const struct mq_record *rec)
{
    bool columns = false;
    struct wire w = wire_of(rec->value.data, rec->value.len);
    struct wire_field f;
    while (wire_next(&w, &f))
        if (f.number == 15 && f.type == WIRE_VARINT)
            columns = f.value != 0;
    return columns;
}

static enum ks_status open_columns(struct insert_columns *rows, const struct mq_record *rec,
                                   struct ks_arena *arena, struct ks_error *err)
{
    size_t number = 0;
    struct wire w = wire_of(rec->value.data, rec->value.len);
    struct wire_field f;
    while (wire_next(&w, &f)) {
        if (f.number != 13 || f.type != WIRE_LEN)
            continue;
        struct ks_slice field_data = {f.data, f.len};
        enum ks_status status = open_column(rows, field_data, number++, arena, err);
        if (status != KS_OK)
            return status;
    }
    if (rows->columns[rows->layout->key - rows->layout->fields].kind == CURSOR_ABSENT)
        return ks_error_set(err, KS_ERR_DATA, "the column of the primary key '%s' is missing",
                            rows->layout->key->name);
    return KS_OK;
}

enum ks_status insert_columns_open(const struct column_layout *layout, const struct mq_record *rec,
                                   struct ks_arena *arena, struct insert_columns *ret,
                                   struct ks_error *err)
{
    struct insert_columns rows = {.layout = layout, .row_count = rec->row_count};
    rows.columns = ks_arena_zalloc(arena, layout->field_count * sizeof *rows.columns);
    for (size_t i = 0; i < layout->field_count; i++)
        rows.columns[i].field = &layout->fields[i];
    enum ks_status status = KS_OK;
    if (rec->row_count > 0) /* an empty record may hold empty columns, without a field ID */
        status = is_column_based(rec) ? open_columns(&rows, rec, arena, err)
                                      : insert_blobs_open(layout, rec, arena, rows.columns, err);
    if (status == KS_OK)
        *ret = rows;
    return status;
}

enum ks_status insert_columns_next(struct insert_columns *rows, struct ks_cell *cells,
                                   struct ks_arena *scratch, struct ks_error *err)
{
    for (size_t i = 0; i < rows->layout->field_count; i++) {
        struct column_cursor *column = &rows->columns[i];
        enum ks_status status =
            column_cursor_next(column, &cells[column->field->cell], scratch, err);
        if (status != KS_OK)
            return status;
    }
    return KS_OK;
}

struct insert_columns insert_columns_copy(const struct insert_columns *rows, struct ks_arena *arena)
{
    struct insert_columns copy = *rows;
    copy.columns =
        ks_arena_copy(arena, rows->columns, rows->layout->field_count * sizeof *rows->columns);
    return copy;
}

struct column_cursor insert_columns_keys(const struct insert_columns *rows)
{
    return rows->columns[rows->layout->key - rows->layout->fields];
}
