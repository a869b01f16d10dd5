/* Rows: from the partitions' queues into jobs. A job holds rows of one partition and one collection
 * whose DDL is applied and committed. */
#include "sink_core.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kitestream/sdk/util.h"

/* Two jobs of a partition are given out at a time: the second begins the moment the first ends. */
enum { JOBS_AHEAD = 2, MIN_SHARE_BYTES = 1 << 20 };

static struct partition_queue *find_partition(const struct sink_core *s,
                                              const struct ks_record *record)
{
    const struct sink_topic *topic = strmap_get(&s->topics, record->topic);
    if (!topic || record->partition >= topic->count)
        return NULL;
    return topic->partitions[record->partition];
}

/* Compaction keeps the last record of a key: of an envelope's delete and the tombstone behind it
 * the tombstone, which does not say what it deletes. The delete always stands right before it. */
static void find_lost_delete(struct sink_core *s, struct partition_queue *q,
                             const struct ks_record *record)
{
    char text[KS_ERROR_MESSAGE_MAX];
    bool is_lost = q->compacts && record->offset != q->expected && !record->value.data &&
                   record->header_count == 0;
    q->expected = record->offset + 1;
    if (!is_lost)
        return;
    snprintf(text, sizeof(text),
             "%s partition %d offset %" PRId64
             ": compaction has removed the delete in front of this tombstone. Topics of the "
             "envelope shape that are compacted need tombstones.on.delete=false at the source; "
             "missing.records=skip goes on without the deletes that are gone",
             q->topic, (int)q->partition, record->offset);
    ks_log(s->host, s->options.allow_missing ? KS_LOG_WARN : KS_LOG_ERROR, "%s", text);
    if (!s->options.allow_missing)
        partition_queue_block(q, text);
}

enum ks_status sink_rows_put(struct sink_core *s, const struct ks_record *record,
                             struct batch_ref *ref, struct ks_error *err)
{
    struct partition_queue *q = find_partition(s, record);
    if (!q)
        return ks_error_set(err, KS_ERR_FATAL,
                            "got a record of %s partition %d, which was not "
                            "assigned",
                            record->topic, (int)record->partition);
    find_lost_delete(s, q, record);
    partition_queue_push(q, record, ref);
    s->queued_bytes += queued_record_bytes(record);
    return KS_OK;
}

static void skip_first(struct sink_core *s, struct partition_queue *q)
{
    s->queued_bytes -= queued_record_bytes(partition_queue_at(q, 0));
    partition_queue_skip(q);
    s->dirty = true;
}

/* ---- what becomes of the first row ---- */

enum fate { FATE_WRITE, FATE_SKIP, FATE_WAIT };

static enum fate skip(struct sink_core *s)
{
    s->counters.skipped++;
    return FATE_SKIP;
}

static enum fate fate_of(struct sink_core *s, struct partition_queue *q,
                         const struct change_row *row)
{
    const char *reason;
    if (row->op == CHANGE_TOMBSTONE)
        return FATE_SKIP;
    if (sink_passes_over(s, row))
        return skip(s);
    if (!sink_row_may_go(s, row)) {
        q->waits_for_seq = row->ddl_seq;
        reason = sink_quarantine_reason(s, row->collection_id);
        if (!reason || !ddl_queue_has_drop(s->queue, row->collection_id))
            return FATE_WAIT;
        return skip(s); /* its drop is on the way */
    }
    if (!catalogue_by_id(s->applied, row->collection_id))
        return skip(s); /* dropped, or left out */
    if (sink_is_unverified(s, row->collection_id))
        return FATE_WAIT;
    reason = sink_quarantine_reason(s, row->collection_id);
    if (!reason)
        return FATE_WRITE;
    return ddl_queue_has_drop(s->queue, row->collection_id) ? skip(s) : FATE_WAIT;
}

/* A record that cannot be decoded: a dead letter, or the end of its partition's progress. */
static enum ks_status bad_record(struct sink_core *s, struct partition_queue *q,
                                 const struct ks_error *reason, bool *ret_skip)
{
    struct ks_error err;
    const struct ks_record *record = partition_queue_at(q, 0);
    enum ks_status status =
        s->host->report_errant(s->host->task, record, "VALUE_CONVERTER", reason, &err);
    *ret_skip = status == KS_OK;
    if (*ret_skip)
        return KS_OK;
    if (!q->blocked)
        ks_log(s->host, KS_LOG_ERROR, "%s", reason->message);
    partition_queue_block(q, reason->message);
    return KS_OK;
}

/* ---- jobs ---- */

static bool has_partition_key(void *arg, int64_t collection_id)
{
    return ddl_schema_has_partition_key(arg);
}

static void fill_job(struct sink_core *s, struct write_job *job, struct partition_queue *q,
                     const struct catalogue_collection *coll)
{
    struct target_name name = name_map_collection(s->options.names, coll->db, coll->name);
    bool adopted = map_find(&s->adopted, (uint64_t)coll->id) != NULL;
    job->client = s->client;
    job->gate = s->gate;
    job->dead_letters = s->options.dead_letters;
    job->broken = &q->broken;
    job->skip_absent_partitions = s->options.policy[DDL_CREATE_PARTITION] == POLICY_SKIP;
    job->target.db = ks_arena_strndup(&job->arena, name.db, strlen(name.db));
    job->target.collection =
        ks_arena_strndup(&job->arena, name.collection, strlen(name.collection));
    /* Stays valid: what replaces it (rename, alter) waits for the rows of this job. */
    job->target.schema = coll->schema;
    job->plan = (struct write_plan_options){
        .always_upsert = s->options.always_upsert || adopted || q->compacts,
        .upsert_below = q->upsert_below,
        .max_rows = s->options.request_rows,
        .max_bytes = s->options.request_bytes,
        .partition_key = has_partition_key,
        .arg = (void *)coll->schema,
    };
}

/* Decodes records from the first on, as long as they fit into one job. *ret_taken counts records,
 * tombstones included; job->row_count the rows. Stops before what is not for this job. */
static void decode_rows(struct sink_core *s, struct partition_queue *q, struct write_job *job,
                        int64_t collection_id, size_t *ret_taken)
{
    size_t max = q->count < s->options.request_rows ? q->count : s->options.request_rows;
    size_t bytes = 0, i;
    job->rows = ks_arena_alloc(&job->arena, max * sizeof(*job->rows));
    for (i = 0; i < max && (i == 0 || bytes < s->options.request_bytes); i++) {
        struct change_row *row = &job->rows[job->row_count];
        struct ks_error err;
        if (change_decode(s->decoder, partition_queue_at(q, i), &job->arena, row, &err))
            break; /* it will be the first one of the next job, and judged there */
        if (row->op == CHANGE_TOMBSTONE)
            continue;
        if (row->collection_id != collection_id || !sink_row_may_go(s, row))
            break;
        if (row->op == CHANGE_CREATE && row->offset < q->upsert_below)
            s->counters.upserts_for_safety++;
        bytes += row->bytes;
        job->row_count++;
    }
    *ret_taken = i;
}

static void submit(struct sink_core *s, struct partition_queue *q, int64_t collection_id)
{
    const struct catalogue_collection *coll = catalogue_by_id(s->applied, collection_id);
    struct partition_job *pj = calloc(1, sizeof(*pj));
    size_t taken;
    if (!pj)
        abort();
    pj->collection_id = collection_id;
    pj->job = write_job_new();
    pj->job->owner = pj;
    fill_job(s, pj->job, q, coll);
    decode_rows(s, q, pj->job, collection_id, &taken);
    pj->first_tick = pj->job->rows[0].tick;
    partition_queue_take(q, pj, taken);
    write_pool_submit(s->pool, &q->lane, &pj->job->work);
}

/* Looks at the first record. *ret_more: look again, there may be more to do. */
static enum ks_status dispatch_first(struct sink_core *s, struct partition_queue *q, bool *ret_more,
                                     struct ks_error *err)
{
    struct change_row row;
    struct ks_error why;
    const struct ks_record *record = partition_queue_at(q, 0);
    enum ks_status status;
    *ret_more = false;
    ks_arena_reset(&s->arena, 1 << 16);
    status = change_decode(s->decoder, record, &s->arena, &row, &why);
    if (status) {
        bool skip;
        /* In the log once; everything before it is acknowledged first. */
        if (q->jobs)
            return KS_OK;
        status = bad_record(s, q, &why, &skip);
        if (skip)
            skip_first(s, q);
        *ret_more = skip;
        return status;
    }
    switch (fate_of(s, q, &row)) {
    case FATE_SKIP:
        /* Positions only pass it when what is before it is acknowledged. */
        if (q->jobs)
            return KS_OK;
        skip_first(s, q);
        *ret_more = true;
        break;
    case FATE_WRITE:
        submit(s, q, row.collection_id);
        *ret_more = true;
        break;
    case FATE_WAIT:
        break;
    }
    return KS_OK;
}

enum ks_status sink_rows_dispatch(struct sink_core *s, struct ks_error *err)
{
    enum ks_status status = KS_OK;
    if (s->must_save || s->stopping)
        return KS_OK;
    for (size_t i = 0; i < s->partition_count && !status; i++) {
        struct partition_queue *q = s->partitions[i];
        bool more = true;
        while (!status && more && q->count > 0 && q->job_count < JOBS_AHEAD && !q->blocked &&
               (q->waits_for_seq == 0 || seq_set_has(&s->state.applied, q->waits_for_seq) ||
                s->quarantined.len > 0) &&
               sink_may_begin(s, q))
            status = dispatch_first(s, q, &more, err);
    }
    return status ? status : sink_rows_pause(s, err);
}

/* ---- what a job left ---- */

static enum ks_status report_bad_rows(struct sink_core *s, const struct partition_job *pj,
                                      struct ks_error *err)
{
    enum ks_status status = KS_OK;
    for (size_t i = 0; i < pj->job->bad_count && !status; i++) {
        const struct bad_row *bad = &pj->job->bad[i];
        struct ks_error reason;
        ks_error_set(&reason, KS_ERR_DATA, "%s", bad->message);
        for (size_t k = 0; k < pj->count && !status; k++)
            if (pj->records[k].record->offset == bad->row->offset)
                status = s->host->report_errant(s->host->task, pj->records[k].record, "TASK_PUT",
                                                &reason, err);
    }
    return status;
}

enum ks_status sink_rows_done(struct sink_core *s, struct pool_work *work, struct ks_error *err)
{
    struct write_job *job = (struct write_job *)work;
    struct partition_job *pj = job->owner;
    enum ks_status status;
    s->counters.inserted += job->inserted;
    s->counters.upserted += job->upserted;
    s->counters.deleted += job->deleted;
    s->counters.repeated += job->repeated;
    s->counters.skipped += job->skipped;
    pj->ended = job->result != JOB_DONE;
    if (job->result == JOB_STOPPED)
        return KS_OK; /* stays in the queue: its rows are not acknowledged */
    if (job->result == JOB_FAILED) {
        /* Its rows stay unacknowledged; a restart, or the drop of the collection, moves on. */
        sink_quarantine(s, pj->collection_id, job->reason);
        partition_queue_block(pj->queue, job->reason);
        return KS_OK;
    }
    status = report_bad_rows(s, pj, err);
    if (status)
        return status;
    s->queued_bytes -= pj->bytes;
    partition_queue_finish(pj->queue, pj);
    s->dirty = true;
    return KS_OK;
}

/* Memory: partitions with more than their share of the budget are paused, and wait without blocking
 * anyone else. */
enum ks_status sink_rows_pause(struct sink_core *s, struct ks_error *err)
{
    size_t active = s->partition_count > 4 ? 4 : s->partition_count;
    size_t share = active ? s->options.buffer_bytes / active : 0;
    bool over = s->queued_bytes > s->options.buffer_bytes;
    enum ks_status status = KS_OK;
    if (share < MIN_SHARE_BYTES)
        share = MIN_SHARE_BYTES;
    for (size_t i = 0; i < s->partition_count && !status; i++) {
        struct partition_queue *q = s->partitions[i];
        bool pause = q->paused ? q->queued_bytes > share / 2 || (over && q->count > 0)
                               : q->queued_bytes > share || (over && q->count > 0);
        if (pause == q->paused || q->gone)
            continue;
        status =
            (pause ? s->host->pause : s->host->resume)(s->host->task, q->topic, q->partition, err);
        q->paused = pause;
    }
    return status;
}
