#include "source_state.h"

#include <inttypes.h>
#include <stdlib.h>

#include "clock.h"
#include "kitestream/sdk/util.h"

/* How far before "now" start.from=latest begins to read: rows may be produced up to a second before
 * the tick that closes them, and clocks differ. Earlier rows are read and left out. */
enum { LATEST_MARGIN_MS = 10000 };

static struct mq_start first_position(const struct source_options *o)
{
    switch (o->start_from) {
    case START_EARLIEST:
        return (struct mq_start){MQ_START_EARLIEST, 0};
    case START_TIME:
        return (struct mq_start){MQ_START_TIME, o->start_ms - LATEST_MARGIN_MS};
    case START_LATEST:
        break;
    }
    return (struct mq_start){MQ_START_TIME, clock_wall_ms() - LATEST_MARGIN_MS};
}

static uint64_t first_row_start(const struct source_options *o)
{
    switch (o->start_from) {
    case START_EARLIEST:
        return 0;
    case START_TIME:
        return tick_from_ms(o->start_ms);
    case START_LATEST:
        break;
    }
    return UINT64_MAX;
}

/* Metadata that exists is told first, then rows: nothing listed may have a later tick than the
 * first row. With `earliest` that is a row of the oldest collection, at the earliest. */
static void put_before_rows(struct source_state *s)
{
    uint64_t limit = UINT64_MAX;
    if (s->options.start_from == START_TIME)
        limit = tick_from_ms(s->options.start_ms);
    for (const struct pending_ddl *p = s->incoming; p; p = p->next)
        if (s->options.start_from == START_EARLIEST && p->ddl->kind == DDL_CREATE_COLLECTION &&
            p->own_tick > 0 && p->own_tick < limit)
            limit = p->own_tick;
    for (struct pending_ddl *p = s->incoming; p; p = p->next)
        if (p->own_tick > limit)
            p->own_tick = limit;
}

/* Collections that came and went before now, unseen, have rows up to here. */
static uint64_t list_tick(const struct meta_model *model)
{
    uint64_t told = meta_model_max_tick(model), now = tick_from_ms(clock_wall_ms());
    return told > now ? told : now;
}

static enum ks_status list_first(struct source_state *s, struct ks_error *err)
{
    struct meta_model *model = meta_reader_model(s->meta);
    bool compacted;
    if (ddl_stream_seq(s->stream) > 0)
        return ks_error_set(err, KS_ERR_FATAL,
                            "%s holds records, but this connector has no committed offsets: "
                            "they were deleted, or another connector wrote the topic. Choose a "
                            "new topic.prefix, or delete the topics of this one",
                            ddl_stream_topic(s->stream));
    enum ks_status status = meta_reader_list(s->meta, 0, &s->list_revision, &compacted, err);
    if (!status)
        status = meta_model_diff(model, ddl_stream_catalogue(s->stream), true, &s->incoming, err);
    put_before_rows(s);
    s->etcd.list_tick = list_tick(model);
    s->etcd.row_start = first_row_start(&s->options);
    return status;
}

/* Has the stream never told of this living collection? Then the filters left it out. */
static bool was_left_out(const struct source_state *s, int64_t collection_id)
{
    return collection_id && !catalogue_by_id(ddl_stream_catalogue(s->stream), collection_id) &&
           !ddl_stream_has_dropped(s->stream, collection_id);
}

static bool any_left_out(const struct source_state *s)
{
    const struct meta_channel_use *uses;
    size_t count = meta_model_channels(meta_reader_model(s->meta), &uses);
    for (size_t i = 0; i < count; i++)
        if (was_left_out(s, uses[i].collection_id))
            return true;
    return false;
}

/* From now on, as at a first start: its time is past. */
static void begin_now(struct pending_ddl *p)
{
    p->ddl->snapshot = true;
    p->own_tick = 0;
}

/* The filters are asked again at each start, since they may be others now. The listing may be older
 * than the end of the stream, so nothing else of the comparison counts. */
static enum ks_status ask_filters_again(struct source_state *s, struct ks_error *err)
{
    struct pending_ddl *all = NULL, **kept = &s->incoming;
    if (!any_left_out(s))
        return KS_OK;
    enum ks_status status = meta_model_diff(meta_reader_model(s->meta),
                                            ddl_stream_catalogue(s->stream), true, &all, err);
    for (struct pending_ddl *p = all, *next; p; p = next) {
        next = p->next;
        p->next = NULL;
        if (!was_left_out(s, p->ddl->collection_id)) {
            pending_ddl_free(p);
            continue;
        }
        begin_now(p);
        *kept = p;
        kept = &p->next;
    }
    return status;
}

/* After a compaction the comparison gives them anyway; they are older than what the stream says. */
static void mark_left_out(struct source_state *s)
{
    for (struct pending_ddl *p = s->incoming; p; p = p->next)
        if (p->ddl->kind == DDL_CREATE_COLLECTION && p->own_tick <= s->etcd.tick &&
            was_left_out(s, p->ddl->collection_id))
            begin_now(p);
}

static enum ks_status list_again(struct source_state *s, struct ks_error *err)
{
    struct meta_model *model = meta_reader_model(s->meta);
    bool compacted = false;
    if (s->etcd.ddl_seq > ddl_stream_seq(s->stream))
        return ks_error_set(err, KS_ERR_FATAL,
                            "%s ends at seq %" PRId64 ", but seq %" PRId64
                            " was committed: records are missing. If transforms gave the topic "
                            "another name before, set them back; else delete the offsets and "
                            "choose a new topic.prefix",
                            ddl_stream_topic(s->stream), ddl_stream_seq(s->stream),
                            s->etcd.ddl_seq);
    enum ks_status status =
        meta_reader_list(s->meta, s->etcd.revision, &s->list_revision, &compacted, err);
    if (!compacted)
        return status ? status : ask_filters_again(s, err);
    ks_log(s->host, KS_LOG_INFO,
           "etcd no longer has revision %" PRId64 ": comparing its state with the stream",
           s->etcd.revision);
    status = meta_reader_list(s->meta, 0, &s->list_revision, &compacted, err);
    if (status)
        return status;
    s->etcd.list_tick = list_tick(model);
    meta_model_said(model, s->etcd.tick, s->etcd.revision);
    status = meta_model_diff(model, ddl_stream_catalogue(s->stream), false, &s->incoming, err);
    mark_left_out(s);
    source_left_out_note_missed(s, s->incoming);
    return status;
}

static enum ks_status open_channels(struct source_state *s, struct ks_error *err)
{
    const struct meta_channel_use *uses;
    struct mq_start first = first_position(&s->options);
    size_t count = meta_model_channels(meta_reader_model(s->meta), &uses);
    enum ks_status status = KS_OK;
    for (size_t i = 0; i < count && !status; i++) {
        struct mq_start start = {MQ_START_OFFSET, uses[i].start_offset};
        int channel;
        if (s->first_start)
            start = first;
        else if (uses[i].start_offset < 0)
            start.kind = MQ_START_EARLIEST;
        status = source_channels_open(s, uses[i].pchannel, start, &channel, err);
        if (!status)
            sequencer_use(s->sequencer, channel, uses[i].collection_id, uses[i].create_tick);
    }
    return status;
}

static enum ks_status check_vectors(struct source_state *s, struct ks_error *err)
{
    enum vector_encoding wanted = s->options.fields.vectors;
    if (s->first_start)
        s->etcd.vectors = wanted;
    if (s->etcd.vectors == wanted)
        return KS_OK;
    return ks_error_set(err, KS_ERR_FATAL,
                        "vector.encoding: the stream %s was begun with '%s', and no field of a "
                        "topic may change its type. Set it back, or begin a new stream with "
                        "another topic.prefix",
                        s->options.prefix, vector_encoding_name(s->etcd.vectors));
}

enum ks_status source_start(struct source_state *s, const struct ks_config *config,
                            struct ks_error *err)
{
    bool found = false;
    enum ks_status status = meta_reader_open(config, &s->meta, err);
    if (!status)
        status = ddl_stream_open(s->host, &s->options, &s->stream, err);
    if (!status)
        status = etcd_offset_read(s->host, s->options.cluster, &s->etcd, &found, err);
    s->first_start = !found;
    if (!status)
        status = check_vectors(s, err);
    if (!status)
        status = found ? list_again(s, err) : list_first(s, err);
    if (status)
        return status;
    s->sequencer = sequencer_new(&(struct sequencer_options){
        .emitted = ddl_stream_catalogue(s->stream),
        .fate = source_left_out_fate,
        .fate_arg = s,
        .released = s->etcd.tick,
        .row_start = s->etcd.row_start,
    });
    status = mq_consumer_open(config, s->options.fetch_bytes, &s->mq, err);
    if (!status)
        status = open_channels(s, err);
    if (!status)
        status = source_input_take_ddl(s, err);
    return status;
}
