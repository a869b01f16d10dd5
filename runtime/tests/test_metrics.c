#include "metrics.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect_text(struct metrics *m, const char *text)
{
    struct ks_buf out = {0};
    metrics_print(m, &out);
    assert_string_equal(ks_buf_str(&out), text);
    ks_buf_release(&out);
}

static void test_record__counters_add_and_gauges_are_set(void **state)
{
    struct metrics *m = metrics_new();
    double value;
    metrics_record(m, KS_METRIC_COUNTER, "c", 0, "rows_total", NULL, 3);
    metrics_record(m, KS_METRIC_COUNTER, "c", 0, "rows_total", NULL, 4);
    metrics_record(m, KS_METRIC_GAUGE, "c", 0, "lag", "topic=\"t\"", 3);
    metrics_record(m, KS_METRIC_GAUGE, "c", 0, "lag", "topic=\"t\"", 2.5);
    assert_true(metrics_get(m, "c", 0, "rows_total", NULL, &value));
    assert_true(value == 7);
    assert_true(metrics_get(m, "c", 0, "lag", "topic=\"t\"", &value));
    assert_true(value == 2.5);
    assert_false(metrics_get(m, "c", 1, "lag", "topic=\"t\"", &value));
    metrics_free(m);
}

static void test_print__prometheus_text(void **state)
{
    struct metrics *m = metrics_new();
    metrics_record(m, KS_METRIC_COUNTER, "b", 1, "rows.total", NULL, 1);
    metrics_record(m, KS_METRIC_GAUGE, NULL, -1, "up", NULL, 1);
    metrics_record(m, KS_METRIC_COUNTER, "a\"\\\n", -1, "rows.total", "x=\"1\"\nfake 1", 2);
    metrics_record(m, KS_METRIC_GAUGE, NULL, -1, "rows_total_more", NULL, 1e20);
    expect_text(m, "# TYPE rows_total counter\n"
                   "rows_total{connector=\"a\\\"\\\\\\n\",x=\"1\" fake 1} 2\n"
                   "rows_total{connector=\"b\",task=\"1\"} 1\n"
                   "# TYPE rows_total_more gauge\n"
                   "rows_total_more 1e+20\n"
                   "# TYPE up gauge\n"
                   "up 1\n");
    metrics_free(m);
}

static void test_record__a_name_keeps_its_kind(void **state)
{
    struct metrics *m = metrics_new();
    metrics_record(m, KS_METRIC_GAUGE, "c", 0, "x", NULL, 1);
    metrics_record(m, KS_METRIC_COUNTER, "c", 1, "x", NULL, 2);
    metrics_record(m, KS_METRIC_COUNTER, "c", 1, "x", NULL, 2);
    expect_text(m, "# TYPE x gauge\n"
                   "x{connector=\"c\",task=\"0\"} 1\n"
                   "x{connector=\"c\",task=\"1\"} 2\n");
    metrics_free(m);
}

static void test_forget__series_of_one_connector_or_task(void **state)
{
    struct metrics *m = metrics_new();
    metrics_record(m, KS_METRIC_GAUGE, "c", 0, "x", NULL, 1);
    metrics_record(m, KS_METRIC_GAUGE, "c", 1, "x", NULL, 1);
    metrics_record(m, KS_METRIC_GAUGE, "d", 0, "x", NULL, 1);
    metrics_record(m, KS_METRIC_GAUGE, NULL, -1, "x", NULL, 1);
    metrics_forget(m, "c", 1);
    expect_text(m, "# TYPE x gauge\nx 1\nx{connector=\"c\",task=\"0\"} 1\n"
                   "x{connector=\"d\",task=\"0\"} 1\n");
    metrics_forget(m, "c", -1);
    expect_text(m, "# TYPE x gauge\nx 1\nx{connector=\"d\",task=\"0\"} 1\n");
    metrics_free(m);
}

static void test_record__drops_what_is_gone(void **state)
{
    struct metrics *m = metrics_new();
    metrics_record(m, KS_METRIC_GAUGE, "c", 0, "x", "collection=\"a\"", 1);
    metrics_record(m, KS_METRIC_GAUGE, "c", 0, "x", "collection=\"b\"", 1);
    metrics_record(m, KS_METRIC_GONE, "c", 0, "x", "collection=\"a\"", 0);
    metrics_record(m, KS_METRIC_GONE, "c", 0, "x", "collection=\"never\"", 0);
    expect_text(m, "# TYPE x gauge\nx{connector=\"c\",task=\"0\",collection=\"b\"} 1\n");
    metrics_free(m);
}

static void test_record__is_bounded(void **state)
{
    struct metrics *m = metrics_new();
    double value;
    for (int i = 0; i < 10002; i++)
        metrics_record(m, KS_METRIC_GAUGE, "c", i, "x", NULL, i);
    assert_true(metrics_get(m, "c", 9999, "x", NULL, &value));
    assert_false(metrics_get(m, "c", 10000, "x", NULL, &value));
    struct ks_buf out = {0};
    metrics_print(m, &out);
    assert_non_null(strstr(ks_buf_str(&out), "\nkitestream_metrics_dropped_total 2\n"));
    ks_buf_release(&out);
    metrics_free(m);
}

static void *count_to_thousand(void *arg)
{
    for (int i = 0; i < 1000; i++)
        metrics_record(arg, KS_METRIC_COUNTER, "c", 0, "n", NULL, 1);
    return NULL;
}

static void test_record__from_many_threads(void **state)
{
    struct metrics *m = metrics_new();
    pthread_t threads[4];
    double value;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_to_thousand, m), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_true(metrics_get(m, "c", 0, "n", NULL, &value));
    assert_true(value == 4000);
    metrics_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record__counters_add_and_gauges_are_set),
        cmocka_unit_test(test_print__prometheus_text),
        cmocka_unit_test(test_record__a_name_keeps_its_kind),
        cmocka_unit_test(test_forget__series_of_one_connector_or_task),
        cmocka_unit_test(test_record__drops_what_is_gone),
        cmocka_unit_test(test_record__is_bounded),
        cmocka_unit_test(test_record__from_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
