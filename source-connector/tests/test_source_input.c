/* What the input side makes of each kind of record. */
#include "fake_run.h"

#include "clock.h"

/* DDL kinds of the stream with what they name: "flush a b ; ". */
static const char *ddl_text(const struct run *r)
{
    static char text[1024];
    struct ks_buf out = {0};
    json_t *records = stream_host_records(r->host), *record, *name;
    size_t i, k;
    json_array_foreach(records, i, record)
    {
        const json_t *value = json_object_get(record, "value");
        const char *kind = json_string_value(json_object_get(value, "kind"));
        if (!kind)
            continue;
        ks_buf_printf(&out, "%s %s", kind, golden_str(value, "collection"));
        json_array_foreach(json_object_get(value, "collections"), k, name)
        {
            ks_buf_printf(&out, "%s ", json_string_value(name));
        }
        ks_buf_add_str(&out, "; ");
    }
    json_decref(records);
    snprintf(text, sizeof text, "%s", ks_buf_str(&out));
    ks_buf_release(&out);
    return text;
}

static void write_flush(struct run *r, uint64_t tick, const char *const *names, size_t count)
{
    struct ks_buf value = {0};
    put_base(&value, 402, 0, tick);
    wire_put_str(&value, 2, "default");
    for (size_t i = 0; i < count; i++)
        wire_put_str(&value, 3, names[i]);
    write_record(r, "flushes", &value);
}

/* The made-up source names its channel "ch7", so the topic of flushes has to be said. */
static void with_flushes(struct run *r)
{
    made_up(r);
    set_option(r, "milvus.replicate.channel", "flushes");
    write_tick(r, "ch7", 160);
    assert_int_equal(run_start(r), KS_OK);
    assert_int_equal(run_all(r), KS_OK);
}

static void test_flush__is_told_once_and_survives_a_restart(void **state)
{
    static const char *const names[] = {"a", "unknown"};
    struct run r;
    with_flushes(&r);
    write_flush(&r, 170, names, 2);
    assert_int_equal(run_all(&r), KS_OK); /* waits for a tick */
    assert_string_equal(ddl_text(&r), "create_collection a; ");
    run_stop(&r);
    assert_int_equal(run_start(&r), KS_OK);
    write_tick(&r, "ch7", 180);
    assert_int_equal(run_all(&r), KS_OK);
    assert_string_equal(ddl_text(&r), "create_collection a; flush a unknown ; ");
    run_stop(&r);
    write_tick(&r, "ch7", 190);
    assert_int_equal(run_start(&r), KS_OK);
    assert_int_equal(run_all(&r), KS_OK);
    assert_string_equal(ddl_text(&r), "create_collection a; flush a unknown ; ");
    run_close(&r);
}

static void test_flush__of_more_collections_than_a_page(void **state)
{
    static const char *names[MQ_FLUSH_PAGE + 1];
    struct run r;
    with_flushes(&r);
    for (size_t i = 0; i < MQ_FLUSH_PAGE; i++)
        names[i] = "b";
    names[MQ_FLUSH_PAGE] = "a"; /* on the second page */
    write_flush(&r, 170, names, MQ_FLUSH_PAGE + 1);
    write_tick(&r, "ch7", 180);
    assert_int_equal(run_all(&r), KS_OK);
    assert_non_null(strstr(ddl_text(&r), "; flush b b "));
    run_close(&r);
}

static void test_flush__from_before_the_start_is_left_out(void **state)
{
    static const char *const names[] = {"a"};
    struct run r;
    made_up(&r);
    set_option(&r, "milvus.replicate.channel", "flushes");
    write_flush(&r, 150, names, 1);
    write_tick(&r, "ch7", 160);
    assert_int_equal(run_start(&r), KS_OK);
    assert_int_equal(run_all(&r), KS_OK);
    assert_string_equal(ddl_text(&r), "create_collection a; ");
    run_close(&r);
}

static void test_import__is_a_gap_of_its_collection(void **state)
{
    struct run r;
    struct ks_buf value = {0};
    running(&r);
    put_base(&value, 408, 9, 170);
    wire_put_int(&value, 4, 7);
    write_record(&r, "ch7", &value);
    write_tick(&r, "ch7", 180);
    assert_int_equal(run_all(&r), KS_OK);
    assert_string_equal(ddl_text(&r), "create_collection a; gap a; ");
    run_close(&r);
}

static void test_foreign__is_counted_and_logged_now_and_then(void **state)
{
    struct run r;
    running(&r);
    for (int i = 0; i < 3; i++)
        fake_write("ch7", (struct ks_slice){"{\"json\": 1}", 11}, false);
    assert_int_equal(run_all(&r), KS_OK);
    assert_true(stream_host_metric(r.host, "foreign_records_total") == 3);
    const char *line = strstr(stream_host_log(r.host), "passed over ch7 offset 1: not a Milvus");
    assert_non_null(line);
    assert_null(strstr(line + 1, "passed over"));
    run_close(&r);
}

static void test_unknown_type__is_counted(void **state)
{
    struct run r;
    struct ks_buf value = {0};
    running(&r);
    put_base(&value, 99999, 0, 170);
    write_record(&r, "ch7", &value);
    assert_int_equal(run_all(&r), KS_OK);
    assert_true(stream_host_metric(r.host, "unknown_records_total") == 1);
    assert_non_null(strstr(stream_host_log(r.host), "99999"));
    run_close(&r);
}

/* MsgBase.replicateInfo = {isReplicate: true}. */
static void write_replicated_delete(struct run *r, uint64_t tick)
{
    struct ks_buf value = {0}, base = {0}, packed = {0};
    wire_put_int(&base, 1, 401);
    wire_put_int(&base, 2, (int64_t)tick);
    wire_put_uint(&base, 3, tick);
    wire_put_bytes(&base, 7, "\x08\x01", 2);
    wire_put_bytes(&value, 1, base.data, base.len);
    wire_put_str(&value, 2, "ch7_7v0");
    wire_put_int(&value, 7, 7);
    wire_put_int(&value, 8, -1);
    wire_put_bytes(&value, 9, "\x05", 1);
    wire_put_varint(&packed, tick);
    wire_put_bytes(&value, 10, packed.data, packed.len);
    wire_put_int(&value, 11, 1);
    ks_buf_release(&base);
    ks_buf_release(&packed);
    write_record(r, "ch7", &value);
}

static void replicated(const char *skip, size_t wanted)
{
    struct run r;
    made_up(&r);
    set_option(&r, "skip.replicated", skip);
    write_tick(&r, "ch7", 160);
    assert_int_equal(run_start(&r), KS_OK);
    assert_int_equal(run_all(&r), KS_OK);
    write_replicated_delete(&r, 170);
    write_tick(&r, "ch7", 180);
    if (run_all(&r))
        fail_msg("%s", r.err.message);
    double told = stream_host_metric(r.host, "change_records_total");
    assert_int_equal(r.task->metrics.change_records + (uint64_t)told, wanted);
    run_close(&r);
}

static void test_replicated_rows__are_left_out_if_wanted(void **state)
{
    replicated("false", 2); /* the delete and its tombstone */
    replicated("true", 0);
}

static void test_pump__compacted_watch_restarts_the_task(void **state)
{
    struct run r;
    running(&r);
    fake.watch_compacted = true;
    assert_int_equal(run_all(&r), KS_ERR_RESTART);
    run_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flush__is_told_once_and_survives_a_restart),
        cmocka_unit_test(test_flush__of_more_collections_than_a_page),
        cmocka_unit_test(test_flush__from_before_the_start_is_left_out),
        cmocka_unit_test(test_import__is_a_gap_of_its_collection),
        cmocka_unit_test(test_foreign__is_counted_and_logged_now_and_then),
        cmocka_unit_test(test_unknown_type__is_counted),
        cmocka_unit_test(test_replicated_rows__are_left_out_if_wanted),
        cmocka_unit_test(test_pump__compacted_watch_restarts_the_task),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
