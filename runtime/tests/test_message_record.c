#include "message_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "errant_records.h"
#include "helper_mock_kafka.h"

#define STRING "org.apache.kafka.connect.storage.StringConverter"
#define JSON "org.apache.kafka.connect.json.JsonConverter"

/* One message with headers, from a broker. */
static void read_one(struct mock_kafka *k, struct mock_records *r)
{
    char reason[128];
    mock_kafka_start(k, "");
    mock_kafka_topic(k, "t", 1);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", k->worker.bootstrap_servers, reason,
                      sizeof reason);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    assert_int_equal(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(0),
                                       RD_KAFKA_V_KEY("key", 3), RD_KAFKA_V_VALUE("[1]", 3),
                                       RD_KAFKA_V_HEADER("a", "1", 1),
                                       RD_KAFKA_V_HEADER("a", NULL, 0), RD_KAFKA_V_TIMESTAMP(1234),
                                       RD_KAFKA_V_END),
                     0);
    assert_int_equal(rd_kafka_flush(rk, 20000), 0);
    rd_kafka_destroy(rk);
    mock_kafka_read(k, "t", 1, r);
    assert_int_equal(r->count, 1);
}

static void test_raw__all_members(void **state)
{
    struct mock_kafka k;
    struct mock_records r;
    struct ks_arena arena = {0};
    read_one(&k, &r);
    struct ks_record record = message_record_raw(r.list[0], "mine", &arena);
    assert_string_equal(record.topic, "mine");
    assert_int_equal(record.partition, 0);
    assert_int_equal(record.offset, 0);
    assert_int_equal(record.timestamp_ms, 1234);
    assert_memory_equal(record.key.data, "key", 3);
    assert_ptr_equal(record.value.data, r.list[0]->payload);
    assert_null(record.value_schema);
    assert_int_equal(record.header_count, 2);
    assert_string_equal(record.headers[1].key, "a");
    assert_null(record.headers[1].value.data);
    ks_arena_release(&arena);
    mock_records_release(&r);
    mock_kafka_stop(&k);
}

static void test_convert__both_or_none(void **state)
{
    struct ks_arena arena = {0};
    struct ks_error err;
    struct worker_config worker = {0};
    struct ks_config_entry entries[] = {{"key.converter", STRING},
                                        {"value.converter", JSON},
                                        {"value.converter.schemas.enable", "false"}};
    struct ks_config config = {entries, 3};
    struct schema_cache *schemas = schema_cache_new();
    struct converter *keys, *values;
    assert_int_equal(converter_open(&worker, &config, true, schemas, &keys, &err), KS_OK);
    assert_int_equal(converter_open(&worker, &config, false, schemas, &values, &err), KS_OK);
    struct ks_record record = {.topic = "t", .key = {"k", 1}, .value = {"[1]", 3}};
    const char *stage;
    assert_int_equal(message_record_convert(&record, keys, values, &arena, &stage, &err), KS_OK);
    assert_memory_equal(record.key.data, "\x02k", 2);
    assert_memory_equal(record.value.data, "\x06[1]", 4);
    assert_non_null(record.value_schema);
    struct ks_record bad = {.topic = "t", .key = {"k", 1}, .value = {"[1", 2}};
    assert_int_equal(message_record_convert(&bad, keys, values, &arena, &stage, &err), KS_ERR_DATA);
    assert_string_equal(stage, STAGE_VALUE_CONVERTER);
    assert_null(bad.key_schema);
    assert_int_equal(bad.key.len, 1);
    converter_close(keys);
    converter_close(values);
    schema_cache_free(schemas);
    ks_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_raw__all_members),
        cmocka_unit_test(test_convert__both_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
