#include "producer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "helper_mock_kafka.h"
#include "transaction.h"

struct fixture {
    struct mock_kafka kafka;
    struct test_task task;
    struct topic_admin *admin;
    struct topic_creation *creation;
    struct producer *producer;
    struct ks_error err;
};

static const struct ks_connector_class class = {.name = "test.Source"};

static void open_all(struct fixture *f, struct ks_config_entry *entries, size_t count)
{
    struct ks_config config = {entries, count};
    memset((void *)f, 0, sizeof *f);
    mock_kafka_start(&f->kafka, "");
    mock_kafka_topic(&f->kafka, "t", 3);
    test_task_init(&f->task, &f->kafka, &class, &config);
    assert_int_equal(topic_admin_open(&f->kafka.worker, NULL, &f->admin, &f->err), KS_OK);
    assert_int_equal(topic_creation_new("test", &f->task.ctx.config, &f->creation, &f->err), KS_OK);
    assert_int_equal(
        producer_open(&f->task.ctx, NULL, f->admin, f->creation, &f->producer, &f->err), KS_OK);
}

static void close_all(struct fixture *f)
{
    producer_close(f->producer);
    topic_creation_free(f->creation);
    topic_admin_close(f->admin);
    mock_kafka_stop(&f->kafka);
}

static int ended;
static void on_end(struct delivery *d)
{
    ended++;
}

static enum ks_status send_text(struct fixture *f, int32_t partition, const char *text,
                                struct delivery *d)
{
    struct ks_record record = {.topic = "t",
                               .partition = partition,
                               .timestamp_ms = -1,
                               .key = {text, strlen(text)},
                               .value = {text, strlen(text)}};
    return producer_send(f->producer, &record, d, d == NULL, &f->err);
}

static void test_send__delivery_ends_once(void **state)
{
    struct fixture f;
    open_all(&f, NULL, 0);
    struct delivery d = {.pending = 1, .done = on_end};
    ended = 0;
    for (int i = 0; i < 100; i++)
        assert_int_equal(send_text(&f, 0, "x", &d), KS_OK);
    assert_int_equal(producer_wait(f.producer, PRODUCER_NO_DEADLINE, &f.err), KS_OK);
    assert_int_equal(ended, 0);
    assert_int_equal(d.pending, 1);
    delivery_drop(&d);
    assert_int_equal(ended, 1);
    close_all(&f);
}

static void test_close__ends_deliveries_that_never_came(void **state)
{
    struct fixture f;
    open_all(&f, NULL, 0);
    struct delivery d = {.done = on_end};
    ended = 0;
    assert_int_equal(send_text(&f, 0, "first", NULL), KS_OK);
    assert_int_equal(producer_wait(f.producer, PRODUCER_NO_DEADLINE, &f.err), KS_OK);
    rd_kafka_mock_broker_set_down(f.kafka.cluster, 1);
    for (int i = 0; i < 10; i++)
        assert_int_equal(send_text(&f, 0, "x", &d), KS_OK);
    assert_int_equal(producer_wait(f.producer, clock_mono_ms() + 50, &f.err), KS_ERR_RETRIABLE);
    assert_int_equal(ended, 0);
    producer_purge(f.producer);
    assert_int_equal(ended, 1);
    close_all(&f);
}

/* The hashes are those of Kafka's own test of Utils.murmur2. */
static void test_send__partition_by_murmur2(void **state)
{
    static const struct {
        const char *key;
        int32_t murmur2;
    } keys[] = {
        {"21", -973932308}, {"foobar", -790332482}, {"a-little-bit-long-string", -985981536}};
    struct fixture f;
    struct mock_records r;
    open_all(&f, NULL, 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(send_text(&f, -1, keys[i].key, NULL), KS_OK);
    assert_int_equal(producer_wait(f.producer, PRODUCER_NO_DEADLINE, &f.err), KS_OK);
    mock_kafka_read(&f.kafka, "t", 3, &r);
    assert_int_equal(r.count, 3);
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 3; k++)
            if (r.list[i]->key_len == strlen(keys[k].key))
                assert_int_equal(r.list[i]->partition, (keys[k].murmur2 & INT32_MAX) % 3);
    mock_records_release(&r);
    close_all(&f);
}

static void test_send__nulls(void **state)
{
    struct fixture f;
    struct mock_records r;
    open_all(&f, NULL, 0);
    struct ks_record tombstone = {.topic = "t", .timestamp_ms = -1, .key = {"k", 1}};
    struct ks_record empty = {.topic = "t", .timestamp_ms = -1, .value = {"", 0}};
    assert_int_equal(producer_send(f.producer, &tombstone, NULL, true, &f.err), KS_OK);
    assert_int_equal(producer_send(f.producer, &empty, NULL, true, &f.err), KS_OK);
    assert_int_equal(producer_wait(f.producer, PRODUCER_NO_DEADLINE, &f.err), KS_OK);
    mock_kafka_read(&f.kafka, "t", 3, &r);
    assert_null(r.list[0]->payload);
    assert_null(r.list[1]->key);
    assert_non_null(r.list[1]->payload);
    mock_records_release(&r);
    close_all(&f);
}

static void test_send__too_large_is_data(void **state)
{
    struct fixture f;
    struct ks_config_entry entry = {"producer.override.message.max.bytes", "2000"};
    open_all(&f, &entry, 1);
    char *bytes = calloc(1, 4000);
    struct ks_record large = {.topic = "t", .timestamp_ms = -1, .value = {bytes, 4000}};
    struct delivery d = {.pending = 1, .done = on_end};
    assert_int_equal(producer_send(f.producer, &large, &d, false, &f.err), KS_ERR_DATA);
    assert_non_null(strstr(f.err.message, "message.max.bytes"));
    assert_int_equal(d.pending, 1);
    /* The producer goes on. */
    assert_int_equal(send_text(&f, 0, "x", NULL), KS_OK);
    assert_int_equal(producer_wait(f.producer, PRODUCER_NO_DEADLINE, &f.err), KS_OK);
    free(bytes);
    close_all(&f);
}

static void test_send__no_such_partition(void **state)
{
    struct fixture f;
    open_all(&f, NULL, 0);
    assert_int_equal(send_text(&f, 7, "x", NULL), KS_ERR_DATA);
    assert_non_null(strstr(f.err.message, "has no partition 7"));
    close_all(&f);
}

static void test_send__full_queue_is_waited_for(void **state)
{
    struct fixture f;
    struct ks_config_entry entry = {"producer.override.queue.buffering.max.messages", "10"};
    open_all(&f, &entry, 1);
    for (int i = 0; i < 200; i++)
        assert_int_equal(send_text(&f, 0, "x", NULL), KS_OK);
    assert_int_equal(producer_wait(f.producer, PRODUCER_NO_DEADLINE, &f.err), KS_OK);
    close_all(&f);
}

/* The transaction is void before anybody has polled for the report that says why. */
static void test_send__after_a_refusal_says_why(void **state)
{
    struct fixture f;
    struct producer *plain;
    open_all(&f, NULL, 0);
    plain = f.producer;
    assert_int_equal(producer_open(&f.task.ctx, "tx", f.admin, f.creation, &f.producer, &f.err),
                     KS_OK);
    assert_int_equal(transaction_begin(f.producer, &f.err), KS_OK);
    rd_kafka_mock_push_request_errors(f.kafka.cluster, 0 /* Produce */, 1,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    enum ks_status status = KS_OK;
    for (int64_t end_ms = clock_mono_ms() + 20000; status == KS_OK && clock_mono_ms() < end_ms;) {
        status = send_text(&f, 0, "x", NULL);
        usleep(1000);
    }
    assert_int_equal(status, KS_ERR_FATAL);
    assert_non_null(strstr(f.err.message, "delivery to topic t"));
    producer_purge(f.producer);
    producer_close(f.producer);
    f.producer = plain;
    close_all(&f);
}

static void test_next_offsets(void **state)
{
    struct fixture f;
    struct ks_topic_partition tps[3];
    size_t count = 0;
    open_all(&f, NULL, 0);
    mock_kafka_write(&f.kafka, "t", 1, NULL, "before us");
    mock_kafka_write(&f.kafka, "t", 0, NULL, "before us");
    for (int i = 0; i < 5; i++)
        assert_int_equal(send_text(&f, 0, "x", NULL), KS_OK);
    assert_int_equal(producer_next_offsets(f.producer, "t", tps, 3, &count, &f.err), KS_OK);
    assert_int_equal(count, 3);
    assert_int_equal(tps[0].offset, 6);
    assert_int_equal(tps[1].offset, 1);
    assert_int_equal(tps[2].offset, 0);
    assert_string_equal(tps[2].topic, "t");
    assert_int_equal(producer_next_offsets(f.producer, "t", tps, 2, &count, &f.err), KS_ERR_FATAL);
    close_all(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_send__delivery_ends_once),
        cmocka_unit_test(test_close__ends_deliveries_that_never_came),
        cmocka_unit_test(test_send__partition_by_murmur2),
        cmocka_unit_test(test_send__nulls),
        cmocka_unit_test(test_send__too_large_is_data),
        cmocka_unit_test(test_send__no_such_partition),
        cmocka_unit_test(test_send__full_queue_is_waited_for),
        cmocka_unit_test(test_send__after_a_refusal_says_why),
        cmocka_unit_test(test_next_offsets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
