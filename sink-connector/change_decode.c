#include "change_decode.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "change_layout.h"
#include "kitestream/sdk/util.h"
#include "map.h"

/* Keys of flat tombstones. */
struct key_layout {
    struct ks_avro_schema *schema;
    struct ks_avro_decoder *decoder;
};

struct change_decoder {
    const struct ks_task_host *host;
    struct map layouts; /* const struct ks_schema * -> struct change_layout */
    struct map keys;    /* the same -> struct key_layout */
};

/* ---- layouts ---- */

static void key_layout_free(struct key_layout *l)
{
    if (!l)
        return;
    ks_avro_decoder_free(l->decoder);
    ks_avro_schema_free(l->schema);
    free(l);
}

static enum ks_status layout_of(struct change_decoder *d, const struct ks_schema *schema,
                                const struct change_layout **ret, struct ks_error *err)
{
    struct change_layout *l = map_get(&d->layouts, (uintptr_t)schema);
    if (!l) {
        enum ks_status status = change_layout_new(d->host->schema_json(schema), &l, err);
        if (status)
            return status;
        map_put(&d->layouts, (uintptr_t)schema, l);
    }
    *ret = l;
    return KS_OK;
}

static enum ks_status key_layout_of(struct change_decoder *d, const struct ks_schema *schema,
                                    const struct key_layout **ret, struct ks_error *err)
{
    struct key_layout *l = map_get(&d->keys, (uintptr_t)schema);
    if (!l) {
        const char *json = d->host->schema_json(schema);
        l = xcalloc(1, sizeof(*l));
        enum ks_status status = ks_avro_schema_parse(json, strlen(json), &l->schema, err);
        if (!status)
            status = ks_avro_decoder_new(l->schema, l->schema, &l->decoder, err);
        if (!status && ks_avro_decoder_cells(l->decoder) != 1)
            status = ks_error_set(err, KS_ERR_DATA, "the key has not exactly one field");
        if (status) {
            key_layout_free(l);
            return status;
        }
        map_put(&d->keys, (uintptr_t)schema, l);
    }
    *ret = l;
    return KS_OK;
}

struct change_decoder *change_decoder_new(const struct ks_task_host *host)
{
    struct change_decoder *d = xcalloc(1, sizeof(*d));
    d->host = host;
    return d;
}

void change_decoder_free(struct change_decoder *d)
{
    uint64_t key;
    void *value;
    if (!d)
        return;
    for (size_t pos = 0; map_next(&d->layouts, &pos, &key, &value);)
        change_layout_free(value);
    for (size_t pos = 0; map_next(&d->keys, &pos, &key, &value);)
        key_layout_free(value);
    map_release(&d->layouts);
    map_release(&d->keys);
    free(d);
}

/* ---- records ---- */

static struct ks_slice text_of(const struct ks_cell *cell)
{
    return (struct ks_slice){cell->u.data, cell->count};
}

static enum ks_status set_key(struct change_row *row, const struct ks_cell *cell,
                              struct ks_error *err)
{
    if (cell->kind == KS_CELL_INT) {
        row->pk_int = cell->u.i;
        return KS_OK;
    }
    if (cell->kind != KS_CELL_BYTES)
        return ks_error_set(err, KS_ERR_DATA, "the primary key is neither a number nor a text");
    row->pk_is_string = true;
    row->pk_str = text_of(cell);
    return KS_OK;
}

static enum ks_status set_op(struct change_row *row, struct ks_slice text, struct ks_error *err)
{
    char op = text.len == 1 ? *(const char *)text.data : '?';
    if (op == 'c' || op == 'r')
        row->op = CHANGE_CREATE;
    else if (op == 'u')
        row->op = CHANGE_UPDATE;
    else if (op == 'd')
        row->op = CHANGE_DELETE;
    else
        return ks_error_set(err, KS_ERR_DATA, "op is '%.*s', which is none of c, r, u, d",
                            (int)text.len, (const char *)text.data);
    return KS_OK;
}

/* The schema is the writer's: it may call anything `op` or `source.tick`. */
static bool envelope_fits(const struct change_layout *l, const struct ks_cell *cells)
{
    const int numbers[] = {l->collection_id, l->partition_id, l->tick, l->ddl_seq};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        if (cells[numbers[i]].kind != KS_CELL_INT)
            return false;
    return cells[l->op].kind == KS_CELL_BYTES && cells[l->partition].kind == KS_CELL_BYTES;
}

static const struct ks_header *header_of(const struct ks_record *record, const char *key)
{
    for (size_t i = 0; i < record->header_count; i++)
        if (strcmp(record->headers[i].key, key) == 0)
            return &record->headers[i];
    return NULL;
}

/* upsert.op=c writes `c` for both: the header tells which it was. Where something has taken the
 * headers away every row is an upsert: an insert would double what was upserted. */
static enum ks_status set_true_op(const struct change_layout *l, const struct ks_record *record,
                                  struct change_row *row, struct ks_error *err)
{
    if (!l->upsert_as_create || row->op != CHANGE_CREATE)
        return KS_OK;
    const struct ks_header *op = header_of(record, "__op");
    return set_op(row, op ? op->value : (struct ks_slice){"u", 1}, err);
}

static enum ks_status decode_envelope(const struct change_layout *l, const struct ks_record *record,
                                      struct ks_cell *cells, struct change_row *row,
                                      struct ks_error *err)
{
    if (!envelope_fits(l, cells))
        return ks_error_set(err, KS_ERR_DATA, "op or source have fields of other types than ours");
    enum ks_status status = set_op(row, text_of(&cells[l->op]), err);
    if (!status)
        status = set_true_op(l, record, row, err);
    if (status)
        return status;
    bool gone = row->op == CHANGE_DELETE;
    if (cells[gone ? l->before : l->after].kind != KS_CELL_RECORD)
        return ks_error_set(err, KS_ERR_DATA, "%s is null", gone ? "before" : "after");
    row->collection_id = cells[l->collection_id].u.i;
    row->partition_name = text_of(&cells[l->partition]);
    row->partition_id = cells[l->partition_id].u.i;
    row->tick = (uint64_t)cells[l->tick].u.i;
    row->ddl_seq = cells[l->ddl_seq].u.i;
    row->cells = gone ? NULL : cells;
    return set_key(row, &cells[gone ? l->before_key_cell : l->key_cell], err);
}

static enum ks_status number_header(const struct ks_record *record, const char *key, int64_t *ret,
                                    struct ks_error *err)
{
    const struct ks_header *h = header_of(record, key);
    char text[24], *end = text;
    if (h && h->value.len > 0 && h->value.len < sizeof(text)) {
        memcpy(text, h->value.data, h->value.len);
        text[h->value.len] = '\0';
        *ret = strtoll(text, &end, 10);
    }
    if (end == text || *end)
        return ks_error_set(err, KS_ERR_DATA,
                            "header %s is missing or not a number: flat records need the headers "
                            "that Kitestream's source writes",
                            key);
    return KS_OK;
}

/* What a flat record does not hold travels in headers. */
static enum ks_status decode_headers(const struct ks_record *record, struct change_row *row,
                                     struct ks_error *err)
{
    const struct ks_header *op = header_of(record, "__op");
    const struct ks_header *partition = header_of(record, "__source.partition");
    int64_t tick = 0;
    enum ks_status status =
        op ? set_op(row, op->value, err) : ks_error_set(err, KS_ERR_DATA, "header __op is missing");
    if (!status)
        status = number_header(record, "__source.collection_id", &row->collection_id, err);
    if (!status)
        status = number_header(record, "__source.partition_id", &row->partition_id, err);
    if (!status)
        status = number_header(record, "__source.ddl_seq", &row->ddl_seq, err);
    if (!status)
        status = number_header(record, "__source.tick", &tick, err);
    row->tick = (uint64_t)tick;
    if (partition)
        row->partition_name = partition->value;
    return status;
}

static enum ks_status decode_flat_delete(struct change_decoder *d, const struct ks_record *record,
                                         struct ks_arena *arena, struct change_row *row,
                                         struct ks_error *err)
{
    const struct key_layout *l;
    struct ks_cell cell;
    enum ks_status status = decode_headers(record, row, err);
    if (!status && !record->key_schema)
        status = ks_error_set(err, KS_ERR_DATA, "the key has no schema");
    if (!status)
        status = key_layout_of(d, record->key_schema, &l, err);
    if (!status)
        status = ks_avro_decode(l->decoder, record->key, &cell, arena, err);
    if (!status)
        status = set_key(row, &cell, err);
    row->op = CHANGE_DELETE;
    return status;
}

static enum ks_status decode_value(struct change_decoder *d, const struct ks_record *record,
                                   struct ks_arena *arena, struct change_row *row,
                                   struct ks_error *err)
{
    const struct change_layout *l;
    if (!record->value_schema)
        return ks_error_set(err, KS_ERR_DATA,
                            "the value has no schema: the sink needs the converter that the "
                            "source was given, AvroConverter or JsonConverter");
    enum ks_status status = layout_of(d, record->value_schema, &l, err);
    if (status)
        return status;
    struct ks_cell *cells = ks_arena_alloc(arena, l->cell_count * sizeof(*cells));
    status = ks_avro_decode(l->decoder, record->value, cells, arena, err);
    if (status)
        return status;
    row->layout = l;
    if (!l->flat)
        return decode_envelope(l, record, cells, row, err);
    row->cells = cells;
    status = decode_headers(record, row, err);
    return status ? status : set_key(row, &cells[l->key_cell], err);
}

enum ks_status change_decode(struct change_decoder *d, const struct ks_record *record,
                             struct ks_arena *arena, struct change_row *ret, struct ks_error *err)
{
    enum ks_status status = KS_OK;
    *ret = (struct change_row){
        .op = CHANGE_TOMBSTONE,
        .topic = record->topic,
        .partition = record->partition,
        .offset = record->offset,
        .bytes = record->value.len,
    };
    if (record->value.data)
        status = decode_value(d, record, arena, ret, err);
    else if (header_of(record, "__op"))
        status = decode_flat_delete(d, record, arena, ret, err);
    if (status)
        ks_error_prefix(err, "%s partition %d offset %" PRId64, record->topic,
                        (int)record->partition, record->offset);
    return status;
}

const struct ks_cell *change_row_cell(const struct change_row *row, const char *field)
{
    int cell = row->cells ? change_layout_cell(row->layout, field) : -1;
    return cell < 0 ? NULL : &row->cells[cell];
}
