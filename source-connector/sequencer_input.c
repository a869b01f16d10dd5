/* What comes into the sequencer: channels and who uses them, metadata changes, records. Next:
 * sequencer_release, which orders it. A record that is not of the stream ends here, counted; what
 * is kept holds the position of its channel. */
#include "sequencer_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"

int sequencer_add_channel(struct sequencer *s, const char *name, int64_t next_offset,
                          uint64_t resume_tick)
{
    s->channels = xgrow(s->channels, s->channel_count, &s->channel_cap, sizeof(*s->channels));
    struct channel *c = &s->channels[s->channel_count];
    *c = (struct channel){
        .name = xstrdup(name),
        .next_offset = next_offset,
        .last_tick = resume_tick,
        .last_tick_offset = next_offset,
        .resume_tick = resume_tick,
        .resuming = resume_tick > 0,
    };
    s->channel_count++;
    /* The array may have moved, and an empty list's tail points into it. */
    for (size_t i = 0; i < s->channel_count; i++)
        if (!s->channels[i].head)
            s->channels[i].tail = &s->channels[i].head;
    return (int)s->channel_count - 1;
}

int sequencer_find_channel(const struct sequencer *s, const char *name)
{
    for (size_t i = 0; i < s->channel_count; i++)
        if (strcmp(s->channels[i].name, name) == 0)
            return (int)i;
    return -1;
}

/* An unused channel had no ticks; everything before the create is complete on it. But of several
 * creates that come before any of its ticks was read, the first one decides. */
static void begin_at(struct channel *c, uint64_t tick, bool idle)
{
    bool from_create = c->last_tick_offset == INT64_MAX;
    if (idle ? tick <= c->last_tick : !from_create || tick >= c->last_tick)
        return;
    c->last_tick = max_tick(tick, c->resume_tick);
    c->last_tick_offset = INT64_MAX; /* not from a record: nothing to read again */
}

void sequencer_use(struct sequencer *s, int channel, int64_t collection_id, uint64_t create_tick)
{
    for (size_t i = 0; i < s->use_count; i++)
        if (s->uses[i].channel == channel && s->uses[i].collection_id == collection_id)
            return;
    s->uses = xgrow(s->uses, s->use_count, &s->use_cap, sizeof(*s->uses));
    s->uses[s->use_count++] = (struct channel_use){channel, collection_id, false};
    struct channel *c = &s->channels[channel];
    bool idle = !sequencer_channel_holds(c);
    c->users++;
    c->live++;
    if (create_tick > 0)
        begin_at(c, create_tick - 1, idle);
}

static uint64_t effective_tick(struct sequencer *s, uint64_t own_tick, uint64_t not_before)
{
    uint64_t tick = max_tick(own_tick, not_before);
    if (tick > s->released || s->released == 0)
        return tick;
    if (own_tick > 0)
        s->counters.late_ddl++;
    return s->released + 1;
}

/* After the last drop a channel has ticks up to the drop's own time, no further: one that waited
 * for the drop's effective tick could wait for ever. */
static void note_drop(struct sequencer *s, int64_t collection_id, uint64_t tick)
{
    for (size_t i = 0; i < s->use_count; i++) {
        struct channel *c = &s->channels[s->uses[i].channel];
        if (s->uses[i].collection_id != collection_id || s->uses[i].dropped)
            continue;
        s->uses[i].dropped = true;
        c->live--;
        c->drop_tick = max_tick(c->drop_tick, tick);
    }
}

void sequencer_add_ddl(struct sequencer *s, struct pending_ddl *take_ddl)
{
    struct ddl *ddl = take_ddl->ddl;
    take_ddl->next = NULL;
    ddl->tick = effective_tick(s, take_ddl->own_tick, s->last_effective);
    s->last_effective = ddl->tick;
    if (ddl->kind == DDL_DROP_COLLECTION)
        note_drop(s, ddl->collection_id, take_ddl->own_tick ? take_ddl->own_tick : ddl->tick);
    *s->ddl_tail = take_ddl;
    s->ddl_tail = &take_ddl->next;
}

void sequencer_add_mq_ddl(struct sequencer *s, struct pending_ddl *take_ddl, int channel,
                          int64_t offset)
{
    struct channel *c = &s->channels[channel];
    /* Released before the restart; it is read again because of something else that waits. */
    if (c->users > 0 && c->resuming && take_ddl->own_tick <= c->resume_tick) {
        pending_ddl_free(take_ddl);
        return;
    }
    take_ddl->next = NULL;
    /* In the order of their offsets: so the position of a channel without ticks tells exactly which
     * ones the stream has. */
    take_ddl->ddl->tick = effective_tick(s, take_ddl->own_tick, c->last_mq_ddl);
    c->last_mq_ddl = take_ddl->ddl->tick;
    struct mq_ddl *d = xcalloc(1, sizeof(*d));
    *d = (struct mq_ddl){.ddl = take_ddl, .channel = channel, .offset = offset};
    struct mq_ddl **at = &s->mq_ddl;
    while (*at && (*at)->ddl->ddl->tick <= take_ddl->ddl->tick)
        at = &(*at)->next;
    d->next = *at;
    *at = d;
}

void sequencer_delivered(struct sequencer *s, int64_t revision)
{
    if (revision > s->delivered_revision)
        s->delivered_revision = revision;
}

static void add_tick(struct channel *c, const struct mq_record *rec)
{
    if (c->resuming && rec->end_tick >= c->resume_tick)
        c->resuming = false;
    if (rec->end_tick <= c->last_tick)
        return;
    c->last_tick = rec->end_tick;
    c->last_tick_offset = rec->offset;
}

/* Is the row of the stream at all? False: drop it. */
static enum ks_status admit_row(struct sequencer *s, const struct channel *c,
                                const struct mq_record *rec, bool *ret_admit, struct ks_error *err)
{
    *ret_admit = false;
    if (rec->row_count == 0 || (c->resuming && rec->end_tick <= c->resume_tick))
        return KS_OK;
    if (s->options.row_start != UINT64_MAX && rec->end_tick <= s->options.row_start)
        return KS_OK;
    if (msg_id_set_has(s->msg_ids, rec->msg_id)) {
        s->counters.duplicate_records++;
        return KS_OK;
    }
    if (rec->begin_tick <= s->released && sequencer_leave_out(s, rec, 1))
        return KS_OK;
    if (rec->begin_tick <= s->released)
        return ks_error_set(err, KS_ERR_FATAL,
                            "record at %s offset %" PRId64 " has tick %" PRIu64
                            ", but the stream is complete up to %" PRIu64
                            ": the queue gave it after the tick that closed it. Check that nothing "
                            "else writes to this topic; then restart the task",
                            c->name, rec->offset, rec->begin_tick, s->released);
    msg_id_set_add(s->msg_ids, rec->msg_id);
    *ret_admit = true;
    return KS_OK;
}

enum ks_status sequencer_add_record(struct sequencer *s, struct mq_record *take_rec,
                                    struct ks_error *err)
{
    struct channel *c = &s->channels[take_rec->channel];
    enum ks_status status = KS_OK;
    bool admit = false;
    if (take_rec->offset >= c->next_offset)
        c->next_offset = take_rec->offset + 1;
    if (take_rec->kind == MQ_TICK)
        add_tick(c, take_rec);
    else if (take_rec->kind == MQ_INSERT || take_rec->kind == MQ_DELETE)
        status = admit_row(s, c, take_rec, &admit, err);
    if (!admit) {
        sequencer_free_record(take_rec);
        return status;
    }
    take_rec->next = NULL;
    *c->tail = take_rec;
    c->tail = &take_rec->next;
    c->held_bytes += take_rec->value.len;
    return KS_OK;
}
