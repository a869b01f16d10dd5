/* What is rightly not in the stream, and that it is said. */
#include "fake_run.h"

static void test_start__says_which_collections_start_without_their_rows(void **state)
{
    static const uint8_t flushed[] = {0x28, 4, 0x30, 4};
    struct run r;
    made_up(&r);
    meta_collection(&r.script, 1, 8, "b", 120);
    meta_put(&r.script, "datacoord-meta/s/7/70/1", (struct ks_slice){flushed, sizeof flushed}, 0);
    show_etcd(&r);
    write_tick(&r, "ch7", 160);
    write_tick(&r, "ch8", 160);
    assert_int_equal(run_start(&r), KS_OK);
    assert_int_equal(run_all(&r), KS_OK);
    assert_non_null(strstr(stream_host_status(r.host), "default.a"));
    assert_null(strstr(stream_host_status(r.host), "default.b"));
    assert_non_null(strstr(stream_host_log(r.host), "default.a exists already: rows"));
    assert_null(strstr(stream_host_log(r.host), "default.b exists already: rows"));
    run_close(&r);
}

static void test_restart__rows_of_an_elided_life_are_counted(void **state)
{
    struct run r;
    running(&r);
    run_stop(&r);
    write_delete_of(&r, 6, 190, 2);
    meta_script_next(&r.script);
    meta_collection(&r.script, 1, 8, "b", 170);
    show_etcd(&r);
    fake.compacted = 100;
    write_tick(&r, "ch7", 200);
    write_tick(&r, "ch8", 200);
    assert_int_equal(run_start(&r), KS_OK);
    r.task->metrics.due_mono_ms = 0;
    assert_int_equal(run_all(&r), KS_OK);
    r.task->metrics.due_mono_ms = 0;
    assert_int_equal(run_all(&r), KS_OK);
    assert_true(stream_host_metric(r.host, "old_records_total") == 1);
    assert_non_null(strstr(stream_host_log(r.host), "rows of collection 6"));
    run_close(&r);
}

static void test_fate__of_rows_whose_collection_the_stream_does_not_have(void **state)
{
    struct run r;
    made_up(&r);
    set_option(&r, "collection.exclude.list", "default.b");
    meta_collection(&r.script, 1, 8, "b", 120);
    show_etcd(&r);
    write_tick(&r, "ch7", 160);
    write_tick(&r, "ch8", 160);
    assert_int_equal(run_start(&r), KS_OK);
    assert_int_equal(run_all(&r), KS_OK);
    uint64_t late = r.task->etcd.list_tick + 1;
    assert_int_equal(source_left_out_fate(r.task, 7, 100), ROW_UNKNOWN); /* it lives */
    assert_int_equal(source_left_out_fate(r.task, 8, late), ROW_FILTERED);
    assert_int_equal(source_left_out_fate(r.task, 9, 100), ROW_OLD);
    assert_int_equal(source_left_out_fate(r.task, 9, late), ROW_UNKNOWN);
    meta_script_next(&r.script);
    meta_tombstone(&r.script, "root-coord/database/collection-info/1/7", 170);
    show_etcd(&r);
    write_tick(&r, "ch7", 180);
    write_tick(&r, "ch8", 180);
    assert_int_equal(run_all(&r), KS_OK);
    assert_int_equal(source_left_out_fate(r.task, 7, late), ROW_DROPPED);
    /* Milvus forgets the tombstone; the stream does not. */
    meta_script_next(&r.script);
    meta_delete(&r.script, "root-coord/database/collection-info/1/7");
    meta_delete(&r.script, "snapshots/root-coord/database/collection-info/1/7_ts100");
    meta_delete(&r.script, "snapshots/root-coord/database/collection-info/1/7_ts170");
    show_etcd(&r);
    run_stop(&r);
    fake.compacted = 100;
    assert_int_equal(run_start(&r), KS_OK);
    assert_int_equal(source_left_out_fate(r.task, 7, UINT64_MAX), ROW_DROPPED);
    run_close(&r);
}

static void test_note_create__names_many_collections_briefly(void **state)
{
    struct run r;
    running(&r);
    struct ddl ddl = {.db = "default", .collection = "some_long_name_of_a_collection"};
    struct pending_ddl p = {.ddl = &ddl, .revision = INT64_MAX};
    for (int i = 0; i < 100; i++)
        source_left_out_note_create(r.task, &p);
    assert_true(r.task->without_rows.len < 500);
    assert_non_null(strstr(ks_buf_str(&r.task->without_rows), "and others"));
    assert_null(strstr(ks_buf_str(&r.task->without_rows), "others and others"));
    run_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start__says_which_collections_start_without_their_rows),
        cmocka_unit_test(test_restart__rows_of_an_elided_life_are_counted),
        cmocka_unit_test(test_fate__of_rows_whose_collection_the_stream_does_not_have),
        cmocka_unit_test(test_note_create__names_many_collections_briefly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
