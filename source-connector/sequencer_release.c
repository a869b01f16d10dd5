/* What goes out of the sequencer: the W that may be released, the list up to it, item by item. In:
 * what sequencer_input has kept. Next: source_task. */
#include "sequencer_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"

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
            sequencer_free_record(r); /* start.from=latest: before the first W */
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
    sequencer_free_group(s);
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
    if (sequencer_leave_out(s, rec, s->group_count))
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
    sequencer_free_group(s);
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
        sequencer_free_group(s);
    }
    return KS_OK;
}
