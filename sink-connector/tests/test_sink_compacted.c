/* Data topics that Kafka compacts, in the whole sink. */
#include "sink_scene.h"

static bool is_blocked(struct sink_host *h)
{
    return strstr(sink_host_status(h), "compaction has removed the delete") != NULL;
}

/* A sink that stands still does not see the delete between two inserts of a key. */
static void test_compacted__a_row_comes_back_without_its_delete(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    insert_b(seq, 0, ROWS);
    sink_host_compact(host, "p.b", 0, 4); /* of a key that is written again below */
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_close(host);
    int64_t gone = sink_host_row(host, "p.b", 0, 'd', B, seq, 3, 0);
    sink_host_row(host, "p.b", 0, 'c', B, seq, 3, 30);
    sink_host_row(host, "p.b", 0, 'c', B, seq, 4, 40);
    sink_host_compact(host, "p.b", 0, gone);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("b", ROWS);
    assert_int_equal(milvus_model_calls(model, "Insert"), 0);
    sink_host_close(host);
    assert_true(is_clean());
}

static void test_compacted__ddl_finds_its_positions_behind_holes(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    insert_b(seq, 0, 10);
    struct ddl drop = make(DDL_DROP_COLLECTION, "b", B, NULL);
    const struct ks_topic_partition after[] = {{"p.b", 0, 10}};
    drop.after = after;
    drop.after_count = 1;
    emit(drop);
    for (int64_t offset = 5; offset < 10; offset++)
        sink_host_compact(host, "p.b", 0, offset);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_int_equal(milvus_model_calls(model, "DropCollection"), 1);
}

static void test_compacted__a_delete_that_is_gone_is_told(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    insert_b(seq, 0, 10);
    int64_t gone = sink_host_row(host, "p.b", 0, 'd', B, seq, 3, 0);
    sink_host_tombstone(host, "p.b", 0);
    sink_host_compact(host, "p.b", 0, gone);
    sink_host_start(host);
    sink_host_run(host, is_blocked);
    sink_host_kill(host);
    sink_host_option(host, "missing.records", "skip");
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("b", 10);
}

static void test_compacted__a_delete_that_is_there_is_not(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    insert_b(seq, 0, 11);
    sink_host_row(host, "p.b", 0, 'd', B, seq, 10, 0);
    sink_host_tombstone(host, "p.b", 0);
    sink_host_compact(host, "p.b", 0, 10);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("b", 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_compacted__a_row_comes_back_without_its_delete, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_compacted__ddl_finds_its_positions_behind_holes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_compacted__a_delete_that_is_gone_is_told, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_compacted__a_delete_that_is_there_is_not, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
