/* Partitions that are added to a data topic, in the whole sink. */
#include "sink_scene.h"

static void test_partitions__added_while_running(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    insert_b(seq, 0, 10);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_grow(host, "p.b", 3);
    for (int64_t key = 10; key < ROWS; key++)
        sink_host_row(host, "p.b", (int32_t)(key % 3), 'c', B, seq, key, key * 10);
    sink_host_run(host, sink_host_is_idle); /* no DDL tells of them */
    assert_rows("b", ROWS);
    assert_int_equal(sink_host_committed(host, "p.b", 2), 7);
    sink_host_close(host);
    assert_true(is_clean());
}

static void test_partitions__ddl_waits_for_rows_of_a_new_one(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    insert_b(seq, 0, 10);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_grow(host, "p.b", 2);
    sink_host_row(host, "p.b", 1, 'c', B, seq, 10, 100);
    struct ddl drop = make(DDL_DROP_COLLECTION, "b", B, NULL);
    const struct ks_topic_partition after[] = {{"p.b", 0, 10}, {"p.b", 1, 2}};
    drop.after = after;
    drop.after_count = 2;
    emit(drop);
    sink_host_rounds(host, 300);
    assert_true(milvus_model_has(model, "default", "b"));
    sink_host_row(host, "p.b", 1, 'c', B, seq, 11, 110);
    sink_host_run(host, sink_host_is_idle);
    assert_int_equal(milvus_model_calls(model, "DropCollection"), 1);
    assert_int_equal(milvus_model_calls(model, "Insert"), 3);
}

/* A key that moved: what the old partition has of it is older. The rows of the old partition are
 * held up by a DDL that comes late. */
static void test_partitions__new_one_begins_after_the_old_ones(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    insert_b(seq, 0, 10);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_row(host, "p.b", 0, 'u', B, seq + 1, 3, 1);
    sink_host_grow(host, "p.b", 2);
    sink_host_row(host, "p.b", 1, 'u', B, seq, 3, 30);
    sink_host_rounds(host, 100);
    for (int i = 0; i < 2; i++) { /* a restart does not forget it */
        sink_host_rounds(host, 100);
        assert_int_equal(milvus_model_calls(model, "Upsert"), 0);
        sink_host_close(host);
        sink_host_start(host);
    }
    struct ddl alter = make(DDL_ALTER_COLLECTION, "b", B, "p.b");
    alter.schema = &schema;
    emit(alter);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("b", 10);
    assert_int_equal(milvus_model_calls(model, "Upsert"), 2);
}

/* The old partition's next row waits for a DDL that waits for the new partition's first. */
static void test_partitions__new_one_does_not_wait_for_what_is_later(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    insert_b(seq, 0, 10);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_grow(host, "p.b", 2);
    sink_host_row(host, "p.b", 1, 'u', B, seq, 3, 5);
    struct ddl alter = make(DDL_ALTER_COLLECTION, "b", B, "p.b");
    const struct ks_topic_partition after[] = {{"p.b", 0, 10}, {"p.b", 1, 1}};
    alter.schema = &schema;
    alter.after = after;
    alter.after_count = 2;
    sink_host_row(host, "p.b", 0, 'u', B, seq + 1, 3, 30);
    emit(alter);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("b", 10);
}

/* A topic that was made anew with fewer partitions. */
static void test_partitions__gone(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    insert_b(seq, 0, 10);
    struct ddl alter = make(DDL_ALTER_COLLECTION, "b", B, "p.b");
    const struct ks_topic_partition after[] = {{"p.b", 0, 10}, {"p.b", 1, 5}};
    alter.schema = &schema;
    alter.after = after;
    alter.after_count = 2;
    emit(alter);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("b", 10);
}

/* Its last rows were never read here: the drop waits for them no longer. */
static void test_partitions__topic_deleted(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    insert_b(seq, 0, 10);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_delete(host, "p.b");
    struct ddl drop = make(DDL_DROP_COLLECTION, "b", B, NULL);
    const struct ks_topic_partition after[] = {{"p.b", 0, 15}};
    drop.after = after;
    drop.after_count = 1;
    emit(drop);
    sink_host_rounds(host, 50);
    assert_int_equal(milvus_model_calls(model, "DropCollection"), 0); /* it may come back */
    sink_host_run(host, sink_host_is_idle);
    assert_int_equal(milvus_model_calls(model, "DropCollection"), 1);
    assert_false(sink_host_is_assigned(host, "p.b", 0));
    sink_host_close(host);
    assert_true(is_clean());
}

static bool asked_often(struct sink_host *h)
{
    return sink_host_asked_in_vain(h, "p.b") == 2;
}

static bool is_left(struct sink_host *h)
{
    return !sink_host_is_assigned(h, "p.b", 0);
}

/* What was received of it is written first. */
static void test_partitions__topic_deleted_with_rows_that_wait(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    insert_b(seq, 0, 10);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_row(host, "p.b", 0, 'c', B, seq + 1, 10, 100);
    sink_host_rounds(host, 10);
    sink_host_delete(host, "p.b");
    sink_host_run(host, asked_often);
    sink_host_rounds(host, 10);
    assert_false(is_left(host));
    struct ddl alter = make(DDL_ALTER_COLLECTION, "b", B, "p.b");
    alter.schema = &schema;
    emit(alter);
    sink_host_run(host, is_left);
    assert_rows("b", 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_partitions__added_while_running, setup, teardown),
        cmocka_unit_test_setup_teardown(test_partitions__ddl_waits_for_rows_of_a_new_one, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_partitions__new_one_begins_after_the_old_ones, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_partitions__new_one_does_not_wait_for_what_is_later,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_partitions__gone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_partitions__topic_deleted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_partitions__topic_deleted_with_rows_that_wait, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
