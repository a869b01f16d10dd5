/* DDL within one collection: partitions, indexes, load state. In: the collection as clients see it
 * and as the stream says it is; out: DDL for what differs. Releases come before drops and creates
 * before loads, as Milvus demands. */
#include <stdlib.h>
#include <string.h>

#include "meta_diff.h"
#include "meta_view.h"

static const struct catalogue_collection *shown_of(const struct meta_diff *d,
                                                   const struct meta_view *view)
{
    return catalogue_by_id(d->shown, view->id);
}

static struct ddl event_of(enum ddl_kind kind, const struct catalogue_collection *shown)
{
    return (struct ddl){
        .kind = kind,
        .db = shown->db,
        .db_id = shown->db_id,
        .collection = shown->name,
        .collection_id = shown->id,
    };
}

static const struct meta_view_partition *view_partition(const struct meta_view *view, int64_t id)
{
    for (size_t i = 0; i < view->partition_count; i++)
        if (view->partitions[i].id == id)
            return &view->partitions[i];
    return NULL;
}

/* ---- partitions ---- */

static uint64_t partition_tick(const struct meta_diff *d, int64_t collection_id, int64_t id)
{
    struct meta_key key = {.kind = META_PARTITION, .owner = collection_id, .id = id};
    const struct meta_entry *entry = meta_mirror_entry(d->mirror, &key);
    return entry ? entry->tick : 0;
}

/* In a past moment a partition whose key is not there may just not be known. */
static bool partition_is_gone(const struct meta_diff *d, const struct meta_view *view, int64_t id)
{
    if (view_partition(view, id))
        return false;
    struct meta_key key = {.kind = META_PARTITION, .owner = view->id, .id = id};
    const struct meta_entry *entry = meta_mirror_entry(d->mirror, &key);
    return entry ? entry->state == META_STATE_GONE : !d->history;
}

void meta_diff_drop_partitions(struct meta_diff *d, const struct meta_view *view)
{
    const struct catalogue_collection *shown = shown_of(d, view);
    for (const struct catalogue_partition *p = shown->partitions, *next; p; p = next) {
        next = p->next;
        if (!partition_is_gone(d, view, p->id))
            continue;
        struct ddl ddl = event_of(DDL_DROP_PARTITION, shown);
        ddl.partition = p->name;
        ddl.partition_id = p->id;
        meta_diff_emit(d, &ddl, partition_tick(d, view->id, p->id));
    }
}

void meta_diff_create_partitions(struct meta_diff *d, const struct meta_view *view)
{
    for (size_t i = 0; i < view->partition_count; i++) {
        const struct meta_view_partition *p = &view->partitions[i];
        struct ddl ddl = event_of(DDL_CREATE_PARTITION, shown_of(d, view));
        ddl.partition = p->name;
        ddl.partition_id = p->id;
        meta_diff_emit(d, &ddl, p->tick);
    }
}

/* ---- indexes ---- */

static bool view_has_index(const struct meta_view *view, int64_t id)
{
    for (size_t i = 0; i < view->index_count; i++)
        if (view->indexes[i].index.id == id)
            return true;
    return false;
}

void meta_diff_drop_indexes(struct meta_diff *d, const struct meta_view *view)
{
    const struct catalogue_collection *shown = shown_of(d, view);
    for (const struct catalogue_index *i = shown->indexes, *next; i; i = next) {
        next = i->next;
        if (view_has_index(view, i->index->id))
            continue;
        struct ddl ddl = event_of(DDL_DROP_INDEX, shown);
        ddl.index = i->index;
        meta_diff_emit(d, &ddl, 0);
    }
}

void meta_diff_create_indexes(struct meta_diff *d, const struct meta_view *view)
{
    for (size_t i = 0; i < view->index_count; i++) {
        struct ddl ddl = event_of(DDL_CREATE_INDEX, shown_of(d, view));
        ddl.index = &view->indexes[i].index;
        meta_diff_emit(d, &ddl, view->indexes[i].create_tick);
        ddl.kind = DDL_ALTER_INDEX;
        meta_diff_emit(d, &ddl, 0);
    }
}

/* ---- load state ---- */

static bool any_loaded(const struct catalogue_collection *shown)
{
    for (const struct catalogue_partition *p = shown->partitions; p; p = p->next)
        if (p->loaded)
            return true;
    return shown->loaded;
}

/* Emits `kind` for the partitions that are loaded in one place and not in the other. With `all`
 * those that are loaded in both as well. */
static void emit_partitions(struct meta_diff *d, const struct meta_view *view, enum ddl_kind kind,
                            bool all)
{
    const struct catalogue_collection *shown = shown_of(d, view);
    const char **names = calloc(view->partition_count + 1, sizeof(*names));
    size_t count = 0;
    bool load = kind == DDL_LOAD_PARTITIONS;
    for (size_t i = 0; names && i < view->partition_count; i++) {
        const struct meta_view_partition *p = &view->partitions[i];
        const struct catalogue_partition *other = catalogue_partition_by_id(shown, p->id);
        if (other && p->loaded == load && (all || other->loaded != load))
            names[count++] = p->name;
    }
    struct ddl ddl = event_of(kind, shown);
    struct ddl_load how = {view->replicas};
    ddl.partitions = names;
    ddl.partition_count = count;
    ddl.load = load ? &how : NULL;
    if (count > 0)
        meta_diff_emit(d, &ddl, 0);
    free(names);
}

void meta_diff_release(struct meta_diff *d, const struct meta_view *view)
{
    const struct catalogue_collection *shown = shown_of(d, view);
    bool becomes_partial = shown->loaded && !view->load_whole;
    if (!view->load_present || becomes_partial) {
        struct ddl ddl = event_of(DDL_RELEASE_COLLECTION, shown);
        if (any_loaded(shown))
            meta_diff_emit(d, &ddl, 0);
        return;
    }
    emit_partitions(d, view, DDL_RELEASE_PARTITIONS, false);
}

void meta_diff_load(struct meta_diff *d, const struct meta_view *view)
{
    if (!view->load_present)
        return;
    const struct catalogue_collection *shown = shown_of(d, view);
    bool again = shown->replicas != view->replicas && any_loaded(shown);
    if (view->load_whole && (!shown->loaded || again)) {
        struct ddl ddl = event_of(DDL_LOAD_COLLECTION, shown);
        struct ddl_load how = {view->replicas};
        ddl.load = &how;
        meta_diff_emit(d, &ddl, 0);
        emit_partitions(d, view, DDL_RELEASE_PARTITIONS, false);
    }
    emit_partitions(d, view, DDL_LOAD_PARTITIONS, again && !view->load_whole);
}
