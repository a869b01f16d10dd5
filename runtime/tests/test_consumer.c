#include "consumer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "helper_mock_kafka.h"

struct fixture {
    struct mock_kafka kafka;
    struct test_task task;
    struct consumer *consumer;
    struct ks_error err;
    size_t records, ends;
    char values[512];
};

static const struct ks_connector_class class = {.name = "test.Sink", .kind = KS_CLASS_SINK};

static void open_all(struct fixture *f)
{
    struct ks_config config = {0};
    memset((void *)f, 0, sizeof *f);
    mock_kafka_start(&f->kafka, "");
    mock_kafka_topic(&f->kafka, "t", 2);
    test_task_init(&f->task, &f->kafka, &class, &config);
    assert_int_equal(consumer_open(&f->task.ctx, &f->consumer, &f->err), KS_OK);
}

static void close_all(struct fixture *f)
{
    consumer_close(f->consumer);
    mock_kafka_stop(&f->kafka);
}

/* Reads until so many records and ends of partitions have come, or for wait_ms. */
static void read_until(struct fixture *f, size_t records, size_t ends, int64_t wait_ms)
{
    int64_t deadline = clock_mono_ms() + wait_ms;
    f->records = f->ends = 0;
    f->values[0] = '\0';
    while ((f->records < records || f->ends < ends) && clock_mono_ms() < deadline) {
        rd_kafka_message_t *messages[8];
        size_t count = 0;
        assert_int_equal(consumer_poll(f->consumer, 50, messages, 8, &count, &f->err), KS_OK);
        consumer_passed(f->consumer, messages, count);
        for (size_t i = 0; i < count; i++) {
            f->ends += messages[i]->err != 0;
            f->records += messages[i]->err == 0;
            if (!messages[i]->err)
                strncat(f->values, messages[i]->payload, messages[i]->len);
            rd_kafka_message_destroy(messages[i]);
        }
    }
}

static void assign(struct fixture *f, int32_t partition, int64_t offset)
{
    struct ks_topic_partition tp = {"t", partition, offset};
    assert_int_equal(consumer_assign(f->consumer, &tp, &f->err), KS_OK);
}

static void test_assign__from_an_offset_to_the_end(void **state)
{
    struct fixture f;
    open_all(&f);
    for (int i = 0; i < 4; i++)
        mock_kafka_write(&f.kafka, "t", 0, NULL, (const char *[]){"a", "b", "c", "d"}[i]);
    assign(&f, 0, 1);
    assert_int_equal(consumer_position(f.consumer, "t", 0), 1);
    assert_int_equal(consumer_position(f.consumer, "t", 1), -1);
    read_until(&f, 3, 1, 20000);
    assert_string_equal(f.values, "bcd");
    assert_int_equal(consumer_position(f.consumer, "t", 0), 4);
    close_all(&f);
}

static void test_assign__empty_partition_tells_its_end(void **state)
{
    struct fixture f;
    open_all(&f);
    assign(&f, 1, RD_KAFKA_OFFSET_BEGINNING);
    assert_int_equal(consumer_position(f.consumer, "t", 1), -1);
    read_until(&f, 0, 1, 20000);
    assert_int_equal(consumer_position(f.consumer, "t", 1), 0);
    close_all(&f);
}

static void test_assign__twice_and_never(void **state)
{
    struct fixture f;
    struct ks_topic_partition tp = {"t", 0, 0};
    open_all(&f);
    assign(&f, 0, 0);
    assert_int_equal(consumer_assign(f.consumer, &tp, &f.err), KS_ERR_DATA);
    assert_int_equal(consumer_pause(f.consumer, "t", 1, &f.err), KS_ERR_DATA);
    assert_int_equal(consumer_resume(f.consumer, "u", 0, &f.err), KS_ERR_DATA);
    assert_int_equal(consumer_unassign(f.consumer, "t", 1, &f.err), KS_ERR_DATA);
    close_all(&f);
}

static void test_unassign__ends_delivery(void **state)
{
    struct fixture f;
    open_all(&f);
    mock_kafka_write(&f.kafka, "t", 0, NULL, "a");
    mock_kafka_write(&f.kafka, "t", 1, NULL, "b");
    assign(&f, 0, 0);
    assign(&f, 1, 0);
    read_until(&f, 2, 2, 20000);
    assert_int_equal(consumer_unassign(f.consumer, "t", 0, &f.err), KS_OK);
    assert_false(consumer_is_assigned(f.consumer, "t", 0));
    mock_kafka_write(&f.kafka, "t", 0, NULL, "c");
    mock_kafka_write(&f.kafka, "t", 1, NULL, "d");
    read_until(&f, 1, 0, 20000);
    assert_string_equal(f.values, "d");
    struct ks_topic_partition *tps;
    assert_int_equal(consumer_assignment(f.consumer, &tps), 1);
    assert_int_equal(tps[0].partition, 1);
    assert_int_equal(tps[0].offset, 2);
    free(tps);
    /* It can come back, anywhere. */
    assign(&f, 0, 0);
    read_until(&f, 2, 0, 20000);
    assert_string_equal(f.values, "ac");
    close_all(&f);
}

static void test_pause__nothing_is_lost(void **state)
{
    struct fixture f;
    open_all(&f);
    assign(&f, 0, 0);
    mock_kafka_write(&f.kafka, "t", 0, NULL, "a");
    read_until(&f, 1, 1, 20000);
    assert_int_equal(consumer_pause(f.consumer, "t", 0, &f.err), KS_OK);
    assert_int_equal(consumer_pause(f.consumer, "t", 0, &f.err), KS_OK);
    mock_kafka_write(&f.kafka, "t", 0, NULL, "b");
    read_until(&f, 1, 0, 300);
    assert_int_equal(f.records, 0);
    /* While all is on hold, a resumed partition stays silent. */
    assert_int_equal(consumer_hold(f.consumer, true, &f.err), KS_OK);
    assert_int_equal(consumer_resume(f.consumer, "t", 0, &f.err), KS_OK);
    read_until(&f, 1, 0, 300);
    assert_int_equal(f.records, 0);
    assert_int_equal(consumer_hold(f.consumer, false, &f.err), KS_OK);
    read_until(&f, 1, 0, 20000);
    assert_string_equal(f.values, "b");
    close_all(&f);
}

static void test_committed__none_yet(void **state)
{
    struct fixture f;
    struct ks_topic_partition tps[] = {{"t", 0, 5}, {"t", 1, 5}};
    open_all(&f);
    assert_int_equal(consumer_committed(f.consumer, tps, 2, &f.err), KS_OK);
    assert_int_equal(tps[0].offset, -1);
    assert_int_equal(tps[1].offset, -1);
    close_all(&f);
}

static void test_poll__position_is_lost(void **state)
{
    struct fixture f;
    enum ks_status status = KS_OK;
    open_all(&f);
    assign(&f, 0, 100);
    for (int i = 0; i < 400 && status == KS_OK; i++) {
        rd_kafka_message_t *messages[8];
        size_t count = 0;
        status = consumer_poll(f.consumer, 50, messages, 8, &count, &f.err);
    }
    assert_int_equal(status, KS_ERR_FATAL);
    assert_non_null(strstr(f.err.message, "t-0"));
    assert_non_null(strstr(f.err.message, "auto.offset.reset"));
    close_all(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_assign__from_an_offset_to_the_end),
        cmocka_unit_test(test_assign__empty_partition_tells_its_end),
        cmocka_unit_test(test_assign__twice_and_never),
        cmocka_unit_test(test_unassign__ends_delivery),
        cmocka_unit_test(test_pause__nothing_is_lost),
        cmocka_unit_test(test_committed__none_yet),
        cmocka_unit_test(test_poll__position_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
