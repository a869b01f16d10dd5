/* Once after each start: are the collections that this sink has written to still there, under the
 * names that the mapping gives them now? Rows and DDL of a collection wait for the answer. In: the
 * catalogue of what is applied; out: quarantine where the target has no such collection, or one
 * that is not ours. Without this, a changed collection.mapping, or hands in the target, would mix
 * two collections in silence. If the process dies: the next owner asks again. */
#include "sink_core.h"

#include "clock.h"

enum { VERIFY_AGAIN_MS = 1000 };

struct verifying {
    struct ddl ddl; /* names the collection */
    bool running;
    int64_t not_before_ms;
};

bool sink_is_unverified(const struct sink_core *s, int64_t collection_id)
{
    return map_find(&s->unverified, (uint64_t)collection_id) != NULL;
}

static void begin_one(void *arg, struct catalogue_collection *coll)
{
    struct sink_core *s = arg;
    if (map_find(&s->excluded, (uint64_t)coll->id))
        return;
    struct verifying *v = ks_arena_zalloc(&s->kept, sizeof(*v));
    v->ddl = (struct ddl){.kind = DDL_ALTER_COLLECTION,
                          .cluster = s->cluster,
                          .db = coll->db, /* until this is answered nothing changes them */
                          .collection = coll->name,
                          .collection_id = coll->id};
    map_put(&s->unverified, (uint64_t)coll->id, v);
}

void sink_verify_begin(struct sink_core *s)
{
    catalogue_each(s->applied, begin_one, s);
}

static void submit(struct sink_core *s, struct verifying *v)
{
    int64_t id = v->ddl.collection_id;
    struct ddl_work *w = ddl_work_new(&v->ddl);
    w->owner = v;
    w->client = s->client;
    w->gate = s->gate;
    w->names = s->options.names;
    w->sink = s->sink;
    w->only_verify = true;
    w->may_lack_stamp = map_find(&s->adopted, (uint64_t)id) != NULL;
    /* One that was done in the target and not committed. */
    w->may_be_gone =
        ddl_queue_has_drop(s->queue, id) || ddl_queue_has(s->queue, DDL_RENAME_COLLECTION, id);
    v->running = true;
    write_pool_submit(s->pool, &w->lane, &w->work);
}

void sink_verify_dispatch(struct sink_core *s)
{
    int64_t now = clock_mono_ms();
    uint64_t id;
    void *value;
    if (s->stopping)
        return;
    for (size_t pos = 0; map_next(&s->unverified, &pos, &id, &value);) {
        struct verifying *v = value;
        if (!v->running && now >= v->not_before_ms)
            submit(s, v);
    }
}

void sink_verified(struct sink_core *s, struct ddl_work *w)
{
    struct verifying *v = w->owner;
    int64_t id = v->ddl.collection_id;
    v->running = false;
    v->not_before_ms = clock_mono_ms() + VERIFY_AGAIN_MS;
    if (w->result == DDL_AGAIN || w->result == DDL_STOPPED)
        return;
    map_remove(&s->unverified, (uint64_t)id);
    if (w->result == DDL_FAILED)
        sink_quarantine(s, id, w->reason);
}
