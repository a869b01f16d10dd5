/* The lag of each collection, as a whole sink tells it. */
#include <stdio.h>

#include "sink_scene.h"

enum { LATER = 1000 }; /* the seq of a DDL that never comes */

static double lag_of(const char *collection)
{
    char labels[64];
    snprintf(labels, sizeof labels, "collection=\"%s\"", collection);
    return sink_host_gauge(host, "collection_lag_seconds", labels);
}

/* The ticks of this stream are of 1970. */
static bool a_is_behind(struct sink_host *h)
{
    return lag_of("default.a") > 1e9 && lag_of("default.b") == 0;
}

static bool both_are_done(struct sink_host *h)
{
    return lag_of("default.a") == 0 && lag_of("default.b") == 0;
}

static bool b_is_gone(struct sink_host *h)
{
    return lag_of("default.b") < 0;
}

static int64_t create_both(void)
{
    emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    return emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
}

static void test_lags__rows_that_wait(void **state)
{
    int64_t seq = create_both();
    insert_b(seq - 1, 0, 10);
    insert_a(seq, 0, 10);
    insert_a(seq + 1, 10, 20);
    sink_host_start(host);
    sink_host_run(host, a_is_behind);
    struct ddl alter = make(DDL_ALTER_COLLECTION, "a", A, "p.a");
    alter.schema = &schema;
    emit(alter);
    sink_host_run(host, both_are_done);
    emit(make(DDL_DROP_COLLECTION, "b", B, NULL));
    sink_host_run(host, b_is_gone);
    assert_true(lag_of("default.a") == 0);
    sink_host_kill(host);
    assert_true(lag_of("default.a") < 0);
}

/* The target is asked, and does not answer. */
static void test_lags__rows_in_flight(void **state)
{
    int64_t seq = create_both();
    sink_host_start(host);
    sink_host_run(host, both_are_done);
    milvus_model_trouble(model, "Insert", TROUBLE_HANG, 0, NULL);
    insert_a(seq, 0, 10);
    sink_host_run(host, a_is_behind);
}

static void test_lags__ddl_that_waits(void **state)
{
    create_both();
    struct ddl drop = make(DDL_DROP_COLLECTION, "a", A, NULL);
    const struct ks_topic_partition after[] = {{"p.a", 0, LATER}};
    drop.after = after;
    drop.after_count = 1;
    sink_host_start(host);
    sink_host_run(host, both_are_done);
    emit(drop);
    sink_host_run(host, a_is_behind);
}

static void test_lags__a_record_that_cannot_be_read(void **state)
{
    create_both();
    sink_host_garbage(host, "p.a", 1);
    sink_host_start(host);
    sink_host_run(host, a_is_behind);
    assert_status("is blocked");
}

static bool others_are_behind(struct sink_host *h)
{
    return lag_of("other") > 1e9;
}

static void test_lags__a_hundred_series_and_the_rest(void **state)
{
    int64_t seq = 0;
    char name[16];
    for (int64_t id = 1; id <= 102; id++) {
        snprintf(name, sizeof name, "c%d", (int)id);
        seq = emit(make(DDL_CREATE_COLLECTION, name, id, "p.a"));
    }
    sink_host_row(host, "p.a", 0, 'c', 102, seq + 1, 1, 1);
    sink_host_start(host);
    sink_host_run(host, others_are_behind);
    assert_true(lag_of("default.c100") >= 0);
    assert_true(lag_of("default.c101") < 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_lags__rows_that_wait),
        TEST(test_lags__rows_in_flight),
        TEST(test_lags__ddl_that_waits),
        TEST(test_lags__a_record_that_cannot_be_read),
        TEST(test_lags__a_hundred_series_and_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
