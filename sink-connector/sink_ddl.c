/* Metadata: from the DDL topic into the queue, from there to the pool, and what it leaves. */
#include "sink_core.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "kitestream/sdk/util.h"

enum { AGAIN_AFTER_MS = 1000, VERIFY_POLL_MS = 20 };

/* ---- quarantine ---- */

const char *sink_quarantine_reason(const struct sink_core *s, int64_t collection_id)
{
    return map_get(&s->quarantined, (uint64_t)collection_id);
}

void sink_quarantine(struct sink_core *s, int64_t collection_id, const char *reason)
{
    if (sink_quarantine_reason(s, collection_id))
        return;
    map_put(&s->quarantined, (uint64_t)collection_id, xstrdup(reason));
    ks_log(s->host, KS_LOG_ERROR,
           "collection %" PRId64 " is quarantined, everything else goes on: %s. Mend the cause "
           "and restart the task",
           collection_id, reason);
}

static void end_quarantine(struct sink_core *s, int64_t collection_id)
{
    free(map_remove(&s->quarantined, (uint64_t)collection_id));
}

/* ---- reading ---- */

/* Rows go to the topic that the DDL names, whatever becomes of it. */
static void follow_skipped(struct sink_core *s, const struct ddl *ddl)
{
    if (ddl->topic && catalogue_by_id(s->applied, ddl->collection_id))
        sink_ddl_follow(s, ddl);
}

/* Folds what the state says is applied. */
static void fold(struct sink_core *s, const struct ddl *ddl)
{
    if (seq_set_has(&s->state.skipped, ddl->seq)) {
        if (ddl->kind == DDL_CREATE_COLLECTION)
            map_put(&s->skipped, (uint64_t)ddl->collection_id, s);
        follow_skipped(s, ddl);
        return;
    }
    if (seq_set_has(&s->state.excluded, ddl->seq))
        return;
    if (seq_set_has(&s->state.adopted, ddl->seq))
        map_put(&s->adopted, (uint64_t)ddl->collection_id, s);
    catalogue_apply(s->applied, ddl);
}

enum ks_status sink_ddl_read(struct sink_core *s, struct ddl *ddl, struct ks_error *err)
{
    if (ddl->seq <= s->read_seq)
        return KS_OK; /* a repeat: the topic is the source's, seq only grows */
    if (ddl->seq != s->read_seq + 1)
        return ks_error_set(err, KS_ERR_FATAL,
                            "%s jumps from seq %" PRId64 " to %" PRId64
                            ": records are missing. The topic must be kept for ever "
                            "(retention.ms=-1); start with a new source prefix",
                            s->options.ddl_topic, s->read_seq, ddl->seq);
    s->read_seq = ddl->seq;
    if (!s->cluster)
        s->cluster = xstrdup(ddl->cluster);
    if (ddl->kind == DDL_CREATE_COLLECTION)
        sink_note_create(s, ddl);
    if (seq_set_has(&s->state.applied, ddl->seq) && !sink_take_back(s, ddl)) {
        fold(s, ddl);
        return KS_OK;
    }
    if (ddl->seq < seq_set_max(&s->state.applied))
        map_put(&s->overtaken, (uint64_t)ddl->collection_id, NULL);
    struct queued_ddl *item = xcalloc(1, sizeof(*item));
    item->ddl = ddl_copy(ddl, &item->arena);
    ddl_queue_add(s->queue, item);
    if (ddl->kind == DDL_GAP)
        ks_log(s->host, KS_LOG_WARN, "%s.%s has rows that are not in the stream: %s", ddl->db,
               ddl->collection ? ddl->collection : "?", ddl->reason ? ddl->reason : "");
    return KS_OK;
}

/* The rows of the collection, and positions that decide when the DDL is due. Those of a database's
 * DDL are of its collections: following them here would pass over rows of what is left out. */
void sink_ddl_follow(struct sink_core *s, const struct ddl *ddl)
{
    if (sink_is_left_out(s, ddl))
        return;
    if (ddl->topic && ddl->kind != DDL_DROP_COLLECTION)
        sink_core_follow(s, ddl->topic);
    for (size_t i = 0; ddl->collection_id && i < ddl->after_count; i++)
        sink_core_follow(s, ddl->after[i].topic);
}

enum ks_status sink_ddl_put(struct sink_core *s, const struct ks_record *record,
                            struct ks_error *err)
{
    struct ks_arena arena = {0};
    struct ddl *ddl;
    enum ks_status status = record->value_schema
                                ? ddl_decode(s->codec, s->host->schema_json(record->value_schema),
                                             record->value, &arena, &ddl, err)
                                : ks_error_set(err, KS_ERR_DATA, "not an Avro record");
    if (status) {
        ks_error_prefix(err, "%s offset %" PRId64, record->topic, record->offset);
        err->status = status = KS_ERR_FATAL; /* the order of everything depends on it */
    } else {
        status = sink_ddl_read(s, ddl, err);
        if (!status)
            sink_ddl_follow(s, ddl);
    }
    if (!status)
        s->ddl_position = record->offset + 1;
    ks_arena_release(&arena);
    return status;
}

/* ---- giving out ---- */

static void done(struct sink_core *s, struct queued_ddl *item)
{
    seq_set_add(&s->state.applied, item->ddl->seq);
    catalogue_apply(s->applied, item->ddl);
    if (item->ddl->kind == DDL_DROP_COLLECTION)
        end_quarantine(s, item->ddl->collection_id);
    s->must_save = true;
    ks_log(s->host, KS_LOG_INFO, "applied %s seq %" PRId64 "%s%s%s%s",
           ddl_kind_name(item->ddl->kind), item->ddl->seq, item->ddl->db[0] ? " " : "",
           item->ddl->db, item->ddl->collection ? "." : "",
           item->ddl->collection ? item->ddl->collection : "");
    ddl_queue_done(s->queue, item);
}

static void fail_item(struct sink_core *s, struct queued_ddl *item, const char *reason)
{
    ddl_queue_fail(item, reason);
    if (item->ddl->collection_id)
        sink_quarantine(s, item->ddl->collection_id, reason);
    else
        ks_log(s->host, KS_LOG_ERROR, "%s", reason);
}

/* A copy: the alias' collection may be renamed meanwhile. */
static char *alias_db(const struct sink_core *s, const struct ddl *ddl)
{
    int64_t id = ddl->alias ? catalogue_alias(s->applied, ddl->db, ddl->alias) : 0;
    const struct catalogue_collection *coll = id ? catalogue_by_id(s->applied, id) : NULL;
    return coll ? xstrdup(name_map_collection(s->options.names, coll->db, coll->name).db) : NULL;
}

static void submit(struct sink_core *s, struct queued_ddl *item, bool only_look)
{
    struct ddl_work *w = ddl_work_new(item->ddl);
    w->owner = item;
    w->client = s->client;
    w->gate = s->gate;
    w->names = s->options.names;
    w->sink = s->sink;
    w->alias_db = alias_db(s, item->ddl);
    w->applied_to =
        item->ddl->collection_id ? catalogue_by_id(s->applied, item->ddl->collection_id) : NULL;
    w->only_look = only_look;
    write_pool_submit(s->pool, &w->lane, &w->work);
}

/* Not in the catalogue, after a restart neither: rows before the drop have nowhere to go. */
static void abandoned(void *arg, const struct ddl *ddl)
{
    struct sink_core *s = arg;
    seq_set_add(&s->state.applied, ddl->seq);
    seq_set_add(&s->state.skipped, ddl->seq);
    s->must_save = true;
}

/* Drops of quarantined collections lift the quarantine: what stands before them is given up. */
static void lift_for_drops(struct sink_core *s)
{
    uint64_t id;
    void *reason;
    for (size_t pos = 0; map_next(&s->quarantined, &pos, &id, &reason);)
        if (ddl_queue_has_drop(s->queue, (int64_t)id)) {
            ddl_queue_abandon(s->queue, (int64_t)id, abandoned, s);
            for (size_t i = 0; i < s->partition_count; i++)
                s->counters.skipped += partition_queue_give_up(s->partitions[i], (int64_t)id);
        }
}

static bool is_destructive(enum ddl_kind kind)
{
    return kind == DDL_DROP_COLLECTION || kind == DDL_RENAME_COLLECTION ||
           kind == DDL_DROP_PARTITION || kind == DDL_DROP_DATABASE;
}

static enum ks_status give_out(struct sink_core *s, struct queued_ddl *item, struct ks_error *err)
{
    enum ddl_policy policy = s->options.policy[item->ddl->kind];
    enum ks_status status = KS_OK;
    if (sink_is_left_out(s, item->ddl)) {
        sink_exclude_ddl(s, item->ddl);
        ddl_queue_done(s->queue, item);
    } else if (sink_is_unverified(s, item->ddl->collection_id)) {
        item->state = QUEUED_WAITING;
        item->not_before_ms = clock_mono_ms() + VERIFY_POLL_MS;
    } else if (policy == POLICY_SKIP && item->ddl->kind == DDL_CREATE_COLLECTION) {
        submit(s, item, true); /* rows are still wanted if the target has an equal collection */
    } else if (policy == POLICY_SKIP) {
        sink_skip_ddl(s, item->ddl, "ddl.policy");
        ddl_queue_done(s->queue, item);
    } else if (policy == POLICY_FAIL) {
        char reason[128];
        snprintf(reason, sizeof(reason), "ddl.policy.%s=fail", ddl_kind_name(item->ddl->kind));
        fail_item(s, item, reason);
    } else {
        /* The rows before a drop or rename are committed first: repeated after a crash they would
         * find no collection, or another one. */
        if (is_destructive(item->ddl->kind)) {
            status = sink_save(s, err);
            if (s->trouble[0]) {
                ddl_queue_again(item, clock_mono_ms() + AGAIN_AFTER_MS, s->trouble);
                return status;
            }
        }
        if (!status)
            submit(s, item, false);
    }
    return status;
}

enum ks_status sink_ddl_dispatch(struct sink_core *s, struct ks_error *err)
{
    enum ks_status status = KS_OK;
    struct queued_ddl *item;
    if (s->must_save || s->stopping)
        return KS_OK;
    if (s->quarantined.len > 0)
        lift_for_drops(s);
    while (!status && (item = ddl_queue_next(s->queue, clock_mono_ms())))
        status = give_out(s, item, err);
    return status;
}

/* ---- what it leaves ---- */

static void looked(struct sink_core *s, struct queued_ddl *item, const struct ddl_work *w)
{
    if (w->result == DDL_APPLIED) {
        map_put(&s->adopted, (uint64_t)item->ddl->collection_id, s);
        seq_set_add(&s->state.adopted, item->ddl->seq);
        done(s, item);
        return;
    }
    sink_skip_ddl(s, item->ddl, w->reason);
    ddl_queue_done(s->queue, item);
}

enum ks_status sink_ddl_done(struct sink_core *s, struct pool_work *work, struct ks_error *err)
{
    struct ddl_work *w = (struct ddl_work *)work;
    struct queued_ddl *item = w->owner;
    if (w->only_verify) {
        sink_verified(s, w);
    } else if (w->result == DDL_STOPPED) {
        ddl_queue_again(item, 0, "stopped");
    } else if (w->result == DDL_AGAIN) {
        ddl_queue_again(item, clock_mono_ms() + AGAIN_AFTER_MS, w->reason);
    } else if (w->only_look) {
        looked(s, item, w);
    } else if (w->result == DDL_FAILED) {
        fail_item(s, item, w->reason);
    } else {
        if (w->adopted) {
            map_put(&s->adopted, (uint64_t)item->ddl->collection_id, s);
            seq_set_add(&s->state.adopted, item->ddl->seq);
        }
        if (w->reason[0])
            ks_log(s->host, KS_LOG_WARN, "%s", w->reason);
        done(s, item);
    }
    ddl_work_free(w);
    return KS_OK;
}
