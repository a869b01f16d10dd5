#include "sink_lag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct ks_record record(const char *topic, int32_t partition, int64_t offset, int64_t ms)
{
    return (struct ks_record){
        .topic = topic, .partition = partition, .offset = offset, .timestamp_ms = ms};
}

static void commit(struct sink_lag *lag, const char *topic, int32_t partition, int64_t next)
{
    const struct ks_topic_partition tp = {topic, partition, next};
    sink_lag_committed(lag, &tp, 1);
}

static void test_seconds__oldest_that_is_not_committed(void **state)
{
    struct sink_lag lag = {0};
    assert_true(sink_lag_seconds(&lag, 10000) == 0);
    const struct ks_record records[] = {record("a", 0, 5, 1000), record("a", 0, 6, 2000),
                                        record("a", 1, 0, 3000), record("b", 0, 0, 4000)};
    sink_lag_note(&lag, records, 4);
    assert_true(sink_lag_seconds(&lag, 10000) == 9);
    commit(&lag, "a", 0, 6); /* not the last of its run */
    assert_true(sink_lag_seconds(&lag, 10000) == 9);
    commit(&lag, "b", 0, 1);
    commit(&lag, "a", 0, 7);
    assert_true(sink_lag_seconds(&lag, 10000) == 7);
    commit(&lag, "a", 1, 1);
    assert_true(sink_lag_seconds(&lag, 10000) == 0);
    sink_lag_note(&lag, records, 0);
    assert_int_equal(lag.count, 0);
    sink_lag_release(&lag);
}

static void test_oldest__moves_with_the_commits(void **state)
{
    struct sink_lag lag = {0};
    struct ks_topic_partition oldest = {NULL, -1, -1};
    assert_false(sink_lag_oldest(&lag, &oldest));
    assert_int_equal(oldest.partition, -1);
    const struct ks_record records[] = {record("a", 1, 5, 1000), record("a", 1, 6, 2000),
                                        record("b", 0, 9, 4000)};
    sink_lag_note(&lag, records, 3);
    commit(&lag, "a", 1, 5);
    commit(&lag, "a", 0, 7);
    assert_false(lag.moved);
    assert_true(sink_lag_oldest(&lag, &oldest));
    assert_string_equal(oldest.topic, "a");
    assert_int_equal(oldest.partition, 1);
    assert_int_equal(oldest.offset, 5);
    commit(&lag, "a", 1, 6);
    assert_true(lag.moved);
    assert_true(sink_lag_oldest(&lag, &oldest));
    assert_int_equal(oldest.offset, 6);
    lag.moved = false;
    commit(&lag, "a", 1, 6); /* once more the same */
    assert_false(lag.moved);
    commit(&lag, "a", 1, 7);
    assert_true(lag.moved);
    assert_true(sink_lag_oldest(&lag, &oldest));
    assert_string_equal(oldest.topic, "b");
    sink_lag_release(&lag);
}

static void test_note__many_runs_are_never_too_young(void **state)
{
    struct sink_lag lag = {0};
    for (int i = 0; i < 3 * SINK_LAG_RUNS; i++) {
        const struct ks_record one = record("a", i % 2, i, 1000 + i);
        sink_lag_note(&lag, &one, 1);
    }
    assert_true(lag.count <= SINK_LAG_RUNS);
    commit(&lag, "a", 0, 3 * SINK_LAG_RUNS - 2);
    commit(&lag, "a", 1, 3 * SINK_LAG_RUNS - 2);
    /* The last two are open, and the lag is at least theirs. */
    assert_true(sink_lag_seconds(&lag, 10000) >= (10000 - (1000 + 3 * SINK_LAG_RUNS - 1)) / 1000.0);
    commit(&lag, "a", 0, 3 * SINK_LAG_RUNS);
    commit(&lag, "a", 1, 3 * SINK_LAG_RUNS);
    assert_true(sink_lag_seconds(&lag, 10000) == 0);
    sink_lag_release(&lag);
}

static void test_seconds__clock_that_went_back(void **state)
{
    struct sink_lag lag = {0};
    const struct ks_record records[] = {record("a", 0, 5, 20000), record("a", 1, 5, -1)};
    sink_lag_note(&lag, records, 2);
    assert_true(sink_lag_seconds(&lag, 10000) == 0);
    sink_lag_release(&lag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seconds__oldest_that_is_not_committed),
        cmocka_unit_test(test_oldest__moves_with_the_commits),
        cmocka_unit_test(test_note__many_runs_are_never_too_young),
        cmocka_unit_test(test_seconds__clock_that_went_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
