/* What the configuration leaves out: collections by filter, DDL by policy; and what a changed
 * filter takes in again.
 *
 * A DDL that the filter leaves out counts as applied and is listed in the state as excluded; the
 * rows of its collection are not read. When the filter takes the collection in, those DDL are
 * applied after all, in their order, and the rows begin where they were left, which is the begin if
 * they never were read. When the filter no longer takes in a collection that the target has, it
 * stays there as it is. What was skipped by policy, or given up, stays skipped: rows were passed
 * over. If the process dies: the sets are part of the state, which is written before anything that
 * rests on it. */
#include "sink_core.h"

#include <inttypes.h>
#include <string.h>

#include "kitestream/sdk/util.h"

void sink_note_create(struct sink_core *s, const struct ddl *ddl)
{
    if (!name_filter_match(s->options.filter, ddl->db, ddl->collection))
        map_put(&s->excluded, (uint64_t)ddl->collection_id, (void *)(uintptr_t)ddl->seq);
}

/* The drop of a collection whose create was skipped runs, since it may have been made in part: it
 * acts on our stamp only. */
bool sink_is_left_out(const struct sink_core *s, const struct ddl *ddl)
{
    uint64_t id = (uint64_t)ddl->collection_id;
    return map_find(&s->excluded, id) ||
           (ddl->kind != DDL_DROP_COLLECTION && map_find(&s->skipped, id));
}

void sink_exclude_ddl(struct sink_core *s, const struct ddl *ddl)
{
    seq_set_add(&s->state.applied, ddl->seq);
    seq_set_add(map_find(&s->excluded, (uint64_t)ddl->collection_id) ? &s->state.excluded
                                                                     : &s->state.skipped,
                ddl->seq);
    s->must_save = true;
    ks_log(s->host, KS_LOG_INFO, "%s seq %" PRId64 " is skipped: its collection is left out",
           ddl_kind_name(ddl->kind), ddl->seq);
}

void sink_skip_ddl(struct sink_core *s, const struct ddl *ddl, const char *why)
{
    if (ddl->kind == DDL_CREATE_COLLECTION)
        map_put(&s->skipped, (uint64_t)ddl->collection_id, s);
    seq_set_add(&s->state.applied, ddl->seq);
    seq_set_add(&s->state.skipped, ddl->seq);
    s->must_save = true;
    ks_log(s->host, KS_LOG_INFO, "%s seq %" PRId64 " is skipped: %s", ddl_kind_name(ddl->kind),
           ddl->seq, why);
}

/* ---- taking in again ---- */

struct leaving {
    struct sink_core *s;
    const struct ddl *ddl;
};

static void exclude_again(void *arg, const struct ddl *ddl)
{
    struct sink_core *s = ((struct leaving *)arg)->s;
    seq_set_add(&s->state.applied, ddl->seq);
    seq_set_add(&s->state.excluded, ddl->seq);
}

static bool is_same_alias(void *arg, const struct ddl *ddl)
{
    const struct ddl *later = ((struct leaving *)arg)->ddl;
    return ddl->alias && strcmp(ddl->alias, later->alias) == 0 && strcmp(ddl->db, later->db) == 0;
}

static bool is_same_collection(void *arg, const struct ddl *ddl)
{
    return ddl->collection_id == ((struct leaving *)arg)->ddl->collection_id;
}

/* May this DDL, which was excluded, be applied now? */
static bool may_return(struct sink_core *s, const struct ddl *ddl)
{
    if (ddl->kind == DDL_CREATE_COLLECTION && seq_set_has(&s->state.skipped, ddl->seq))
        ks_log(s->host, KS_LOG_WARN,
               "%s.%s stays left out: rows of it were passed over while the filter left it out. A "
               "sink with a new name can copy it",
               ddl->db, ddl->collection);
    return !seq_set_has(&s->state.skipped, ddl->seq) &&
           !map_find(&s->skipped, (uint64_t)ddl->collection_id);
}

bool sink_take_back(struct sink_core *s, const struct ddl *ddl)
{
    struct leaving l = {s, ddl};
    if (!seq_set_has(&s->state.excluded, ddl->seq)) {
        /* What is applied of an alias is newer than what waits of it. */
        if (ddl->alias)
            ddl_queue_remove_if(s->queue, is_same_alias, exclude_again, &l);
        return false;
    }
    if (map_find(&s->excluded, (uint64_t)ddl->collection_id) || !may_return(s, ddl))
        return false;
    if (ddl->kind == DDL_DROP_COLLECTION && !catalogue_by_id(s->applied, ddl->collection_id)) {
        /* It came and went while it was left out. */
        ddl_queue_remove_if(s->queue, is_same_collection, exclude_again, &l);
        return false;
    }
    if (ddl->kind == DDL_CREATE_COLLECTION)
        ks_log(s->host, KS_LOG_INFO, "%s.%s is taken in now", ddl->db, ddl->collection);
    seq_set_remove(&s->state.applied, ddl->seq);
    seq_set_remove(&s->state.excluded, ddl->seq);
    return true;
}

/* ---- rows ---- */

bool sink_passes_over(struct sink_core *s, const struct change_row *row)
{
    void **create = map_find(&s->excluded, (uint64_t)row->collection_id);
    if (!create)
        return false;
    int64_t seq = (int64_t)(uintptr_t)*create;
    if (!seq_set_has(&s->state.skipped, seq)) {
        seq_set_add(&s->state.skipped, seq);
        s->must_save = true;
    }
    return true;
}

bool sink_row_may_go(const struct sink_core *s, const struct change_row *row)
{
    if (!seq_set_has(&s->state.applied, row->ddl_seq))
        return false;
    return !map_find(&s->overtaken, (uint64_t)row->collection_id) ||
           !ddl_queue_gates(s->queue, row->collection_id, row->ddl_seq);
}
