/* A compacted topic as a table, on librdkafka's mock cluster, which neither creates topics nor
 * tells their settings: those are tested with a real Kafka in integration-tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "compacted_topic.h"
#include "helper_mock_kafka.h"
#include "log.h"

#define TIMEOUT_MS 20000

/* Records as fn got them: "key=value ", "key- " for a deletion. */
struct table {
    pthread_mutex_t lock;
    char text[1000];
};

static void on_record(void *arg, struct ks_slice key, struct ks_slice value, int32_t partition,
                      int64_t offset)
{
    struct table *table = arg;
    pthread_mutex_lock(&table->lock);
    size_t used = strlen(table->text);
    if (value.data)
        snprintf(table->text + used, sizeof table->text - used, "%.*s=%.*s ", (int)key.len,
                 (const char *)key.data, (int)value.len, (const char *)value.data);
    else
        snprintf(table->text + used, sizeof table->text - used, "%.*s- ", (int)key.len,
                 (const char *)key.data);
    pthread_mutex_unlock(&table->lock);
}

static struct ks_slice slice(const char *text)
{
    return (struct ks_slice){text, text ? strlen(text) : 0};
}

static void test_open_put_sync__own_and_earlier_records(void **state)
{
    struct mock_kafka kafka;
    struct table table = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct compacted_topic *topic = NULL;
    struct ks_error err = {0};
    mock_kafka_start(&kafka, "");
    mock_kafka_topic(&kafka, "t", 1);
    mock_kafka_write(&kafka, "t", 0, "early", "0");
    assert_int_equal(
        compacted_topic_open(&kafka.worker, "t", 1, 1, on_record, &table, &topic, &err), KS_OK);
    assert_int_equal(compacted_topic_sync(topic, TIMEOUT_MS, &err), KS_OK);
    assert_string_equal(table.text, "early=0 ");
    assert_int_equal(compacted_topic_put(topic, slice("k"), slice("1"), &err), KS_OK);
    compacted_topic_put_async(topic, slice("k"), slice("2"));
    assert_int_equal(compacted_topic_put(topic, slice("k"), slice(NULL), &err), KS_OK);
    assert_int_equal(compacted_topic_sync(topic, TIMEOUT_MS, &err), KS_OK);
    assert_string_equal(table.text, "early=0 k=1 k=2 k- ");
    compacted_topic_close(topic);
    mock_kafka_stop(&kafka);
}

static void test_sync__brokers_away(void **state)
{
    struct mock_kafka kafka;
    struct table table = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct compacted_topic *topic = NULL;
    struct ks_error err = {0};
    mock_kafka_start(&kafka, "");
    mock_kafka_topic(&kafka, "t", 1);
    assert_int_equal(
        compacted_topic_open(&kafka.worker, "t", 1, 1, on_record, &table, &topic, &err), KS_OK);
    rd_kafka_mock_broker_set_down(kafka.cluster, 1);
    assert_int_equal(compacted_topic_sync(topic, TIMEOUT_MS, &err), KS_ERR_RETRIABLE);
    assert_non_null(strstr(err.message, "topic t"));
    assert_non_null(strstr(err.message, kafka.worker.bootstrap_servers));
    rd_kafka_mock_broker_set_up(kafka.cluster, 1);
    assert_int_equal(compacted_topic_put(topic, slice("k"), slice("1"), &err), KS_OK);
    compacted_topic_close(topic);
    mock_kafka_stop(&kafka);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_put_sync__own_and_earlier_records),
        cmocka_unit_test(test_sync__brokers_away),
    };
    log_init(KS_LOG_ERROR, false);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
