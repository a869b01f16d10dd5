/* Cells of a row in, records of the change stream out, their bytes in the batch's arena; next: the
 * host produces them as they are. One encoder per collection and schema, of compiled plans. Where
 * a row comes from is change_origin.c's. */
#include "change_encode.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "change_origin.h"
#include "change_schema.h"
#include "clock.h"
#include "field_mask.h"
#include "kitestream/sdk/util.h"

#define ARENA_KEEP_BYTES (1 << 20)
#define SCRATCH_KEEP_BYTES (64 << 10)

/* A schema with its plan and the host's handle. */
struct plan {
    struct ks_avro_schema *avro;
    struct ks_avro_encoder *encoder;
    const struct ks_schema *handle;
};

struct change_encoder {
    bool flat, upsert_as_create, tombstones;
    struct column_layout *layout;
    struct field_mask *mask;   /* NULL: no field is masked */
    struct row_filter *filter; /* NULL: all rows pass */
    struct plan key, value;
    struct ks_cell *cells;                   /* of the value */
    size_t before, after, source, op, ts_ms; /* cells of the envelope; flat: `row` is all */
    struct ks_arena arena, scratch;
    struct ks_buf bytes; /* of the row at hand */
    /* of the MQ record at hand */
    struct change_origin origin;
    const char *topic;
    int64_t timestamp_ms;
};

/* ---- making one ---- */

static void plan_free(struct plan *plan)
{
    ks_avro_encoder_free(plan->encoder);
    ks_avro_schema_free(plan->avro);
}

static enum ks_status plan_new(const struct ks_task_host *host, char *take_json, struct plan *plan,
                               struct ks_error *err)
{
    size_t len = strlen(take_json);
    enum ks_status status = ks_avro_schema_parse(take_json, len, &plan->avro, err);
    if (status == KS_OK)
        status = ks_avro_encoder_new(plan->avro, &plan->encoder, err);
    if (status == KS_OK)
        status = host->schema_intern(host->task, take_json, len, &plan->handle, err);
    free(take_json);
    return status;
}

static enum ks_status plans_new(struct change_encoder *enc, const struct ks_task_host *host,
                                const struct change_options *opt,
                                const struct catalogue_collection *coll, struct ks_error *err)
{
    char *json;
    enum ks_status status = change_schema_key(coll, opt->primitive_key, &json, err);
    if (status == KS_OK)
        status = plan_new(host, json, &enc->key, err);
    if (status == KS_OK)
        status = change_schema_value(coll, opt, &json, err);
    if (status == KS_OK)
        status = plan_new(host, json, &enc->value, err);
    return status;
}

/* The row's cells must be where the layout thinks they are; both number them in schema order. */
static enum ks_status find_cells(struct change_encoder *enc, struct ks_error *err)
{
    const struct ks_avro_encoder *plan = enc->value.encoder;
    size_t count = ks_avro_encoder_cells(plan), rows = enc->layout->cell_count;
    if (enc->flat ? count != rows : count != 2 * (rows + 1) + 1 + CHANGE_SOURCE_FIELDS + 2)
        return ks_error_set(err, KS_ERR_FATAL, "the encoder has %zu cells for rows of %zu", count,
                            rows);
    enc->cells = xcalloc(count, sizeof *enc->cells);
    if (enc->flat)
        return KS_OK;
    enc->before = (size_t)ks_avro_encoder_cell(plan, "before");
    enc->after = (size_t)ks_avro_encoder_cell(plan, "after");
    enc->source = (size_t)ks_avro_encoder_cell(plan, "source");
    enc->op = (size_t)ks_avro_encoder_cell(plan, "op");
    enc->ts_ms = (size_t)ks_avro_encoder_cell(plan, "ts_ms");
    return KS_OK;
}

/* The collection's rules: what the columns may lack, which values are masked, which rows pass. */
static enum ks_status select_rows(struct change_encoder *enc, const struct change_options *opt,
                                  const struct catalogue_collection *coll, struct ks_error *err)
{
    enum ks_status status = KS_OK;
    if (opt->fields) {
        column_layout_select(enc->layout, opt->fields, coll->created_as);
        status = field_mask_new(opt->fields, coll->created_as, enc->layout, &enc->mask, err);
    }
    if (opt->filters && !status)
        status =
            row_filters_compile(opt->filters, coll->created_as, enc->layout, &enc->filter, err);
    return status;
}

enum ks_status change_encoder_new(const struct ks_task_host *host, const struct change_options *opt,
                                  const struct catalogue_collection *coll,
                                  struct change_encoder **ret, struct ks_error *err)
{
    struct change_encoder *enc = xcalloc(1, sizeof *enc);
    enc->flat = opt->flat;
    enc->upsert_as_create = opt->upsert_as_create;
    enc->tombstones = opt->tombstones;
    change_origin_init(&enc->origin, opt);
    enum ks_status status = column_layout_new(coll->schema, &enc->layout, err);
    if (status == KS_OK)
        status = select_rows(enc, opt, coll, err);
    if (status == KS_OK)
        status = plans_new(enc, host, opt, coll, err);
    if (status == KS_OK)
        status = find_cells(enc, err);
    if (status != KS_OK) {
        ks_error_prefix(err, "rows of collection %s.%s (topic %s)", coll->db, coll->name,
                        coll->topic);
        change_encoder_free(enc);
        return status;
    }
    *ret = enc;
    return KS_OK;
}

void change_encoder_free(void *encoder)
{
    struct change_encoder *enc = encoder;
    if (!enc)
        return;
    plan_free(&enc->key);
    plan_free(&enc->value);
    field_mask_free(enc->mask);
    row_filter_free(enc->filter);
    column_layout_free(enc->layout);
    ks_arena_release(&enc->arena);
    ks_arena_release(&enc->scratch);
    ks_buf_release(&enc->bytes);
    change_origin_release(&enc->origin);
    free(enc->cells);
    free(enc);
}

const struct column_layout *change_encoder_layout(const struct change_encoder *enc)
{
    return enc->layout;
}

struct ks_arena *change_encoder_arena(struct change_encoder *enc)
{
    return &enc->arena;
}

struct ks_arena *change_encoder_scratch(struct change_encoder *enc)
{
    return &enc->scratch;
}

struct ks_cell *change_encoder_cells(struct change_encoder *enc)
{
    return enc->flat ? enc->cells : &enc->cells[enc->after + 1];
}

bool change_encoder_filters(const struct change_encoder *enc)
{
    return enc->filter != NULL;
}

bool change_encoder_passes(const struct change_encoder *enc)
{
    const struct ks_cell *row = enc->flat ? enc->cells : &enc->cells[enc->after + 1];
    return !enc->filter || row_filter_passes(enc->filter, row);
}

void change_encoder_skip(struct change_encoder *enc)
{
    if (enc->scratch.used_bytes)
        ks_arena_reset(&enc->scratch, SCRATCH_KEEP_BYTES);
}

void change_encoder_reset(struct change_encoder *enc)
{
    ks_arena_reset(&enc->arena, ARENA_KEEP_BYTES);
    ks_arena_reset(&enc->scratch, SCRATCH_KEEP_BYTES);
}

/* ---- rows ---- */

/* The topic's name must outlive the collection: it stays with the batch. */
static const char *keep_topic(const char *topic, struct change_batch *out)
{
    size_t count = out->batch.record_count;
    const char *last = count ? out->batch.records[count - 1].topic : NULL;
    if (last && strcmp(last, topic) == 0)
        return last;
    return ks_arena_strndup(&out->arena, topic, strlen(topic));
}

void change_encoder_begin(struct change_encoder *enc, const struct catalogue_collection *coll,
                          const struct change_place *place, struct change_batch *out)
{
    enc->topic = keep_topic(coll->topic, out);
    enc->timestamp_ms = tick_to_ms(place->tick);
    change_origin_begin(&enc->origin, coll, place, &out->arena);
    if (enc->flat)
        return;
    enc->cells[enc->ts_ms] = (struct ks_cell){.kind = KS_CELL_INT, .u.i = place->emitted_ms};
}

/* Headroom and key, at the start of enc->bytes. */
static enum ks_status encode_key(struct change_encoder *enc, const struct ks_cell *key,
                                 struct ks_error *err)
{
    ks_buf_reset(&enc->bytes);
    ks_buf_reserve(&enc->bytes, KS_RECORD_HEADROOM);
    enc->bytes.len = KS_RECORD_HEADROOM;
    return ks_avro_encode(enc->key.encoder, key, &enc->bytes, err);
}

static enum ks_status encode_value(struct change_encoder *enc, struct ks_error *err)
{
    ks_buf_reserve(&enc->bytes, KS_RECORD_HEADROOM);
    enc->bytes.len += KS_RECORD_HEADROOM;
    return ks_avro_encode(enc->value.encoder, enc->cells, &enc->bytes, err);
}

/* enc->bytes as a record: headroom, key, and from `value_at` on (0: null) headroom and value. */
static struct ks_record *emit(struct change_encoder *enc, size_t key_len, bool value,
                              struct change_batch *out)
{
    const uint8_t *at = ks_arena_copy(&out->arena, enc->bytes.data, enc->bytes.len);
    struct ks_record *record = change_batch_add(out);
    record->topic = enc->topic;
    record->partition = -1;
    record->timestamp_ms = enc->timestamp_ms;
    record->key = (struct ks_slice){at + KS_RECORD_HEADROOM, key_len};
    record->key_schema = enc->key.handle;
    record->value_schema = enc->value.handle;
    if (value) {
        size_t skip = 2 * KS_RECORD_HEADROOM + key_len;
        record->value = (struct ks_slice){at + skip, enc->bytes.len - skip};
    }
    out->value_bytes += record->key.len + record->value.len;
    return record;
}

static void set_op(struct change_encoder *enc, char op, uint32_t row)
{
    enc->cells[enc->source] = change_origin_block(&enc->origin, row);
    enc->cells[enc->op] = (struct ks_cell){.kind = KS_CELL_BYTES,
                                           .count = 1,
                                           .u.data = op == 'c'   ? "c"
                                                     : op == 'u' ? "u"
                                                                 : "d"};
}

enum ks_status change_encoder_row(struct change_encoder *enc, char op, uint32_t row,
                                  struct change_batch *out, struct ks_error *err)
{
    struct ks_cell *row_cells = change_encoder_cells(enc);
    const struct ks_cell *key = row_cells + enc->layout->key->cell;
    if (enc->mask)
        field_mask_row(enc->mask, row_cells);
    if (!enc->flat) {
        enc->cells[enc->before] = (struct ks_cell){.kind = KS_CELL_NULL};
        enc->cells[enc->after] = (struct ks_cell){.kind = KS_CELL_RECORD};
        set_op(enc, enc->upsert_as_create ? 'c' : op, row);
    }
    enum ks_status status = encode_key(enc, key, err);
    size_t key_len = enc->bytes.len - KS_RECORD_HEADROOM;
    if (status == KS_OK)
        status = encode_value(enc, err);
    change_encoder_skip(enc);
    if (status != KS_OK)
        return status;
    change_origin_mark(&enc->origin, op, row, emit(enc, key_len, true, out), &out->arena);
    return KS_OK;
}

static void set_before(struct change_encoder *enc, const struct ks_cell *key)
{
    struct ks_cell *row = &enc->cells[enc->before + 1];
    for (size_t i = 0; i < enc->layout->cell_count; i++)
        row[i] = (struct ks_cell){.kind = KS_CELL_NULL};
    row[enc->layout->key->cell] = *key;
    enc->cells[enc->before] = (struct ks_cell){.kind = KS_CELL_RECORD};
    enc->cells[enc->after] = (struct ks_cell){.kind = KS_CELL_NULL};
}

enum ks_status change_encoder_delete(struct change_encoder *enc, const struct ks_cell *of,
                                     uint32_t row, struct change_batch *out, struct ks_error *err)
{
    struct ks_cell shown = *of;
    const struct ks_cell *key = &shown;
    if (enc->mask)
        field_mask_key(enc->mask, &shown);
    enum ks_status status = encode_key(enc, key, err);
    if (status != KS_OK)
        return status;
    size_t key_len = enc->bytes.len - KS_RECORD_HEADROOM;
    if (enc->flat) {
        change_origin_mark(&enc->origin, 'd', row, emit(enc, key_len, false, out), &out->arena);
        return KS_OK;
    }
    set_before(enc, key);
    set_op(enc, 'd', row);
    status = encode_value(enc, err);
    if (status != KS_OK)
        return status;
    struct ks_record *deleted = emit(enc, key_len, true, out);
    change_origin_mark(&enc->origin, 'd', row, deleted, &out->arena);
    struct ks_slice key_bytes = deleted->key;
    if (!enc->tombstones)
        return KS_OK;
    struct ks_record *tombstone = change_batch_add(out);
    *tombstone = out->batch.records[out->batch.record_count - 2];
    tombstone->key = key_bytes; /* shared, headroom too: the host writes the same prefix twice */
    tombstone->value = (struct ks_slice){0};
    tombstone->headers = NULL; /* with __op a null value would be a delete of the flat shape */
    tombstone->header_count = 0;
    out->value_bytes += key_bytes.len;
    return KS_OK;
}
