#include "request_build.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kitestream/sdk/util.h"
#include "proto_wire.h"
#include "request_column.h"

/* milvus.proto: InsertRequest, UpsertRequest (1-8 the same), DeleteRequest. */
enum {
    REQUEST_DB = 2,
    REQUEST_COLLECTION = 3,
    REQUEST_PARTITION = 4,
    INSERT_FIELDS = 5,
    INSERT_ROWS = 7,
    DELETE_EXPR = 5,
};

static void put_names(const struct request_target *target, struct ks_buf *out)
{
    wire_put_str(out, REQUEST_DB, target->db);
    wire_put_str(out, REQUEST_COLLECTION, target->collection);
    if (target->partition)
        wire_put_str(out, REQUEST_PARTITION, target->partition);
}

/* ---- deletes ---- */

/* A text in Milvus' expressions: double quotes, with quote and backslash escaped. */
static void put_text(struct ks_slice text, struct ks_buf *out)
{
    const char *p = text.data;
    ks_buf_add_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (p[i] == '"' || p[i] == '\\')
            ks_buf_add_byte(out, '\\');
        if (p[i] == '\n' || p[i] == '\r') /* the grammar has them only escaped */
            ks_buf_add(out, p[i] == '\n' ? "\\n" : "\\r", 2);
        else
            ks_buf_add_byte(out, (uint8_t)p[i]);
    }
    ks_buf_add_byte(out, '"');
}

static void put_number(int64_t value, struct ks_buf *out)
{
    char digits[24];
    size_t at = sizeof(digits);
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        digits[--at] = '-';
    ks_buf_add(out, digits + at, sizeof(digits) - at);
}

static const struct ddl_field *key_field(const struct ddl_schema *schema)
{
    for (size_t i = 0; i < schema->field_count; i++)
        if (schema->fields[i].is_primary_key)
            return &schema->fields[i];
    return NULL;
}

static void build_delete(const struct write_step *step, const struct request_target *target,
                         const struct ddl_field *key, struct ks_buf *out)
{
    struct ks_buf expr = {0};
    ks_buf_add_str(&expr, key->name);
    ks_buf_add_str(&expr, " in [");
    for (size_t i = 0; i < step->row_count; i++) {
        if (i > 0)
            ks_buf_add_byte(&expr, ',');
        if (step->rows[i]->pk_is_string)
            put_text(step->rows[i]->pk_str, &expr);
        else
            put_number(step->rows[i]->pk_int, &expr);
    }
    ks_buf_add_byte(&expr, ']');
    put_names(target, out);
    wire_put_bytes(out, DELETE_EXPR, expr.data, expr.len);
    ks_buf_release(&expr);
}

/* ---- inserts and upserts ---- */

static const struct ks_cell empty_object = {.kind = KS_CELL_BYTES, .count = 2, .u.data = "{}"};

/* Finds the field's cell in every row. *ret_present: some row's schema has the field. */
static void gather(const struct write_step *step, const struct ddl_field *field,
                   const struct ks_cell **cells, bool *ret_present)
{
    const struct change_layout *layout = NULL;
    int cell = -1;
    *ret_present = false;
    for (size_t i = 0; i < step->row_count; i++) {
        const struct change_row *row = step->rows[i];
        if (row->layout != layout) {
            layout = row->layout;
            cell = change_layout_cell(layout, field->name);
            *ret_present |= cell >= 0;
        }
        cells[i] = cell >= 0 && row->cells[cell].kind != KS_CELL_NULL ? &row->cells[cell] : NULL;
        if (!cells[i] && field->is_dynamic)
            cells[i] = &empty_object;
    }
}

/* Nulls where the target allows none. */
static enum ks_status check_nulls(const struct request_column *c, size_t *ret_bad,
                                  struct ks_error *err)
{
    if (c->null_count == 0 || c->field->nullable)
        return KS_OK;
    for (*ret_bad = 0; c->cells[*ret_bad]; ++*ret_bad) {
    }
    return ks_error_set(err, KS_ERR_DATA, "field %s is null, but the target's is not nullable",
                        c->field->name);
}

static enum ks_status build_column(const struct write_step *step, const struct ddl_field *field,
                                   const struct ks_cell **cells, struct ks_buf *out,
                                   size_t *ret_bad, struct ks_error *err)
{
    struct request_column c = {.field = field, .cells = cells, .count = step->row_count};
    bool present;
    gather(step, field, cells, &present);
    if (!present && (field->default_value || field->nullable))
        return KS_OK; /* the target fills it in */
    enum ks_status status = request_column_measure(&c, ret_bad, err);
    if (!status)
        status = check_nulls(&c, ret_bad, err);
    if (status)
        return status;
    size_t size = request_column_size(&c);
    wire_put_tag(out, INSERT_FIELDS, WIRE_LEN);
    wire_put_varint(out, size);
    ks_buf_reserve(out, size);
    request_column_write(&c, out);
    return KS_OK;
}

enum ks_status request_build(const struct write_step *step, const struct request_target *target,
                             struct ks_arena *scratch, struct ks_buf *out, size_t *ret_bad_row,
                             struct ks_error *err)
{
    const struct ddl_field *key = key_field(target->schema);
    enum ks_status status = KS_OK;
    size_t bad = 0;
    *ret_bad_row = 0;
    if (!key)
        return ks_error_set(err, KS_ERR_DATA, "collection %s.%s of the target has no primary key",
                            target->db, target->collection);
    if (step->kind == WRITE_DELETE) {
        build_delete(step, target, key, out);
        return KS_OK;
    }
    const struct ks_cell **cells = ks_arena_alloc(scratch, step->row_count * sizeof(*cells));
    put_names(target, out);
    for (size_t i = 0; i < target->schema->field_count && !status; i++)
        if (!target->schema->fields[i].is_function_output)
            status = build_column(step, &target->schema->fields[i], cells, out, &bad, err);
    if (status) {
        const struct change_row *row = step->rows[bad];
        *ret_bad_row = bad;
        ks_error_prefix(err, "%s partition %d offset %" PRId64, row->topic, (int)row->partition,
                        row->offset);
        return status;
    }
    wire_put_uint(out, INSERT_ROWS, step->row_count);
    return KS_OK;
}
