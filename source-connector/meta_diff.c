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

struct pending_ddl *meta_diff_emit(struct meta_diff *d, const struct ddl *ddl, uint64_t own_tick)
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
        meta_diff_emit(w->d, &ddl, view->info_tick);
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
    meta_diff_emit(w->d, &ddl, view->info_tick);
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
        struct pending_ddl *created = meta_diff_emit(w->d, &ddl, view->create_tick);
        if (created) {
            add_uses(created, view);
            continue;
        }
        ddl.kind = DDL_ALTER_COLLECTION;
        meta_diff_emit(w->d, &ddl, view->schema_tick);
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
    struct work w = {.d = d, .arena = {.chunk_bytes = 8192}};
    build_views(&w, scope);
    qsort(w.items, w.count, sizeof(*w.items), by_info_tick);
    drop_collections(&w);
    if (scope->aliases)
        meta_diff_drop_aliases(d);
    if (!d->history) {
        each_shown(&w, meta_diff_release);
        each_shown(&w, meta_diff_drop_indexes);
    }
    each_shown(&w, meta_diff_drop_partitions);
    if (scope->databases) {
        meta_diff_drop_databases(d);
        meta_diff_create_databases(d);
    }
    rename_collections(&w);
    if (scope->databases) {
        meta_diff_drop_databases(d);
        meta_diff_create_databases(
            d); /* one that takes the name of a database that has just been emptied */
    }
    qsort(w.items, w.count, sizeof(*w.items), by_create_tick);
    create_and_alter_collections(&w);
    each_shown(&w, meta_diff_create_partitions);
    if (!d->history) {
        each_shown(&w, meta_diff_create_indexes);
        each_shown(&w, meta_diff_load);
    }
    if (scope->aliases)
        meta_diff_set_aliases(d);
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
    meta_diff_emit(d, &ddl, 0);
}

void pending_ddl_free(struct pending_ddl *p)
{
    if (!p)
        return;
    ks_arena_release(&p->arena);
    free(p);
}
