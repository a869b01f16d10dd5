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
    SILENCE_MS = 10000,
    BARRIER_MS = 10000,
    LOG_EVERY_MS = 10000,
};

/* ---- channels ---- */

#define DML_MARK "-rootcoord-dml_"
#define REPLICATE_SUFFIX "-replicate-msg"

/* replicate-msg shares the pchannels' prefix unless an option names it. */
static char *replicate_name(const struct source_state *s, const char *pchannel)
{
    const char *mark = strstr(pchannel, DML_MARK);
    if (s->options.replicate_channel)
        return xstrdup(s->options.replicate_channel);
    return mark ? xasprintf("%.*s" REPLICATE_SUFFIX, (int)(mark - pchannel), pchannel) : NULL;
}

static enum ks_status open_new(struct source_state *s, const char *channel, struct mq_start start,
                               int *ret, struct ks_error *err)
{
    struct channel_offset saved = {0};
    bool found = false;
    int64_t next, end;
    enum ks_status status =
        channel_offset_read(s->host, s->options.cluster, channel, &saved, &found, err);
    if (status)
        return status;
    if (found)
        start = (struct mq_start){MQ_START_OFFSET, saved.offset};
    status = mq_consumer_add(s->mq, channel, start, ret, &next, &end, err);
    if (status)
        return status;
    sequencer_add_channel(s->sequencer, channel, next, saved.tick);
    s->channels = xgrow(s->channels, s->channel_count, &s->channel_cap, sizeof(*s->channels));
    s->channels[s->channel_count++] = (struct source_channel){
        .end_at_start = end, .next = next, .heard_mono_ms = clock_mono_ms()};
    ks_log(s->host, KS_LOG_INFO, "reading %s from offset %" PRId64 " (%s)", channel, next,
           found ? "committed" : "new");
    return KS_OK;
}

static enum ks_status open_replicate(struct source_state *s, const char *pchannel,
                                     struct mq_start start, struct ks_error *err)
{
    char *name = replicate_name(s, pchannel);
    enum ks_status status = KS_OK;
    if (start.kind == MQ_START_OFFSET)
        start.kind = MQ_START_EARLIEST;
    if (name)
        status = open_new(s, name, start, &s->replicate_channel, err);
    free(name);
    return status;
}

enum ks_status source_input_open(struct source_state *s, const char *channel, struct mq_start start,
                                 int *ret, struct ks_error *err)
{
    enum ks_status status = KS_OK;
    *ret = sequencer_find_channel(s->sequencer, channel);
    if (*ret < 0)
        status = open_new(s, channel, start, ret, err);
    if (!status && s->replicate_channel < 0)
        status = open_replicate(s, channel, start, err);
    return status;
}

/* Memory: when too much waits for a tick, only the channel that everything waits for is read. */
static enum ks_status mind_the_gate(struct source_state *s, struct ks_error *err)
{
    bool over = sequencer_held_bytes(s->sequencer) > s->options.gate_max_bytes / 2;
    int slowest = sequencer_slowest_channel(s->sequencer);
    for (int i = 0; i < (int)s->channel_count; i++) {
        bool pause = over && slowest >= 0 && i != slowest;
        if (pause != s->channels[i].paused)
            mq_consumer_pause(s->mq, i, pause);
        s->channels[i].paused = pause;
    }
    if (slowest >= 0 &&
        sequencer_channel_held_bytes(s->sequencer, slowest) > s->options.gate_max_bytes)
        return ks_error_set(err, KS_ERR_FATAL,
                            "%s holds more than gate.max.bytes = %zu between two ticks: raise "
                            "gate.max.bytes",
                            sequencer_channel_name(s->sequencer, slowest),
                            s->options.gate_max_bytes);
    return KS_OK;
}

/* ---- metadata ---- */

static enum ks_status take_create(struct source_state *s, const struct pending_ddl *p,
                                  struct ks_error *err)
{
    for (size_t i = 0; i < p->use_count; i++) {
        const struct meta_channel_use *use = &p->uses[i];
        struct mq_start start = {use->start_offset >= 0 ? MQ_START_OFFSET : MQ_START_EARLIEST,
                                 use->start_offset};
        int channel;
        enum ks_status status = source_input_open(s, use->pchannel, start, &channel, err);
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
        enum ks_status status = take_create(s, p, err);
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

enum ks_status source_input_barrier(struct source_state *s, struct ks_error *err)
{
    int64_t revision, deadline = clock_mono_ms() + BARRIER_MS;
    enum ks_status status = meta_reader_barrier(s->meta, &revision, err);
    while (!status && meta_reader_delivered(s->meta) < revision) {
        if (s->host->stop_requested(s->host->task) || clock_mono_ms() > deadline)
            return ks_error_set(err, KS_ERR_RETRIABLE,
                                "etcd is at revision %" PRId64 ", but its watch has only delivered "
                                "%" PRId64 ": nothing can be released",
                                revision, meta_reader_delivered(s->meta));
        status = poll_metadata(s, 20, err);
    }
    return status;
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

/* A record of a known type that does not decode: a dead letter, or the end of the task. */
static enum ks_status bad_record(struct source_state *s, struct ks_error *err)
{
    const struct mq_record *bad = mq_consumer_bad(s->mq);
    struct ks_error reason = *err;
    struct ks_record raw = {
        .topic = sequencer_channel_name(s->sequencer, bad->channel),
        .offset = bad->offset,
        .timestamp_ms = -1,
        .value = bad->value,
    };
    if (s->host->report_errant(s->host->task, &raw, "TASK_POLL", &reason, err)) {
        /* What is wrong with the record says more than that it has nowhere to go. */
        *err = reason;
        err->status = KS_ERR_FATAL;
        return KS_ERR_FATAL;
    }
    return KS_OK;
}

enum ks_status source_input_pump(struct source_state *s, int timeout_ms, struct ks_error *err)
{
    size_t bytes = 0;
    enum ks_status status = poll_metadata(s, 0, err);
    if (!status)
        status = mind_the_gate(s, err);
    for (int n = 0; !status && n < PUMP_RECORDS && bytes < PUMP_BYTES; n++) {
        struct mq_record *rec = NULL;
        status = mq_consumer_poll(s->mq, n == 0 ? timeout_ms : 0, &rec, err);
        if (status == KS_ERR_DATA) {
            status = bad_record(s, err);
            continue;
        }
        if (status || !rec)
            break;
        bytes += rec->value.len;
        status = take_record(s, rec, err);
    }
    source_input_report(s);
    return status;
}

bool source_input_caught_up(const struct source_state *s)
{
    for (int i = 0; i < (int)s->channel_count; i++)
        if (sequencer_channel_used(s->sequencer, i) &&
            s->channels[i].next < s->channels[i].end_at_start)
            return false;
    return true;
}

void source_input_report(struct source_state *s)
{
    const char *trouble = mq_consumer_trouble(s->mq);
    int slowest = sequencer_slowest_channel(s->sequencer);
    char *text = NULL;
    if (trouble)
        text = xstrdup(trouble);
    else if (slowest >= 0 && clock_mono_ms() - s->channels[slowest].heard_mono_ms > SILENCE_MS)
        text = xasprintf("the source's time ticks: %s has had none for more than 10 s. Is the "
                         "source's root coordinator running?",
                         sequencer_channel_name(s->sequencer, slowest));
    bool same = text && s->waiting_for ? strcmp(text, s->waiting_for) == 0 : text == s->waiting_for;
    if (same) {
        free(text);
        return;
    }
    s->host->status(s->host->task, text);
    free(s->waiting_for);
    s->waiting_for = text;
}
