/* The released Insert and Delete records of one vchannel and tick in, change records out (the seam
 * is row_events.h); next: source_task hands the batch to the host. A group is encoded whole or not
 * at all: on an error the batch is as it was, so the caller may report the records and go on.
 *
 * With a row filter (the rule is in row_filter.h) rows that do not match are passed over before the
 * halves of upserts are paired, and again when rows are written. The delete half of an upsert whose
 * rows all fail is then a delete like any other, told where the source's own stands; if a key has
 * several rows in one upsert, the first that passes is `u`, later ones `c`. */
#include "row_events.h"

#include <inttypes.h>
#include <string.h>

#include "alloc.h"
#include "change_encode.h"
#include "clock.h"
#include "delete_keys.h"
#include "insert_columns.h"
#include "kitestream/sdk/util.h"
#include "row_pairs.h"
#include "utf8_check.h"

struct ks_record *change_batch_add(struct change_batch *b)
{
    struct ks_source_batch *batch = &b->batch;
    batch->records =
        xgrow(batch->records, batch->record_count, &b->record_cap, sizeof *batch->records);
    struct ks_record *record = &batch->records[batch->record_count++];
    *record = (struct ks_record){0};
    return record;
}

/* One call of row_events_add. */
struct group {
    struct change_encoder *enc;
    const struct catalogue_collection *coll;
    const char *channel;
    struct change_batch *out;
    struct ks_arena *arena;
    const struct column_layout *layout;
    int64_t now_ms;
    bool upserts; /* holds deletes and inserts: `pairs` is in use */
    struct row_pairs pairs;
    struct insert_columns *opened; /* upserts: one for each record, the deletes' unused */
};

static enum ks_status at_record(const struct group *g, const struct mq_record *rec,
                                enum ks_status status, struct ks_error *err)
{
    if (status != KS_OK)
        ks_error_prefix(err, "%s of channel %s, offset %" PRId64 ", collection %s.%s",
                        rec->kind == MQ_INSERT ? "Insert" : "Delete", g->channel, rec->offset,
                        g->coll->db, g->coll->name);
    return status;
}

/* The catalogue's name of the partition; a record keeps the one of its own time. */
static struct ks_slice partition_name(const struct group *g, const struct mq_record *rec)
{
    struct ks_slice none = {"", 0};
    if (rec->partition_id == -1)
        return none;
    const struct catalogue_partition *partition =
        catalogue_partition_by_id(g->coll, rec->partition_id);
    if (partition)
        return (struct ks_slice){partition->name, strlen(partition->name)};
    bool text = utf8_check(rec->partition_name.data, rec->partition_name.len);
    return text ? rec->partition_name : none;
}

static void begin_record(struct group *g, const struct mq_record *rec)
{
    struct change_place place = {
        .channel = g->channel,
        .offset = rec->offset,
        .tick = rec->end_tick,
        .partition_id = rec->partition_id,
        .partition = partition_name(g, rec),
        .emitted_ms = g->now_ms,
    };
    change_encoder_begin(g->enc, g->coll, &place, g->out);
}

/* ---- pairing ---- */

static enum ks_status collect_deletes(struct group *g, const struct mq_record *rec,
                                      struct ks_error *err)
{
    struct column_cursor keys;
    enum ks_status status = delete_keys_open(g->layout->key, rec, g->arena, &keys, err);
    for (uint32_t i = 0; i < rec->row_count && status == KS_OK; i++) {
        struct ks_cell key;
        status = column_cursor_next(&keys, &key, g->arena, err);
        if (status == KS_OK)
            row_pairs_add(&g->pairs, &key, rec->partition_id);
    }
    return status;
}

/* A row that the filter stops is not there: an upsert that has only such rows is a delete. */
static enum ks_status match_passing(struct group *g, const struct mq_record *rec,
                                    const struct insert_columns *opened, struct ks_error *err)
{
    struct insert_columns rows = insert_columns_copy(opened, g->arena);
    struct ks_cell *cells = change_encoder_cells(g->enc);
    enum ks_status status = KS_OK;
    for (uint32_t i = 0; i < rec->row_count && status == KS_OK; i++) {
        status = insert_columns_next(&rows, cells, change_encoder_scratch(g->enc), err);
        if (status == KS_OK && change_encoder_passes(g->enc))
            row_pairs_match(&g->pairs, &cells[g->layout->key->cell], rec->partition_id);
        change_encoder_skip(g->enc);
    }
    return status;
}

static enum ks_status match_inserts(struct group *g, const struct mq_record *rec,
                                    struct insert_columns *ret_opened, struct ks_error *err)
{
    enum ks_status status = insert_columns_open(g->layout, rec, g->arena, ret_opened, err);
    if (status != KS_OK || rec->row_count == 0)
        return status;
    if (change_encoder_filters(g->enc))
        return match_passing(g, rec, ret_opened, err);
    struct column_cursor keys = insert_columns_keys(ret_opened);
    for (uint32_t i = 0; i < rec->row_count && status == KS_OK; i++) {
        struct ks_cell key;
        status = column_cursor_next(&keys, &key, g->arena, err);
        if (status == KS_OK)
            row_pairs_match(&g->pairs, &key, rec->partition_id);
    }
    return status;
}

static enum ks_status pair(struct group *g, struct mq_record *const *records, size_t count,
                           struct ks_error *err)
{
    size_t deletes = 0, inserts = 0;
    for (size_t i = 0; i < count; i++)
        *(records[i]->kind == MQ_DELETE ? &deletes : &inserts) += records[i]->row_count;
    g->upserts = deletes > 0 && inserts > 0;
    if (!g->upserts)
        return KS_OK;
    if (deletes > INT32_MAX)
        return ks_error_set(err, KS_ERR_DATA, "%zu deletes in one tick", deletes);
    row_pairs_init(&g->pairs, deletes, g->arena);
    g->opened = ks_arena_zalloc(g->arena, count * sizeof *g->opened);
    enum ks_status status = KS_OK;
    for (size_t i = 0; i < count && status == KS_OK; i++)
        if (records[i]->kind == MQ_DELETE)
            status = at_record(g, records[i], collect_deletes(g, records[i], err), err);
    for (size_t i = 0; i < count && status == KS_OK; i++)
        if (records[i]->kind == MQ_INSERT)
            status =
                at_record(g, records[i], match_inserts(g, records[i], &g->opened[i], err), err);
    return status;
}

/* ---- emitting ---- */

/* `*pair_index` runs over the group's deletes in the order in which they were collected. */
static enum ks_status emit_deletes(struct group *g, const struct mq_record *rec, size_t *pair_index,
                                   struct ks_error *err)
{
    struct column_cursor keys;
    enum ks_status status = delete_keys_open(g->layout->key, rec, g->arena, &keys, err);
    begin_record(g, rec);
    for (uint32_t i = 0; i < rec->row_count && status == KS_OK; i++) {
        struct ks_cell key;
        status = column_cursor_next(&keys, &key, g->arena, err);
        bool half = g->upserts && row_pairs_matched(&g->pairs, (*pair_index)++);
        if (status == KS_OK && !half)
            status = change_encoder_delete(g->enc, &key, i, g->out, err);
    }
    return status;
}

static enum ks_status emit_rows(struct group *g, const struct mq_record *rec,
                                const struct insert_columns *opened, struct ks_error *err)
{
    struct insert_columns rows;
    enum ks_status status = KS_OK;
    if (opened)
        rows = *opened;
    else
        status = insert_columns_open(g->layout, rec, g->arena, &rows, err);
    begin_record(g, rec);
    struct ks_cell *cells = change_encoder_cells(g->enc), *key = &cells[g->layout->key->cell];
    for (uint32_t i = 0; i < rec->row_count && status == KS_OK; i++) {
        status = insert_columns_next(&rows, cells, change_encoder_scratch(g->enc), err);
        if (status != KS_OK)
            break;
        if (!change_encoder_passes(g->enc)) {
            change_encoder_skip(g->enc);
            g->out->rows_left_out++;
            continue;
        }
        bool update = g->upserts && row_pairs_take(&g->pairs, key, rec->partition_id);
        status = change_encoder_row(g->enc, update ? 'u' : 'c', i, g->out, err);
        if (status != KS_OK)
            ks_error_prefix(err, "row %" PRIu32, i);
    }
    return status;
}

static enum ks_status emit(struct group *g, struct mq_record *const *records, size_t count,
                           struct ks_error *err)
{
    enum ks_status status = KS_OK;
    size_t pair_index = 0;
    for (size_t i = 0; i < count && status == KS_OK; i++)
        if (records[i]->kind == MQ_DELETE && records[i]->row_count > 0)
            status = at_record(g, records[i], emit_deletes(g, records[i], &pair_index, err), err);
    for (size_t i = 0; i < count && status == KS_OK; i++)
        if (records[i]->kind == MQ_INSERT && records[i]->row_count > 0)
            status =
                at_record(g, records[i],
                          emit_rows(g, records[i], g->opened ? &g->opened[i] : NULL, err), err);
    return status;
}

enum ks_status row_events_add(struct change_encoder *enc, const struct catalogue_collection *coll,
                              const char *channel_name, struct mq_record *const *records,
                              size_t count, struct change_batch *out, struct ks_error *err)
{
    struct group g = {
        .enc = enc,
        .coll = coll,
        .channel = channel_name,
        .out = out,
        .arena = change_encoder_arena(enc),
        .layout = change_encoder_layout(enc),
        .now_ms = clock_wall_ms(),
    };
    size_t records_before = out->batch.record_count, bytes_before = out->value_bytes;
    size_t left_out_before = out->rows_left_out;
    enum ks_status status = pair(&g, records, count, err);
    if (status == KS_OK)
        status = emit(&g, records, count, err);
    if (status != KS_OK) {
        out->batch.record_count = records_before;
        out->value_bytes = bytes_before;
        out->rows_left_out = left_out_before;
    }
    change_encoder_reset(enc);
    return status;
}
