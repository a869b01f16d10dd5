/* One-shot reading, on librdkafka's mock cluster. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "compacted_topic.h"
#include "helper_mock_kafka.h"

struct collected {
    char text[1000]; /* key=value, in order */
};

static void collect(void *arg, const void *rd_kafka_message)
{
    struct collected *c = arg;
    const rd_kafka_message_t *m = rd_kafka_message;
    size_t used = strlen(c->text);
    snprintf(c->text + used, sizeof c->text - used, "%.*s=%.*s ", (int)m->key_len,
             (const char *)m->key, (int)m->len, (const char *)m->payload);
}

static void test_read_all__to_the_end(void **state)
{
    struct mock_kafka kafka;
    struct collected c = {{0}};
    struct ks_error err = {0};
    mock_kafka_start(&kafka, "");
    mock_kafka_topic(&kafka, "t", 2);
    mock_kafka_write(&kafka, "t", 1, "a", "1");
    mock_kafka_write(&kafka, "t", 1, "b", "2");
    assert_int_equal(topic_read_all(&kafka.worker, "t", collect, &c, NULL, &err), KS_OK);
    assert_string_equal(c.text, "a=1 b=2 ");
    mock_kafka_stop(&kafka);
}

static void test_read_all__empty_topic(void **state)
{
    struct mock_kafka kafka;
    struct collected c = {{0}};
    struct ks_error err = {0};
    mock_kafka_start(&kafka, "");
    mock_kafka_topic(&kafka, "t", 3);
    assert_int_equal(topic_read_all(&kafka.worker, "t", collect, &c, NULL, &err), KS_OK);
    assert_string_equal(c.text, "");
    mock_kafka_stop(&kafka);
}

static void test_read_all__stopped(void **state)
{
    struct mock_kafka kafka;
    struct collected c = {{0}};
    struct ks_error err = {0};
    const _Atomic bool stop = true;
    mock_kafka_start(&kafka, "");
    mock_kafka_topic(&kafka, "t", 1);
    mock_kafka_write(&kafka, "t", 0, "a", "1");
    assert_int_equal(topic_read_all(&kafka.worker, "t", collect, &c, &stop, &err),
                     KS_ERR_RETRIABLE);
    assert_string_equal(err.message, "reading topic t was stopped");
    mock_kafka_stop(&kafka);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_all__to_the_end),
        cmocka_unit_test(test_read_all__empty_topic),
        cmocka_unit_test(test_read_all__stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
