/* What happened while nobody watched. In: the snapshots/ keys of a listing; out: the DDL of each
 * moment, by comparing a second mirror, moved through time, with the stream. Milvus removes old
 * snapshots after a while: what is missing is not judged here but by the comparison with the
 * present that follows. */
#include "meta_history.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

void meta_history_release(struct meta_history *h)
{
    for (size_t i = 0; i < h->len; i++) {
        free(h->items[i].name);
        free((void *)h->items[i].value.data);
    }
    free(h->items);
    *h = (struct meta_history){0};
}

void meta_history_add(struct meta_history *h, const struct meta_key *key, struct ks_slice value)
{
    struct meta_past past = {.key = *key};
    if (key->name.data) {
        past.name = xstrndup(key->name.data, key->name.len);
        past.key.name = (struct ks_slice){past.name, strlen(past.name)};
    }
    uint8_t *copy = xmalloc(value.len);
    if (value.len > 0)
        memcpy(copy, value.data, value.len);
    past.value = (struct ks_slice){copy, value.len};
    h->items = xgrow(h->items, h->len, &h->cap, sizeof(*h->items));
    h->items[h->len++] = past;
}

static int by_tick(const void *a, const void *b)
{
    uint64_t x = ((const struct meta_past *)a)->key.tick,
             y = ((const struct meta_past *)b)->key.tick;
    return (x > y) - (x < y);
}

void meta_history_sort(struct meta_history *h)
{
    if (h->len > 0)
        qsort(h->items, h->len, sizeof(*h->items), by_tick);
}

/* ---- the mirror of the past ---- */

static void put(struct meta_mirror *m, const struct meta_key *key, struct ks_slice value,
                uint64_t tick)
{
    /* A snapshot that does not decode is as good as one that has been removed. */
    if (meta_mirror_put(m, key, value, 0, NULL) != KS_OK)
        return;
    struct meta_entry *entry = meta_mirror_entry(m, key);
    if (entry)
        entry->tick = tick;
}

/* An entry of the present that has not changed since is part of that past. */
static void seed(struct meta_mirror *past, enum meta_kind kind, int64_t owner, int64_t id,
                 const char *name, const struct meta_entry *entry, uint64_t since)
{
    if (entry->tick > since || entry->tombstone)
        return;
    struct meta_key key = {.kind = kind, .owner = owner, .id = id};
    if (name)
        key.name = (struct ks_slice){name, strlen(name)};
    put(past, &key, entry->value, entry->tick);
}

static void seed_collection(struct meta_mirror *past, const struct meta_collection *coll,
                            uint64_t since)
{
    static const struct {
        enum meta_part part;
        enum meta_kind kind;
    } parts[] = {
        {META_PART_PARTITION, META_PARTITION},
        {META_PART_FIELD, META_FIELD},
        {META_PART_FUNCTION, META_FUNCTION},
    };
    const struct meta_entries *infos = &coll->parts[META_PART_INFO];
    for (size_t i = 0; i < infos->len; i++)
        seed(past, META_COLLECTION, infos->items[i]->id, coll->id, NULL, infos->items[i], since);
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        const struct meta_entries *entries = &coll->parts[parts[p].part];
        for (size_t i = 0; i < entries->len; i++)
            seed(past, parts[p].kind, coll->id, entries->items[i]->id, NULL, entries->items[i],
                 since);
    }
}

static void seed_past(struct meta_mirror *past, const struct meta_mirror *now, uint64_t since)
{
    size_t pos = 0;
    uint64_t id;
    const char *name;
    void *value;
    for (size_t i = 0; i < now->databases.len; i++)
        seed(past, META_DATABASE, 0, now->databases.items[i]->id, NULL, now->databases.items[i],
             since);
    while (map_next(&now->collections, &pos, &id, &value))
        seed_collection(past, value, since);
    pos = 0;
    while (strmap_next(&now->aliases, &pos, &name, &value)) {
        const struct meta_alias *alias = value;
        seed(past, META_ALIAS, alias->db_id, 0, alias->name, &alias->entry, since);
    }
}

/* ---- replay ---- */

static void add_to_scope(struct meta_scope *scope, int64_t *ids, const struct meta_key *key)
{
    if (key->kind == META_DATABASE) {
        scope->databases = true;
        return;
    }
    if (key->kind == META_ALIAS || key->kind == META_OLD_ALIAS) {
        scope->aliases = true;
        return;
    }
    int64_t id = key->kind == META_COLLECTION ? key->id : key->owner;
    for (size_t i = 0; i < scope->collection_count; i++)
        if (ids[i] == id)
            return;
    ids[scope->collection_count++] = id;
}

void meta_history_replay(const struct meta_history *h, uint64_t since, struct meta_diff *d)
{
    const struct meta_mirror *now = d->mirror;
    struct meta_mirror past = {0};
    int64_t *ids = xcalloc(h->len + 1, sizeof(*ids));
    seed_past(&past, now, since);
    size_t i = 0;
    for (; i < h->len && h->items[i].key.tick <= since; i++)
        put(&past, &h->items[i].key, h->items[i].value, h->items[i].key.tick);
    d->mirror = &past;
    d->history = true;
    while (i < h->len) {
        struct meta_scope scope = {.collections = ids};
        d->tick = h->items[i].key.tick;
        for (; i < h->len && h->items[i].key.tick == d->tick; i++) {
            put(&past, &h->items[i].key, h->items[i].value, d->tick);
            add_to_scope(&scope, ids, &h->items[i].key);
        }
        meta_diff_run(d, &scope);
    }
    d->mirror = now;
    d->history = false;
    free(ids);
    meta_mirror_release(&past);
}
