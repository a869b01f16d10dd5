/* First starts and restarts: what the stream begins with, and where reading goes on. */
#include "fake_run.h"

static void test_start_latest__begins_with_the_first_w(void **state)
{
    struct run r;
    made_up(&r);
    write_delete(&r, 150, 1);
    write_tick(&r, "ch7", 160);
    assert_int_equal(run_start(&r), KS_OK);
    assert_int_equal(run_all(&r), KS_OK);
    assert_string_equal(stream_text(&r), "create_collection a (before); ");
    write_delete(&r, 170, 2);
    write_tick(&r, "ch7", 180);
    assert_int_equal(run_all(&r), KS_OK);
    assert_string_equal(stream_text(&r), "create_collection a (before); d 2; ");
    run_close(&r);
}

static void test_start_latest__waits_until_all_that_was_there_is_read(void **state)
{
    struct run r;
    made_up(&r);
    write_tick(&r, "ch7", 160);
    write_delete(&r, 170, 1);
    assert_int_equal(run_start(&r), KS_OK);
    assert_int_equal(r.task->channels[0].end_at_start, 2);
    assert_int_equal(run_all(&r), KS_OK);
    assert_int_equal(sequencer_row_start(r.task->sequencer), 160);
    write_tick(&r, "ch7", 180);
    assert_int_equal(run_all(&r), KS_OK);
    assert_string_equal(stream_text(&r), "create_collection a (before); d 1; ");
    run_close(&r);
}

static void test_start_latest__ddl_before_the_first_w_belongs_to_what_existed(void **state)
{
    struct run r;
    made_up(&r);
    assert_int_equal(run_start(&r), KS_OK);
    meta_collection(&r.script, 1, 8, "b", 140);
    show_etcd(&r);
    write_tick(&r, "ch7", 160);
    write_tick(&r, "ch8", 160);
    assert_int_equal(run_all(&r), KS_OK);
    assert_string_equal(stream_text(&r),
                        "create_collection a (before); create_collection b (before); ");
    assert_non_null(strstr(stream_host_log(r.host), "default.b exists already: rows"));
    run_close(&r);
}

static void test_start_earliest__metadata_goes_before_the_rows(void **state)
{
    struct run r;
    made_up(&r);
    set_option(&r, "start.from", "earliest");
    meta_collection(&r.script, 1, 8, "b", 300);
    show_etcd(&r);
    write_delete(&r, 150, 1);
    write_tick(&r, "ch7", 160);
    write_tick(&r, "ch8", 400);
    assert_int_equal(run_start(&r), KS_OK);
    assert_int_equal(run_all(&r), KS_OK);
    assert_string_equal(stream_text(&r),
                        "create_collection a (before); create_collection b (before); d 1; ");
    run_close(&r);
}

static void test_restart__after_a_compaction_with_a_life_that_nobody_remembers(void **state)
{
    struct run r;
    running(&r);
    write_delete(&r, 175, 1);
    write_tick(&r, "ch7", 180);
    assert_int_equal(run_all(&r), KS_OK);
    run_stop(&r);
    /* Rows of collection 7 go on; it was made anew as 9 on the same channel, and forgotten. */
    write_delete(&r, 190, 2);
    meta_script_next(&r.script);
    meta_delete(&r.script, "root-coord/database/collection-info/1/7");
    meta_delete(&r.script, "snapshots/root-coord/database/collection-info/1/7_ts100");
    meta_collection(&r.script, 1, 9, "a", 200);
    show_etcd(&r);
    fake.compacted = 100;
    write_tick(&r, "ch9", 210);
    assert_int_equal(run_start(&r), KS_OK);
    assert_int_equal(run_all(&r), KS_OK);
    assert_string_equal(stream_text(&r), "create_collection a (before); d 1; drop_collection a; "
                                         "create_collection a; ");
    assert_non_null(strstr(stream_host_log(r.host), "default.a was dropped while"));
    run_close(&r);
}

static void test_restart__after_a_compaction_rows_before_a_drop_are_read(void **state)
{
    struct run r;
    running(&r);
    run_stop(&r);
    write_delete(&r, 190, 2);
    write_tick(&r, "ch7", 196);
    meta_script_next(&r.script);
    meta_tombstone(&r.script, "root-coord/database/collection-info/1/7", 195);
    show_etcd(&r);
    fake.compacted = 100;
    assert_int_equal(run_start(&r), KS_OK);
    assert_int_equal(run_all(&r), KS_OK);
    assert_string_equal(stream_text(&r), "create_collection a (before); d 2; drop_collection a; ");
    run_close(&r);
}

static void test_start__refuses_offsets_that_are_not_its_own(void **state)
{
    struct run r;
    running(&r);
    run_stop(&r);
    stream_host_set_offset(r.host, "{\"channel\":\"etcd\",\"cluster\":\"r\"}", "{}");
    assert_int_equal(run_start(&r), KS_ERR_FATAL);
    assert_non_null(strstr(r.err.message, "committed offset of etcd"));
    run_close(&r);
}

static void test_start__refuses_a_stream_that_ends_before_its_offsets(void **state)
{
    struct run r;
    running(&r);
    run_stop(&r);
    stream_host_set_offset(r.host, "{\"channel\":\"etcd\",\"cluster\":\"r\"}",
                           "{\"ddl_seq\":2,\"list_tick\":\"1\",\"revision\":1,\"row_start\":\"1\","
                           "\"tick\":\"1\"}");
    assert_int_equal(run_start(&r), KS_ERR_FATAL);
    assert_non_null(strstr(r.err.message, "ends at seq 1, but seq 2"));
    run_close(&r);
}

static void test_start__lost_position_is_an_error(void **state)
{
    struct run r;
    running(&r);
    run_stop(&r);
    write_tick(&r, "ch7", 200);
    fake_channel("ch7")->low = 2;
    assert_int_equal(run_start(&r), KS_ERR_FATAL);
    assert_non_null(strstr(r.err.message, "ch7"));
    run_close(&r);
}

/* Collection 8, "b", is excluded at first, and has rows. */
static void excluded_at_first(struct run *r)
{
    made_up(r);
    set_option(r, "collection.exclude.list", "default.b");
    meta_collection(&r->script, 1, 8, "b", 120);
    show_etcd(r);
    write_tick(r, "ch7", 160);
    write_tick(r, "ch8", 160);
    assert_int_equal(run_start(r), KS_OK);
    assert_int_equal(run_all(r), KS_OK);
    write_delete_to(r, "ch8", 8, 170, 1);
    write_delete(r, 175, 1); /* a commit comes with rows that are wanted */
    write_tick(r, "ch7", 180);
    write_tick(r, "ch8", 180);
    assert_int_equal(run_all(r), KS_OK);
    assert_string_equal(stream_text(r), "create_collection a (before); d 1; ");
    run_stop(r);
}

static void include_all(struct run *r)
{
    for (size_t i = 0; i < r->entry_count; i++)
        if (strcmp(r->entries[i].key, "collection.exclude.list") == 0)
            r->entries[i].value = "";
}

static void goes_on_with_b(struct run *r)
{
    assert_int_equal(run_start(r), KS_OK);
    write_delete_to(r, "ch8", 8, 190, 2);
    write_tick(r, "ch7", 200);
    write_tick(r, "ch8", 200);
    assert_int_equal(run_all(r), KS_OK);
    assert_string_equal(stream_text(r),
                        "create_collection a (before); d 1; create_collection b (before); d 2; ");
    assert_non_null(strstr(stream_host_log(r->host), "default.b exists already: rows"));
    run_close(r);
}

static void test_restart__what_the_filters_let_in_now_begins_now(void **state)
{
    struct run r;
    excluded_at_first(&r);
    include_all(&r);
    goes_on_with_b(&r);
}

static void test_restart__what_the_filters_let_in_now_begins_now_after_a_compaction(void **state)
{
    struct run r;
    excluded_at_first(&r);
    include_all(&r);
    fake.compacted = 100;
    goes_on_with_b(&r);
}

static void test_restart__what_the_filters_leave_out_stays_out(void **state)
{
    struct run r;
    excluded_at_first(&r);
    assert_int_equal(run_start(&r), KS_OK);
    write_delete_to(&r, "ch8", 8, 190, 2);
    write_tick(&r, "ch7", 200);
    write_tick(&r, "ch8", 200);
    assert_int_equal(run_all(&r), KS_OK);
    assert_string_equal(stream_text(&r), "create_collection a (before); d 1; ");
    assert_true(sequencer_counters(r.task->sequencer)->filtered_records == 1);
    run_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_restart__what_the_filters_let_in_now_begins_now),
        cmocka_unit_test(test_restart__what_the_filters_let_in_now_begins_now_after_a_compaction),
        cmocka_unit_test(test_restart__what_the_filters_leave_out_stays_out),
        cmocka_unit_test(test_start_latest__begins_with_the_first_w),
        cmocka_unit_test(test_start_latest__waits_until_all_that_was_there_is_read),
        cmocka_unit_test(test_start_latest__ddl_before_the_first_w_belongs_to_what_existed),
        cmocka_unit_test(test_start_earliest__metadata_goes_before_the_rows),
        cmocka_unit_test(test_restart__after_a_compaction_with_a_life_that_nobody_remembers),
        cmocka_unit_test(test_restart__after_a_compaction_rows_before_a_drop_are_read),
        cmocka_unit_test(test_start__refuses_offsets_that_are_not_its_own),
        cmocka_unit_test(test_start__refuses_a_stream_that_ends_before_its_offsets),
        cmocka_unit_test(test_start__lost_position_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
