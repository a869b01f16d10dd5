#include "ddl_queue.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

/* How many DDL are looked at for one that may run: a first start may hold thousands, which depend
 * on each other mostly in order. */
enum { WINDOW = 256 };

struct ddl_queue {
    ddl_reached_fn *reached;
    void *arg;
    struct queued_ddl *head, **tail;
    size_t count;
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

static bool is_database_kind(enum ddl_kind kind)
{
    return kind == DDL_CREATE_DATABASE || kind == DDL_DROP_DATABASE || kind == DDL_ALTER_DATABASE;
}

struct name {
    const char *db, *text;
};
enum { NAMES_MAX = 3 };

/* Names of collections and aliases that the event takes, frees or uses; they share one space. */
static size_t names_of(const struct ddl *d, struct name ret[NAMES_MAX])
{
    size_t count = 0;
    if (d->collection)
        ret[count++] = (struct name){d->db, d->collection};
    if (d->old_collection)
        ret[count++] = (struct name){d->old_db ? d->old_db : d->db, d->old_collection};
    if (d->alias)
        ret[count++] = (struct name){d->db, d->alias};
    return count;
}

static bool same_name(const struct name *a, const struct name *b)
{
    return strcmp(a->text, b->text) == 0 && strcmp(a->db, b->db) == 0;
}

static bool flush_names(const struct ddl *flush, const struct ddl *other)
{
    for (size_t i = 0; other->collection && i < flush->collection_count; i++)
        if (strcmp(flush->collections[i], other->collection) == 0)
            return true;
    return false;
}

static bool touches_database(const struct ddl *d, const char *db)
{
    return strcmp(d->db, db) == 0 || (d->old_db && strcmp(d->old_db, db) == 0);
}

static bool depend(const struct ddl *earlier, const struct ddl *later)
{
    struct name a[NAMES_MAX], b[NAMES_MAX];
    if (earlier->collection_id && earlier->collection_id == later->collection_id)
        return true;
    if (is_database_kind(earlier->kind) || is_database_kind(later->kind))
        return touches_database(earlier, later->db) || touches_database(later, earlier->db);
    if (earlier->kind == DDL_FLUSH || later->kind == DDL_FLUSH)
        return flush_names(earlier, later) || flush_names(later, earlier);
    size_t na = names_of(earlier, a), nb = names_of(later, b);
    for (size_t i = 0; i < na; i++)
        for (size_t k = 0; k < nb; k++)
            if (same_name(&a[i], &b[k]))
                return true;
    return false;
}

static bool is_free(const struct ddl_queue *q, const struct queued_ddl *item)
{
    for (const struct queued_ddl *i = q->head; i != item; i = i->next)
        if (depend(i->ddl, item->ddl))
            return false;
    return true;
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
    int seen = 0;
    for (struct queued_ddl *i = q->head; i && seen < WINDOW; i = i->next, seen++) {
        if (i->state != QUEUED_WAITING || now_ms < i->not_before_ms || !is_free(q, i) ||
            !rows_are_done(q, i->ddl))
            continue;
        i->state = QUEUED_RUNNING;
        return i;
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

static void set_reason(struct queued_ddl *item, const char *reason)
{
    size_t len = strnlen(reason, sizeof(item->reason) - 1);
    memcpy(item->reason, reason, len);
    item->reason[len] = '\0';
}

void ddl_queue_again(struct queued_ddl *item, int64_t not_before_ms, const char *reason)
{
    item->state = QUEUED_WAITING;
    item->not_before_ms = not_before_ms;
    set_reason(item, reason);
}

void ddl_queue_fail(struct queued_ddl *item, const char *reason)
{
    item->state = QUEUED_FAILED;
    set_reason(item, reason);
}

bool ddl_queue_has_drop(const struct ddl_queue *q, int64_t collection_id)
{
    for (const struct queued_ddl *i = q->head; i; i = i->next)
        if (i->ddl->kind == DDL_DROP_COLLECTION && i->ddl->collection_id == collection_id)
            return true;
    return false;
}

void ddl_queue_abandon(struct ddl_queue *q, int64_t collection_id,
                       void (*fn)(void *arg, const struct ddl *ddl), void *arg)
{
    for (struct queued_ddl *i = q->head, *next; i; i = next) {
        next = i->next;
        if (i->ddl->collection_id != collection_id || i->ddl->kind == DDL_DROP_COLLECTION ||
            i->state == QUEUED_RUNNING)
            continue;
        fn(arg, i->ddl);
        ddl_queue_done(q, i);
    }
}

const struct queued_ddl *ddl_queue_each(const struct ddl_queue *q, const struct queued_ddl *after)
{
    return after ? after->next : q->head;
}

size_t ddl_queue_count(const struct ddl_queue *q)
{
    return q->count;
}
