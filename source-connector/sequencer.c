/* The sequencer's life, and what there is to commit. In: made from the committed state; out: the
 * state to commit next. What comes in is in sequencer_input.c, what goes out in
 * sequencer_release.c. */
#include "sequencer_parts.h"

#include <stdlib.h>

#include "alloc.h"

/* Ten seconds of a busy cluster; a retried produce comes within one. */
enum { REMEMBERED_MSG_IDS = 1 << 16 };

struct sequencer *sequencer_new(const struct sequencer_options *options)
{
    struct sequencer *s = xcalloc(1, sizeof(*s));
    s->options = *options;
    s->released = options->released;
    s->last_effective = options->released;
    s->ddl_tail = &s->ddl_head;
    s->msg_ids = msg_id_set_new(REMEMBERED_MSG_IDS);
    return s;
}

void sequencer_free_record(struct mq_record *rec)
{
    mq_record_release(rec);
    free(rec);
}

void sequencer_free_group(struct sequencer *s)
{
    for (size_t i = 0; i < s->group_count; i++)
        sequencer_free_record(s->group[i]);
    s->group_count = 0;
}

static void free_list(struct sequencer *s)
{
    struct release_entry e;
    while (release_list_next(&s->list, &e)) {
        if (e.ddl)
            pending_ddl_free(e.ddl);
        else
            sequencer_free_record(e.record);
    }
    release_list_release(&s->list);
}

void sequencer_free(struct sequencer *s)
{
    if (!s)
        return;
    sequencer_free_group(s);
    free(s->group);
    free_list(s);
    for (size_t i = 0; i < s->channel_count; i++) {
        for (struct mq_record *r = s->channels[i].head, *next; r; r = next) {
            next = r->next;
            sequencer_free_record(r);
        }
        free(s->channels[i].name);
    }
    free(s->channels);
    free(s->uses);
    for (struct pending_ddl *d = s->ddl_head, *next; d; d = next) {
        next = d->next;
        pending_ddl_free(d);
    }
    for (struct mq_ddl *d = s->mq_ddl, *next; d; d = next) {
        next = d->next;
        pending_ddl_free(d->ddl);
        free(d);
    }
    msg_id_set_free(s->msg_ids);
    free(s);
}

bool sequencer_leave_out(struct sequencer *s, const struct mq_record *rec, size_t count)
{
    switch (s->options.fate(s->options.fate_arg, rec->collection_id, rec->end_tick)) {
    case ROW_DROPPED:
        s->counters.dropped_records += count;
        return true;
    case ROW_FILTERED:
        s->counters.filtered_records += count;
        return true;
    case ROW_OLD:
        s->counters.old_records += count;
        return true;
    case ROW_UNKNOWN:
        break;
    }
    return false;
}

/* ---- state ---- */

uint64_t sequencer_released(const struct sequencer *s)
{
    return s->released;
}

uint64_t sequencer_row_start(const struct sequencer *s)
{
    return s->options.row_start;
}

uint64_t sequencer_last_ddl_tick(const struct sequencer *s)
{
    return s->ddl_head ? s->last_effective : 0;
}

bool sequencer_has_ddl(const struct sequencer *s)
{
    return s->ddl_head || s->mq_ddl;
}

int64_t sequencer_position(const struct sequencer *s, int channel)
{
    const struct channel *c = &s->channels[channel];
    int64_t position = c->head ? c->head->offset : c->next_offset;
    /* A pchannel's last tick, after its last drop, never comes again: it is held until W has
     * reached it, else a restart would wait for it for ever. Nobody waits for an unused one. */
    if (c->users > 0 && c->last_tick > s->released && c->last_tick_offset < position)
        position = c->last_tick_offset;
    for (const struct mq_ddl *d = s->mq_ddl; d; d = d->next)
        if (d->channel == channel && d->offset < position)
            position = d->offset;
    return position;
}

int64_t sequencer_saved_revision(const struct sequencer *s)
{
    return s->ddl_head ? s->ddl_head->revision - 1 : s->delivered_revision;
}

size_t sequencer_channel_count(const struct sequencer *s)
{
    return s->channel_count;
}

const char *sequencer_channel_name(const struct sequencer *s, int channel)
{
    return s->channels[channel].name;
}

bool sequencer_channel_used(const struct sequencer *s, int channel)
{
    return s->channels[channel].users > 0;
}

uint64_t sequencer_channel_tick(const struct sequencer *s, int channel)
{
    return s->channels[channel].last_tick;
}

size_t sequencer_held_bytes(const struct sequencer *s)
{
    size_t bytes = 0;
    for (size_t i = 0; i < s->channel_count; i++)
        bytes += s->channels[i].held_bytes;
    return bytes;
}

size_t sequencer_channel_held_bytes(const struct sequencer *s, int channel)
{
    return s->channels[channel].held_bytes;
}

int sequencer_slowest_channel(const struct sequencer *s)
{
    int slowest = -1;
    for (size_t i = 0; i < s->channel_count; i++)
        if (sequencer_channel_holds(&s->channels[i]) &&
            (slowest < 0 || s->channels[i].last_tick < s->channels[slowest].last_tick))
            slowest = (int)i;
    return slowest;
}

const struct sequencer_counters *sequencer_counters(const struct sequencer *s)
{
    return &s->counters;
}
