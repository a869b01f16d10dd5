/* The whole sink in this process: what is killed, stopped and started again ends with the stream's
 * rows, each once. */
#include "sink_scene.h"

/* ---- the plain way ---- */

static void test_task__rows_follow_their_collection(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(seq, 0, ROWS);
    sink_host_start(host);
    assert_false(is_clean()); /* before the first write */
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
    assert_int_equal(milvus_model_calls(model, "Upsert"), 0);
    sink_host_row(host, "p.a", 1, 'u', A, seq, 1, 11);
    sink_host_row(host, "p.a", 0, 'd', A, seq, 2, 0);
    sink_host_run(host, sink_host_is_idle);
    assert_int_equal(milvus_model_value(model, "default", "a", 1), 11);
    assert_int_equal(milvus_model_copies(model, "default", "a", 2), 0);
    assert_string_equal(sink_host_status(host), "");
    sink_host_close(host);
    assert_true(is_clean());
    assert_int_equal(sink_host_committed(host, "p.a", 0), ROWS / 2 + 1);
}

static void test_task__goes_on_after_a_clean_stop(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(seq, 0, 10);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_close(host);
    insert_a(seq, 10, ROWS);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
    assert_int_equal(milvus_model_calls(model, "Upsert"), 0);
    assert_int_equal(milvus_model_calls(model, "CreateCollection"), 1);
}

/* ---- order ---- */

static void test_task__rows_wait_for_their_ddl(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(seq, 0, 10);
    insert_a(seq + 1, 10, ROWS); /* of a DDL that is not yet on the topic */
    sink_host_start(host);
    sink_host_run(host, ten_of_a);
    sink_host_rounds(host, 100);
    assert_int_equal(milvus_model_rows(model, "default", "a"), 10);
    struct ddl alter = make(DDL_ALTER_COLLECTION, "a", A, "p.a");
    alter.schema = &schema;
    emit(alter);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
}

static void test_task__ddl_waits_for_its_rows(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    struct ddl drop = make(DDL_DROP_COLLECTION, "a", A, NULL);
    const struct ks_topic_partition after[] = {{"p.a", 0, 1}, {"p.a", 1, 1}};
    drop.after = after;
    drop.after_count = 2;
    emit(drop);
    sink_host_row(host, "p.a", 0, 'c', A, seq, 0, 0);
    sink_host_start(host);
    sink_host_run(host, has_a);
    sink_host_rounds(host, 100);
    assert_true(milvus_model_has(model, "default", "a")); /* partition 1 is behind */
    sink_host_row(host, "p.a", 1, 'c', A, seq, 1, 10);
    sink_host_run(host, sink_host_is_idle);
    assert_false(milvus_model_has(model, "default", "a"));
    assert_int_equal(milvus_model_calls(model, "Insert"), 2);
}

/* Otherwise a crash would read rows again whose collection is gone, or another one. */
static void test_task__no_drop_before_the_rows_are_committed(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(seq, 0, ROWS);
    sink_host_option(host, "lease.ms", "60000");
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_fail_commits(host, -1);
    struct ddl drop = make(DDL_DROP_COLLECTION, "a", A, NULL);
    const struct ks_topic_partition after[] = {{"p.a", 0, ROWS / 2}};
    drop.after = after;
    drop.after_count = 1;
    emit(drop);
    sink_host_rounds(host, 300);
    assert_true(milvus_model_has(model, "default", "a"));
    assert_status("the brokers are away");
    sink_host_fail_commits(host, 0);
    sink_host_run(host, sink_host_is_idle);
    assert_false(milvus_model_has(model, "default", "a"));
}

static void test_task__one_name_used_again(void **state)
{
    int64_t last = 0;
    for (int64_t id = 1; id <= 4; id++) {
        int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", id, "p.a"));
        last = sink_host_row(host, "p.a", 0, 'c', id, seq, id, id);
        struct ddl drop = make(DDL_DROP_COLLECTION, "a", id, NULL);
        struct ks_topic_partition after = {"p.a", 0, last + 1};
        drop.after = &after;
        drop.after_count = 1;
        if (id < 4)
            emit(drop);
    }
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_int_equal(milvus_model_rows(model, "default", "a"), 1);
    assert_int_equal(milvus_model_copies(model, "default", "a", 4), 1);
    assert_int_equal(milvus_model_calls(model, "DropCollection"), 3);
}

/* ---- kills ---- */

/* Killed when the rows are written and nothing of it is committed. */
static void write_and_kill(void)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    sink_host_option(host, "lease.ms", "60000");
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    insert_a(seq, 0, ROWS);
    sink_host_fail_commits(host, -1);
    sink_host_run(host, all_of_a);
    sink_host_kill(host);
    sink_host_fail_commits(host, 0);
    sink_host_option(host, "lease.ms", "900");
    assert_int_equal(sink_host_committed(host, "p.a", 0), 0);
}

static void test_kill__rows_are_written_again_as_upserts(void **state)
{
    write_and_kill();
    sink_host_start(host);
    sink_host_run(host, has_status); /* the killed one is this process: it may still be writing */
    assert_status("the lease of an old owner");
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
    assert_true(milvus_model_calls(model, "Upsert") > 0);
    sink_host_close(host);
    assert_true(is_clean());
}

/* Two starts later it is still not known what the first one wrote. */
static void test_kill__then_a_clean_stop_before_the_rows(void **state)
{
    write_and_kill();
    sink_host_start(host);
    sink_host_close(host); /* it has read nothing */
    assert_false(is_clean());
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
    sink_host_close(host);
    assert_true(is_clean());
}

static void test_kill__ddl_done_but_not_committed(void **state)
{
    emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    sink_host_start(host);
    sink_host_fail_commits(host, -1);
    while (milvus_model_calls(model, "CreateCollection") == 0)
        sink_host_rounds(host, 1);
    sink_host_kill(host);
    sink_host_fail_commits(host, 0);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_string_equal(sink_host_status(host), "");
    assert_true(milvus_model_has(model, "default", "a"));
}

static void test_kill__again_and_again(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    for (int64_t round = 0; round < 6; round++) {
        insert_a(seq, round * 5, round * 5 + 5);
        sink_host_start(host);
        sink_host_rounds(host, (int)(round * 97 % 500) + 20);
        if (round % 3 == 2)
            sink_host_close(host);
        else
            sink_host_kill(host);
    }
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
}

static void test_kill__offsets_moved_back_by_a_tool(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(seq, 0, ROWS);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_close(host);
    sink_host_set_committed(host, "p.a", 0, 3);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
    assert_true(milvus_model_calls(model, "Upsert") > 0);
}

static void test_start__state_lost(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(seq, 0, ROWS);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_close(host);
    sink_host_forget_state(host);
    sink_host_start(host);
    sink_host_run(host, has_status);
    assert_status("is kept by the sink connector sink with a state that is not");
    assert_rows("a", ROWS);
}

static bool has_refused(struct sink_host *h)
{
    return strstr(sink_host_status(h), "is kept by the sink connector") != NULL;
}

/* However often it is started, and however that ends: until the collection is gone. */
static void test_start__state_lost_for_good(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(seq, 0, ROWS);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_close(host);
    sink_host_forget_state(host);
    for (int round = 0; round < 4; round++) {
        sink_host_start(host);
        sink_host_run(host, has_refused);
        sink_host_rounds(host, 200);
        assert_rows("a", ROWS);
        if (round % 2)
            sink_host_kill(host);
        else
            sink_host_close(host);
    }
    drop_in_target("a");
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
    sink_host_close(host);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
}

/* ---- what is there before ---- */

static void test_adopted__rows_are_upserts_for_ever(void **state)
{
    make_in_target("a", NULL);
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(seq, 0, 10);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_close(host);
    insert_a(seq, 0, ROWS); /* the first ten once more */
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
    assert_int_equal(milvus_model_calls(model, "Insert"), 0);
}

/* ---- memory ---- */

static void test_memory__partitions_of_waiting_rows_are_paused(void **state)
{
    enum { MANY = 4000 };
    sink_host_option(host, "sink.buffer.max.bytes", "1048576");
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    for (int64_t key = 0; key < 3 * MANY; key++)
        sink_host_row(host, "p.a", 0, 'c', A, seq + 1, key, key * 10); /* wait */
    sink_host_row(host, "p.a", 1, 'c', A, seq, 1, 10);
    sink_host_start(host);
    sink_host_rounds(host, 400);
    assert_true(sink_host_is_paused(host, "p.a", 0));
    assert_false(sink_host_is_paused(host, "p.a", 1));
    assert_int_equal(milvus_model_rows(model, "default", "a"), 1);
    emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    sink_host_run(host, sink_host_is_idle);
    assert_int_equal(milvus_model_rows(model, "default", "a"), 3 * MANY + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_task__rows_follow_their_collection, setup, teardown),
        cmocka_unit_test_setup_teardown(test_task__goes_on_after_a_clean_stop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_task__rows_wait_for_their_ddl, setup, teardown),
        cmocka_unit_test_setup_teardown(test_task__ddl_waits_for_its_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_task__no_drop_before_the_rows_are_committed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_task__one_name_used_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kill__rows_are_written_again_as_upserts, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_kill__then_a_clean_stop_before_the_rows, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_kill__ddl_done_but_not_committed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kill__again_and_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kill__offsets_moved_back_by_a_tool, setup, teardown),
        cmocka_unit_test_setup_teardown(test_start__state_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(test_start__state_lost_for_good, setup, teardown),
        cmocka_unit_test_setup_teardown(test_adopted__rows_are_upserts_for_ever, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory__partitions_of_waiting_rows_are_paused, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
