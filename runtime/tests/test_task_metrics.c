#include "task_metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "metrics.h"

static struct metrics *registry;

static void on_metric(struct task_context *ctx, enum ks_metric_kind kind, const char *name,
                      const char *labels, double value)
{
    metrics_record(registry, kind, ctx->connector, ctx->task_id, name, labels, value);
}

static double value_of(const char *name)
{
    double value = -1;
    return metrics_get(registry, "c", 0, name, NULL, &value) ? value : -1;
}

static int setup(void **state)
{
    registry = metrics_new();
    return 0;
}

static int teardown(void **state)
{
    metrics_free(registry);
    return 0;
}

static const struct ks_connector_class source = {.kind = KS_CLASS_SOURCE};
static const struct ks_connector_class sink = {.kind = KS_CLASS_SINK};

static struct task_context context(const struct ks_connector_class *cls)
{
    return (struct task_context){.connector = "c", .cls = cls, .on_metric = on_metric};
}

/* As if a second had passed. */
static void let_pass(struct task_metrics *m, int64_t ms)
{
    m->reported_ms -= ms;
    m->seen_ms -= ms;
    m->now.begin_ms -= ms;
    m->before.begin_ms -= ms;
}

static void test_start__counters_begin_at_0(void **state)
{
    struct task_metrics m;
    struct task_context ctx = context(&source);
    task_metrics_start(&m, &ctx);
    assert_true(value_of("kafka_connect_task_error_total_record_failures") == 0);
    assert_true(value_of("kafka_connect_source_task_source_record_write_total") == 0);
    assert_true(value_of("kafka_connect_sink_task_sink_record_read_total") == -1);
}

static void test_round__source(void **state)
{
    struct task_metrics m;
    struct task_context ctx = context(&source);
    task_metrics_start(&m, &ctx);
    assert_false(task_metrics_round(&m, false)); /* not yet */
    int64_t now_us = task_metrics_clock_us();
    task_metrics_batch(&m, 10, now_us - 3000);
    task_metrics_batch(&m, 30, now_us - 1000);
    task_metrics_commit(&m, true, now_us - 5000);
    task_metrics_commit(&m, false, now_us - 7000);
    let_pass(&m, 1000);
    assert_true(task_metrics_round(&m, false));
    assert_true(value_of("kafka_connect_connector_task_batch_size_avg") == 20);
    assert_true(value_of("kafka_connect_connector_task_batch_size_max") == 30);
    assert_true(value_of("kafka_connect_source_task_poll_batch_max_time_ms") >= 3);
    assert_true(value_of("kafka_connect_source_task_poll_batch_avg_time_ms") >= 2);
    assert_true(value_of("kafka_connect_connector_task_offset_commit_max_time_ms") >= 7);
    assert_true(value_of("kafka_connect_connector_task_offset_commit_success_percentage") == 0.5);
    assert_true(value_of("kafka_connect_connector_task_offset_commit_failure_percentage") == 0.5);
    double rate = value_of("kafka_connect_source_task_source_record_poll_rate");
    assert_true(rate > 20 && rate <= 40);
    assert_true(value_of("kafka_connect_connector_task_running_ratio") == 1);
}

static void test_round__sink_that_was_paused(void **state)
{
    struct task_metrics m;
    struct task_context ctx = context(&sink);
    task_metrics_start(&m, &ctx);
    task_metrics_commit(&m, true, task_metrics_clock_us());
    assert_true(value_of("kafka_connect_sink_task_offset_commit_completion_total") == 1);
    let_pass(&m, 3000);
    assert_true(task_metrics_round(&m, true));
    let_pass(&m, 1000);
    assert_true(task_metrics_round(&m, false));
    double paused = value_of("kafka_connect_connector_task_pause_ratio");
    assert_true(paused > 0.7 && paused < 0.8);
    assert_true(value_of("kafka_connect_sink_task_put_batch_avg_time_ms") == 0);
}

static void test_round__old_batches_are_forgotten(void **state)
{
    struct task_metrics m;
    struct task_context ctx = context(&source);
    task_metrics_start(&m, &ctx);
    task_metrics_batch(&m, 100, task_metrics_clock_us());
    for (int i = 0; i < 3; i++) {
        let_pass(&m, 16000);
        assert_true(task_metrics_round(&m, false));
        double wanted = i < 2 ? 100 : 0;
        assert_true(value_of("kafka_connect_connector_task_batch_size_max") == wanted);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_start__counters_begin_at_0),
        TEST(test_round__source),
        TEST(test_round__sink_that_was_paused),
        TEST(test_round__old_batches_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
