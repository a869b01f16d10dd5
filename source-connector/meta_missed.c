/* What a compaction hides. In: the present, the history, and what the stream says; out: drops
 * without a time, and the pchannels of collections that have been dropped. Milvus forgets
 * tombstones and the snapshots behind them after about an hour: then only the absence of a key
 * tells. */
#include "meta_missed.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "meta_view.h"

#define DEFAULT_DATABASE_ID 1

struct missed {
    struct meta_diff *d;
    struct map told; /* IDs that the history knows something newer of */
};

static void note_told(struct map *told, const struct meta_history *h, uint64_t since)
{
    for (size_t i = 0; i < h->len; i++) {
        const struct meta_key *key = &h->items[i].key;
        if (key->tick > since && (key->kind == META_COLLECTION || key->kind == META_PARTITION ||
                                  key->kind == META_DATABASE))
            map_put(told, (uint64_t)key->id, NULL);
    }
}

static bool is_told(const struct missed *m, int64_t id)
{
    return map_find(&m->told, (uint64_t)id) != NULL;
}

/* ---- collections and their partitions ---- */

static bool has_partition(const struct meta_view *view, int64_t id)
{
    for (size_t i = 0; i < view->partition_count; i++)
        if (view->partitions[i].id == id)
            return true;
    return false;
}

static void drop_partitions(struct missed *m, const struct catalogue_collection *shown)
{
    struct ks_arena arena = {.chunk_bytes = 8192};
    struct meta_view view;
    meta_view_build(m->d->mirror, shown->id, shown->db, &arena, &view);
    for (const struct catalogue_partition *p = shown->partitions, *next; p; p = next) {
        next = p->next;
        if (view.state != META_STATE_CREATED || has_partition(&view, p->id) || is_told(m, p->id))
            continue;
        struct ddl ddl = {.kind = DDL_DROP_PARTITION,
                          .db = shown->db,
                          .db_id = shown->db_id,
                          .collection = shown->name,
                          .collection_id = shown->id,
                          .partition = p->name,
                          .partition_id = p->id};
        meta_diff_emit(m->d, &ddl, 0);
    }
    ks_arena_release(&arena);
}

static void drop_if_gone(struct missed *m, int64_t id)
{
    const struct catalogue_collection *shown = catalogue_by_id(m->d->shown, id);
    const struct meta_collection *coll = meta_mirror_collection(m->d->mirror, id);
    const struct meta_entry *info = coll ? meta_collection_info(coll) : NULL;
    if (info && info->state != META_STATE_GONE) {
        drop_partitions(m, shown);
        return;
    }
    struct ddl ddl = {.kind = DDL_DROP_COLLECTION,
                      .db = shown->db,
                      .db_id = shown->db_id,
                      .collection = shown->name,
                      .collection_id = id};
    if (!is_told(m, id))
        meta_diff_emit(m->d, &ddl, 0);
}

struct id_list {
    int64_t *ids;
    size_t len, cap;
};

static void add_collection(void *arg, struct catalogue_collection *coll)
{
    struct id_list *list = arg;
    list->ids = xgrow(list->ids, list->len, &list->cap, sizeof(*list->ids));
    list->ids[list->len++] = coll->id;
}

/* ---- databases ---- */

struct database {
    char *name;
    int64_t id;
    bool empty;
};

struct database_list {
    struct database *items;
    size_t len, cap;
};

static void add_database(void *arg, const char *db, const char *name, int64_t id)
{
    struct database_list *list = arg;
    list->items = xgrow(list->items, list->len, &list->cap, sizeof(*list->items));
    list->items[list->len++] = (struct database){xstrdup(db), id, true};
}

static void note_inhabited(void *arg, struct catalogue_collection *coll)
{
    struct database_list *list = arg;
    for (size_t i = 0; i < list->len; i++)
        if (strcmp(list->items[i].name, coll->db) == 0)
            list->items[i].empty = false;
}

static void drop_databases(struct missed *m)
{
    struct database_list list = {0};
    catalogue_each_database(m->d->shown, add_database, &list);
    catalogue_each(m->d->shown, note_inhabited, &list);
    for (size_t i = 0; i < list.len; i++) {
        const struct database *db = &list.items[i];
        const struct meta_entry *entry = meta_entries_get(&m->d->mirror->databases, db->id);
        struct ddl ddl = {.kind = DDL_DROP_DATABASE, .db = db->name, .db_id = db->id};
        if (db->empty && db->id != DEFAULT_DATABASE_ID && !is_told(m, db->id) &&
            (!entry || entry->state == META_STATE_GONE))
            meta_diff_emit(m->d, &ddl, 0);
        free(db->name);
    }
    free(list.items);
}

void meta_missed_drops(struct meta_diff *d, const struct meta_history *h, uint64_t since)
{
    struct missed m = {.d = d};
    struct id_list shown = {0};
    note_told(&m.told, h, since);
    catalogue_each(d->shown, add_collection, &shown);
    for (size_t i = 0; i < shown.len; i++)
        drop_if_gone(&m, shown.ids[i]);
    drop_databases(&m);
    free(shown.ids);
    map_release(&m.told);
}

/* ---- pchannels ---- */

static void add_uses(struct pending_ddl *p, const struct meta_collection_value *value)
{
    p->uses = ks_arena_zalloc(&p->arena, value->channel_count * sizeof(*p->uses));
    p->use_count = value->channel_count;
    for (size_t i = 0; i < value->channel_count; i++)
        p->uses[i] = (struct meta_channel_use){
            .collection_id = p->ddl->collection_id,
            .create_tick = value->create_tick,
            .pchannel = value->channels[i].pchannel,
            .start_offset = value->channels[i].start_offset,
        };
}

void meta_missed_uses(const struct meta_history *h, struct pending_ddl *list)
{
    for (struct pending_ddl *p = list; p; p = p->next) {
        struct meta_collection_value value;
        if (p->ddl->kind != DDL_DROP_COLLECTION)
            continue;
        for (size_t i = h->len; i-- > 0 && p->use_count == 0;) {
            const struct meta_past *past = &h->items[i];
            if (past->key.kind == META_COLLECTION && past->key.id == p->ddl->collection_id &&
                !meta_is_tombstone(past->value) &&
                meta_decode_collection(past->value, &p->arena, &value, NULL) == KS_OK)
                add_uses(p, &value);
        }
    }
}
