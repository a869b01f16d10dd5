/* Two sinks of one stream and one target, and one that has forgotten what it was: of all of them
 * one keeps a collection, and the others say whose it is. */
#include "sink_scene.h"

static struct sink_host *other;

static int setup_two(void **state)
{
    setup(state);
    other = sink_host_new(milvus_model_uri(model));
    sink_host_connector(other, "other");
    sink_host_topic(other, "p.a", 2);
    return 0;
}

static int teardown_two(void **state)
{
    sink_host_free(other);
    return teardown(state);
}

static void swap(void)
{
    struct sink_host *h = host;
    host = other;
    other = h;
}

/* The same records for both. */
static void stream_a(void)
{
    for (int i = 0; i < 2; i++, swap())
        insert_a(emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a")), 0, ROWS);
}

static bool says_whose(struct sink_host *h)
{
    return strstr(sink_host_status(h), "is kept by the sink connector") != NULL;
}

static bool is_settled(struct sink_host *h)
{
    return sink_host_is_idle(h) || says_whose(h);
}

/* Both at a time, until each has applied everything or said why not, and some rounds more. */
static void run_both(void)
{
    for (int round = 0; !is_settled(host) || !is_settled(other); round++) {
        assert_true(round < 5000);
        sink_host_rounds(host, 1);
        sink_host_rounds(other, 1);
    }
    sink_host_rounds(host, 50);
    sink_host_rounds(other, 50);
}

static void assert_one_owner(void)
{
    char sink[128];
    struct sink_host *owner = says_whose(host) ? other : host;
    assert_true(says_whose(host) != says_whose(other));
    assert_true(sink_host_is_idle(owner));
    assert_rows("a", ROWS);
    milvus_model_property(model, "default", "a", SINK_PROPERTY, sink);
    assert_string_equal(strchr(sink, '/'), owner == other ? "/other" : "/sink");
    assert_non_null(strstr(sink_host_status(owner == other ? host : other), sink));
}

static void test_two_sinks__at_the_same_moment(void **state)
{
    stream_a();
    sink_host_start(host);
    sink_host_start(other);
    run_both();
    assert_one_owner();
}

/* Which has a state by then, as after any restart. */
static void test_two_sinks__the_second_was_started_before(void **state)
{
    sink_host_start(other);
    sink_host_close(other);
    stream_a();
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_start(other);
    run_both();
    assert_one_owner();
    assert_true(says_whose(other));
}

static void test_two_sinks__of_a_collection_that_is_there(void **state)
{
    make_in_target("a", NULL);
    stream_a();
    sink_host_start(host);
    sink_host_start(other);
    run_both();
    assert_one_owner();
    assert_int_equal(milvus_model_calls(model, "Insert"), 0);
}

/* The drop is the owner's to do; the next collection of that name has one owner again. */
static void test_two_sinks__drop_and_create_again(void **state)
{
    test_two_sinks__the_second_was_started_before(state);
    for (int i = 0; i < 2; i++, swap())
        emit(make(DDL_DROP_COLLECTION, "a", A, NULL));
    sink_host_rounds(other, 100);
    assert_true(has_a(host));
    sink_host_run(host, sink_host_is_idle);
    assert_false(has_a(host));
    sink_host_run(other, sink_host_is_idle);
    for (int i = 0; i < 2; i++, swap())
        emit(make(DDL_CREATE_COLLECTION, "a", B, "p.a"));
    run_both();
    assert_true(has_a(host) && says_whose(host) != says_whose(other));
}

/* ---- the state is gone ---- */

static void write_all_and_forget(void)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(seq, 0, ROWS);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_close(host);
    sink_host_forget_state(host);
}

static void refuses_at_the_next_start(void)
{
    sink_host_start(host);
    sink_host_run(host, is_settled);
    sink_host_rounds(host, 50);
    assert_true(says_whose(host));
    assert_rows("a", ROWS);
}

static void test_state_lost__and_stopped_before_the_first_look(void **state)
{
    write_all_and_forget();
    sink_host_start(host);
    sink_host_close(host);
    refuses_at_the_next_start();
}

static void test_state_lost__and_killed_before_the_first_look(void **state)
{
    write_all_and_forget();
    sink_host_start(host);
    sink_host_kill(host);
    refuses_at_the_next_start();
}

/* The name is for people; the state says who it is. */
static void test_state_kept__under_another_name(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(seq, 0, 10);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_close(host);
    insert_a(seq, 10, ROWS);
    sink_host_connector(host, "renamed");
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
}

/* ---- what was there ---- */

static bool is_stamped(struct sink_host *h)
{
    char sink[128];
    milvus_model_property(model, "default", "a", SINK_PROPERTY, sink);
    return sink[0] != '\0';
}

/* That it was there is known to the stamp, until the state has it. */
static void test_adopted__killed_before_the_commit(void **state)
{
    make_in_target("a", NULL);
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    sink_host_start(host);
    while (!is_stamped(host))
        sink_host_rounds(host, 1);
    sink_host_kill(host);
    insert_a(seq, 0, ROWS);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_close(host);
    insert_a(seq, 0, ROWS); /* above the watermark of that start */
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
    assert_int_equal(milvus_model_calls(model, "Insert"), 0);
}

/* Of a version that did not say which sink. */
static void test_unsigned__goes_on(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(seq, 0, 10);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_close(host);
    drop_in_target("a");
    make_in_target("a", "c/7");
    insert_a(seq, 10, ROWS);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_int_equal(milvus_model_rows(model, "default", "a"), ROWS - 10);
    emit(make(DDL_DROP_COLLECTION, "a", A, NULL));
    sink_host_run(host, sink_host_is_idle);
    assert_false(has_a(host));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_two_sinks__at_the_same_moment, setup_two,
                                        teardown_two),
        cmocka_unit_test_setup_teardown(test_two_sinks__the_second_was_started_before, setup_two,
                                        teardown_two),
        cmocka_unit_test_setup_teardown(test_two_sinks__of_a_collection_that_is_there, setup_two,
                                        teardown_two),
        cmocka_unit_test_setup_teardown(test_two_sinks__drop_and_create_again, setup_two,
                                        teardown_two),
        cmocka_unit_test_setup_teardown(test_state_lost__and_stopped_before_the_first_look, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_state_lost__and_killed_before_the_first_look, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_state_kept__under_another_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_adopted__killed_before_the_commit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unsigned__goes_on, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
