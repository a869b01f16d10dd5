/* Reading a topic without a group, on librdkafka's mock cluster. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "helper_mock_kafka.h"
#include "topic_reader.h"

#define DEADLINE_MS 20000

static void test_poll__every_record_then_the_end(void **state)
{
    struct mock_kafka kafka;
    struct topic_reader *reader = NULL;
    struct ks_error err = {0};
    mock_kafka_start(&kafka, "");
    mock_kafka_topic(&kafka, "t", 2);
    mock_kafka_write(&kafka, "t", 0, "a", "1");
    mock_kafka_write(&kafka, "t", 0, "b", "2");
    mock_kafka_write(&kafka, "t", 1, "c", "3");
    assert_int_equal(topic_reader_open(&kafka.worker, "t", 2, &reader, &err), KS_OK);
    int64_t deadline_ms = clock_mono_ms() + DEADLINE_MS;
    int records = 0;
    while (records < 3 && clock_mono_ms() < deadline_ms) {
        rd_kafka_message_t *message = topic_reader_poll(reader, 100);
        if (!message)
            continue;
        records++;
        assert_int_equal(topic_reader_position(reader, message->partition), message->offset + 1);
        rd_kafka_message_destroy(message);
    }
    assert_int_equal(records, 3);
    assert_int_equal(topic_reader_position(reader, 0), 2);
    assert_int_equal(topic_reader_position(reader, 1), 1);
    assert_int_equal(topic_reader_trouble(reader, &err), KS_OK);
    topic_reader_close(reader);
    mock_kafka_stop(&kafka);
}

static void test_trouble__brokers_away(void **state)
{
    struct mock_kafka kafka;
    struct topic_reader *reader = NULL;
    struct ks_error err = {0};
    mock_kafka_start(&kafka, "");
    mock_kafka_topic(&kafka, "t", 1);
    rd_kafka_mock_broker_set_down(kafka.cluster, 1);
    assert_int_equal(topic_reader_open(&kafka.worker, "t", 1, &reader, &err), KS_OK);
    int64_t deadline_ms = clock_mono_ms() + DEADLINE_MS;
    while (topic_reader_trouble(reader, &err) == KS_OK && clock_mono_ms() < deadline_ms)
        assert_null(topic_reader_poll(reader, 100));
    assert_int_equal(topic_reader_trouble(reader, &err), KS_ERR_RETRIABLE);
    assert_non_null(strstr(err.message, "topic t"));
    assert_non_null(strstr(err.message, kafka.worker.bootstrap_servers));
    topic_reader_close(reader);
    mock_kafka_stop(&kafka);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_poll__every_record_then_the_end),
        cmocka_unit_test(test_trouble__brokers_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
