/* In: rows and DDL that are read and not applied; out: the lag of each collection, once a second.
 * A collection's lag is the age of its oldest change that the target has not: from its tick at the
 * source, by this host's clock. What Kafka has not handed over yet counts from when it does. Rows
 * are looked at one per partition, never each. */
#include "sink_core.h"

#include <string.h>

#include "clock.h"

enum { SERIES_MAX = 100, TOMBSTONES_MAX = 16 };

static const char name[] = "collection_lag_seconds";

/* One round. Owns: its maps. */
struct lags {
    struct sink_core *core;
    struct map oldest; /* collection ID -> ms of its oldest change, as a number */
    struct strmap told;
    struct map listed; /* collection IDs */
    size_t series;
    double other;
    bool has_other;
    int64_t now_ms;
    const struct partition_queue *blocked;
};

/* ---- what is behind ---- */

static void note(struct lags *l, int64_t collection_id, int64_t ms)
{
    void **known = map_find(&l->oldest, (uint64_t)collection_id);
    if (!known || ms < (int64_t)(intptr_t)*known)
        map_put(&l->oldest, (uint64_t)collection_id, (void *)(intptr_t)ms);
}

static void note_blocked(void *arg, struct catalogue_collection *coll)
{
    struct lags *l = arg;
    const struct ks_record *record = partition_queue_at(l->blocked, 0);
    if (coll->topic && strcmp(coll->topic, record->topic) == 0 && record->timestamp_ms > 0)
        note(l, coll->id, record->timestamp_ms);
}

/* A tombstone names no collection; its delete is before it. */
static void note_queue(struct lags *l, const struct partition_queue *q)
{
    struct sink_core *s = l->core;
    for (size_t i = 0; i < q->count && i < TOMBSTONES_MAX; i++) {
        struct change_row row;
        struct ks_error err;
        ks_arena_reset(&s->arena, 1 << 16);
        if (change_decode(s->decoder, partition_queue_at(q, i), &s->arena, &row, &err) != KS_OK)
            break;
        if (row.op == CHANGE_TOMBSTONE)
            continue;
        note(l, row.collection_id, tick_to_ms(row.tick));
        return;
    }
    l->blocked = q;
    if (q->blocked && q->count > 0)
        catalogue_each(s->applied, note_blocked, l);
}

static void note_all(struct lags *l)
{
    struct sink_core *s = l->core;
    for (size_t i = 0; i < s->partition_count; i++) {
        const struct partition_queue *q = s->partitions[i];
        for (const struct partition_job *pj = q->jobs; pj; pj = pj->next)
            note(l, pj->collection_id, tick_to_ms(pj->first_tick));
        note_queue(l, q);
    }
    for (const struct queued_ddl *i = NULL; (i = ddl_queue_each(s->queue, i));)
        if (i->ddl->collection_id)
            note(l, i->ddl->collection_id, tick_to_ms(i->ddl->tick));
}

/* ---- what is told ---- */

static void add_escaped(struct ks_buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            ks_buf_add_byte(out, '\\');
        ks_buf_add_byte(out, (uint8_t)*text);
    }
}

static void tell(struct lags *l, const char *labels, double seconds)
{
    struct sink_core *s = l->core;
    strmap_put(&l->told, labels, NULL);
    s->host->metric(s->host->task, KS_METRIC_GAUGE, name, labels, seconds);
}

static void list(struct lags *l, int64_t id, const char *db, const char *collection)
{
    struct ks_buf labels = {0};
    void **oldest = map_find(&l->oldest, (uint64_t)id);
    int64_t lag_ms = oldest ? l->now_ms - (int64_t)(intptr_t)*oldest : 0;
    double seconds = lag_ms > 0 ? (double)lag_ms / 1000 : 0;
    if (map_find(&l->listed, (uint64_t)id))
        return;
    map_put(&l->listed, (uint64_t)id, NULL);
    if (l->series++ >= SERIES_MAX) {
        l->has_other = true;
        l->other = seconds > l->other ? seconds : l->other;
        return;
    }
    ks_buf_add_str(&labels, "collection=\"");
    add_escaped(&labels, db);
    ks_buf_add_byte(&labels, '.');
    add_escaped(&labels, collection);
    ks_buf_add_byte(&labels, '"');
    tell(l, ks_buf_str(&labels), seconds);
    ks_buf_release(&labels);
}

static void list_applied(void *arg, struct catalogue_collection *coll)
{
    list(arg, coll->id, coll->db, coll->name);
}

static void list_all(struct lags *l)
{
    catalogue_each(l->core->applied, list_applied, l);
    for (const struct queued_ddl *i = NULL; (i = ddl_queue_each(l->core->queue, i));)
        if (i->ddl->kind == DDL_CREATE_COLLECTION)
            list(l, i->ddl->collection_id, i->ddl->db, i->ddl->collection);
    if (l->has_other)
        tell(l, "collection=\"other\"", l->other);
}

/* Takes `now`, the labels that were told in this round. */
static void drop_gone(struct sink_core *s, struct strmap *take_now)
{
    const char *labels;
    void *value;
    for (size_t pos = 0; strmap_next(&s->lags, &pos, &labels, &value);)
        if (!take_now || !strmap_find(take_now, labels))
            s->host->metric(s->host->task, KS_METRIC_GONE, name, labels, 0);
    strmap_release(&s->lags);
    if (take_now)
        s->lags = *take_now;
}

void sink_lags_report(struct sink_core *s)
{
    struct lags l = {.core = s, .now_ms = clock_wall_ms()};
    note_all(&l);
    list_all(&l);
    map_release(&l.oldest);
    map_release(&l.listed);
    drop_gone(s, &l.told);
}

void sink_lags_forget(struct sink_core *s)
{
    drop_gone(s, NULL);
}
