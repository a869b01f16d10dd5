/* The whole source task against an etcd and a queue that a test fills (fake_run.h), and a host
 * with transactions: what it hands over, what it commits, what it says when something is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "fake_run.h"
#include "helper_golden.h"

/* An Insert that ends in the middle of a field. */
static void write_corrupt(struct run *r)
{
    struct ks_buf value = {0};
    put_base(&value, 400, 1, 1);
    ks_buf_add(&value, "\x52\xff\x01", 3);
    write_record(r, "ch7", &value);
}

/* Topics and keys of what is in the stream, and kinds of DDL: "create_collection a", "d 5". Rows
 * have a tombstone behind them, which is left out; so are heartbeats. */
static const char *stream_text(const struct run *r)
{
    static char text[512];
    json_t *records = stream_host_records(r->host), *record;
    size_t i;
    text[0] = '\0';
    json_array_foreach(records, i, record)
    {
        const json_t *value = json_object_get(record, "value");
        size_t at = strlen(text);
        if (json_object_get(value, "kind"))
            snprintf(text + at, sizeof text - at, "%s %s%s; ", golden_str(value, "kind"),
                     golden_str(value, "collection"),
                     json_is_true(json_object_get(value, "snapshot")) ? " (before)" : "");
        else if (json_object_get(value, "op"))
            snprintf(text + at, sizeof text - at, "%s %d; ", golden_str(value, "op"),
                     (int)golden_int(json_object_get(record, "key"), "pk"));
    }
    json_decref(records);
    return text;
}

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

static void test_start__says_which_collections_start_without_their_rows(void **state)
{
    static const uint8_t FLUSHED[] = {0x28, 4, 0x30, 4};
    struct run r;
    made_up(&r);
    meta_collection(&r.script, 1, 8, "b", 120);
    meta_put(&r.script, "datacoord-meta/s/7/70/1", (struct ks_slice){FLUSHED, sizeof FLUSHED}, 0);
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

static void test_poll__a_stuck_watch_holds_the_release_but_not_the_poll(void **state)
{
    struct run r;
    size_t batches = 0;
    running(&r);
    meta_collection(&r.script, 1, 8, "b", 170);
    show_etcd(&r);
    fake.watch_stuck = true;
    write_delete(&r, 175, 1);
    write_tick(&r, "ch7", 180);
    int64_t began = clock_mono_ms();
    assert_int_equal(run_poll(&r, &batches), KS_OK);
    assert_true(clock_mono_ms() - began < 2000);
    assert_int_equal(batches, 0);
    assert_true(r.task->barrier_revision > 0);
    /* No record is read between the choice of W and the release. */
    size_t polls = fake.polls;
    write_tick(&r, "ch7", 190);
    assert_int_equal(run_poll(&r, &batches), KS_OK);
    assert_int_equal(fake.polls, polls);
    assert_int_equal(batches, 0);
    fake.watch_stuck = false;
    write_tick(&r, "ch8", 190);
    assert_int_equal(run_all(&r), KS_OK);
    assert_string_equal(stream_text(&r),
                        "create_collection a (before); create_collection b; d 1; ");
    run_close(&r);
}

static void test_poll__what_is_open_is_committed_when_etcd_goes_away(void **state)
{
    struct run r;
    size_t batches = 0;
    running(&r);
    write_delete(&r, 175, 1);
    write_tick(&r, "ch7", 180);
    fake.away_after_barriers = 1;
    assert_int_equal(run_poll(&r, &batches), KS_OK);
    assert_int_equal(batches, 1);
    assert_string_equal(stream_text(&r), "create_collection a (before); d 1; ");
    assert_int_equal(run_poll(&r, &batches), KS_ERR_RETRIABLE);
    stream_host_abort(r.host); /* it was committed */
    assert_string_equal(stream_text(&r), "create_collection a (before); d 1; ");
    run_close(&r);
}

static void test_poll__corrupt_record_fails_the_task_by_name(void **state)
{
    struct run r;
    running(&r);
    write_corrupt(&r);
    assert_int_equal(run_all(&r), KS_ERR_FATAL);
    assert_non_null(strstr(r.err.message, "ch7"));
    assert_non_null(strstr(r.err.message, "offset 1"));
    run_close(&r);
}

static void test_poll__corrupt_record_becomes_a_letter_once(void **state)
{
    struct run r;
    running(&r);
    stream_host_answer_errant(r.host, KS_OK, KS_OK);
    write_corrupt(&r);
    write_delete(&r, 175, 1);
    write_tick(&r, "ch7", 180);
    assert_int_equal(run_all(&r), KS_OK);
    assert_string_equal(stream_text(&r), "create_collection a (before); d 1; ");
    run_stop(&r);
    assert_int_equal(run_start(&r), KS_OK);
    assert_int_equal(run_all(&r), KS_OK);
    assert_int_equal(stream_host_letters(r.host), 1);
    run_close(&r);
}

static void test_poll__full_letter_box_is_emptied_by_a_commit(void **state)
{
    struct run r;
    size_t batches = 0;
    running(&r);
    stream_host_answer_errant(r.host, KS_ERR_RETRIABLE, KS_OK);
    write_corrupt(&r);
    assert_int_equal(run_poll(&r, &batches), KS_OK);
    assert_int_equal(batches, 1);
    assert_int_equal(stream_host_letters(r.host), 0);
    assert_int_equal(run_all(&r), KS_OK);
    assert_int_equal(stream_host_letters(r.host), 1);
    run_close(&r);
}

static void test_poll__record_of_milvus_2_6(void **state)
{
    struct run r;
    running(&r);
    fake_write("ch7", (struct ks_slice){"any", 3}, true);
    assert_int_equal(run_all(&r), KS_ERR_FATAL);
    assert_non_null(strstr(r.err.message, "2.6"));
    assert_non_null(strstr(r.err.message, "ch7 offset 1"));
    run_close(&r);
}

static void test_poll__ignored_changes_are_counted_and_named(void **state)
{
    struct run r;
    running(&r);
    meta_put(&r.script, "root-coord/credential/users/eve", (struct ks_slice){"{}", 2}, 0);
    show_etcd(&r);
    r.task->metrics.due_mono_ms = 0;
    write_tick(&r, "ch7", 180);
    assert_int_equal(run_all(&r), KS_OK);
    assert_true(stream_host_metric(r.host, "ignored_changes_total") == 1);
    assert_non_null(strstr(stream_host_log(r.host), "changes of users"));
    assert_true(stream_host_metric(r.host, "ddl_records_total") == 1);
    run_close(&r);
}

static void test_poll__kafka_that_is_away_is_named(void **state)
{
    struct run r;
    running(&r);
    fake.trouble = "cannot reach Kafka";
    assert_int_equal(run_all(&r), KS_OK);
    assert_string_equal(stream_host_status(r.host), "cannot reach Kafka");
    fake.trouble = NULL;
    assert_int_equal(run_all(&r), KS_OK);
    assert_null(stream_host_status(r.host));
    run_close(&r);
}

/* ---- restarts ---- */

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

/* ---- the recording, with kills ---- */

static unsigned pick(uint64_t *random, unsigned n)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(*random >> 33) % n;
}

/* What may differ between two runs is taken out: the time of writing, heartbeats. */
static json_t *comparable(const struct run *r)
{
    json_t *records = stream_host_records(r->host), *kept = json_array(), *record;
    size_t i;
    json_array_foreach(records, i, record)
    {
        json_t *value = json_object_get(record, "value");
        if (strcmp(golden_str(record, "topic"), "p.heartbeat") == 0)
            continue;
        if (json_object_get(value, "op"))
            json_object_del(value, "ts_ms");
        json_array_append(kept, record);
    }
    json_decref(records);
    return kept;
}

/* The recorded queue, a few records at a time; all of etcd after the start. */
static json_t *play_recording(unsigned seed, unsigned kill_one_in)
{
    struct run r;
    size_t i, batches = 0;
    uint64_t random = seed;
    struct etcd_recording etcd = etcd_recording_load(GOLDEN_ETCD);
    json_t *lines = golden_load(GOLDEN_235), *line;
    struct ks_slice *values = calloc(json_array_size(lines), sizeof *values);
    run_open(&r, "goldd");
    set_option(&r, "start.from", "earliest");
    fake.etcd = etcd;
    while (fake.visible < etcd.count &&
           !memmem(etcd.events[fake.visible].kv.key.data, etcd.events[fake.visible].kv.key.len,
                   "root-coord/database", strlen("root-coord/database")))
        fake.visible++;
    assert_int_equal(run_start(&r), KS_OK);
    fake.visible = etcd.count;
    json_array_foreach(lines, i, line)
    {
        values[i] = golden_base64(golden_str(line, "value"));
        assert_int_equal(fake_write(golden_str(line, "topic"), values[i], false),
                         golden_int(line, "offset"));
        if (pick(&random, 10) > 0)
            continue;
        for (unsigned polls = pick(&random, 4); polls > 0; polls--)
            if (run_poll(&r, &batches))
                fail_msg("%s", r.err.message);
        if (kill_one_in && pick(&random, kill_one_in) == 0) {
            run_stop(&r);
            if (run_start(&r))
                fail_msg("%s", r.err.message);
        }
    }
    if (run_all(&r))
        fail_msg("%s", r.err.message);
    json_t *records = comparable(&r);
    run_close(&r);
    for (i = 0; i < json_array_size(lines); i++)
        free((void *)values[i].data);
    free(values);
    json_decref(lines);
    etcd_recording_free(&etcd);
    return records;
}

static void test_recording__killed_anywhere_gives_the_same_stream(void **state)
{
    json_t *undisturbed = play_recording(1, 0);
    assert_true(json_array_size(undisturbed) > 74); /* events.jsonl, and tombstones */
    for (unsigned seed = 2; seed < 12; seed++) {
        json_t *killed = play_recording(seed, 2);
        assert_int_equal(json_array_size(killed), json_array_size(undisturbed));
        for (size_t i = 0; i < json_array_size(undisturbed); i++) {
            json_t *a = json_array_get(undisturbed, i), *b = json_array_get(killed, i);
            if (!json_equal(a, b))
                fail_msg("seed %u, record %zu: %s, killed: %s", seed, i, json_dumps(a, 0),
                         json_dumps(b, 0));
        }
        json_decref(killed);
    }
    json_decref(undisturbed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start_latest__begins_with_the_first_w),
        cmocka_unit_test(test_start_latest__waits_until_all_that_was_there_is_read),
        cmocka_unit_test(test_start_latest__ddl_before_the_first_w_belongs_to_what_existed),
        cmocka_unit_test(test_start_earliest__metadata_goes_before_the_rows),
        cmocka_unit_test(test_start__says_which_collections_start_without_their_rows),
        cmocka_unit_test(test_poll__a_stuck_watch_holds_the_release_but_not_the_poll),
        cmocka_unit_test(test_poll__what_is_open_is_committed_when_etcd_goes_away),
        cmocka_unit_test(test_poll__corrupt_record_fails_the_task_by_name),
        cmocka_unit_test(test_poll__corrupt_record_becomes_a_letter_once),
        cmocka_unit_test(test_poll__full_letter_box_is_emptied_by_a_commit),
        cmocka_unit_test(test_poll__record_of_milvus_2_6),
        cmocka_unit_test(test_poll__ignored_changes_are_counted_and_named),
        cmocka_unit_test(test_poll__kafka_that_is_away_is_named),
        cmocka_unit_test(test_restart__after_a_compaction_with_a_life_that_nobody_remembers),
        cmocka_unit_test(test_restart__after_a_compaction_rows_before_a_drop_are_read),
        cmocka_unit_test(test_restart__rows_of_an_elided_life_are_counted),
        cmocka_unit_test(test_start__refuses_offsets_that_are_not_its_own),
        cmocka_unit_test(test_start__refuses_a_stream_that_ends_before_its_offsets),
        cmocka_unit_test(test_start__lost_position_is_an_error),
        cmocka_unit_test(test_recording__killed_anywhere_gives_the_same_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
