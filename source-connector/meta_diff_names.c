/* DDL of databases and aliases. In: those of the mirror and those the stream has told of; out: DDL
 * for what differs. Both are few, so all of them are compared whenever one may have changed. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "meta_diff.h"
#include "meta_view.h"

#define DEFAULT_DATABASE_ID 1

/* ---- databases ---- */

static uint64_t database_tick(const struct meta_diff *d, int64_t id)
{
    const struct meta_entry *entry = meta_entries_get(&d->mirror->databases, id);
    return entry ? entry->tick : 0;
}

struct named {
    char *db, *name;
    int64_t id;
};
struct name_list {
    struct named *items;
    size_t len, cap;
};

static void list_name(void *arg, const char *db, const char *name, int64_t id)
{
    struct name_list *list = arg;
    list->items = xgrow(list->items, list->len, &list->cap, sizeof(*list->items));
    list->items[list->len++] = (struct named){xstrdup(db), xstrdup(name), id};
}

static int by_name(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    int order = strcmp(x->db, y->db);
    return order ? order : strcmp(x->name, y->name);
}

static void name_list_sort(struct name_list *list)
{
    if (list->len > 0)
        qsort(list->items, list->len, sizeof(*list->items), by_name);
}

static void name_list_release(struct name_list *list)
{
    for (size_t i = 0; i < list->len; i++) {
        free(list->items[i].db);
        free(list->items[i].name);
    }
    free(list->items);
}

struct collections_of {
    const char *db;
    size_t count;
};

static void count_in_database(void *arg, struct catalogue_collection *coll)
{
    struct collections_of *in = arg;
    in->count += strcmp(coll->db, in->db) == 0;
}

static bool database_is_empty(const struct catalogue *shown, const char *db)
{
    struct collections_of in = {.db = db};
    catalogue_each(shown, count_in_database, &in);
    return in.count == 0;
}

/* A database that still holds collections is dropped once they have moved out. */
void meta_diff_drop_databases(struct meta_diff *d)
{
    struct name_list list = {0};
    catalogue_each_database(d->shown, list_name, &list);
    name_list_sort(&list);
    for (size_t i = 0; i < list.len; i++) {
        const struct meta_entry *entry = meta_entries_get(&d->mirror->databases, list.items[i].id);
        bool gone = entry ? entry->state == META_STATE_GONE : !d->history;
        if (list.items[i].id == DEFAULT_DATABASE_ID || !gone ||
            !database_is_empty(d->shown, list.items[i].db))
            continue;
        struct ddl ddl = {
            .kind = DDL_DROP_DATABASE, .db = list.items[i].db, .db_id = list.items[i].id};
        meta_diff_emit(d, &ddl, database_tick(d, list.items[i].id));
    }
    name_list_release(&list);
}

void meta_diff_create_databases(struct meta_diff *d)
{
    const struct meta_entries *entries = &d->mirror->databases;
    struct ks_arena arena = {.chunk_bytes = 1024};
    for (size_t i = 0; i < entries->len; i++) {
        const struct meta_entry *entry = entries->items[i];
        struct meta_database_value value;
        if (entry->state != META_STATE_CREATED ||
            meta_decode_database(entry->value, &arena, &value, NULL) != KS_OK)
            continue;
        struct ddl ddl = {.kind = DDL_CREATE_DATABASE,
                          .db = value.name,
                          .db_id = entry->id,
                          .properties = value.properties,
                          .property_count = value.property_count};
        if (!meta_diff_emit(d, &ddl, entry->tick)) {
            ddl.kind = DDL_ALTER_DATABASE;
            meta_diff_emit(d, &ddl, entry->tick);
        }
    }
    ks_arena_release(&arena);
}

/* ---- aliases ---- */

static const struct meta_alias *alias_of(const struct meta_diff *d, const char *db,
                                         const char *name, struct ks_arena *arena)
{
    size_t pos = 0;
    const char *key;
    void *value;
    const struct meta_alias *found = NULL;
    while (strmap_next(&d->mirror->aliases, &pos, &key, &value)) {
        const struct meta_alias *alias = value;
        const char *alias_db = meta_view_database(d->mirror, alias->db_id, arena);
        if (strcmp(alias->name, name) != 0 || !alias_db || strcmp(alias_db, db) != 0)
            continue;
        if (!found || alias->entry.state == META_STATE_CREATED)
            found = alias;
    }
    return found;
}

void meta_diff_drop_aliases(struct meta_diff *d)
{
    struct name_list list = {0};
    struct ks_arena arena = {.chunk_bytes = 1024};
    catalogue_each_alias(d->shown, list_name, &list);
    name_list_sort(&list);
    for (size_t i = 0; i < list.len; i++) {
        const struct meta_alias *alias = alias_of(d, list.items[i].db, list.items[i].name, &arena);
        bool gone = alias ? alias->entry.state == META_STATE_GONE : !d->history;
        if (!gone)
            continue;
        struct ddl ddl = {
            .kind = DDL_DROP_ALIAS, .db = list.items[i].db, .alias = list.items[i].name};
        const struct catalogue_collection *coll = catalogue_by_id(d->shown, list.items[i].id);
        ddl.db_id = coll ? coll->db_id : 0;
        meta_diff_emit(d, &ddl, alias ? alias->entry.tick : 0);
    }
    name_list_release(&list);
    ks_arena_release(&arena);
}

static int by_alias_name(const void *a, const void *b)
{
    const struct meta_alias *x = *(struct meta_alias *const *)a,
                            *y = *(struct meta_alias *const *)b;
    if (x->db_id != y->db_id)
        return x->db_id < y->db_id ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void set_alias(struct meta_diff *d, const struct meta_alias *alias)
{
    struct ks_arena arena = {.chunk_bytes = 1024};
    const char *db = meta_view_database(d->mirror, alias->db_id, &arena);
    const struct catalogue_collection *coll = catalogue_by_id(d->shown, alias->collection_id);
    /* Milvus leaves the alias of a dropped collection Created for ever. */
    if (alias->entry.state == META_STATE_CREATED && db && coll) {
        struct ddl ddl = {.kind = catalogue_alias(d->shown, db, alias->name) ? DDL_ALTER_ALIAS
                                                                             : DDL_CREATE_ALIAS,
                          .db = db,
                          .db_id = coll->db_id,
                          .collection = coll->name,
                          .collection_id = coll->id,
                          .alias = alias->name};
        meta_diff_emit(d, &ddl, alias->entry.tick);
    }
    ks_arena_release(&arena);
}

void meta_diff_set_aliases(struct meta_diff *d)
{
    size_t count = 0, pos = 0;
    const struct meta_alias **list =
        xcalloc(d->mirror->aliases.len + 1, sizeof(struct meta_alias *));
    const char *key;
    void *value;
    while (strmap_next(&d->mirror->aliases, &pos, &key, &value))
        list[count++] = value;
    qsort(list, count, sizeof(struct meta_alias *), by_alias_name);
    for (size_t i = 0; i < count; i++)
        set_alias(d, list[i]);
    free(list);
}
