/* The loop of a source task. In: the plugin's batches; out: Kafka records and source offsets, in
 * one transaction per boundary. If the process dies
 *  - before or in open: nothing was produced; the older owner may be fenced, its open transaction
 * is aborted: the next run starts from what is committed;
 *  - in poll, send, or before commit_transaction: the transaction stays open until the next owner's
 *    init_transactions aborts it (or transaction.timeout.ms does); readers see none of it, the
 *    offsets in it are void with it, the plugin starts again at the committed ones;
 *  - in commit_transaction: the coordinator has decided or not; records and offsets show together
 * or not at all, and init_transactions of the next run waits for which;
 *  - after it: committed, only the plugin was not told; it learns from its offsets.
 * An outcome that is not known is asked for again, never aborted; after an abort nothing that was
 * produced or encoded is used again: the task restarts. With exactly.once.support=off there is no
 * transaction: offsets follow acknowledged records, dying in between repeats records. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "error_retry.h"
#include "kitestream/sdk/util.h"
#include "source_progress.h"
#include "source_sender.h"
#include "task_host.h"
#include "transaction.h"

#define COMMIT_SLICE_MS 5000
#define ABORT_WAIT_MS 5000
#define STOPPED_COMMIT_MS 5000
#define IDLE_MS 100

struct source {
    struct ks_task task;
    struct task_context *ctx;
    const struct ks_source_task_ops *ops;
    struct source_sender *sender;
    void *plugin;
    bool transactional;
    bool own_boundaries; /* the plugin says where a transaction ends */
    bool open;           /* something was produced since the last boundary */
    int64_t opened_mono_ms;
    struct backoff backoff;
    struct error_retry retry;
    struct source_progress progress;
    bool waiting; /* the status says for what */
};

static enum ks_status source_open(struct source *s, struct ks_error *err);
static enum ks_status source_idle(struct source *s, struct ks_error *err);
static enum ks_status source_step(struct source *s, struct ks_error *err);
static enum ks_status source_end(struct source *s, enum ks_status status, struct ks_error *err);

enum ks_status worker_source_run(struct task_context *ctx, struct ks_error *err)
{
    struct source s = {.ctx = ctx, .ops = ctx->cls->source};
    enum ks_status status = source_open(&s, err);
    if (status == KS_OK)
        ctx->on_state(ctx, TASK_RUNNING);
    while (status == KS_OK && !ctx->stop) {
        if (ctx->pause && !s.open)
            status = source_idle(&s, err);
        else
            status = source_step(&s, err);
    }
    return source_end(&s, status, err);
}

/* ---- waiting ---- */

static void show_waiting(struct source *s, const struct ks_error *err)
{
    s->waiting = true;
    s->ctx->on_waiting(s->ctx, err->message);
}

/* After RETRIABLE: shows why, serves deliveries, returns when the call may be repeated. A
 * transaction that would be timed out by the coordinator meanwhile is given up. */
static enum ks_status wait_out(struct source *s, struct ks_error *err)
{
    show_waiting(s, err);
    while (clock_mono_ms() < s->backoff.until_mono_ms && !s->ctx->stop) {
        producer_poll(s->task.producer, IDLE_MS);
        int64_t open_ms = s->open ? clock_mono_ms() - s->opened_mono_ms : 0;
        if (open_ms > s->ctx->worker->transaction_timeout_ms / 2)
            return err->status = KS_ERR_RESTART;
    }
    return s->ctx->stop ? KS_ERR_RETRIABLE : KS_OK;
}

static enum ks_status wait_to_retry(struct source *s, struct ks_error *err)
{
    backoff_fail(&s->backoff);
    return wait_out(s, err);
}

/* The same for a record that cannot be converted or sent: by errors.retry.*. */
static enum ks_status wait_to_send(struct source *s, struct ks_error *err)
{
    enum ks_status status = error_retry_failed(&s->retry, &s->backoff, err);
    task_metrics_count(&s->task.metrics, "kafka_connect_task_error_total_retries", 1);
    return status == KS_ERR_RETRIABLE ? wait_out(s, err) : status;
}

static void retried(struct source *s)
{
    error_retry_ok(&s->retry);
    if (!s->waiting)
        return;
    s->waiting = false;
    backoff_ok(&s->backoff);
    s->ctx->on_waiting(s->ctx, NULL);
}

static enum ks_status source_idle(struct source *s, struct ks_error *err)
{
    s->ctx->on_state(s->ctx, TASK_PAUSED);
    topic_admin_rest(s->task.admin);
    source_progress_start(&s->progress, &s->task);
    while (s->ctx->pause && !s->ctx->stop) {
        producer_poll(s->task.producer, IDLE_MS);
        task_metrics_round(&s->task.metrics, true);
    }
    source_progress_start(&s->progress, &s->task);
    if (!s->ctx->stop)
        s->ctx->on_state(s->ctx, TASK_RUNNING);
    return producer_check(s->task.producer, err);
}

/* ---- one batch ---- */

static enum ks_status begin(struct source *s, struct ks_error *err)
{
    if (s->open)
        return KS_OK;
    enum ks_status status = s->transactional ? transaction_begin(s->task.producer, err) : KS_OK;
    if (status == KS_OK) {
        s->open = true;
        s->opened_mono_ms = clock_mono_ms();
        source_progress_opened(&s->progress);
    }
    return status;
}

static enum ks_status send_batch(struct source *s, struct source_batch *held,
                                 const struct ks_source_batch *batch, struct ks_error *err)
{
    size_t next = 0;
    enum ks_status status = batch->record_count > 0 ? begin(s, err) : KS_OK;
    while (status == KS_OK && next < batch->record_count) {
        status = source_sender_send(s->sender, held, &next, err);
        if (status == KS_ERR_RETRIABLE)
            status = wait_to_send(s, err);
        else if (status == KS_OK)
            retried(s);
    }
    return status;
}

static enum ks_status send_offsets(struct source *s, const struct ks_source_batch *batch,
                                   size_t *ret_letters, struct ks_error *err)
{
    enum ks_status status = KS_OK;
    if (batch->offset_count > 0 || errant_records_count(s->task.errant) > 0)
        status = begin(s, err);
    if (status == KS_OK)
        status = ks_task_send_letters(&s->task, ret_letters, err);
    /* Within a transaction the commit is what orders records before offsets. */
    if (status == KS_OK && !s->transactional)
        status = producer_wait(s->task.producer, PRODUCER_NO_DEADLINE, err);
    for (size_t i = 0; i < batch->offset_count && status == KS_OK; i++)
        status = ks_task_send_offset(&s->task, &batch->offsets[i], err);
    return status == KS_OK ? producer_wait(s->task.producer, PRODUCER_NO_DEADLINE, err) : status;
}

/* Asks until the coordinator has answered; only an end of the task leaves it unanswered. */
static enum ks_status commit_transaction(struct source *s, struct ks_error *err)
{
    int64_t stopped_ms = 0;
    for (;;) {
        bool must_abort = false;
        enum ks_status status =
            transaction_commit(s->task.producer, COMMIT_SLICE_MS, &must_abort, err);
        if (status != KS_ERR_RETRIABLE)
            return status;
        show_waiting(s, err);
        if (s->ctx->stop && stopped_ms == 0)
            stopped_ms = clock_mono_ms();
        if (stopped_ms && clock_mono_ms() - stopped_ms > STOPPED_COMMIT_MS)
            return status;
    }
}

static enum ks_status commit(struct source *s, const struct ks_source_batch *batch,
                             struct ks_error *err)
{
    size_t letters = 0;
    int64_t begin_us = task_metrics_clock_us();
    enum ks_status status = send_offsets(s, batch, &letters, err);
    if (status == KS_OK && s->open && s->transactional)
        status = commit_transaction(s, err);
    if (s->open)
        task_metrics_commit(&s->task.metrics, status == KS_OK, begin_us);
    if (status != KS_OK)
        return status;
    if (s->open)
        source_progress_committed(&s->progress, batch->offsets, batch->offset_count);
    s->open = false;
    retried(s);
    errant_records_drop(s->task.errant, letters);
    if (s->ops->committed) {
        task_context_enter(s->ctx, "committed");
        s->ops->committed(s->plugin);
        task_context_leave(s->ctx);
    }
    return KS_OK;
}

static enum ks_status take_batch(struct source *s, struct ks_source_batch *batch,
                                 struct ks_error *err)
{
    double count = (double)batch->record_count;
    struct source_batch *held = source_batch_hold(batch);
    enum ks_status status = send_batch(s, held, batch, err);
    if (status == KS_OK && (batch->commit || !s->own_boundaries))
        status = commit(s, batch, err);
    source_batch_drop(held);
    if (status == KS_OK && count > 0)
        s->ctx->on_metric(s->ctx, KS_METRIC_COUNTER,
                          "kafka_connect_source_task_source_record_write_total", NULL, count);
    return status;
}

static void note_poll(struct source *s, const struct ks_source_batch *batch, int64_t begin_us)
{
    if (batch->record_count == 0)
        return;
    task_metrics_batch(&s->task.metrics, batch->record_count, begin_us);
    task_metrics_count(&s->task.metrics, "kafka_connect_source_task_source_record_poll_total",
                       (double)batch->record_count);
}

static void report(struct source *s)
{
    if (!task_metrics_round(&s->task.metrics, false))
        return;
    task_metrics_gauge(&s->task.metrics, "kafka_connect_source_task_source_record_active_count",
                       rd_kafka_outq_len(producer_handle(s->task.producer)));
    source_progress_look(&s->progress);
}

static enum ks_status source_step(struct source *s, struct ks_error *err)
{
    struct ks_source_batch *batch = NULL;
    report(s);
    int64_t begin_us = task_metrics_clock_us();
    task_context_enter(s->ctx, "poll");
    enum ks_status status = s->ops->poll(s->plugin, &batch, err);
    task_context_leave(s->ctx);
    if (status == KS_ERR_RETRIABLE)
        return wait_to_retry(s, err);
    if (status != KS_OK)
        return status;
    retried(s);
    if (batch) {
        note_poll(s, batch, begin_us);
        return take_batch(s, batch, err);
    }
    producer_poll(s->task.producer, 0);
    return producer_check(s->task.producer, err);
}

/* ---- life ---- */

static enum ks_status choose_delivery(struct source *s, struct ks_error *err)
{
    const char *support = ks_config_get(&s->ctx->config, "exactly.once.support");
    bool off = support && strcmp(support, "off") == 0;
    bool required = support && strcmp(support, "required") == 0;
    s->transactional = s->ctx->worker->exactly_once_source && !off;
    s->own_boundaries = s->ctx->cls->flags & KS_CLASS_OWN_TRANSACTIONS;
    if (required && !s->transactional)
        return ks_error_set(err, KS_ERR_FATAL,
                            "exactly.once.support=required, but the worker has "
                            "exactly.once.source.support=disabled: enable it in the worker's file");
    return KS_OK;
}

static enum ks_status start_plugin(struct source *s, struct ks_error *err)
{
    task_context_enter(s->ctx, "start");
    enum ks_status status = s->ops->start(&s->task.host, &s->ctx->config, &s->plugin, err);
    task_context_leave(s->ctx);
    return status;
}

static enum ks_status source_open(struct source *s, struct ks_error *err)
{
    enum ks_status status = choose_delivery(s, err);
    if (status == KS_OK)
        status =
            ks_task_open(&s->task, s->ctx, s->transactional ? s->ctx->transactional_id : NULL, err);
    if (status != KS_OK)
        return status;
    s->sender = source_sender_new(&s->task);
    source_progress_start(&s->progress, &s->task);
    s->retry = error_retry_of(&s->ctx->config);
    while ((status = start_plugin(s, err)) == KS_ERR_RETRIABLE) {
        if (wait_to_retry(s, err) != KS_OK)
            return KS_ERR_RETRIABLE;
    }
    if (status != KS_OK)
        return status;
    retried(s);
    s->ctx->on_plugin_task(s->ctx, s->plugin);
    return KS_OK;
}

/* Half of a plugin's transaction is never committed: what is open now goes. */
static void abort_open(struct source *s)
{
    struct ks_error err;
    int64_t deadline = clock_mono_ms() + ABORT_WAIT_MS;
    while (s->open && s->transactional && !s->ctx->fenced) {
        enum ks_status status = transaction_abort(s->task.producer, ABORT_WAIT_MS, &err);
        if (status != KS_ERR_RETRIABLE || clock_mono_ms() > deadline)
            break;
    }
}

static enum ks_status source_end(struct source *s, enum ks_status status, struct ks_error *err)
{
    abort_open(s);
    producer_purge(s->task.producer);
    if (s->plugin) {
        s->ctx->on_plugin_task(s->ctx, NULL);
        task_context_enter(s->ctx, "destroy");
        s->ops->destroy(s->plugin);
        task_context_leave(s->ctx);
    }
    source_sender_free(s->sender);
    source_progress_release(&s->progress);
    ks_task_close(&s->task);
    if (s->ctx->stop && status == KS_ERR_RETRIABLE)
        return KS_OK;
    if (status == KS_ERR_RETRIABLE)
        status = err->status = KS_ERR_RESTART;
    /* What only one record could be guilty of has found no place to go. */
    if (status == KS_ERR_DATA)
        status = err->status = KS_ERR_FATAL;
    return status;
}
