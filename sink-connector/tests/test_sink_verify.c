/* Collections that are not where the sink left them, because of a changed mapping or of hands in
 * the target. */
#include "sink_scene.h"

static int64_t write_ten_of_a(void)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(seq, 0, 10);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    insert_a(seq, 10, ROWS);
    return seq;
}

static void test_mapping__changed(void **state)
{
    struct ddl partition = make(DDL_CREATE_PARTITION, "a", A, NULL);
    write_ten_of_a();
    partition.partition = "p1";
    partition.partition_id = 2;
    emit(partition);
    restart("collection.mapping", "default.a:default.c");
    sink_host_run(host, has_status);
    assert_status("default.c, which this sink has written to as its copy of default.a, is not");
    sink_host_rounds(host, 50);
    assert_int_equal(milvus_model_rows(model, "default", "a"), 10);
    assert_false(milvus_model_has_partition(model, "default", "a", "p1"));
    struct milvus_client *client = connect_target();
    made_in_target(client, milvus_rename_collection(client, "default", "a", "default", "c", 20000));
    restart("collection.mapping", "default.a:default.c");
    sink_host_run(host, sink_host_is_idle);
    assert_rows("c", ROWS);
    assert_true(milvus_model_has_partition(model, "default", "c", "p1"));
}

static void test_mapping__changed_onto_somebody_elses(void **state)
{
    make_in_target("c", NULL);
    write_ten_of_a();
    restart("collection.mapping", "default.a:default.c");
    sink_host_run(host, has_status);
    assert_status("default.c of the target is not this sink's copy of default.a");
    sink_host_rounds(host, 50);
    assert_int_equal(milvus_model_rows(model, "default", "c"), 0);
    restart("collection.mapping", "");
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
}

/* The target does not answer at first. */
static void test_verify__put_off(void **state)
{
    write_ten_of_a();
    sink_host_close(host);
    milvus_model_trouble(model, "DescribeCollection", TROUBLE_STATUS, 8, "rate limit exceeded");
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
}

/* Done in the target, but not committed: the name is gone because of a rename that comes again. */
static void test_verify__rename_not_committed(void **state)
{
    int64_t seq = write_ten_of_a();
    struct ddl rename = make(DDL_RENAME_COLLECTION, "b", A, "p.b");
    rename.old_collection = "a";
    rename.schema = &schema;
    sink_host_run(host, sink_host_is_idle);
    seq = emit(rename);
    while (milvus_model_calls(model, "RenameCollection") == 0)
        sink_host_rounds(host, 1);
    sink_host_kill(host);
    sink_host_row(host, "p.b", 0, 'c', A, seq, ROWS, ROWS * 10);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("b", ROWS + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_mapping__changed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mapping__changed_onto_somebody_elses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_verify__put_off, setup, teardown),
        cmocka_unit_test_setup_teardown(test_verify__rename_not_committed, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
