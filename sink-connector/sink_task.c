#include "sink_task.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "sink_core.h"

enum { CLOSE_MS = 7000, CLOSE_POLL_MS = 10 };

/* ---- life ---- */

static void free_finished(struct sink_core *s)
{
    for (struct pool_work *w = s->pool ? write_pool_take_done(s->pool) : NULL, *next; w; w = next) {
        next = w->next;
        if (w->run == ddl_apply_run)
            ddl_work_free((struct ddl_work *)w);
    }
}

static void free_topics(struct sink_core *s)
{
    const char *name;
    void *value;
    for (size_t i = 0; i < s->partition_count; i++)
        partition_queue_free(s->partitions[i]);
    for (size_t pos = 0; strmap_next(&s->topics, &pos, &name, &value);) {
        struct sink_topic *topic = value;
        free(topic->name);
        free(topic->partitions);
        free(topic);
    }
    strmap_release(&s->topics);
    free(s->partitions);
}

static void free_reasons(struct sink_core *s)
{
    uint64_t id;
    void *reason;
    for (size_t pos = 0; map_next(&s->quarantined, &pos, &id, &reason);)
        free(reason);
    map_release(&s->quarantined);
    map_release(&s->excluded);
    map_release(&s->overtaken);
    map_release(&s->unverified);
    map_release(&s->skipped);
    map_release(&s->adopted);
}

static void destroy(void *task)
{
    struct sink_core *s = task;
    if (s->gate)
        target_gate_stop(s->gate);
    if (s->client)
        milvus_client_cancel_all(s->client);
    write_pool_stop(s->pool);
    free_finished(s);
    write_pool_free(s->pool);
    free_topics(s);
    ddl_queue_free(s->queue);
    catalogue_free(s->applied);
    ddl_codec_free(s->codec);
    change_decoder_free(s->decoder);
    milvus_client_close(s->client);
    target_gate_free(s->gate);
    free_reasons(s);
    sink_lags_forget(s);
    sink_state_release(&s->state);
    sink_options_release(&s->options);
    ks_arena_release(&s->arena);
    ks_arena_release(&s->kept);
    free(s->cluster);
    free(s->sink);
    free(s->status);
    free(s);
}

static enum ks_status start(const struct ks_task_host *host, const struct ks_config *config,
                            void **ret_task, struct ks_error *err)
{
    struct sink_core *s = xcalloc(1, sizeof(*s));
    s->host = host;
    enum ks_status status = sink_core_start(s, config, err);
    if (status) {
        destroy(s);
        return status;
    }
    *ret_task = s;
    return KS_OK;
}

/* ---- rounds ---- */

static enum ks_status take_finished(struct sink_core *s, struct ks_error *err)
{
    enum ks_status status = KS_OK;
    for (struct pool_work *w = write_pool_take_done(s->pool), *next; w; w = next) {
        next = w->next;
        enum ks_status one =
            w->run == ddl_apply_run ? sink_ddl_done(s, w, err) : sink_rows_done(s, w, err);
        if (one)
            status = one;
    }
    return status;
}

static enum ks_status round_trip(struct sink_core *s, struct ks_error *err)
{
    enum ks_status status = take_finished(s, err);
    if (!status)
        status = sink_core_assign(s, err);
    if (!status && sink_save_due(s))
        status = sink_save(s, err);
    if (!status)
        sink_verify_dispatch(s);
    if (!status)
        status = sink_ddl_dispatch(s, err);
    if (!status)
        status = sink_rows_dispatch(s, err);
    sink_report(s);
    return status;
}

/* Takes the batch whatever is in it: what is wrong shows in the next round. */
static enum ks_status put(void *task, struct ks_sink_batch *take_batch, struct ks_error *err)
{
    struct sink_core *s = task;
    struct batch_ref *ref = batch_ref_new(take_batch);
    enum ks_status status = s->failure.status;
    for (size_t i = 0; i < take_batch->record_count && !status; i++) {
        const struct ks_record *record = &take_batch->records[i];
        if (strcmp(record->topic, s->options.ddl_topic) == 0)
            status = sink_ddl_put(s, record, &s->failure);
        else
            status = sink_rows_put(s, record, ref, &s->failure);
    }
    batch_ref_drop(ref);
    if (!status) {
        status = round_trip(s, err);
        if (status && status != KS_ERR_RETRIABLE)
            s->failure = *err;
    }
    return KS_OK;
}

static enum ks_status maintain(void *task, struct ks_error *err)
{
    struct sink_core *s = task;
    if (s->failure.status) {
        *err = s->failure;
        return s->failure.status;
    }
    return round_trip(s, err);
}

/* May the next owner insert from the committed offsets on? Not where a job did not get to its end,
 * nor below the watermark up to which an owner before us may have written. */
static bool is_clean(struct sink_core *s)
{
    for (size_t i = 0; i < s->partition_count; i++) {
        const struct partition_queue *q = s->partitions[i];
        if (!q->gone && (q->jobs || sink_position(s, q) < q->upsert_below))
            return false;
    }
    return true;
}

/* Drains what is in flight, then leaves the clean mark. What cannot be drained in time stays behind
 * the committed offsets, without the mark. */
static enum ks_status close_task(void *task, struct ks_error *err)
{
    struct sink_core *s = task;
    int64_t deadline = clock_mono_ms() + CLOSE_MS;
    enum ks_status status = KS_OK;
    bool drained;
    s->stopping = true;
    while (!(drained = write_pool_busy(s->pool) == 0) && !status && clock_mono_ms() < deadline) {
        status = take_finished(s, err);
        if (!status && sink_save_due(s))
            status = sink_save(s, err);
        write_pool_wait(s->pool, CLOSE_POLL_MS);
    }
    if (!status)
        status = take_finished(s, err);
    if (status)
        return status;
    s->state.clean = drained && is_clean(s);
    return sink_save(s, err);
}

const struct ks_sink_task_ops sink_task_ops = {
    .start = start,
    .put = put,
    .maintain = maintain,
    .close = close_task,
    .destroy = destroy,
};
