/* Offsets of connectors, on librdkafka's mock cluster. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "helper_mock_kafka.h"
#include "log.h"
#include "offset_store.h"

static void test_key__members_are_sorted(void **state)
{
    struct ks_buf key = {0};
    struct ks_error err;
    assert_int_equal(
        offset_store_key("c-1", "{ \"z\": 1, \"a\":\"\\u00e9\", \"b\":null }", &key, &err), KS_OK);
    assert_string_equal(ks_buf_str(&key), "[\"c-1\",{\"a\":\"é\",\"b\":null,\"z\":1}]");
    assert_int_equal(offset_store_key("c", "{}", &key, &err), KS_OK);
    assert_string_equal(ks_buf_str(&key), "[\"c\",{}]");
    ks_buf_release(&key);
}

static void test_key__what_is_no_flat_object(void **state)
{
    static const char *const bad[] = {"", "[]", "{", "{\"a\":[]}", "{\"a\":{}}", "1", "null"};
    struct ks_buf key = {0};
    struct ks_error err;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(offset_store_key("c", bad[i], &key, &err), KS_ERR_DATA);
    assert_int_equal(key.len, 0);
    ks_buf_release(&key);
}

static void test_read__last_value_of_own_partitions(void **state)
{
    struct mock_kafka kafka;
    struct offset_snapshot *s = NULL;
    struct ks_error err = {0};
    mock_kafka_start(&kafka, "");
    const char *topic = kafka.worker.offset_topic;
    mock_kafka_write(&kafka, topic, 0, "[\"c\",{\"a\":1,\"b\":2}]", "{\"o\":1}");
    mock_kafka_write(&kafka, topic, 0, "[\"c\",{\"b\":2,\"a\":1}]", "{\"o\":2}");
    mock_kafka_write(&kafka, topic, 1, "[\"other\",{\"a\":1}]", "{\"o\":3}");
    mock_kafka_write(&kafka, topic, 1, "[\"c\",{\"gone\":1}]", "{\"o\":4}");
    mock_kafka_write(&kafka, topic, 1, "[\"c\",{\"gone\":1}]", NULL);
    mock_kafka_write(&kafka, topic, 1, "no offset key", "{\"o\":5}");
    mock_kafka_write(&kafka, topic, 1, "[\"c\",{\"a\":[]}]", "{\"o\":6}");
    assert_int_equal(offset_snapshot_read(&kafka.worker, "c", NULL, &s, &err), KS_OK);
    assert_int_equal(offset_snapshot_count(s), 1);
    assert_string_equal(offset_snapshot_get(s, "{\"b\":2, \"a\":1}"), "{\"o\":2}");
    assert_null(offset_snapshot_get(s, "{\"a\":1}"));
    assert_null(offset_snapshot_get(s, "nonsense"));
    const char *partition, *offset;
    offset_snapshot_at(s, 0, &partition, &offset);
    assert_string_equal(partition, "{\"a\":1,\"b\":2}");
    assert_string_equal(offset, "{\"o\":2}");
    offset_snapshot_free(s);
    mock_kafka_stop(&kafka);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key__members_are_sorted),
        cmocka_unit_test(test_key__what_is_no_flat_object),
        cmocka_unit_test(test_read__last_value_of_own_partitions),
    };
    log_init(KS_LOG_ERROR, false);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
