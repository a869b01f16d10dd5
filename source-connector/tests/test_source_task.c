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
        cmocka_unit_test(test_poll__a_stuck_watch_holds_the_release_but_not_the_poll),
        cmocka_unit_test(test_poll__what_is_open_is_committed_when_etcd_goes_away),
        cmocka_unit_test(test_poll__corrupt_record_fails_the_task_by_name),
        cmocka_unit_test(test_poll__corrupt_record_becomes_a_letter_once),
        cmocka_unit_test(test_poll__full_letter_box_is_emptied_by_a_commit),
        cmocka_unit_test(test_poll__record_of_milvus_2_6),
        cmocka_unit_test(test_poll__kafka_that_is_away_is_named),
        cmocka_unit_test(test_recording__killed_anywhere_gives_the_same_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
