/* DDL in the whole sink: quarantine and what ends it, dead letters, policies, aliases. */
#include "sink_scene.h"

/* ---- quarantine ---- */

static void test_quarantine__one_collection_only(void **state)
{
    make_in_target("a", "other/1");
    int64_t a = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    int64_t b = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    insert_a(a, 0, ROWS);
    insert_b(b, 0, ROWS);
    sink_host_start(host);
    sink_host_run(host, all_of_b);
    sink_host_rounds(host, 50);
    assert_status("collection 7 is quarantined");
    assert_status("belongs to other/1");
    assert_int_equal(milvus_model_rows(model, "default", "a"), 0);
    assert_int_equal(sink_host_committed(host, "p.a", 0), 0);
}

static void test_quarantine__ends_with_the_drop(void **state)
{
    make_in_target("a", "other/1");
    int64_t a = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(a, 0, ROWS);
    struct ddl drop = make(DDL_DROP_COLLECTION, "a", A, NULL);
    const struct ks_topic_partition after[] = {{"p.a", 0, ROWS / 2}, {"p.a", 1, ROWS / 2}};
    drop.after = after;
    drop.after_count = 2;
    sink_host_start(host);
    sink_host_run(host, has_status);
    emit(drop);
    sink_host_run(host, sink_host_is_idle);
    sink_host_run(host, has_no_status);
    assert_true(milvus_model_has(model, "default", "a")); /* the other's */
    sink_host_close(host);
    assert_true(is_clean());
}

static void quarantine_by_a_row(int64_t *ret_seq)
{
    *ret_seq = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    insert_b(*ret_seq, 0, 5);
    sink_host_row(host, "p.b", 0, 'u', B, *ret_seq, 5, MODEL_BAD_VALUE);
    insert_b(*ret_seq, 6, 10);
    sink_host_start(host);
    sink_host_run(host, has_status);
    assert_status("collection 8 is quarantined");
    assert_status("v of id 5");
    assert_int_equal(milvus_model_copies(model, "default", "b", 5), 0);
    assert_true(sink_host_committed(host, "p.b", 0) <= 5);
}

/* Half of the job is written: that is no clean end. */
static void test_quarantine__by_a_row_and_stopped(void **state)
{
    int64_t seq;
    quarantine_by_a_row(&seq);
    sink_host_close(host);
    assert_false(is_clean());
    sink_host_start(host);
    sink_host_run(host, has_status);
    for (int64_t key = 0; key < 5; key++)
        assert_true(milvus_model_copies(model, "default", "b", key) <= 1);
}

static void test_quarantine__by_a_row_ends_with_the_drop(void **state)
{
    int64_t seq;
    quarantine_by_a_row(&seq);
    struct ddl drop = make(DDL_DROP_COLLECTION, "b", B, NULL);
    const struct ks_topic_partition after[] = {{"p.b", 0, 10}};
    drop.after = after;
    drop.after_count = 1;
    emit(drop);
    seq = emit(make(DDL_CREATE_COLLECTION, "b", B + 1, "p.b"));
    sink_host_row(host, "p.b", 0, 'c', B + 1, seq, 77, 770);
    sink_host_run(host, sink_host_is_idle);
    sink_host_run(host, has_no_status);
    assert_int_equal(milvus_model_rows(model, "default", "b"), 1);
    assert_int_equal(milvus_model_value(model, "default", "b", 77), 770);
}

/* What was refused for good is tried again from the first row that is not committed, in order. */
static void refuse_one_job_of_a(int64_t *ret_seq)
{
    *ret_seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(*ret_seq, 0, 10);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    milvus_model_trouble(model, "Insert", TROUBLE_STATUS, 1100, "not today");
    for (int64_t key = 10; key < 20; key++)
        sink_host_row(host, "p.a", 0, 'c', A, *ret_seq, key, -10 * key);
    for (int64_t key = 10; key < 20; key++)
        sink_host_row(host, "p.a", 0, 'u', A, *ret_seq, key, key * 10);
    sink_host_row(host, "p.a", 0, 'd', A, *ret_seq, 0, 0);
    sink_host_row(host, "p.a", 0, 'c', A, *ret_seq, 0, 0);
    sink_host_run(host, has_status);
    assert_status("collection 7 is quarantined");
    assert_status("not today");
    insert_a(*ret_seq, 20, ROWS);
    sink_host_rounds(host, 100);
    assert_int_equal(sink_host_committed(host, "p.a", 0), 5);
}

static void test_quarantine__stopped_and_tried_again(void **state)
{
    int64_t seq;
    refuse_one_job_of_a(&seq);
    sink_host_close(host);
    assert_int_equal(sink_host_committed(host, "p.a", 0), 5);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
    sink_host_run(host, has_no_status);
}

static void test_quarantine__killed_and_tried_again(void **state)
{
    int64_t seq;
    refuse_one_job_of_a(&seq);
    sink_host_kill(host);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
    sink_host_run(host, has_no_status);
}

/* The reason comes back with the task: nothing is committed behind a DDL that was refused. */
static void test_quarantine__by_a_ddl_and_mended(void **state)
{
    make_in_target("a", "other/1");
    int64_t a = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(a, 0, ROWS);
    for (int i = 0; i < 2; i++) {
        sink_host_start(host);
        sink_host_run(host, has_status);
        assert_status("belongs to other/1");
        sink_host_rounds(host, 50);
        assert_int_equal(milvus_model_rows(model, "default", "a"), 0);
        sink_host_close(host);
        assert_int_equal(sink_host_committed(host, "p.a", 0), 0);
    }
    drop_in_target("a");
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
    assert_int_equal(milvus_model_calls(model, "Upsert"), 0);
}

/* What is given up for a drop that is still to come was not applied, for the next owner neither:
 * the rows would go into somebody else's collection. */
static void test_quarantine__given_up_and_killed_before_the_drop(void **state)
{
    make_in_target("a", "other/1");
    int64_t a = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    sink_host_start(host);
    sink_host_run(host, has_status);
    struct ddl drop = make(DDL_DROP_COLLECTION, "a", A, NULL);
    const struct ks_topic_partition after[] = {{"p.a", 0, ROWS / 2}, {"p.a", 1, ROWS / 2}};
    drop.after = after;
    drop.after_count = 2;
    emit(drop);
    sink_host_run(host, has_applied_one);
    sink_host_kill(host);
    insert_a(a, 0, ROWS - 1);
    sink_host_start(host);
    sink_host_rounds(host, 700);
    assert_int_equal(milvus_model_rows(model, "default", "a"), 0);
    insert_a(a, ROWS - 1, ROWS);
    sink_host_run(host, sink_host_is_idle);
    assert_int_equal(milvus_model_rows(model, "default", "a"), 0);
    assert_true(milvus_model_has(model, "default", "a")); /* the other's */
}

/* The rename is given up, so the collection still has its first name. */
static void test_quarantine__rename_given_up_for_the_drop(void **state)
{
    make_in_target("b", "other/1");
    int64_t a = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    sink_host_row(host, "p.a", 0, 'c', A, a, 1, 10);
    struct ddl rename = make(DDL_RENAME_COLLECTION, "b", A, "p.b");
    rename.old_collection = "a";
    rename.schema = &schema;
    emit(rename);
    sink_host_start(host);
    sink_host_run(host, has_status);
    assert_status("cannot be renamed");
    emit(make(DDL_DROP_COLLECTION, "b", A, NULL));
    sink_host_run(host, sink_host_is_idle);
    assert_false(milvus_model_has(model, "default", "a"));
    assert_true(milvus_model_has(model, "default", "b")); /* the other's */
}

static void test_quarantine__record_that_is_no_change(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    sink_host_garbage(host, "p.a", 1);
    sink_host_row(host, "p.a", 1, 'c', A, seq, 1, 10);
    sink_host_row(host, "p.a", 0, 'c', A, seq, 0, 0);
    sink_host_start(host);
    sink_host_run(host, has_status);
    sink_host_rounds(host, 100);
    assert_status("p.a partition 1 is blocked");
    assert_int_equal(milvus_model_copies(model, "default", "a", 0), 1);
    assert_int_equal(milvus_model_copies(model, "default", "a", 1), 0);
    assert_int_equal(sink_host_committed(host, "p.a", 1), 0);
}

/* ---- dead letters and policies ---- */

static void test_dead_letters__rows_and_records(void **state)
{
    sink_host_option(host, "errors.tolerance", "all");
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    sink_host_row(host, "p.b", 0, 'c', B, seq, 0, 0);
    sink_host_row(host, "p.b", 0, 'c', B, seq, 1, MODEL_BAD_VALUE);
    sink_host_garbage(host, "p.b", 0);
    sink_host_row(host, "p.b", 0, 'c', B, seq, 2, 20);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_int_equal(sink_host_errants(host), 2);
    assert_int_equal(milvus_model_rows(model, "default", "b"), 2);
    assert_string_equal(sink_host_status(host), "");
}

static void test_policy__create_skipped(void **state)
{
    sink_host_option(host, "ddl.policy.create_collection", "skip");
    make_in_target("a", NULL);
    int64_t a = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    int64_t b = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    insert_a(a, 0, ROWS); /* the target has it, and equal */
    insert_b(b, 0, ROWS); /* the target has none */
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
    assert_false(milvus_model_has(model, "default", "b"));
    sink_host_close(host);
    sink_host_start(host);
    insert_a(a, 0, ROWS);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
}

/* The collection keeps its name in the target; its rows come from the new topic all the same, and
 * later DDL find it. */
static void test_policy__rename_skipped(void **state)
{
    sink_host_option(host, "ddl.policy.rename_collection", "skip");
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(seq, 0, 10);
    struct ddl rename = make(DDL_RENAME_COLLECTION, "b", A, "p.b");
    rename.old_collection = "a";
    rename.schema = &schema;
    seq = emit(rename);
    for (int64_t key = 10; key < ROWS; key++) {
        if (key == 20) {
            sink_host_start(host);
            sink_host_run(host, sink_host_is_idle);
            sink_host_close(host);
        }
        sink_host_row(host, "p.b", 0, 'c', A, seq, key, key * 10);
    }
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
    struct ddl partition = make(DDL_CREATE_PARTITION, "b", A, NULL);
    partition.partition = "p1";
    partition.partition_id = 2;
    emit(partition);
    sink_host_run(host, sink_host_is_idle);
    assert_true(milvus_model_has_partition(model, "default", "a", "p1"));
    emit(make(DDL_DROP_COLLECTION, "b", A, NULL));
    sink_host_run(host, sink_host_is_idle);
    assert_false(milvus_model_has(model, "default", "a"));
}

/* ---- aliases ---- */

/* a goes alone into another database, and its alias with it. */
static void begin_with_alias(void)
{
    struct milvus_client *client = connect_target();
    made_in_target(client, milvus_create_database(client, "other", NULL, 0, 20000));
    sink_host_option(host, "collection.mapping", "default.a:other.a2");
    emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    emit(make_alias(DDL_CREATE_ALIAS, "a", A));
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_alias("other", "a2");
}

static void test_alias__dropped_where_its_collection_is(void **state)
{
    begin_with_alias();
    sink_host_close(host); /* the next task knows it from the stream */
    emit(make_alias(DDL_DROP_ALIAS, NULL, 0));
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_alias("other", "");
}

static void test_alias__moved_between_databases(void **state)
{
    begin_with_alias();
    emit(make_alias(DDL_ALTER_ALIAS, "b", B));
    sink_host_run(host, sink_host_is_idle);
    assert_alias("other", "");
    assert_alias("default", "b");
    emit(make_alias(DDL_ALTER_ALIAS, "a", A));
    sink_host_run(host, sink_host_is_idle);
    assert_alias("other", "a2");
    assert_alias("default", "");
}

/* The target's own, of a collection that is left out. */
static void test_alias__not_ours(void **state)
{
    make_in_target("own", NULL);
    put_alias_in_target("own");
    sink_host_option(host, "collection.exclude.list", "default\\.b");
    emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    emit(make_alias(DDL_CREATE_ALIAS, "b", B));
    emit(make_alias(DDL_DROP_ALIAS, NULL, 0));
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_alias("default", "own");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_quarantine__one_collection_only, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quarantine__ends_with_the_drop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quarantine__by_a_row_and_stopped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quarantine__by_a_row_ends_with_the_drop, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_quarantine__stopped_and_tried_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quarantine__killed_and_tried_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quarantine__by_a_ddl_and_mended, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quarantine__given_up_and_killed_before_the_drop, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_quarantine__rename_given_up_for_the_drop, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_quarantine__record_that_is_no_change, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dead_letters__rows_and_records, setup, teardown),
        cmocka_unit_test_setup_teardown(test_policy__create_skipped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_policy__rename_skipped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_alias__dropped_where_its_collection_is, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_alias__moved_between_databases, setup, teardown),
        cmocka_unit_test_setup_teardown(test_alias__not_ours, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
