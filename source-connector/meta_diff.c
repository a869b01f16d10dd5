/* The difference between the stream and the mirror, as DDL. In: what may have changed; out: pending
 * DDL in dependency order: drops first (they free names), then databases and renames (a cycle of
 * names goes through a temporary one), then creates, last what hangs on them. */
#include "meta_diff.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "meta_view.h"

#define DEFAULT_DATABASE_ID 1

/* The collections in scope, once decoded. `moved`: its name is already as it should be. */
struct scoped {
    struct meta_view view;
    bool moved;
};

struct work {
    struct meta_diff *d;
    struct ks_arena arena;
    struct scoped *items;
    size_t count;
};

/* ---- emitting ---- */

static void add_uses(struct pending_ddl *pending, const struct meta_view *view)
{
    pending->uses = ks_arena_zalloc(&pending->arena, view->channel_count * sizeof(*pending->uses));
    pending->use_count = view->channel_count;
    for (size_t i = 0; i < view->channel_count; i++) {
        const char *name = view->channels[i].pchannel;
        pending->uses[i] = (struct meta_channel_use){
            .collection_id = view->id,
            .create_tick = view->create_tick,
            .pchannel = ks_arena_strndup(&pending->arena, name, strlen(name)),
            .start_offset = view->channels[i].start_offset,
        };
    }
}

static struct pending_ddl *emit(struct meta_diff *d, const struct ddl *ddl, uint64_t own_tick)
{
    if (!catalogue_changes(d->shown, ddl))
        return NULL;
    if (d->history && own_tick < d->tick)
        own_tick = d->tick;
    struct pending_ddl *pending = xcalloc(1, sizeof(*pending));
    pending->arena.chunk_bytes = 4096;
    pending->ddl = ddl_copy(ddl, &pending->arena);
    pending->own_tick = own_tick;
    pending->revision = d->revision;
    pending->ddl->revision = d->revision;
    pending->ddl->snapshot = d->snapshot;
    pending->ddl->ts_ms = tick_to_ms(own_tick);
    /* The copy is folded, because `ddl` may point into what the fold frees. */
    pending->ddl->seq = ++d->seq;
    catalogue_apply(d->shown, pending->ddl);
    pending->ddl->seq = 0;
    *d->tail = pending;
    d->tail = &pending->next;
    return pending;
}

void meta_diff_emit(struct meta_diff *d, const struct ddl *ddl, uint64_t own_tick)
{
    emit(d, ddl, own_tick);
}

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
static void drop_databases(struct meta_diff *d)
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
        emit(d, &ddl, database_tick(d, list.items[i].id));
    }
    name_list_release(&list);
}

static void create_databases(struct meta_diff *d)
{
    const struct meta_entries *entries = &d->mirror->databases;
    struct ks_arena arena = {0};
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
        if (!emit(d, &ddl, entry->tick)) {
            ddl.kind = DDL_ALTER_DATABASE;
            emit(d, &ddl, entry->tick);
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

static void drop_aliases(struct meta_diff *d)
{
    struct name_list list = {0};
    struct ks_arena arena = {0};
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
        emit(d, &ddl, alias ? alias->entry.tick : 0);
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
        emit(d, &ddl, alias->entry.tick);
    }
    ks_arena_release(&arena);
}

static void set_aliases(struct meta_diff *d)
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

/* ---- collections ---- */

static struct ddl collection_event(enum ddl_kind kind, const struct meta_view *view,
                                   const struct ddl_schema *schema)
{
    return (struct ddl){
        .kind = kind,
        .db = view->db,
        .db_id = view->db_id,
        .collection = view->schema.name,
        .collection_id = view->id,
        .schema = schema,
        .properties = schema->properties,
        .property_count = schema->property_count,
    };
}

static bool is_gone(const struct meta_diff *d, const struct meta_view *view)
{
    const struct meta_collection *coll = meta_mirror_collection(d->mirror, view->id);
    bool known = coll && meta_collection_info(coll);
    return view->state == META_STATE_GONE && (known || !d->history);
}

static int by_info_tick(const void *a, const void *b)
{
    const struct meta_view *x = &((const struct scoped *)a)->view;
    const struct meta_view *y = &((const struct scoped *)b)->view;
    if (x->info_tick != y->info_tick)
        return x->info_tick < y->info_tick ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static int by_create_tick(const void *a, const void *b)
{
    const struct meta_view *x = &((const struct scoped *)a)->view;
    const struct meta_view *y = &((const struct scoped *)b)->view;
    if (x->create_tick != y->create_tick)
        return x->create_tick < y->create_tick ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static void drop_collections(struct work *w)
{
    for (size_t i = 0; i < w->count; i++) {
        const struct meta_view *view = &w->items[i].view;
        const struct catalogue_collection *shown = catalogue_by_id(w->d->shown, view->id);
        if (!shown || !is_gone(w->d, view))
            continue;
        struct ddl ddl = {.kind = DDL_DROP_COLLECTION,
                          .db = shown->db,
                          .db_id = shown->db_id,
                          .collection = shown->name,
                          .collection_id = shown->id};
        emit(w->d, &ddl, view->info_tick);
    }
}

/* The rename changes only the name; what else changed with it is an alter of its own. */
static void rename_to(struct work *w, const struct meta_view *view, const char *db, int64_t db_id,
                      const char *name)
{
    const struct catalogue_collection *shown = catalogue_by_id(w->d->shown, view->id);
    struct ddl_schema schema = *shown->schema;
    schema.name = name;
    schema.partitions = view->schema.partitions;
    schema.partition_count = view->schema.partition_count;
    struct ddl ddl = {.kind = DDL_RENAME_COLLECTION,
                      .db = db,
                      .db_id = db_id,
                      .collection = name,
                      .collection_id = view->id,
                      .old_db = shown->db,
                      .old_collection = shown->name,
                      .schema = &schema,
                      .properties = schema.properties,
                      .property_count = schema.property_count};
    emit(w->d, &ddl, view->info_tick);
}

/* True if some collection could be given its name. */
static bool rename_those_with_free_names(struct work *w)
{
    bool progress = false;
    for (size_t i = 0; i < w->count; i++) {
        const struct meta_view *view = &w->items[i].view;
        if (w->items[i].moved ||
            catalogue_by_name(w->d->shown, view->db, view->schema.name) != NULL ||
            !catalogue_has_database(w->d->shown, view->db))
            continue;
        rename_to(w, view, view->db, view->db_id, view->schema.name);
        w->items[i].moved = progress = true;
    }
    return progress;
}

/* Is the wanted name held by a collection that is itself still to be renamed? */
static bool waits_for_another(const struct work *w, const struct meta_view *view)
{
    const struct catalogue_collection *holder =
        catalogue_by_name(w->d->shown, view->db, view->schema.name);
    for (size_t i = 0; i < w->count && holder; i++)
        if (w->items[i].view.id == holder->id)
            return !w->items[i].moved;
    return false;
}

static void rename_collections(struct work *w)
{
    for (size_t i = 0; i < w->count; i++) {
        const struct meta_view *view = &w->items[i].view;
        const struct catalogue_collection *shown = catalogue_by_id(w->d->shown, view->id);
        w->items[i].moved =
            !shown || view->state != META_STATE_CREATED ||
            (strcmp(shown->name, view->schema.name) == 0 && strcmp(shown->db, view->db) == 0);
    }
    while (rename_those_with_free_names(w))
        ;
    for (size_t i = 0; i < w->count; i++) {
        if (w->items[i].moved || !waits_for_another(w, &w->items[i].view))
            continue;
        const struct meta_view *view = &w->items[i].view;
        const struct catalogue_collection *shown = catalogue_by_id(w->d->shown, view->id);
        char *temporary = xasprintf("kitestream_%" PRId64, view->id);
        rename_to(w, view, shown->db, shown->db_id, temporary);
        free(temporary);
        while (rename_those_with_free_names(w))
            ;
    }
    /* The holder of the name is not known to have gone, but Milvus says that the name is free. */
    for (size_t i = 0; i < w->count; i++)
        if (!w->items[i].moved)
            rename_to(w, &w->items[i].view, w->items[i].view.db, w->items[i].view.db_id,
                      w->items[i].view.schema.name);
}

static void create_and_alter_collections(struct work *w)
{
    for (size_t i = 0; i < w->count; i++) {
        const struct meta_view *view = &w->items[i].view;
        if (view->state != META_STATE_CREATED)
            continue;
        struct ddl ddl = collection_event(DDL_CREATE_COLLECTION, view, &view->schema);
        struct pending_ddl *created = emit(w->d, &ddl, view->create_tick);
        if (created) {
            add_uses(created, view);
            continue;
        }
        ddl.kind = DDL_ALTER_COLLECTION;
        emit(w->d, &ddl, view->schema_tick);
    }
}

typedef void part_fn(struct meta_diff *d, const struct meta_view *view);

static void each_shown(struct work *w, part_fn *fn)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->items[i].view.state == META_STATE_CREATED &&
            catalogue_by_id(w->d->shown, w->items[i].view.id))
            fn(w->d, &w->items[i].view);
}

/* ---- runs ---- */

static void build_views(struct work *w, const struct meta_scope *scope)
{
    w->items = xcalloc(scope->collection_count + 1, sizeof(*w->items));
    w->count = scope->collection_count;
    for (size_t i = 0; i < w->count; i++) {
        const struct catalogue_collection *shown =
            catalogue_by_id(w->d->shown, scope->collections[i]);
        /* The fold may free the name before it is used. */
        const char *db = shown ? ks_arena_strndup(&w->arena, shown->db, strlen(shown->db)) : NULL;
        meta_view_build(w->d->mirror, scope->collections[i], db, &w->arena, &w->items[i].view);
    }
}

void meta_diff_run(struct meta_diff *d, const struct meta_scope *scope)
{
    struct work w = {.d = d};
    build_views(&w, scope);
    qsort(w.items, w.count, sizeof(*w.items), by_info_tick);
    drop_collections(&w);
    if (scope->aliases)
        drop_aliases(d);
    if (!d->history) {
        each_shown(&w, meta_diff_release);
        each_shown(&w, meta_diff_drop_indexes);
    }
    each_shown(&w, meta_diff_drop_partitions);
    if (scope->databases) {
        drop_databases(d);
        create_databases(d);
    }
    rename_collections(&w);
    if (scope->databases) {
        drop_databases(d);
        create_databases(d); /* one that takes the name of a database that has just been emptied */
    }
    qsort(w.items, w.count, sizeof(*w.items), by_create_tick);
    create_and_alter_collections(&w);
    each_shown(&w, meta_diff_create_partitions);
    if (!d->history) {
        each_shown(&w, meta_diff_create_indexes);
        each_shown(&w, meta_diff_load);
    }
    if (scope->aliases)
        set_aliases(d);
    free(w.items);
    ks_arena_release(&w.arena);
}

struct id_list {
    const struct meta_mirror *mirror;
    int64_t *ids;
    size_t len, cap;
};

static void add_id(struct id_list *list, int64_t id)
{
    list->ids = xgrow(list->ids, list->len, &list->cap, sizeof(*list->ids));
    list->ids[list->len++] = id;
}

static void add_if_only_shown(void *arg, struct catalogue_collection *coll)
{
    struct id_list *list = arg;
    if (!meta_mirror_collection(list->mirror, coll->id))
        add_id(list, coll->id);
}

void meta_diff_all(struct meta_diff *d)
{
    struct id_list list = {.mirror = d->mirror};
    size_t pos = 0;
    uint64_t id;
    void *value;
    while (map_next(&d->mirror->collections, &pos, &id, &value))
        add_id(&list, (int64_t)id);
    catalogue_each(d->shown, add_if_only_shown, &list);
    struct meta_scope scope = {list.ids, list.len, true, true};
    meta_diff_run(d, &scope);
    free(list.ids);
}

void meta_diff_gap(struct meta_diff *d, int64_t collection_id, const char *reason)
{
    const struct catalogue_collection *coll = catalogue_by_id(d->shown, collection_id);
    struct ddl ddl = {.kind = DDL_GAP, .db = coll ? coll->db : "", .reason = reason};
    if (coll) {
        ddl.db_id = coll->db_id;
        ddl.collection = coll->name;
        ddl.collection_id = coll->id;
    }
    emit(d, &ddl, 0);
}

void pending_ddl_free(struct pending_ddl *p)
{
    if (!p)
        return;
    ks_arena_release(&p->arena);
    free(p);
}
