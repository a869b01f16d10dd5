/* In: what the loops of sources and sinks tell; out: gauges and counters, once a second. Next: the
 * registry. Two windows of 15 s: a scrape sees at least the last 15, whenever it comes. */
#include "task_metrics.h"

#include <time.h>

#define ERRORS "kafka_connect_task_error_"
#define TASK "kafka_connect_connector_task_"
#define SOURCE "kafka_connect_source_task_"
#define SINK "kafka_connect_sink_task_"
#define EVERY_MS 1000
#define WINDOW_MS 15000

static const char *const error_counters[] = {
    ERRORS "total_record_failures",
    ERRORS "total_record_errors",
    ERRORS "total_records_skipped",
    ERRORS "total_retries",
    ERRORS "total_errors_logged",
    ERRORS "deadletterqueue_produce_requests",
    ERRORS "deadletterqueue_produce_failures",
};
static const char *const source_counters[] = {
    SOURCE "source_record_poll_total",
    SOURCE "source_record_write_total",
};
static const char *const sink_counters[] = {
    SINK "sink_record_read_total",
    SINK "sink_record_send_total",
    SINK "offset_commit_completion_total",
};

void task_metrics_gauge(struct task_metrics *m, const char *name, double value)
{
    m->ctx->on_metric(m->ctx, KS_METRIC_GAUGE, name, NULL, value);
}

void task_metrics_count(struct task_metrics *m, const char *name, double more)
{
    m->ctx->on_metric(m->ctx, KS_METRIC_COUNTER, name, NULL, more);
}

static void begin(struct task_metrics *m, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        task_metrics_count(m, names[i], 0);
}

static bool is_sink(const struct task_metrics *m)
{
    return m->ctx->cls->kind == KS_CLASS_SINK;
}

void task_metrics_start(struct task_metrics *m, struct task_context *ctx)
{
    int64_t now_ms = clock_mono_ms();
    *m = (struct task_metrics){.ctx = ctx, .reported_ms = now_ms, .seen_ms = now_ms};
    m->now.begin_ms = m->before.begin_ms = now_ms;
    begin(m, error_counters, sizeof error_counters / sizeof *error_counters);
    if (is_sink(m))
        begin(m, sink_counters, sizeof sink_counters / sizeof *sink_counters);
    else
        begin(m, source_counters, sizeof source_counters / sizeof *source_counters);
}

int64_t task_metrics_clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static double ms_since(int64_t since_us)
{
    return (double)(task_metrics_clock_us() - since_us) / 1000;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

void task_metrics_batch(struct task_metrics *m, size_t records, int64_t since_us)
{
    double took_ms = ms_since(since_us);
    m->now.batches++;
    m->now.records += records;
    m->now.batch_max = records > m->now.batch_max ? records : m->now.batch_max;
    m->now.batch_ms += took_ms;
    m->now.batch_max_ms = larger(took_ms, m->now.batch_max_ms);
}

void task_metrics_commit(struct task_metrics *m, bool done, int64_t since_us)
{
    double took_ms = ms_since(since_us);
    m->now.commits++;
    m->now.failures += !done;
    m->now.commit_ms += took_ms;
    m->now.commit_max_ms = larger(took_ms, m->now.commit_max_ms);
    if (done && is_sink(m))
        task_metrics_count(m, SINK "offset_commit_completion_total", 1);
}

/* ---- once a second ---- */

static struct task_window both(const struct task_metrics *m)
{
    const struct task_window *a = &m->before, *b = &m->now;
    return (struct task_window){
        .begin_ms = a->begin_ms,
        .running_ms = a->running_ms + b->running_ms,
        .paused_ms = a->paused_ms + b->paused_ms,
        .batches = a->batches + b->batches,
        .records = a->records + b->records,
        .commits = a->commits + b->commits,
        .failures = a->failures + b->failures,
        .batch_max = a->batch_max > b->batch_max ? a->batch_max : b->batch_max,
        .batch_ms = a->batch_ms + b->batch_ms,
        .batch_max_ms = larger(a->batch_max_ms, b->batch_max_ms),
        .commit_ms = a->commit_ms + b->commit_ms,
        .commit_max_ms = larger(a->commit_max_ms, b->commit_max_ms),
    };
}

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

static void report(struct task_metrics *m, int64_t now_ms)
{
    const struct task_window w = both(m);
    double lived_ms = (double)(w.running_ms + w.paused_ms), done = (double)(w.commits - w.failures);
    double rate = ratio((double)w.records * 1000, (double)(now_ms - w.begin_ms));
    task_metrics_gauge(m, TASK "running_ratio", ratio((double)w.running_ms, lived_ms));
    task_metrics_gauge(m, TASK "pause_ratio", ratio((double)w.paused_ms, lived_ms));
    task_metrics_gauge(m, TASK "batch_size_avg", ratio((double)w.records, (double)w.batches));
    task_metrics_gauge(m, TASK "batch_size_max", (double)w.batch_max);
    task_metrics_gauge(m, TASK "offset_commit_avg_time_ms", ratio(w.commit_ms, (double)w.commits));
    task_metrics_gauge(m, TASK "offset_commit_max_time_ms", w.commit_max_ms);
    task_metrics_gauge(m, TASK "offset_commit_success_percentage", ratio(done, (double)w.commits));
    task_metrics_gauge(m, TASK "offset_commit_failure_percentage",
                       ratio((double)w.failures, (double)w.commits));
    bool sink = is_sink(m);
    double batch_ms = ratio(w.batch_ms, (double)w.batches);
    task_metrics_gauge(m, sink ? SINK "sink_record_read_rate" : SOURCE "source_record_poll_rate",
                       rate);
    task_metrics_gauge(m, sink ? SINK "put_batch_avg_time_ms" : SOURCE "poll_batch_avg_time_ms",
                       batch_ms);
    task_metrics_gauge(m, sink ? SINK "put_batch_max_time_ms" : SOURCE "poll_batch_max_time_ms",
                       w.batch_max_ms);
}

bool task_metrics_round(struct task_metrics *m, bool paused)
{
    int64_t now_ms = clock_mono_ms();
    *(paused ? &m->now.paused_ms : &m->now.running_ms) += now_ms - m->seen_ms;
    m->seen_ms = now_ms;
    if (now_ms - m->reported_ms < EVERY_MS)
        return false;
    m->reported_ms = now_ms;
    report(m, now_ms);
    if (now_ms - m->now.begin_ms >= WINDOW_MS) {
        m->before = m->now;
        m->now = (struct task_window){.begin_ms = now_ms};
    }
    return true;
}
