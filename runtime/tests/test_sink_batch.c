#include "sink_batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "consumer.h"
#include "helper_mock_kafka.h"

struct fixture {
    struct mock_kafka kafka;
    struct test_task test;
    struct ks_task task;
    struct ks_error err;
    _Atomic size_t outstanding;
    struct sink_batch *batch;
};

static const struct ks_connector_class class = {.name = "test.Sink", .kind = KS_CLASS_SINK};

/* A batch of everything in topic t, with the ends of its partitions. */
static void open_all(struct fixture *f, const struct ks_config *config, const char *const *values)
{
    rd_kafka_message_t *messages[SINK_BATCH_MAX];
    size_t count = 0, ends = 0;
    int64_t deadline = clock_mono_ms() + 20000;
    memset((void *)f, 0, sizeof *f);
    mock_kafka_start(&f->kafka, "");
    mock_kafka_topic(&f->kafka, "t", 1);
    for (; *values; values++)
        mock_kafka_write(&f->kafka, "t", 0, "k", *values);
    test_task_init(&f->test, &f->kafka, &class, config);
    assert_int_equal(ks_task_open(&f->task, &f->test.ctx, "tx", &f->err), KS_OK);
    assert_int_equal(consumer_open(&f->test.ctx, &f->task.consumer, &f->err), KS_OK);
    struct ks_topic_partition tp = {"t", 0, 0};
    assert_int_equal(consumer_assign(f->task.consumer, &tp, &f->err), KS_OK);
    while (ends == 0 && clock_mono_ms() < deadline) {
        size_t more = 0;
        assert_int_equal(consumer_poll(f->task.consumer, 100, messages + count,
                                       SINK_BATCH_MAX - count, &more, &f->err),
                         KS_OK);
        for (size_t i = count; i < count + more; i++)
            ends += messages[i]->err != 0;
        count += more;
    }
    f->batch = sink_batch_new(messages, count, &f->outstanding);
}

static void close_all(struct fixture *f)
{
    ks_task_close(&f->task);
    mock_kafka_stop(&f->kafka);
}

static void test_batch__lives_until_both_let_go(void **state)
{
    static const char *const values[] = {"a", "b", NULL};
    struct fixture f;
    open_all(&f, &(struct ks_config){0}, values);
    assert_int_equal(f.outstanding, 1);
    assert_int_equal(sink_batch_convert(f.batch, &f.task, &f.err), KS_OK);
    assert_int_equal(f.batch->batch.record_count, 2);
    assert_int_equal(f.batch->message_count, 3);
    const struct ks_record *r = &f.batch->batch.records[1];
    assert_string_equal(r->topic, "t");
    assert_int_equal(r->offset, 1);
    assert_memory_equal(r->value.data,
                        "\x02"
                        "b",
                        2);
    f.batch->batch.release(&f.batch->batch);
    assert_int_equal(f.outstanding, 1);
    consumer_passed(f.task.consumer, f.batch->messages, f.batch->message_count);
    assert_int_equal(consumer_position(f.task.consumer, "t", 0), 2);
    sink_batch_drop(f.batch);
    assert_int_equal(f.outstanding, 0);
    close_all(&f);
}

static struct ks_config_entry json_entries[] = {
    {"errors.deadletterqueue.topic.name", "dead"},
    {"key.converter", "org.apache.kafka.connect.storage.StringConverter"},
    {"value.converter", "org.apache.kafka.connect.json.JsonConverter"},
    {"value.converter.schemas.enable", "false"}};

static void test_convert__bad_records_are_left_out(void **state)
{
    static const char *const values[] = {"1", "no json", "{}", NULL};
    struct fixture f;
    open_all(&f, &(struct ks_config){json_entries, 4}, values);
    assert_int_equal(sink_batch_convert(f.batch, &f.task, &f.err), KS_OK);
    assert_int_equal(f.batch->batch.record_count, 2);
    assert_int_equal(f.batch->batch.records[1].offset, 2);
    assert_int_equal(errant_records_count(f.task.errant), 1);
    const struct ks_record *letter = errant_records_at(f.task.errant, 0);
    assert_int_equal(letter->value.len, 7);
    assert_memory_equal(letter->value.data, "no json", 7);
    sink_batch_drop(f.batch);
    sink_batch_drop(f.batch);
    close_all(&f);
}

static void test_convert__fails_the_task(void **state)
{
    static const char *const values[] = {"no json", NULL};
    struct fixture f;
    open_all(&f, &(struct ks_config){json_entries + 1, 3}, values);
    assert_int_equal(sink_batch_convert(f.batch, &f.task, &f.err), KS_ERR_FATAL);
    assert_non_null(strstr(f.err.message, "offset 0"));
    sink_batch_drop(f.batch);
    sink_batch_drop(f.batch);
    close_all(&f);
}

static void test_convert__unassigned_meanwhile(void **state)
{
    static const char *const values[] = {"a", NULL};
    struct fixture f;
    open_all(&f, &(struct ks_config){0}, values);
    assert_int_equal(consumer_unassign(f.task.consumer, "t", 0, &f.err), KS_OK);
    assert_int_equal(sink_batch_convert(f.batch, &f.task, &f.err), KS_OK);
    assert_int_equal(f.batch->batch.record_count, 0);
    sink_batch_drop(f.batch);
    sink_batch_drop(f.batch);
    close_all(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch__lives_until_both_let_go),
        cmocka_unit_test(test_convert__bad_records_are_left_out),
        cmocka_unit_test(test_convert__fails_the_task),
        cmocka_unit_test(test_convert__unassigned_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
