/* Which pchannels are read, from where, and what holds them up. */
#include "fake_run.h"

#include "clock.h"

static bool paused(const struct run *r, const char *channel)
{
    int i = sequencer_find_channel(r->task->sequencer, channel);
    return r->task->channels[i].paused;
}

/* Two channels; "ch8" is behind. */
static void two_channels(struct run *r)
{
    made_up(r);
    set_option(r, "gate.max.bytes", "100");
    meta_collection(&r->script, 1, 8, "b", 120);
    show_etcd(r);
    write_tick(r, "ch7", 160);
    write_tick(r, "ch8", 160);
    assert_int_equal(run_start(r), KS_OK);
    assert_int_equal(run_all(r), KS_OK);
}

static void test_gate__only_the_slowest_channel_is_read(void **state)
{
    struct run r;
    two_channels(&r);
    write_tick(&r, "ch7", 1000);
    write_delete(&r, 200, 1); /* about 30 bytes each */
    write_delete(&r, 201, 2);
    assert_int_equal(run_all(&r), KS_OK);
    assert_true(sequencer_held_bytes(r.task->sequencer) > 50);
    assert_int_equal(run_all(&r), KS_OK);
    assert_true(paused(&r, "ch7"));
    assert_false(paused(&r, "ch8"));
    write_tick(&r, "ch8", 300);
    assert_int_equal(run_all(&r), KS_OK);
    assert_int_equal(run_all(&r), KS_OK);
    assert_false(paused(&r, "ch7"));
    run_close(&r);
}

static void test_gate__one_channel_alone_fails_the_task_naming_the_option(void **state)
{
    struct run r;
    two_channels(&r);
    write_tick(&r, "ch8", 1000);
    for (uint64_t i = 0; i < 5; i++)
        write_delete(&r, 200 + i, (int64_t)i);
    assert_int_equal(run_all(&r), KS_ERR_FATAL);
    assert_non_null(strstr(r.err.message, "gate.max.bytes"));
    assert_non_null(strstr(r.err.message, "ch7"));
    run_close(&r);
}

static void test_open__resumes_where_it_was_and_new_channels_at_their_start(void **state)
{
    struct run r;
    running(&r);
    write_delete(&r, 170, 1);
    assert_int_equal(run_all(&r), KS_OK); /* held: no tick */
    write_tick(&r, "ch7", 175);
    assert_int_equal(run_all(&r), KS_OK);
    run_stop(&r);
    meta_collection(&r.script, 1, 8, "b", 180);
    show_etcd(&r);
    write_tick(&r, "ch8", 190);
    assert_int_equal(run_start(&r), KS_OK);
    assert_non_null(strstr(stream_host_log(r.host), "reading ch7 from offset 3 (committed)"));
    write_tick(&r, "ch7", 190);
    assert_int_equal(run_all(&r), KS_OK);
    assert_non_null(strstr(stream_host_log(r.host), "reading ch8 from offset 0 (new)"));
    run_close(&r);
}

/* Two lives on one channel while nobody watched: the later one lives, the earlier one began first.
 */
static void test_open__begins_with_the_first_collection_of_a_new_channel(void **state)
{
    struct run r;
    running(&r);
    struct pending_ddl *p = xcalloc(1, sizeof(*p));
    struct meta_channel_use use = {.collection_id = 20, .pchannel = "new", .start_offset = 2};
    int index;
    fake_channel("new")->high = 5;
    p->uses = &use;
    p->use_count = 1;
    r.task->incoming = p;
    assert_int_equal(
        source_channels_open(r.task, "new", (struct mq_start){MQ_START_OFFSET, 4}, &index, &r.err),
        KS_OK);
    assert_int_equal(r.task->channels[index].next, 2);
    run_close(&r);
}

/* <prefix>-rootcoord-dml_<n> shares its prefix with <prefix>-replicate-msg. */
static void test_open__flushes_come_from_the_topic_next_to_the_pchannels(void **state)
{
    struct run r;
    int index;
    running(&r);
    assert_int_equal(r.task->replicate_channel, -1);
    assert_int_equal(source_channels_open(r.task, "by-dev-rootcoord-dml_3",
                                          (struct mq_start){MQ_START_OFFSET, 0}, &index, &r.err),
                     KS_OK);
    assert_true(sequencer_find_channel(r.task->sequencer, "by-dev-replicate-msg") ==
                r.task->replicate_channel);
    assert_int_equal(source_channels_open(r.task, "by-dev-rootcoord-dml_3",
                                          (struct mq_start){MQ_START_OFFSET, 0}, &index, &r.err),
                     KS_OK);
    assert_int_equal(index, sequencer_find_channel(r.task->sequencer, "by-dev-rootcoord-dml_3"));
    run_close(&r);
}

static void test_report__a_channel_without_ticks_is_named(void **state)
{
    struct run r;
    running(&r);
    r.task->channels[0].heard_mono_ms = clock_mono_ms() - 11000;
    source_channels_report(r.task);
    assert_non_null(strstr(stream_host_status(r.host), "ch7"));
    write_tick(&r, "ch7", 180);
    assert_int_equal(run_all(&r), KS_OK);
    assert_null(stream_host_status(r.host));
    run_close(&r);
}

static void test_report__a_silent_watch_is_named(void **state)
{
    struct run r;
    running(&r);
    fake.silent_ms = 11000;
    source_channels_report(r.task);
    assert_null(stream_host_status(r.host)); /* nothing waits for it */
    r.task->barrier_revision = 9;
    r.task->barrier_mono_ms = clock_mono_ms() - 11000;
    source_channels_report(r.task);
    assert_non_null(strstr(stream_host_status(r.host), "etcd"));
    assert_non_null(strstr(stream_host_status(r.host), "revision 9"));
    run_close(&r);
}

static void test_report__is_repeated_after_the_host_showed_something_else(void **state)
{
    struct run r;
    running(&r);
    fake.trouble = "no Kafka";
    source_channels_report(r.task);
    r.ops.status(r.ops.task, NULL);
    source_channels_report(r.task);
    assert_null(stream_host_status(r.host));
    source_channels_forget_report(r.task);
    source_channels_report(r.task);
    assert_string_equal(stream_host_status(r.host), "no Kafka");
    /* Or once a second, since the host does not say what it shows. */
    r.ops.status(r.ops.task, NULL);
    r.task->repeat_mono_ms = 0;
    source_channels_report(r.task);
    assert_string_equal(stream_host_status(r.host), "no Kafka");
    run_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gate__only_the_slowest_channel_is_read),
        cmocka_unit_test(test_gate__one_channel_alone_fails_the_task_naming_the_option),
        cmocka_unit_test(test_open__resumes_where_it_was_and_new_channels_at_their_start),
        cmocka_unit_test(test_open__begins_with_the_first_collection_of_a_new_channel),
        cmocka_unit_test(test_open__flushes_come_from_the_topic_next_to_the_pchannels),
        cmocka_unit_test(test_report__a_channel_without_ticks_is_named),
        cmocka_unit_test(test_report__a_silent_watch_is_named),
        cmocka_unit_test(test_report__is_repeated_after_the_host_showed_something_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
