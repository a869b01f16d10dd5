#include "source_task.h"

#include <stdlib.h>

#include "alloc.h"
#include "clock.h"
#include "kitestream/sdk/util.h"
#include "source_state.h"

enum { POLL_MS = 100, PUMP_WAIT_MS = 50, BATCH_BYTES = 4 << 20, BATCH_RECORDS = 20000 };

static void destroy(void *task)
{
    struct source_state *s = task;
    if (s->batch)
        batch_pool_give(s->batch);
    if (s->has_item && s->item.kind == SEQUENCER_DDL)
        pending_ddl_free(s->item.take_ddl);
    for (struct pending_ddl *p = s->incoming, *next; p; p = next) {
        next = p->next;
        pending_ddl_free(p);
    }
    sequencer_free(s->sequencer);
    mq_consumer_close(s->mq);
    ddl_stream_close(s->stream);
    meta_reader_close(s->meta);
    batch_pool_free(s->pool);
    source_options_release(&s->options);
    map_release(&s->left_out);
    ks_buf_release(&s->without_rows);
    free(s->channels);
    free(s->waiting_for);
    free(s);
}

static enum ks_status start(const struct ks_task_host *host, const struct ks_config *config,
                            void **ret_task, struct ks_error *err)
{
    struct source_state *s = xcalloc(1, sizeof(*s));
    s->host = host;
    s->replicate_channel = -1;
    s->pool = batch_pool_new();
    enum ks_status status = source_options_parse(config, &s->options, err);
    if (!status)
        status = source_start(s, config, err);
    if (status) {
        destroy(s);
        return status;
    }
    *ret_task = s;
    return KS_OK;
}

/* ---- releases ---- */

static uint64_t idle_tick(const struct source_state *s)
{
    struct meta_model *model = meta_reader_model(s->meta);
    uint64_t floor = meta_model_creating_floor(model), max = meta_model_max_tick(model);
    uint64_t waiting = sequencer_last_ddl_tick(s->sequencer);
    if (max < waiting)
        max = waiting;
    return max < floor ? max : floor - 1;
}

static bool heartbeat_due(const struct source_state *s)
{
    return clock_mono_ms() >= s->heartbeat_mono_ms;
}

/* Ticks alone are not worth a read of etcd; a heartbeat is. */
static bool worth_a_release(const struct source_state *s)
{
    uint64_t w = sequencer_candidate(s->sequencer, idle_tick(s));
    if (sequencer_row_start(s->sequencer) == UINT64_MAX && !source_channels_caught_up(s))
        return false;
    return w > sequencer_released(s->sequencer) &&
           (sequencer_held_bytes(s->sequencer) > 0 || sequencer_has_ddl(s->sequencer) ||
            heartbeat_due(s));
}

/* No record is read between the choice of W and the release: every tick that W stands on was here
 * before etcd was asked. */
static enum ks_status try_release(struct source_state *s, struct ks_error *err)
{
    uint64_t before = sequencer_released(s->sequencer);
    bool reached;
    if (s->barrier_revision == 0 && !worth_a_release(s))
        return KS_OK;
    enum ks_status status = source_input_barrier(s, &reached, err);
    if (status || !reached)
        return status;
    uint64_t w = sequencer_candidate(s->sequencer, idle_tick(s));
    s->releasing = sequencer_release(s->sequencer, w) > before;
    return KS_OK;
}

/* ---- filling a batch ---- */

static struct change_batch *batch_of(struct source_state *s)
{
    if (!s->batch) {
        s->batch = batch_pool_take(s->pool);
        s->batch_has_rows = false;
    }
    return s->batch;
}

static void mark_open(struct source_state *s)
{
    if (!s->open)
        s->open_mono_ms = clock_mono_ms();
    s->open = true;
}

static enum ks_status report_bad_row(struct source_state *s, const struct mq_record *rec,
                                     const struct ks_error *reason, struct ks_error *err)
{
    struct ks_record raw = {
        .topic = sequencer_channel_name(s->sequencer, rec->channel),
        .offset = rec->offset,
        .timestamp_ms = tick_to_ms(rec->end_tick),
        .value = rec->value,
    };
    enum ks_status status =
        s->host->report_errant(s->host->task, &raw, "VALUE_CONVERTER", reason, err);
    if (status)
        *err = *reason; /* what is wrong with the row says more than that it has nowhere to go */
    return status;
}

/* Where the rows of one group go. */
struct rows_target {
    struct change_encoder *encoder;
    const struct catalogue_collection *coll;
    const char *channel;
    struct change_batch *batch;
};

static enum ks_status encode(const struct rows_target *to, struct mq_record *const *records,
                             size_t count, struct ks_error *err)
{
    struct change_batch *b = to->batch;
    size_t records_before = b->batch.record_count, bytes_before = b->value_bytes;
    enum ks_status status =
        row_events_add(to->encoder, to->coll, to->channel, records, count, b, err);
    if (status) {
        b->batch.record_count = records_before;
        b->value_bytes = bytes_before;
    }
    return status;
}

/* Some record of the group is bad: those become dead letters, the others go on. */
static enum ks_status encode_good_ones(struct source_state *s, const struct rows_target *to,
                                       const struct sequencer_item *item, struct ks_error *err)
{
    struct mq_record **good = xcalloc(item->record_count, sizeof(struct mq_record *));
    size_t count = 0, before = to->batch->batch.record_count, bytes = to->batch->value_bytes;
    size_t left_out = to->batch->rows_left_out;
    enum ks_status status = KS_OK;
    for (size_t i = 0; i < item->record_count && !status; i++) {
        struct ks_error reason;
        status = encode(to, &item->records[i], 1, &reason);
        if (!status)
            good[count++] = item->records[i];
        else if (status == KS_ERR_DATA)
            status = report_bad_row(s, item->records[i], &reason, err);
        else
            *err = reason;
        to->batch->batch.record_count = before; /* it was only a try */
        to->batch->value_bytes = bytes;
        to->batch->rows_left_out = left_out;
    }
    if (!status && count > 0)
        status = encode(to, good, count, err);
    free(good);
    return status;
}

static enum ks_status add_rows(struct source_state *s, const struct sequencer_item *item,
                               struct ks_error *err)
{
    struct change_batch *b = batch_of(s);
    struct rows_target to = {
        .coll = catalogue_by_id(ddl_stream_catalogue(s->stream), item->collection_id),
        .channel = sequencer_channel_name(s->sequencer, item->channel),
        .batch = b,
    };
    size_t before = b->batch.record_count;
    enum ks_status status = ddl_stream_encoder(
        s->stream, catalogue_by_id(ddl_stream_catalogue(s->stream), item->collection_id),
        &to.encoder, err);
    if (status)
        return status;
    status = encode(&to, item->records, item->record_count, err);
    if (status == KS_ERR_DATA)
        status = encode_good_ones(s, &to, item, err);
    s->open_rows += b->batch.record_count - before;
    s->metrics.change_records += b->batch.record_count - before;
    s->metrics.filtered_rows += b->rows_left_out;
    b->rows_left_out = 0;
    s->batch_has_rows |= b->batch.record_count > before;
    mark_open(s);
    if (status)
        err->status = KS_ERR_FATAL;
    return status ? KS_ERR_FATAL : KS_OK;
}

static enum ks_status of_the_stream(struct source_state *s, struct pending_ddl *p, bool *ret,
                                    struct ks_error *err)
{
    *ret = false;
    if (p->ddl->kind == DDL_FLUSH && p->own_tick <= sequencer_row_start(s->sequencer))
        return KS_OK;
    return ddl_stream_wants(s->stream, p->ddl, &p->arena, ret, err);
}

/* What precedes the first row is what existed before, also if it came after the list. */
static bool before_the_rows(const struct source_state *s, const struct pending_ddl *p)
{
    return s->first_start && s->options.start_from != START_EARLIEST &&
           p->ddl->tick <= sequencer_row_start(s->sequencer);
}

static enum ks_status add_ddl(struct source_state *s, struct pending_ddl *p, struct ks_error *err)
{
    bool all_rows = s->first_start && s->options.start_from == START_EARLIEST;
    p->ddl->snapshot |= before_the_rows(s, p);
    enum ks_status status = ddl_stream_add(s->stream, p->ddl, &p->arena, batch_of(s), err);
    mark_open(s);
    if (status)
        return status;
    s->metrics.ddl_records++;
    if (p->ddl->kind == DDL_CREATE_COLLECTION && p->ddl->snapshot && !all_rows)
        source_left_out_note_create(s, p);
    return KS_OK;
}

enum filled { FILLED_ALL, FILLED_RETURN };

/* Takes items until the release is consumed or the batch has to be returned first. */
static enum ks_status fill(struct source_state *s, enum filled *ret, struct ks_error *err)
{
    struct change_batch *b = batch_of(s);
    enum ks_status status = KS_OK;
    *ret = FILLED_RETURN;
    while (!status && b->value_bytes < BATCH_BYTES && b->batch.record_count < BATCH_RECORDS) {
        if (!s->has_item) {
            status = sequencer_next(s->sequencer, &s->item, &s->has_item, err);
            if (status || !s->has_item) {
                s->releasing = false;
                *ret = FILLED_ALL;
                return status;
            }
        }
        if (s->item.kind == SEQUENCER_ROWS) {
            status = add_rows(s, &s->item, err);
        } else {
            struct pending_ddl *p = s->item.take_ddl;
            bool wanted;
            status = of_the_stream(s, p, &wanted, err);
            if (!status && wanted) {
                if (s->batch_has_rows && ddl_stream_waits_for_rows(s->stream, p->ddl))
                    return KS_OK;
                status = add_ddl(s, p, err);
            }
            if (status)
                return status; /* kept for the next call, if there is one */
            pending_ddl_free(p);
        }
        s->has_item = false;
    }
    return status;
}

/* ---- handing over ---- */

static void hand_over(struct source_state *s, bool commit, struct ks_source_batch **ret)
{
    s->batch->batch.commit = commit;
    s->open_bytes = commit ? 0 : s->open_bytes + s->batch->value_bytes;
    if (commit) {
        s->open = s->letters_wait = false;
        s->open_rows = 0;
    }
    *ret = &s->batch->batch;
    s->batch = NULL;
    s->batch_has_rows = false;
}

/* Offsets of everything, in the memory of the batch that carries them. */
static void add_offsets(struct source_state *s)
{
    struct change_batch *b = batch_of(s);
    struct ks_arena *arena = &b->arena;
    size_t count = sequencer_channel_count(s->sequencer);
    uint64_t w = sequencer_released(s->sequencer);
    struct ks_source_offset *offsets = ks_arena_alloc(arena, (count + 1) * sizeof(*offsets));
    for (size_t i = 0; i < count; i++) {
        const char *name = sequencer_channel_name(s->sequencer, (int)i);
        struct channel_offset offset = {sequencer_position(s->sequencer, (int)i), w};
        offsets[i].partition_json = source_partition_json(arena, s->options.cluster, name);
        offsets[i].offset_json = channel_offset_json(arena, &offset);
    }
    s->etcd.revision = sequencer_saved_revision(s->sequencer);
    s->etcd.ddl_seq = ddl_stream_seq(s->stream);
    s->etcd.tick = w;
    s->etcd.row_start = sequencer_row_start(s->sequencer);
    offsets[count].partition_json = source_partition_json(arena, s->options.cluster, "etcd");
    offsets[count].offset_json = etcd_offset_json(arena, &s->etcd);
    b->batch.offsets = offsets;
    b->batch.offset_count = count + 1;
}

static void close_transaction(struct source_state *s, struct ks_source_batch **ret)
{
    add_offsets(s);
    hand_over(s, true, ret);
}

/* The end of a transaction; a heartbeat that is due rides along, after the rows are delivered. */
static enum ks_status finish(struct source_state *s, struct ks_source_batch **ret,
                             struct ks_error *err)
{
    if (heartbeat_due(s)) {
        if (s->batch_has_rows) {
            hand_over(s, false, ret);
            return KS_OK;
        }
        enum ks_status status =
            ddl_stream_heartbeat(s->stream, sequencer_released(s->sequencer), batch_of(s), err);
        if (status)
            return status;
        s->heartbeat_mono_ms = clock_mono_ms() + s->options.heartbeat_ms;
    }
    close_transaction(s, ret);
    return KS_OK;
}

static bool transaction_full(const struct source_state *s)
{
    return s->open_rows >= s->options.transaction_rows ||
           s->open_bytes + (s->batch ? s->batch->value_bytes : 0) >= s->options.transaction_bytes ||
           clock_mono_ms() - s->open_mono_ms >= s->options.transaction_ms;
}

/* A first start has nothing to say before its first W is known. */
static bool can_commit(const struct source_state *s)
{
    return sequencer_row_start(s->sequencer) != UINT64_MAX;
}

/* One of: items of a release, a release, the end of a transaction, waiting. */
static enum ks_status step(struct source_state *s, int64_t until, struct ks_source_batch **ret,
                           bool *ret_done, struct ks_error *err)
{
    enum filled filled;
    enum ks_status status = KS_OK;
    if (s->releasing) {
        status = fill(s, &filled, err);
        *ret_done = !status && filled == FILLED_RETURN;
        if (*ret_done)
            hand_over(s, false, ret);
        return status;
    }
    if (s->barrier_revision == 0) /* else the records have to wait for the metadata */
        status = source_input_pump(s, 0, err);
    if (!status && !(s->open && transaction_full(s)))
        status = try_release(s, err);
    if (status || s->releasing)
        return status;
    if (s->open || ((heartbeat_due(s) || s->letters_wait) && can_commit(s))) {
        *ret_done = true;
        return finish(s, ret, err);
    }
    *ret_done = clock_mono_ms() >= until;
    if (*ret_done || s->barrier_revision > 0)
        return KS_OK;
    return source_input_pump(s, PUMP_WAIT_MS, err);
}

static enum ks_status poll(void *task, struct ks_source_batch **ret_batch, struct ks_error *err)
{
    struct source_state *s = task;
    int64_t until = clock_mono_ms() + POLL_MS;
    bool done = false;
    enum ks_status status = KS_OK;
    *ret_batch = NULL;
    while (!status && !done && !s->host->stop_requested(s->host->task))
        status = step(s, until, ret_batch, &done, err);
    source_metrics_report(s);
    /* What is complete is not kept open while etcd or Kafka is away: it would time out. */
    if (status == KS_ERR_RETRIABLE && s->open && !s->releasing) {
        close_transaction(s, ret_batch);
        return KS_OK;
    }
    if (status)
        source_channels_forget_report(s);
    return status;
}

const struct ks_source_task_ops source_task_ops = {
    .start = start,
    .poll = poll,
    .destroy = destroy,
};
