#include "mq_consumer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "clock.h"
#include "kitestream/sdk/buf.h"
#include "proto_wire.h"

#define DEADLINE_MS 30000

struct fixture {
    rd_kafka_t *producer; /* carries the mock cluster */
    rd_kafka_mock_cluster_t *cluster;
    struct mq_consumer *consumer;
    struct ks_error err;
};

static void setup_cluster(struct fixture *t)
{
    char reason[256];
    *t = (struct fixture){0};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    assert_int_equal(rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", NULL, 0), 0);
    assert_int_equal(rd_kafka_conf_set(conf, "linger.ms", "0", NULL, 0), 0);
    rd_kafka_conf_set(conf, "log_level", "0", NULL, 0);
    t->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    assert_non_null(t->producer);
    t->cluster = rd_kafka_handle_mock_cluster(t->producer);
    assert_int_equal(rd_kafka_mock_topic_create(t->cluster, "a", 1, 1), 0);
    assert_int_equal(rd_kafka_mock_topic_create(t->cluster, "b", 1, 1), 0);
}

static struct mq_consumer *open_with(const char *brokers, const char *key, const char *value,
                                     enum ks_status *ret_status, struct ks_error *err)
{
    struct ks_config_entry servers = {"milvus.kafka.bootstrap.servers", brokers},
                           other = {key ? key : "topic.prefix", key ? value : "t"};
    bool first = strcmp(servers.key, other.key) < 0; /* a config is sorted */
    struct ks_config_entry entries[] = {first ? servers : other, first ? other : servers};
    struct ks_config config = {entries, 2};
    struct mq_consumer *consumer = NULL;
    *ret_status = mq_consumer_open(&config, 1 << 20, &consumer, err);
    return consumer;
}

static void setup(struct fixture *t)
{
    enum ks_status status;
    setup_cluster(t);
    t->consumer =
        open_with(rd_kafka_mock_cluster_bootstraps(t->cluster), NULL, NULL, &status, &t->err);
    assert_int_equal(status, KS_OK);
}

static void teardown(struct fixture *t)
{
    mq_consumer_close(t->consumer);
    if (t->producer)
        rd_kafka_destroy(t->producer);
}

static void produce(struct fixture *t, const char *topic, const void *value, size_t len,
                    const char *header)
{
    rd_kafka_resp_err_t code =
        header ? rd_kafka_producev(t->producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
                                   RD_KAFKA_V_VALUE((void *)value, len),
                                   RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                   RD_KAFKA_V_HEADER(header, "2", 1), RD_KAFKA_V_END)
               : rd_kafka_producev(t->producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
                                   RD_KAFKA_V_VALUE((void *)value, len),
                                   RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    assert_int_equal(code, 0);
    assert_int_equal(rd_kafka_flush(t->producer, DEADLINE_MS), 0);
}

static void produce_tick(struct fixture *t, const char *topic, uint64_t tick)
{
    struct ks_buf base = {0}, value = {0};
    wire_put_int(&base, 1, 1200);
    wire_put_uint(&base, 3, tick);
    wire_put_bytes(&value, 1, base.data, base.len);
    produce(t, topic, value.data, value.len, NULL);
    ks_buf_release(&base);
    ks_buf_release(&value);
}

static int add(struct fixture *t, const char *topic, enum mq_start_kind kind, int64_t value,
               int64_t want_next, int64_t want_end)
{
    int index = -1;
    int64_t next = -1, end = -1;
    if (mq_consumer_add(t->consumer, topic, (struct mq_start){kind, value}, &index, &next, &end,
                        &t->err) != KS_OK)
        fail_msg("%s", t->err.message);
    assert_int_equal(next, want_next);
    assert_int_equal(end, want_end);
    return index;
}

/* The next record; ends the test if none comes. */
static struct mq_record *take(struct fixture *t)
{
    struct mq_record *record = NULL;
    int64_t until = clock_mono_ms() + DEADLINE_MS;
    while (!record && clock_mono_ms() < until)
        if (mq_consumer_poll(t->consumer, 100, &record, &t->err) != KS_OK)
            fail_msg("%s", t->err.message);
    assert_non_null(record);
    return record;
}

static void expect_tick(struct fixture *t, int channel, int64_t offset, uint64_t tick)
{
    struct mq_record *record = take(t);
    assert_int_equal(record->kind, MQ_TICK);
    assert_int_equal(record->channel, channel);
    assert_int_equal(record->offset, offset);
    assert_int_equal(record->end_tick, tick);
    mq_record_release(record);
    free(record);
}

static enum ks_status poll_until_error(struct fixture *t)
{
    int64_t until = clock_mono_ms() + DEADLINE_MS;
    enum ks_status status = KS_OK;
    while (status == KS_OK && clock_mono_ms() < until) {
        struct mq_record *record = NULL;
        status = mq_consumer_poll(t->consumer, 100, &record, &t->err);
        if (record)
            mq_record_release(record);
        free(record);
    }
    return status;
}

static void test_mq_consumer__reads_from_the_offset_given(void **state)
{
    struct fixture t;
    setup(&t);
    for (uint64_t tick = 1; tick <= 5; tick++)
        produce_tick(&t, "a", tick);
    int a = add(&t, "a", MQ_START_OFFSET, 2, 2, 5);
    for (int64_t offset = 2; offset < 5; offset++)
        expect_tick(&t, a, offset, (uint64_t)offset + 1);
    produce_tick(&t, "a", 9);
    expect_tick(&t, a, 5, 9);
    teardown(&t);
}

static void test_mq_consumer_add__a_second_channel_leaves_the_first_alone(void **state)
{
    struct fixture t;
    setup(&t);
    produce_tick(&t, "a", 1);
    produce_tick(&t, "a", 2);
    int a = add(&t, "a", MQ_START_EARLIEST, 0, 0, 2);
    expect_tick(&t, a, 0, 1);
    produce_tick(&t, "b", 7);
    int b = add(&t, "b", MQ_START_EARLIEST, 0, 0, 1);
    bool seen_a = false, seen_b = false;
    while (!seen_a || !seen_b) {
        struct mq_record *record = take(&t);
        bool is_a = record->channel == a;
        assert_true(is_a ? !seen_a : !seen_b);
        assert_int_equal(record->channel, is_a ? a : b);
        assert_int_equal(record->offset, is_a ? 1 : 0);
        *(is_a ? &seen_a : &seen_b) = true;
        mq_record_release(record);
        free(record);
    }
    teardown(&t);
}

static void test_mq_consumer_pause__delivers_nothing_and_loses_nothing(void **state)
{
    struct fixture t;
    setup(&t);
    int a = add(&t, "a", MQ_START_EARLIEST, 0, 0, 0);
    int b = add(&t, "b", MQ_START_EARLIEST, 0, 0, 0);
    produce_tick(&t, "a", 1);
    expect_tick(&t, a, 0, 1);
    mq_consumer_pause(t.consumer, a, true);
    produce_tick(&t, "a", 2);
    produce_tick(&t, "b", 3);
    expect_tick(&t, b, 0, 3);
    produce_tick(&t, "b", 4);
    expect_tick(&t, b, 1, 4);
    mq_consumer_pause(t.consumer, a, false);
    expect_tick(&t, a, 1, 2);
    teardown(&t);
}

static void test_mq_consumer_poll__streaming_record(void **state)
{
    struct fixture t;
    setup(&t);
    produce(&t, "a", "\x0a\x02\x08\x01", 4, "_v");
    produce(&t, "a", "\x0a\x02\x08\x01", 4, "traceparent");
    add(&t, "a", MQ_START_EARLIEST, 0, 0, 2);
    struct mq_record *record = take(&t);
    assert_int_equal(record->kind, MQ_STREAMING);
    mq_record_release(record);
    free(record);
    record = take(&t);
    assert_int_equal(record->kind, MQ_UNKNOWN);
    mq_record_release(record);
    free(record);
    teardown(&t);
}

static void test_mq_consumer_poll__bad_record_then_the_next(void **state)
{
    static const uint8_t cut_insert[] = {0x0a, 0x03, 0x08, 0x90, 0x03, 0x12, 0x7f};
    struct fixture t;
    setup(&t);
    produce(&t, "a", cut_insert, sizeof cut_insert, NULL);
    produce_tick(&t, "a", 8);
    int a = add(&t, "a", MQ_START_EARLIEST, 0, 0, 2);
    assert_int_equal(poll_until_error(&t), KS_ERR_DATA);
    assert_non_null(strstr(t.err.message, "channel a, offset 0"));
    const struct mq_record *bad = mq_consumer_bad(t.consumer);
    assert_non_null(bad);
    assert_int_equal(bad->value.len, sizeof cut_insert);
    expect_tick(&t, a, 1, 8);
    assert_null(mq_consumer_bad(t.consumer));
    teardown(&t);
}

static void test_mq_consumer_add__offset_that_does_not_exist(void **state)
{
    struct fixture t;
    setup(&t);
    produce_tick(&t, "a", 1);
    int index;
    int64_t next, end;
    assert_int_equal(mq_consumer_add(t.consumer, "a", (struct mq_start){MQ_START_OFFSET, 17},
                                     &index, &next, &end, &t.err),
                     KS_ERR_FATAL);
    assert_non_null(strstr(t.err.message, "channel a: offset 17 is wanted"));
    assert_non_null(strstr(t.err.message, "0 to 1"));
    teardown(&t);
}

static void test_mq_consumer_poll__position_lost_while_reading(void **state)
{
    struct fixture t;
    setup(&t);
    produce_tick(&t, "a", 1);
    int a = add(&t, "a", MQ_START_EARLIEST, 0, 0, 1);
    expect_tick(&t, a, 0, 1);
    mq_consumer_pause(t.consumer, a, true);
    static char padding[500000]; /* the mock keeps about 5 MB of a partition */
    for (int i = 0; i < 30; i++)
        produce(&t, "a", padding, sizeof padding, NULL);
    mq_consumer_pause(t.consumer, a, false);
    enum ks_status status = poll_until_error(&t);
    assert_int_equal(status, KS_ERR_FATAL);
    assert_non_null(strstr(t.err.message, "channel a: offset 1 is wanted"));
    teardown(&t);
}

static void wait_for_trouble(struct fixture *t, bool wanted)
{
    int64_t until = clock_mono_ms() + DEADLINE_MS;
    while ((mq_consumer_trouble(t->consumer) != NULL) != wanted && clock_mono_ms() < until) {
        struct mq_record *record = NULL;
        assert_int_equal(mq_consumer_poll(t->consumer, 50, &record, &t->err), KS_OK);
        assert_null(record);
    }
    assert_true((mq_consumer_trouble(t->consumer) != NULL) == wanted);
}

static void test_mq_consumer_trouble__comes_and_goes_with_the_broker(void **state)
{
    struct fixture t;
    setup(&t);
    int a = add(&t, "a", MQ_START_EARLIEST, 0, 0, 0);
    produce_tick(&t, "a", 1);
    expect_tick(&t, a, 0, 1);
    assert_null(mq_consumer_trouble(t.consumer));
    rd_kafka_mock_broker_set_down(t.cluster, 1);
    wait_for_trouble(&t, true);
    assert_non_null(strstr(mq_consumer_trouble(t.consumer), "cannot reach the source's Kafka at"));
    rd_kafka_mock_broker_set_up(t.cluster, 1);
    wait_for_trouble(&t, false);
    produce_tick(&t, "a", 2);
    expect_tick(&t, a, 1, 2);
    teardown(&t);
}

static void test_mq_consumer_add__brokers_that_cannot_be_reached(void **state)
{
    struct fixture t = {0};
    enum ks_status status;
    t.consumer = open_with("127.0.0.1:1", NULL, NULL, &status, &t.err);
    assert_int_equal(status, KS_OK);
    int index;
    int64_t next, end;
    assert_int_equal(mq_consumer_add(t.consumer, "a", (struct mq_start){MQ_START_EARLIEST, 0},
                                     &index, &next, &end, &t.err),
                     KS_ERR_RETRIABLE);
    assert_non_null(strstr(t.err.message, "127.0.0.1:1"));
    teardown(&t);
}

static void test_mq_consumer_open__options_that_would_move_offsets(void **state)
{
    struct ks_error err = {0};
    enum ks_status status;
    assert_null(
        open_with("127.0.0.1:1", "milvus.kafka.auto.offset.reset", "latest", &status, &err));
    assert_int_equal(status, KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "milvus.kafka.auto.offset.reset"));
}

static void test_mq_consumer_open__unknown_option(void **state)
{
    struct ks_error err = {0};
    enum ks_status status;
    assert_null(open_with("127.0.0.1:1", "milvus.kafka.no.such.option", "1", &status, &err));
    assert_int_equal(status, KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "milvus.kafka.no.such.option"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mq_consumer__reads_from_the_offset_given),
        cmocka_unit_test(test_mq_consumer_add__a_second_channel_leaves_the_first_alone),
        cmocka_unit_test(test_mq_consumer_pause__delivers_nothing_and_loses_nothing),
        cmocka_unit_test(test_mq_consumer_poll__streaming_record),
        cmocka_unit_test(test_mq_consumer_poll__bad_record_then_the_next),
        cmocka_unit_test(test_mq_consumer_add__offset_that_does_not_exist),
        cmocka_unit_test(test_mq_consumer_poll__position_lost_while_reading),
        cmocka_unit_test(test_mq_consumer_trouble__comes_and_goes_with_the_broker),
        cmocka_unit_test(test_mq_consumer_add__brokers_that_cannot_be_reached),
        cmocka_unit_test(test_mq_consumer_open__options_that_would_move_offsets),
        cmocka_unit_test(test_mq_consumer_open__unknown_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
