/* Counters and gauges of a source task. */
#include "fake_run.h"

static void test_poll__ignored_changes_are_counted_and_named(void **state)
{
    struct run r;
    running(&r);
    meta_put(&r.script, "root-coord/credential/users/eve", (struct ks_slice){"{}", 2}, 0);
    show_etcd(&r);
    r.task->metrics.due_mono_ms = 0;
    write_tick(&r, "ch7", 180);
    assert_int_equal(run_all(&r), KS_OK);
    assert_true(stream_host_metric(r.host, "ignored_changes_total") == 1);
    assert_non_null(strstr(stream_host_log(r.host), "changes of users"));
    assert_true(stream_host_metric(r.host, "ddl_records_total") == 1);
    run_close(&r);
}

static void test_report__counters_are_told_as_differences(void **state)
{
    struct run r;
    running(&r);
    for (uint64_t round = 1; round <= 2; round++) {
        write_delete(&r, 170 + 10 * round, (int64_t)round);
        write_tick(&r, "ch7", 175 + 10 * round);
        assert_int_equal(run_all(&r), KS_OK);
        r.task->metrics.due_mono_ms = 0;
        source_metrics_report(r.task);
        assert_true(stream_host_metric(r.host, "change_records_total") == 2 * (double)round);
        assert_true(stream_host_metric(r.host, "ddl_records_total") == 1);
    }
    source_metrics_report(r.task); /* not due: nothing is told twice */
    assert_true(stream_host_metric(r.host, "change_records_total") == 4);
    run_close(&r);
}

static void test_report__lag_is_the_age_of_w_while_there_are_ticks(void **state)
{
    struct run r;
    running(&r);
    r.task->metrics.due_mono_ms = 0;
    source_metrics_report(r.task);
    assert_true(stream_host_metric(r.host, "lag_seconds") > 1e6); /* ticks of 1970 */
    meta_script_next(&r.script);
    meta_tombstone(&r.script, "root-coord/database/collection-info/1/7", 170);
    show_etcd(&r);
    write_tick(&r, "ch7", 180);
    assert_int_equal(run_all(&r), KS_OK);
    r.task->metrics.due_mono_ms = 0;
    source_metrics_report(r.task);
    assert_true(stream_host_metric(r.host, "lag_seconds") == 0); /* no collection: no ticks */
    run_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_poll__ignored_changes_are_counted_and_named),
        cmocka_unit_test(test_report__counters_are_told_as_differences),
        cmocka_unit_test(test_report__lag_is_the_age_of_w_while_there_are_ticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
