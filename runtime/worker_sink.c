/* The loop of a sink task. In: committed Kafka records; out: the plugin's put, and its commits. If
 * the process dies
 *  - in open: nothing happened but that the older owner's commits are fenced;
 *  - in poll, convert, put, maintain: what the plugin stored since its last commit is given again
 * by the next run, from the committed offsets; making that harmless is the plugin's part, which
 * finds its own state committed together with those offsets;
 *  - in commit: offsets, state and dead letters show together or not at all (sink_commit.c);
 *  - in close: as in put; a clean end is one whose last commit is acknowledged.
 * A position moves only after put took the records. Nothing here joins the consumer group: there is
 * no membership to keep alive, so a batch that must be given again simply waits, unread records
 * stay in the client's bounded queue. Committed are only positions that the plugin has agreed to.
 */
#include <stdlib.h>

#include "alloc.h"
#include "clock.h"
#include "consumer.h"
#include "error_retry.h"
#include "kitestream/sdk/util.h"
#include "sink_batch.h"
#include "sink_commit.h"
#include "sink_progress.h"
#include "sink_topics.h"
#include "task_host.h"

#define MAINTAIN_MS 50
#define LAST_COMMIT_MS 5000
#define RELEASE_WAIT_MS 5000
#define COMMIT_GRACE_MS 5000

struct sink {
    struct ks_task task;
    struct task_context *ctx;
    const struct ks_sink_task_ops *ops;
    void *plugin;
    struct sink_topics *topics; /* NULL: the plugin assigns and commits */
    struct sink_batch *batch;   /* not yet taken by the plugin */
    bool noted;                 /* the lag has it */
    _Atomic size_t outstanding; /* batches that exist */
    bool paused, waiting, maintain_waiting;
    struct backoff backoff;
    struct error_retry retry;
    struct sink_progress progress;
    int64_t maintained_ms, committed_ms; /* monotonic */
};

static enum ks_status sink_open(struct sink *s, struct ks_error *err);
static enum ks_status sink_step(struct sink *s, struct ks_error *err);
static enum ks_status sink_finish(struct sink *s, struct ks_error *err);
static enum ks_status sink_end(struct sink *s, enum ks_status status, struct ks_error *err);

enum ks_status worker_sink_run(struct task_context *ctx, struct ks_error *err)
{
    struct sink s = {.ctx = ctx, .ops = ctx->cls->sink};
    enum ks_status status = sink_open(&s, err);
    if (status == KS_OK)
        ctx->on_state(ctx, TASK_RUNNING);
    while (status == KS_OK && !ctx->stop)
        status = sink_step(&s, err);
    if (status == KS_OK)
        status = sink_finish(&s, err);
    return sink_end(&s, status, err);
}

/* ---- waiting ---- */

/* RETRIABLE becomes a wait that the status shows; the step is repeated once it is over. */
static enum ks_status wait_later(struct sink *s, enum ks_status status, struct ks_error *err)
{
    if (status != KS_ERR_RETRIABLE)
        return status;
    s->waiting = true;
    s->ctx->on_waiting(s->ctx, err->message);
    backoff_fail(&s->backoff);
    return KS_OK;
}

/* The same for records that cannot be converted: by errors.retry.*. */
static enum ks_status wait_to_convert(struct sink *s, enum ks_status status, struct ks_error *err)
{
    if (status == KS_ERR_RETRIABLE)
        status = error_retry_failed(&s->retry, &s->backoff, err);
    if (status != KS_ERR_RETRIABLE)
        return status;
    task_metrics_count(&s->task.metrics, "kafka_connect_task_error_total_retries", 1);
    s->waiting = true;
    s->ctx->on_waiting(s->ctx, err->message);
    return KS_OK;
}

static void went_well(struct sink *s)
{
    error_retry_ok(&s->retry);
    if (!s->waiting)
        return;
    s->waiting = false;
    backoff_ok(&s->backoff);
    s->ctx->on_waiting(s->ctx, NULL);
}

static bool must_wait(const struct sink *s)
{
    return s->waiting && clock_mono_ms() < s->backoff.until_mono_ms;
}

static int time_to_maintain(const struct sink *s)
{
    int64_t left = s->maintained_ms + MAINTAIN_MS - clock_mono_ms();
    return left < 0 ? 0 : (int)left;
}

/* ---- one step ---- */

static enum ks_status read_batch(struct sink *s, struct ks_error *err)
{
    rd_kafka_message_t *messages[SINK_BATCH_MAX];
    size_t count = 0;
    enum ks_status status =
        consumer_poll(s->task.consumer, time_to_maintain(s), messages, SINK_BATCH_MAX, &count, err);
    if (count > 0)
        s->batch = sink_batch_new(messages, count, &s->outstanding);
    return status;
}

/* The plugin has it, or there was nothing for it. */
static void passed_batch(struct sink *s, bool plugin_has_it)
{
    consumer_passed(s->task.consumer, s->batch->messages, s->batch->message_count);
    if (!plugin_has_it)
        sink_batch_drop(s->batch);
    sink_batch_drop(s->batch);
    s->batch = NULL;
    s->noted = false;
}

/* Once, before put, which may release the records. From here on they are in the topics that the
 * connector's transforms say. */
static enum ks_status note_batch(struct sink *s, struct ks_error *err)
{
    struct ks_record *records = s->batch->records;
    size_t count = s->batch->record_count;
    enum ks_status status = KS_OK;
    for (size_t i = 0; i < count; i++)
        used_topics_note(&s->task.used, s->ctx, records[i].topic);
    sink_lag_note(&s->task.lag, records, count);
    for (size_t i = 0; s->task.router && i < count && status == KS_OK; i++)
        status = topic_router_route(s->task.router, records[i].topic, &records[i].topic, err);
    s->noted = true;
    return status;
}

static enum ks_status call_put(struct sink *s, struct ks_error *err)
{
    size_t count = s->batch->record_count;
    if (!s->noted && note_batch(s, err) != KS_OK)
        return err->status;
    int64_t begin_us = task_metrics_clock_us();
    task_context_enter(s->ctx, "put");
    enum ks_status status = s->ops->put(s->plugin, &s->batch->batch, err);
    task_context_leave(s->ctx);
    if (status == KS_OK)
        task_metrics_batch(&s->task.metrics, count, begin_us);
    return status;
}

static enum ks_status give_batch(struct sink *s, struct ks_error *err)
{
    enum ks_status status = sink_batch_convert(s->batch, &s->task, err);
    size_t count = s->batch->record_count;
    if (status != KS_OK)
        return wait_to_convert(s, status, err);
    if (count > 0)
        status = call_put(s, err);
    if (status != KS_OK)
        return wait_later(s, status, err);
    went_well(s);
    passed_batch(s, count > 0);
    if (count > 0) {
        task_metrics_count(&s->task.metrics, "kafka_connect_sink_task_sink_record_read_total",
                           (double)count);
        task_metrics_count(&s->task.metrics, "kafka_connect_sink_task_sink_record_send_total",
                           (double)count);
    }
    return KS_OK;
}

static enum ks_status maintain(struct sink *s, struct ks_error *err)
{
    if (time_to_maintain(s) > 0)
        return KS_OK;
    s->maintained_ms = clock_mono_ms();
    producer_poll(s->task.producer, 0);
    task_context_enter(s->ctx, "maintain");
    enum ks_status status = s->ops->maintain ? s->ops->maintain(s->plugin, err) : KS_OK;
    task_context_leave(s->ctx);
    /* It is called again in 50 ms anyway. */
    if (status == KS_ERR_RETRIABLE || (status == KS_OK && s->maintain_waiting)) {
        s->maintain_waiting = status == KS_ERR_RETRIABLE;
        s->ctx->on_waiting(s->ctx, s->maintain_waiting ? err->message : NULL);
        return KS_OK;
    }
    return status;
}

/* Only for sinks that leave assignment and commits to the host. */
static enum ks_status serve_topics(struct sink *s, struct ks_error *err)
{
    if (!s->topics || s->paused || must_wait(s))
        return KS_OK;
    enum ks_status status = sink_topics_refresh(s->topics, err);
    int64_t now_ms = clock_mono_ms();
    if (status == KS_OK && now_ms - s->committed_ms >= s->ctx->worker->offset_flush_interval_ms) {
        status = sink_topics_commit(s->topics, s->plugin, err);
        if (status == KS_OK)
            s->committed_ms = now_ms;
    }
    if (status == KS_OK && !s->batch)
        went_well(s);
    return wait_later(s, status, err);
}

static enum ks_status follow_pause(struct sink *s, struct ks_error *err)
{
    if (s->paused == s->ctx->pause)
        return KS_OK;
    s->paused = !s->paused;
    enum ks_status status = consumer_hold(s->task.consumer, s->paused, err);
    if (status == KS_OK && s->paused && s->topics)
        status = sink_topics_commit(s->topics, s->plugin, err);
    s->ctx->on_state(s->ctx, s->paused ? TASK_PAUSED : TASK_RUNNING);
    return wait_later(s, status, err);
}

static int partition_count(const struct sink *s)
{
    rd_kafka_topic_partition_list_t *list = NULL;
    if (rd_kafka_assignment(consumer_handle(s->task.consumer), &list) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    int count = list->cnt;
    rd_kafka_topic_partition_list_destroy(list);
    return count;
}

static void report(struct sink *s)
{
    struct task_metrics *m = &s->task.metrics;
    if (!task_metrics_round(m, s->paused))
        return;
    task_metrics_gauge(m, "kafka_connect_sink_task_partition_count", partition_count(s));
    task_metrics_gauge(m, "kitestream_sink_lag_seconds",
                       sink_lag_seconds(&s->task.lag, clock_wall_ms()));
    sink_progress_look(&s->progress, &s->task, s->paused);
}

static enum ks_status sink_step(struct sink *s, struct ks_error *err)
{
    report(s);
    enum ks_status status = follow_pause(s, err);
    if (status == KS_OK)
        status = serve_topics(s, err);
    if (status == KS_OK && !s->batch)
        status = read_batch(s, err);
    else if (status == KS_OK && (s->paused || must_wait(s)))
        producer_poll(s->task.producer, time_to_maintain(s));
    if (status == KS_OK && s->batch && !s->paused && !must_wait(s))
        status = give_batch(s, err);
    if (status == KS_OK)
        status = maintain(s, err);
    return status;
}

/* ---- life ---- */

static enum ks_status call_start(struct sink *s, struct ks_error *err)
{
    task_context_enter(s->ctx, "start");
    enum ks_status status = s->ops->start(&s->task.host, &s->ctx->config, &s->plugin, err);
    task_context_leave(s->ctx);
    return status;
}

/* A start that failed leaves nothing behind: the next one begins with nothing assigned. */
static enum ks_status take_back_assignment(struct sink *s, struct ks_error *err)
{
    struct ks_topic_partition *list;
    enum ks_status status = KS_OK;
    size_t count = consumer_assignment(s->task.consumer, &list);
    for (size_t i = 0; i < count && status == KS_OK; i++)
        status = consumer_unassign(s->task.consumer, list[i].topic, list[i].partition, err);
    free(list);
    return status;
}

static enum ks_status start_plugin(struct sink *s, struct ks_error *err)
{
    enum ks_status status;
    while ((status = call_start(s, err)) == KS_ERR_RETRIABLE) {
        wait_later(s, status, err);
        struct ks_error taking_back;
        if (!s->topics && take_back_assignment(s, &taking_back) != KS_OK) {
            *err = taking_back;
            return err->status;
        }
        while (must_wait(s) && !s->ctx->stop)
            producer_poll(s->task.producer, MAINTAIN_MS);
        if (s->ctx->stop)
            return status;
    }
    if (status != KS_OK)
        return status;
    went_well(s);
    s->ctx->on_plugin_task(s->ctx, s->plugin);
    return KS_OK;
}

static enum ks_status sink_open(struct sink *s, struct ks_error *err)
{
    enum ks_status status = ks_task_open(&s->task, s->ctx, s->ctx->transactional_id, err);
    if (status == KS_OK)
        status = consumer_open(s->ctx, &s->task.consumer, err);
    if (status != KS_OK)
        return status;
    s->task.commit = sink_commit_new(&s->task);
    s->retry = error_retry_of(&s->ctx->config);
    s->maintained_ms = s->committed_ms = clock_mono_ms();
    if (!(s->ctx->cls->flags & KS_CLASS_OWN_ASSIGNMENT))
        status = sink_topics_new(&s->task, &s->topics, err);
    if (s->topics)
        s->progress.grace_ms = s->ctx->worker->offset_flush_interval_ms + COMMIT_GRACE_MS;
    return status == KS_OK ? start_plugin(s, err) : status;
}

/* A clean end: what the plugin has taken is stored and committed. */
static enum ks_status sink_finish(struct sink *s, struct ks_error *err)
{
    enum ks_status status = KS_OK;
    int64_t deadline = clock_mono_ms() + LAST_COMMIT_MS;
    if (s->topics) {
        do
            status = sink_topics_commit(s->topics, s->plugin, err);
        while (status == KS_ERR_RETRIABLE && clock_mono_ms() < deadline);
    }
    if (status == KS_OK && s->ops->close) {
        task_context_enter(s->ctx, "close");
        status = s->ops->close(s->plugin, err);
        task_context_leave(s->ctx);
    }
    if (status != KS_OK)
        ks_task_log(&s->task, KS_LOG_WARN, "did not end cleanly: %s", err->message);
    return status;
}

/* Messages point into the client's buffers: none may outlive it. */
static bool all_released(struct sink *s)
{
    int64_t deadline = clock_mono_ms() + RELEASE_WAIT_MS;
    while (s->outstanding > 0 && clock_mono_ms() < deadline)
        producer_poll(s->task.producer, 10);
    return s->outstanding == 0;
}

static enum ks_status sink_end(struct sink *s, enum ks_status status, struct ks_error *err)
{
    if (s->plugin) {
        s->ctx->on_plugin_task(s->ctx, NULL);
        task_context_enter(s->ctx, "destroy");
        s->ops->destroy(s->plugin);
        task_context_leave(s->ctx);
    }
    if (s->batch)
        passed_batch(s, false);
    if (s->task.producer && !all_released(s)) {
        ks_task_log(&s->task, KS_LOG_ERROR,
                    "%s kept %zu batches after destroy: its Kafka consumer is left behind",
                    s->ctx->cls->name, (size_t)s->outstanding);
        s->task.consumer = NULL;
    }
    sink_topics_free(s->topics);
    ks_task_close(&s->task);
    if (s->ctx->stop && status == KS_ERR_RETRIABLE)
        return KS_OK;
    if (status == KS_ERR_RETRIABLE)
        status = err->status = KS_ERR_RESTART;
    if (status == KS_ERR_DATA)
        status = err->status = KS_ERR_FATAL;
    return status;
}
