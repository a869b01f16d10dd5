#include "source_state.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "kitestream/sdk/util.h"

enum {
    PUMP_RECORDS = 4096,
    PUMP_BYTES = 4 << 20,
    BARRIER_SLICE_MS = 100,
    BARRIER_POLL_MS = 20,
    LOG_EVERY_MS = 10000,
};

/* ---- metadata ---- */

static enum ks_status take_uses(struct source_state *s, const struct pending_ddl *p,
                                struct ks_error *err)
{
    for (size_t i = 0; i < p->use_count; i++) {
        const struct meta_channel_use *use = &p->uses[i];
        struct mq_start start = {use->start_offset >= 0 ? MQ_START_OFFSET : MQ_START_EARLIEST,
                                 use->start_offset};
        int channel;
        enum ks_status status = source_channels_open(s, use->pchannel, start, &channel, err);
        if (status)
            return status;
        sequencer_use(s->sequencer, channel, use->collection_id, use->create_tick);
        s->channels[channel].heard_mono_ms = clock_mono_ms();
    }
    return KS_OK;
}

enum ks_status source_input_take_ddl(struct source_state *s, struct ks_error *err)
{
    while (s->incoming) {
        struct pending_ddl *p = s->incoming;
        enum ks_status status = take_uses(s, p, err);
        if (status)
            return status;
        s->incoming = p->next;
        sequencer_add_ddl(s->sequencer, p);
    }
    sequencer_delivered(s->sequencer, meta_reader_delivered(s->meta));
    return KS_OK;
}

static enum ks_status poll_metadata(struct source_state *s, int64_t timeout_ms,
                                    struct ks_error *err)
{
    enum ks_status status = meta_reader_poll(s->meta, timeout_ms, &s->incoming, err);
    if (!status && meta_reader_compacted(s->meta))
        return ks_error_set(err, KS_ERR_RESTART,
                            "etcd compacted revisions that were not read yet; the task starts "
                            "again and compares");
    return status ? status : source_input_take_ddl(s, err);
}

enum ks_status source_input_barrier(struct source_state *s, bool *ret_reached, struct ks_error *err)
{
    int64_t now = clock_mono_ms(), until = now + BARRIER_SLICE_MS;
    enum ks_status status = KS_OK;
    *ret_reached = false;
    if (s->barrier_revision == 0) {
        status = meta_reader_barrier(s->meta, &s->barrier_revision, err);
        s->barrier_mono_ms = now;
    }
    while (!status && meta_reader_delivered(s->meta) < s->barrier_revision) {
        if (s->host->stop_requested(s->host->task) || clock_mono_ms() > until) {
            source_channels_report(s);
            return KS_OK;
        }
        status = poll_metadata(s, BARRIER_POLL_MS, err);
    }
    if (status)
        return status;
    s->barrier_revision = 0;
    *ret_reached = true;
    return KS_OK;
}

/* ---- records ---- */

static struct pending_ddl *mq_ddl_new(const struct mq_record *rec, enum ddl_kind kind)
{
    struct pending_ddl *p = xcalloc(1, sizeof(*p));
    p->ddl = ks_arena_zalloc(&p->arena, sizeof(*p->ddl));
    p->ddl->kind = kind;
    p->ddl->db = "default";
    p->own_tick = rec->end_tick;
    return p;
}

static char *copy_text(struct ks_arena *arena, struct ks_slice text)
{
    return ks_arena_strndup(arena, text.data, text.len);
}

static enum ks_status take_flush(struct source_state *s, const struct mq_record *rec,
                                 struct ks_error *err)
{
    struct mq_flush flush;
    enum ks_status status = mq_record_flush(rec, &flush, err);
    if (status)
        return status;
    struct pending_ddl *p = mq_ddl_new(rec, DDL_FLUSH);
    const char **names = ks_arena_alloc(&p->arena, flush.total * sizeof(*names));
    size_t count = 0;
    while (!status && flush.collection_count > 0) {
        for (size_t i = 0; i < flush.collection_count; i++)
            names[count++] = copy_text(&p->arena, flush.collections[i]);
        if (count >= flush.total)
            break;
        status = mq_record_flush_page(rec, count, &flush, err);
    }
    if (status) {
        pending_ddl_free(p);
        return status;
    }
    if (flush.db.len)
        p->ddl->db = copy_text(&p->arena, flush.db);
    p->ddl->collections = names;
    p->ddl->collection_count = count;
    sequencer_add_mq_ddl(s->sequencer, p, rec->channel, rec->offset);
    return KS_OK;
}

static void take_import(struct source_state *s, const struct mq_record *rec)
{
    const struct catalogue_collection *coll =
        catalogue_by_id(ddl_stream_catalogue(s->stream), rec->collection_id);
    if (!coll)
        return;
    struct pending_ddl *p = mq_ddl_new(rec, DDL_GAP);
    p->ddl->db = ks_arena_strndup(&p->arena, coll->db, strlen(coll->db));
    p->ddl->db_id = coll->db_id;
    p->ddl->collection = ks_arena_strndup(&p->arena, coll->name, strlen(coll->name));
    p->ddl->collection_id = coll->id;
    p->ddl->reason = "bulk import: its rows never reach the message queue";
    sequencer_add_mq_ddl(s->sequencer, p, rec->channel, rec->offset);
}

/* Counted always, logged now and then: a shared topic may be full of foreign records. */
static void passed_over(struct source_state *s, const struct mq_record *rec)
{
    int64_t now = clock_mono_ms();
    bool foreign = rec->kind == MQ_FOREIGN;
    s->host->metric(s->host->task, KS_METRIC_COUNTER,
                    foreign ? "foreign_records_total" : "unknown_records_total", NULL, 1);
    if (s->logged_mono_ms && now - s->logged_mono_ms < LOG_EVERY_MS)
        return;
    s->logged_mono_ms = now;
    ks_log(s->host, KS_LOG_WARN, "passed over %s offset %" PRId64 ": %s (message type %d)",
           sequencer_channel_name(s->sequencer, rec->channel), rec->offset,
           foreign ? "not a Milvus record" : "a message type that is not known",
           (int)rec->msg_type);
}

static enum ks_status take_record(struct source_state *s, struct mq_record *rec,
                                  struct ks_error *err)
{
    struct source_channel *channel = &s->channels[rec->channel];
    enum ks_status status = KS_OK;
    channel->next = rec->offset + 1;
    switch (rec->kind) {
    case MQ_TICK:
        channel->heard_mono_ms = clock_mono_ms();
        break;
    case MQ_FLUSH:
        status = take_flush(s, rec, err);
        break;
    case MQ_IMPORT:
        take_import(s, rec);
        break;
    case MQ_FOREIGN:
    case MQ_UNKNOWN:
        passed_over(s, rec);
        break;
    case MQ_STREAMING:
        status = ks_error_set(err, KS_ERR_FATAL,
                              "%s offset %" PRId64 " was written by Milvus 2.6 or later, whose "
                              "log this version does not read yet",
                              sequencer_channel_name(s->sequencer, rec->channel), rec->offset);
        break;
    case MQ_INSERT:
    case MQ_DELETE:
        if (s->options.skip_replicated && rec->replicated)
            rec->kind = MQ_OTHER;
        break;
    default:
        break;
    }
    if (status) {
        mq_record_release(rec);
        free(rec);
        return status;
    }
    return sequencer_add_record(s->sequencer, rec, err);
}

/* Passed over for good: only the position moves on. */
static enum ks_status skip_record(struct source_state *s, int channel, int64_t offset,
                                  struct ks_error *err)
{
    struct mq_record *rec = xcalloc(1, sizeof(*rec));
    *rec = (struct mq_record){.kind = MQ_OTHER, .channel = channel, .offset = offset};
    s->channels[channel].next = offset + 1;
    return sequencer_add_record(s->sequencer, rec, err);
}

/* A record of a known type that does not decode: a dead letter, or the end of the task. */
static enum ks_status bad_record(struct source_state *s, struct ks_error *err)
{
    const struct mq_record *bad = mq_consumer_bad(s->mq);
    struct ks_record raw = {
        .topic = sequencer_channel_name(s->sequencer, bad->channel),
        .offset = bad->offset,
        .timestamp_ms = -1,
        .value = bad->value,
    };
    enum ks_status status =
        s->host->report_errant(s->host->task, &raw, "TASK_POLL", &s->bad_reason, err);
    if (status == KS_ERR_RETRIABLE && sequencer_row_start(s->sequencer) != UINT64_MAX) {
        s->bad_waits = s->letters_wait = true;
        return KS_OK;
    }
    s->bad_waits = false;
    if (!status)
        return skip_record(s, bad->channel, bad->offset, err);
    /* What is wrong with the record says more than that it has nowhere to go. */
    *err = s->bad_reason;
    return err->status = KS_ERR_FATAL;
}

enum ks_status source_input_pump(struct source_state *s, int timeout_ms, struct ks_error *err)
{
    size_t bytes = 0;
    enum ks_status status = poll_metadata(s, 0, err);
    if (!status)
        status = source_channels_mind_the_gate(s, err);
    if (!status && s->bad_waits)
        status = bad_record(s, err);
    for (int n = 0; !status && !s->bad_waits && n < PUMP_RECORDS && bytes < PUMP_BYTES; n++) {
        struct mq_record *rec = NULL;
        status = mq_consumer_poll(s->mq, n == 0 ? timeout_ms : 0, &rec, err);
        if (status == KS_ERR_DATA) {
            s->bad_reason = *err;
            status = bad_record(s, err);
            continue;
        }
        if (status || !rec)
            break;
        bytes += rec->value.len;
        status = take_record(s, rec, err);
    }
    source_channels_report(s);
    return status;
}
