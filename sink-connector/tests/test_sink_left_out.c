/* Filters of the whole sink, and what happens when they change between two runs. */
#include "sink_scene.h"

static void test_filter__collection_left_out(void **state)
{
    sink_host_option(host, "collection.exclude.list", "default\\.b");
    int64_t a = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    insert_a(a, 0, ROWS);
    sink_host_start(host);
    sink_host_run(host, all_of_a);
    assert_false(milvus_model_has(model, "default", "b"));
    assert_string_equal(sink_host_status(host), "");
}

static int64_t create_b_left_out(void)
{
    struct ddl partition = make(DDL_CREATE_PARTITION, "b", B, NULL);
    partition.partition = "p1";
    partition.partition_id = 2;
    sink_host_option(host, "collection.exclude.list", "default\\.b");
    emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    return emit(partition);
}

/* Of what was left out the first row may even name a DDL that was applied to its database. */
static void test_filter__taken_in_later(void **state)
{
    int64_t seq = create_b_left_out();
    struct ddl database = make(DDL_CREATE_DATABASE, NULL, 0, NULL);
    const struct ks_topic_partition after[] = {{"p.b", 0, 10}};
    database.after = after;
    database.after_count = 1;
    insert_b(seq, 0, 10);
    sink_host_start(host);
    sink_host_run(host, has_a);
    sink_host_rounds(host, 100);
    seq = emit(database);
    insert_b(seq, 10, ROWS);
    sink_host_run(host, sink_host_has_applied_all);
    assert_false(milvus_model_has(model, "default", "b"));
    restart("collection.exclude.list", "");
    sink_host_run(host, sink_host_is_idle);
    assert_rows("b", ROWS);
    assert_true(milvus_model_has_partition(model, "default", "b", "p1"));
    assert_int_equal(milvus_model_calls(model, "Upsert"), 0);
    assert_string_equal(sink_host_status(host), "");
    sink_host_close(host);
    sink_host_start(host);
    insert_b(seq, ROWS, ROWS + 1);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("b", ROWS + 1);
}

/* Killed on the way, it is still the DDL before the rows. */
static void test_filter__taken_in_later_and_killed(void **state)
{
    create_b_left_out();
    sink_host_start(host);
    sink_host_run(host, sink_host_has_applied_all);
    insert_b(emit(make(DDL_CREATE_DATABASE, NULL, 0, NULL)), 0, ROWS);
    sink_host_run(host, sink_host_has_applied_all);
    sink_host_close(host);
    sink_host_option(host, "collection.exclude.list", "");
    for (int i = 0; i < 6; i++) {
        sink_host_start(host);
        sink_host_rounds(host, 1 + i);
        sink_host_kill(host);
    }
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("b", ROWS);
}

static void test_filter__left_out_and_taken_in_again(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    struct ddl partition = make(DDL_CREATE_PARTITION, "b", B, NULL);
    partition.partition = "p1";
    partition.partition_id = 2;
    insert_b(seq, 0, 10);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    insert_b(seq, 10, 20);
    restart("collection.exclude.list", "default\\.b");
    seq = emit(partition);
    insert_b(seq, 20, ROWS);
    sink_host_run(host, sink_host_has_applied_all);
    sink_host_rounds(host, 50);
    assert_rows("b", 10);
    assert_false(milvus_model_has_partition(model, "default", "b", "p1"));
    restart("collection.exclude.list", "");
    sink_host_run(host, sink_host_is_idle);
    assert_rows("b", ROWS);
    assert_true(milvus_model_has_partition(model, "default", "b", "p1"));
}

static void test_filter__came_and_went_while_left_out(void **state)
{
    create_b_left_out();
    emit(make_alias(DDL_CREATE_ALIAS, "b", B));
    emit(make_alias(DDL_ALTER_ALIAS, "a", A));
    emit(make(DDL_DROP_COLLECTION, "b", B, NULL));
    sink_host_start(host);
    sink_host_run(host, sink_host_has_applied_all);
    assert_alias("default", "a");
    restart("collection.exclude.list", "");
    sink_host_run(host, sink_host_has_applied_all);
    sink_host_rounds(host, 50);
    assert_int_equal(milvus_model_calls(model, "CreateCollection"), 1);
    assert_alias("default", "a");
    assert_string_equal(sink_host_status(host), "");
}

/* Its alias points elsewhere by now. */
static void test_filter__alias_that_has_moved_on(void **state)
{
    create_b_left_out();
    emit(make_alias(DDL_CREATE_ALIAS, "b", B));
    emit(make_alias(DDL_ALTER_ALIAS, "a", A));
    sink_host_start(host);
    sink_host_run(host, sink_host_has_applied_all);
    restart("collection.exclude.list", "");
    sink_host_run(host, sink_host_has_applied_all);
    assert_true(milvus_model_has(model, "default", "b"));
    assert_alias("default", "a");
    assert_string_equal(sink_host_status(host), "");
}

/* Rows that were passed over, since somebody else's topic held them, are not made good by a create.
 */
static void test_filter__rows_were_passed_over(void **state)
{
    sink_host_option(host, "collection.exclude.list", "default\\.tmp");
    int64_t tmp = emit(make(DDL_CREATE_COLLECTION, "tmp", B, "p.b"));
    int64_t b = emit(make(DDL_CREATE_COLLECTION, "b", B + 1, "p.b"));
    insert_b(tmp, 0, 10);
    sink_host_row(host, "p.b", 0, 'c', B + 1, b, 77, 770);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    restart("collection.exclude.list", "");
    insert_b(tmp, 10, ROWS);
    sink_host_run(host, sink_host_is_idle);
    assert_false(milvus_model_has(model, "default", "tmp"));
    assert_int_equal(milvus_model_rows(model, "default", "b"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_filter__collection_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filter__taken_in_later, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filter__taken_in_later_and_killed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filter__left_out_and_taken_in_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filter__came_and_went_while_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filter__alias_that_has_moved_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filter__rows_were_passed_over, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
