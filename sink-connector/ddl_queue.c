#include "ddl_queue.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "map.h"
#include "utf8_copy.h"

struct ddl_queue {
    ddl_reached_fn *reached;
    void *arg;
    struct queued_ddl *head, **tail;
    size_t count;
    struct map held; /* keys of what the DDL looked at so far hold; bit 0: shared */
};

struct ddl_queue *ddl_queue_new(ddl_reached_fn *reached, void *arg)
{
    struct ddl_queue *q = xcalloc(1, sizeof(*q));
    q->reached = reached;
    q->arg = arg;
    q->tail = &q->head;
    return q;
}

static void item_free(struct queued_ddl *item)
{
    ks_arena_release(&item->arena);
    free(item);
}

void ddl_queue_free(struct ddl_queue *q)
{
    if (!q)
        return;
    for (struct queued_ddl *i = q->head, *next; i; i = next) {
        next = i->next;
        item_free(i);
    }
    map_release(&q->held);
    free(q);
}

void ddl_queue_add(struct ddl_queue *q, struct queued_ddl *take_item)
{
    take_item->next = NULL;
    *q->tail = take_item;
    q->tail = &take_item->next;
    q->count++;
}

/* ---- what depends on what ---- */

/* Something that two DDL may both be about. */
enum thing {
    THING_COLLECTION, /* by ID */
    THING_NAME,       /* of a collection or alias, they share one space */
    THING_DATABASE,
    THING_FREED, /* names of a database that dropped collections may free: their aliases */
};

static uint64_t hash_text(uint64_t h, const char *text)
{
    for (; *text; text++)
        h = (h ^ (uint8_t)*text) * 0x100000001b3u;
    return (h ^ 0xff) * 0x100000001b3u;
}

static uint64_t key_of(enum thing thing, const char *db, const char *text)
{
    return hash_text(hash_text(0xcbf29ce484222325u + thing, db), text) & ~(uint64_t)1;
}

/* With `take`, the DDL holds the thing, alone or shared; else: does one before it hold the thing in
 * a way that it has to wait for? */
static bool meet(struct ddl_queue *q, uint64_t key, bool shared, bool take)
{
    if (take)
        map_put(&q->held, key | shared, NULL);
    return !take && (map_find(&q->held, key) || (!shared && map_find(&q->held, key | 1)));
}

static bool is_database_kind(enum ddl_kind kind)
{
    return kind == DDL_CREATE_DATABASE || kind == DDL_DROP_DATABASE || kind == DDL_ALTER_DATABASE;
}

static bool meet_names(struct ddl_queue *q, const struct ddl *d, bool take)
{
    bool met = false;
    if (d->collection)
        met |= meet(q, key_of(THING_NAME, d->db, d->collection), false, take);
    if (d->old_collection)
        met |= meet(q, key_of(THING_NAME, d->old_db ? d->old_db : d->db, d->old_collection), false,
                    take);
    if (d->alias)
        met |= meet(q, key_of(THING_NAME, d->db, d->alias), false, take);
    for (size_t i = 0; i < d->collection_count; i++)
        met |= meet(q, key_of(THING_NAME, d->db, d->collections[i]), true, take);
    return met;
}

static bool meet_all(struct ddl_queue *q, const struct ddl *d, bool take)
{
    bool shared = !is_database_kind(d->kind);
    bool met = meet_names(q, d, take);
    if (d->collection_id)
        met |= meet(q, ((uint64_t)d->collection_id << 3 | THING_COLLECTION) << 1, false, take);
    met |= meet(q, key_of(THING_DATABASE, d->db, ""), shared, take);
    if (d->old_db)
        met |= meet(q, key_of(THING_DATABASE, d->old_db, ""), shared, take);
    if (d->kind == DDL_DROP_COLLECTION && take)
        meet(q, key_of(THING_FREED, d->db, ""), true, take);
    if ((d->kind == DDL_CREATE_ALIAS || d->kind == DDL_ALTER_ALIAS) && !take)
        met |= meet(q, key_of(THING_FREED, d->db, ""), false, take);
    return met;
}

static bool rows_are_done(const struct ddl_queue *q, const struct ddl *ddl)
{
    for (size_t i = 0; i < ddl->after_count; i++)
        if (!q->reached(q->arg, &ddl->after[i]))
            return false;
    return true;
}

struct queued_ddl *ddl_queue_next(struct ddl_queue *q, int64_t now_ms)
{
    map_clear(&q->held);
    for (struct queued_ddl *i = q->head; i; i = i->next) {
        if (i->state == QUEUED_WAITING && now_ms >= i->not_before_ms &&
            !meet_all(q, i->ddl, false) && rows_are_done(q, i->ddl)) {
            i->state = QUEUED_RUNNING;
            return i;
        }
        meet_all(q, i->ddl, true);
    }
    return NULL;
}

/* ---- ends ---- */

static void unlink_item(struct ddl_queue *q, struct queued_ddl *item)
{
    struct queued_ddl **at = &q->head;
    while (*at != item)
        at = &(*at)->next;
    *at = item->next;
    if (q->tail == &item->next)
        q->tail = at;
    q->count--;
}

void ddl_queue_done(struct ddl_queue *q, struct queued_ddl *item)
{
    unlink_item(q, item);
    item_free(item);
}

void ddl_queue_again(struct queued_ddl *item, int64_t not_before_ms, const char *reason)
{
    item->state = QUEUED_WAITING;
    item->not_before_ms = not_before_ms;
    utf8_copy(item->reason, sizeof(item->reason), reason);
}

void ddl_queue_fail(struct queued_ddl *item, const char *reason)
{
    item->state = QUEUED_FAILED;
    utf8_copy(item->reason, sizeof(item->reason), reason);
}

bool ddl_queue_has(const struct ddl_queue *q, enum ddl_kind kind, int64_t collection_id)
{
    for (const struct queued_ddl *i = q->head; i; i = i->next)
        if (i->ddl->kind == kind && i->ddl->collection_id == collection_id)
            return true;
    return false;
}

bool ddl_queue_has_drop(const struct ddl_queue *q, int64_t collection_id)
{
    return ddl_queue_has(q, DDL_DROP_COLLECTION, collection_id);
}

bool ddl_queue_gates(const struct ddl_queue *q, int64_t collection_id, int64_t seq)
{
    for (const struct queued_ddl *i = q->head; i && i->ddl->seq <= seq; i = i->next)
        if (i->ddl->collection_id == collection_id && ddl_gates_rows(i->ddl->kind))
            return true;
    return false;
}

void ddl_queue_remove_if(struct ddl_queue *q, bool (*match)(void *arg, const struct ddl *ddl),
                         void (*fn)(void *arg, const struct ddl *ddl), void *arg)
{
    for (struct queued_ddl *i = q->head, *next; i; i = next) {
        next = i->next;
        if (i->state == QUEUED_RUNNING || !match(arg, i->ddl))
            continue;
        fn(arg, i->ddl);
        ddl_queue_done(q, i);
    }
}

struct abandoning {
    int64_t collection_id;
    void (*fn)(void *arg, const struct ddl *ddl);
    void *arg;
};

static bool is_abandoned(void *arg, const struct ddl *ddl)
{
    const struct abandoning *a = arg;
    return ddl->collection_id == a->collection_id && ddl->kind != DDL_DROP_COLLECTION;
}

static void abandon_one(void *arg, const struct ddl *ddl)
{
    const struct abandoning *a = arg;
    a->fn(a->arg, ddl);
}

void ddl_queue_abandon(struct ddl_queue *q, int64_t collection_id,
                       void (*fn)(void *arg, const struct ddl *ddl), void *arg)
{
    struct abandoning a = {collection_id, fn, arg};
    ddl_queue_remove_if(q, is_abandoned, abandon_one, &a);
}

const struct queued_ddl *ddl_queue_each(const struct ddl_queue *q, const struct queued_ddl *after)
{
    return after ? after->next : q->head;
}

size_t ddl_queue_count(const struct ddl_queue *q)
{
    return q->count;
}
