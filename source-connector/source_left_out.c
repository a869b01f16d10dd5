/* What is rightly not in the stream, and saying so. In: rows whose collection the stream does not
 * have, creates and drops with a hole before them; out: the row's fate, one line in the log for
 * each collection. Nothing is left out in silence. */
#include <inttypes.h>

#include "kitestream/sdk/util.h"
#include "source_state.h"

enum { NAMES_BYTES = 400 };

/* Once for each collection: its rows may be many. */
static void say_once(struct source_state *s, int64_t collection_id, uint64_t tick)
{
    if (map_find(&s->left_out, (uint64_t)collection_id))
        return;
    map_put(&s->left_out, (uint64_t)collection_id, NULL);
    ks_log(s->host, KS_LOG_WARN,
           "rows of collection %" PRId64 " (first at tick %" PRIu64
           ") are left out: it was created and dropped before its metadata could be read, and etcd "
           "has forgotten it. old_records_total counts the records",
           collection_id, tick);
}

enum row_fate source_left_out_fate(void *state, int64_t collection_id, uint64_t tick)
{
    struct source_state *s = state;
    enum meta_life life;
    if (ddl_stream_is_filtered(s->stream, collection_id))
        return ROW_FILTERED;
    life = meta_model_life(meta_reader_model(s->meta), collection_id);
    if (life == META_DROPPING || life == META_DROPPED ||
        ddl_stream_has_dropped(s->stream, collection_id))
        return ROW_DROPPED;
    if (life != META_UNKNOWN || tick > s->etcd.list_tick)
        return ROW_UNKNOWN;
    say_once(s, collection_id, tick);
    return ROW_OLD;
}

void source_left_out_note_create(struct source_state *s, const struct pending_ddl *p)
{
    const struct ddl *ddl = p->ddl;
    /* A listing at a committed revision says nothing about the rows since. */
    bool listed = s->first_start && p->revision <= s->list_revision;
    if (listed && !meta_model_has_rows(meta_reader_model(s->meta), ddl->collection_id)) {
        ks_log(s->host, KS_LOG_INFO, "%s.%s exists already, without rows", ddl->db,
               ddl->collection);
        return;
    }
    ks_log(s->host, KS_LOG_WARN,
           "%s.%s exists already: rows it holds from before the start are not in the stream "
           "(snapshot.mode=no_data)",
           ddl->db, ddl->collection);
    if (s->without_rows.len < NAMES_BYTES)
        ks_buf_printf(&s->without_rows, "%s%s.%s", s->without_rows.len ? ", " : "", ddl->db,
                      ddl->collection);
    else if (s->without_rows.data[s->without_rows.len - 1] != ' ')
        ks_buf_add_str(&s->without_rows, " and others ");
}

void source_left_out_note_missed(struct source_state *s, const struct pending_ddl *list)
{
    for (const struct pending_ddl *p = list; p; p = p->next)
        if (p->ddl->kind == DDL_DROP_COLLECTION && p->use_count == 0)
            ks_log(s->host, KS_LOG_WARN,
                   "%s.%s was dropped while this task was not running, and etcd has forgotten "
                   "when: rows written to it since the last commit may be missing from the stream",
                   p->ddl->db, p->ddl->collection);
}
