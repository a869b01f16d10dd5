#include "sequencer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"
#include "msg_id_set.h"
#include "release_list.h"

/* Ten seconds of a busy cluster; a retried produce comes within one. */
enum { REMEMBERED_MSG_IDS = 1 << 16 };

struct channel {
    char *name;
    int64_t next_offset;
    uint64_t last_tick;
    int64_t last_tick_offset;
    uint64_t resume_tick;
    bool resuming;
    size_t users;         /* collections that use it, until their drop is released */
    size_t live;          /* of those, the ones whose drop has not been delivered */
    uint64_t drop_tick;   /* the greatest of the drops delivered for it */
    uint64_t last_mq_ddl; /* effective tick of the last flush or gap read from it */
    struct mq_record *head, **tail;
    size_t held_bytes;
};

struct channel_use {
    int channel;
    int64_t collection_id;
    bool dropped; /* its drop is delivered, not yet released */
};

/* A flush or gap: held until W reaches it. */
struct mq_ddl {
    struct mq_ddl *next;
    struct pending_ddl *ddl;
    int channel;
    int64_t offset;
};

struct sequencer {
    struct sequencer_options options;
    struct channel *channels;
    size_t channel_count, channel_cap;
    struct channel_use *uses;
    size_t use_count, use_cap;
    struct pending_ddl *ddl_head, **ddl_tail;
    struct mq_ddl *mq_ddl; /* by tick */
    uint64_t last_effective;
    uint64_t released;
    int64_t delivered_revision;
    struct msg_id_set *msg_ids;
    struct sequencer_counters counters;
    struct release_list list;
    struct mq_record **group;
    size_t group_count, group_cap;
};

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

static void free_record(struct mq_record *rec)
{
    mq_record_release(rec);
    free(rec);
}

static void free_group(struct sequencer *s)
{
    for (size_t i = 0; i < s->group_count; i++)
        free_record(s->group[i]);
    s->group_count = 0;
}

static void free_list(struct sequencer *s)
{
    struct release_entry e;
    while (release_list_next(&s->list, &e)) {
        if (e.ddl)
            pending_ddl_free(e.ddl);
        else
            free_record(e.record);
    }
    release_list_release(&s->list);
}

void sequencer_free(struct sequencer *s)
{
    if (!s)
        return;
    free_group(s);
    free(s->group);
    free_list(s);
    for (size_t i = 0; i < s->channel_count; i++) {
        for (struct mq_record *r = s->channels[i].head, *next; r; r = next) {
            next = r->next;
            free_record(r);
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

/* ---- input ---- */

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

static uint64_t max_tick(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* May rows still come that W has to wait for? Not once every collection of the channel is dropped
 * and read to its drop. */
static bool holds(const struct channel *c)
{
    return c->live > 0 || (c->users > 0 && c->last_tick < c->drop_tick);
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
    bool idle = !holds(c);
    c->users++;
    c->live++;
    if (create_tick > 0)
        begin_at(c, create_tick - 1, idle);
}

static void end_uses(struct sequencer *s, int64_t collection_id)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->use_count; i++) {
        struct channel *c = &s->channels[s->uses[i].channel];
        if (s->uses[i].collection_id == collection_id) {
            c->users--;
            c->live -= !s->uses[i].dropped;
        } else {
            s->uses[kept++] = s->uses[i];
        }
    }
    s->use_count = kept;
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

/* Counts `count` records that are rightly not of the stream. False: they are missed. */
static bool leave_out(struct sequencer *s, const struct mq_record *rec, size_t count)
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
    if (rec->begin_tick <= s->released && leave_out(s, rec, 1))
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
        free_record(take_rec);
        return status;
    }
    take_rec->next = NULL;
    *c->tail = take_rec;
    c->tail = &take_rec->next;
    c->held_bytes += take_rec->value.len;
    return KS_OK;
}

/* ---- release ---- */

uint64_t sequencer_candidate(const struct sequencer *s, uint64_t idle_tick)
{
    int slowest = sequencer_slowest_channel(s);
    uint64_t w = slowest < 0 ? idle_tick : s->channels[slowest].last_tick;
    return max_tick(w, s->released);
}

/* The effective tick of the pending DDL without which the row means nothing; 0 if there is none. */
static uint64_t needed_tick(const struct sequencer *s, const struct mq_record *rec)
{
    const struct catalogue_collection *coll =
        catalogue_by_id(s->options.emitted, rec->collection_id);
    bool partition_known =
        rec->partition_id <= 0 || (coll && catalogue_partition_by_id(coll, rec->partition_id));
    uint64_t needed = 0;
    if (coll && partition_known)
        return 0;
    for (const struct pending_ddl *d = s->ddl_head; d; d = d->next)
        if (release_list_row_needs(rec, d->ddl, coll != NULL, partition_known))
            needed = d->ddl->tick;
    return needed;
}

/* A row may not be held beyond the W of its own tick (its position would be lost on resume), nor go
 * before its create: so W stops in front of it. */
static uint64_t lower_for_creates(const struct sequencer *s, uint64_t w)
{
    bool changed;
    do {
        changed = false;
        for (size_t i = 0; i < s->channel_count; i++)
            for (const struct mq_record *r = s->channels[i].head; r; r = r->next)
                if (r->end_tick <= w && needed_tick(s, r) > w) {
                    w = r->end_tick - 1;
                    changed = true;
                }
    } while (changed);
    return w;
}

static void take_rows(struct sequencer *s, struct channel *c, uint64_t w)
{
    struct mq_record **at = &c->head;
    while (*at) {
        struct mq_record *r = *at;
        if (r->end_tick > w) {
            at = &r->next;
            continue;
        }
        *at = r->next;
        c->held_bytes -= r->value.len;
        if (r->end_tick <= s->options.row_start)
            free_record(r); /* start.from=latest: before the first W */
        else
            release_list_add_record(&s->list, r);
    }
    c->tail = at;
}

static void take_ddl(struct sequencer *s, uint64_t w)
{
    for (;;) {
        struct pending_ddl *d = s->ddl_head && s->ddl_head->ddl->tick <= w ? s->ddl_head : NULL;
        struct mq_ddl *m = s->mq_ddl && s->mq_ddl->ddl->ddl->tick <= w ? s->mq_ddl : NULL;
        if (d && (!m || d->ddl->tick <= m->ddl->ddl->tick)) {
            s->ddl_head = d->next;
            if (!s->ddl_head)
                s->ddl_tail = &s->ddl_head;
            release_list_add_ddl(&s->list, d);
        } else if (m) {
            s->mq_ddl = m->next;
            release_list_add_ddl(&s->list, m->ddl);
            free(m);
        } else {
            return;
        }
    }
}

static int compare_names(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b);
    return la != lb ? (la < lb ? -1 : 1) : strcmp(a, b);
}

static int rank_of(const struct sequencer *s, size_t channel)
{
    int rank = 0;
    for (size_t i = 0; i < s->channel_count; i++)
        rank += compare_names(s->channels[i].name, s->channels[channel].name) < 0;
    return rank;
}

uint64_t sequencer_release(struct sequencer *s, uint64_t w)
{
    w = max_tick(lower_for_creates(s, w), s->released);
    if (s->options.row_start == UINT64_MAX)
        s->options.row_start = w;
    free_group(s);
    release_list_release(&s->list);
    take_ddl(s, w);
    for (size_t i = 0; i < s->channel_count; i++) {
        release_list_rank(&s->list, (int)i, rank_of(s, i));
        take_rows(s, &s->channels[i], w);
    }
    release_list_order(&s->list, s->options.emitted);
    s->released = w;
    return w;
}

static bool same_group(const struct mq_record *a, const struct mq_record *b)
{
    return a->end_tick == b->end_tick && a->channel == b->channel &&
           a->collection_id == b->collection_id;
}

static void collect_group(struct sequencer *s, struct mq_record *first)
{
    struct release_entry e = {.record = first};
    do {
        s->group = xgrow(s->group, s->group_count, &s->group_cap, sizeof(struct mq_record *));
        s->group[s->group_count++] = e.record;
    } while (release_list_peek(&s->list, &e) && e.record && same_group(first, e.record) &&
             release_list_next(&s->list, &e));
}

/* Rows of a collection that the stream does not have: left-overs, or a hole in our knowledge. */
static enum ks_status judge_group(struct sequencer *s, const struct mq_record *rec,
                                  struct ks_error *err)
{
    if (leave_out(s, rec, s->group_count))
        return KS_OK;
    return ks_error_set(err, KS_ERR_FATAL,
                        "%s offset %" PRId64 " holds rows of collection %" PRId64
                        ", which etcd does not know at tick %" PRIu64
                        ". Is milvus.etcd.root.path the root of the cluster that writes to this "
                        "topic?",
                        s->channels[rec->channel].name, rec->offset, rec->collection_id,
                        rec->end_tick);
}

enum ks_status sequencer_next(struct sequencer *s, struct sequencer_item *ret, bool *ret_more,
                              struct ks_error *err)
{
    struct release_entry e;
    *ret_more = false;
    free_group(s);
    while (release_list_next(&s->list, &e)) {
        if (e.ddl) {
            if (e.ddl->ddl->kind == DDL_DROP_COLLECTION)
                end_uses(s, e.ddl->ddl->collection_id);
            *ret = (struct sequencer_item){
                .kind = SEQUENCER_DDL, .tick = e.ddl->ddl->tick, .take_ddl = e.ddl};
            *ret_more = true;
            return KS_OK;
        }
        collect_group(s, e.record);
        if (catalogue_by_id(s->options.emitted, e.record->collection_id)) {
            *ret = (struct sequencer_item){
                .kind = SEQUENCER_ROWS,
                .tick = e.record->end_tick,
                .records = s->group,
                .record_count = s->group_count,
                .channel = e.record->channel,
                .collection_id = e.record->collection_id,
            };
            *ret_more = true;
            return KS_OK;
        }
        if (judge_group(s, e.record, err))
            return KS_ERR_FATAL;
        free_group(s);
    }
    return KS_OK;
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
        if (holds(&s->channels[i]) &&
            (slowest < 0 || s->channels[i].last_tick < s->channels[slowest].last_tick))
            slowest = (int)i;
    return slowest;
}

const struct sequencer_counters *sequencer_counters(const struct sequencer *s)
{
    return &s->counters;
}
