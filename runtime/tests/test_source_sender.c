#include "source_sender.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "helper_mock_kafka.h"

struct fixture {
    struct mock_kafka kafka;
    struct test_task test;
    struct ks_task task;
    struct source_sender *sender;
    struct ks_error err;
};

static const struct ks_connector_class class = {.name = "test.Source", .kind = KS_CLASS_SOURCE};
static int released;

static void release(struct ks_source_batch *batch)
{
    released++;
}

static const struct ks_connector_class own_class = {
    .name = "test.Source", .kind = KS_CLASS_SOURCE, .flags = KS_CLASS_OWN_ROUTING};

static void open_class(struct fixture *f, const struct ks_connector_class *cls,
                       const struct ks_config *config)
{
    memset((void *)f, 0, sizeof *f);
    released = 0;
    mock_kafka_start(&f->kafka, "");
    mock_kafka_topic(&f->kafka, "t", 1);
    test_task_init(&f->test, &f->kafka, cls, config);
    assert_int_equal(ks_task_open(&f->task, &f->test.ctx, NULL, &f->err), KS_OK);
    f->sender = source_sender_new(&f->task);
}

static void open_all(struct fixture *f, const struct ks_config *config)
{
    open_class(f, &class, config);
}

static void close_all(struct fixture *f)
{
    source_sender_free(f->sender);
    ks_task_close(&f->task);
    mock_kafka_stop(&f->kafka);
}

static void test_send__released_after_drop_and_delivery(void **state)
{
    struct fixture f;
    struct ks_record records[] = {
        {.topic = "t", .timestamp_ms = -1, .value = {"one", 3}},
        {.topic = "t", .timestamp_ms = -1, .key = {"k", 1}},
    };
    struct ks_source_batch batch = {.records = records, .record_count = 2, .release = release};
    size_t next = 0;
    open_all(&f, &(struct ks_config){0});
    struct source_batch *held = source_batch_hold(&batch);
    assert_int_equal(source_sender_send(f.sender, held, &next, &f.err), KS_OK);
    assert_int_equal(next, 2);
    assert_int_equal(producer_wait(f.task.producer, PRODUCER_NO_DEADLINE, &f.err), KS_OK);
    assert_int_equal(released, 0);
    source_batch_drop(held);
    assert_int_equal(released, 1);
    close_all(&f);
}

static void test_send__empty_batch(void **state)
{
    struct fixture f;
    struct ks_source_batch batch = {.release = release};
    size_t next = 0;
    open_all(&f, &(struct ks_config){0});
    struct source_batch *held = source_batch_hold(&batch);
    assert_int_equal(source_sender_send(f.sender, held, &next, &f.err), KS_OK);
    source_batch_drop(held);
    assert_int_equal(released, 1);
    close_all(&f);
}

/* The record's own, then the schema's id. */
static void assert_headers(const rd_kafka_message_t *message)
{
    rd_kafka_headers_t *headers;
    const char *name;
    const void *value;
    size_t len;
    assert_int_equal(rd_kafka_message_headers(message, &headers), RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(rd_kafka_header_cnt(headers), 2);
    assert_int_equal(rd_kafka_header_get_all(headers, 0, &name, &value, &len),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_string_equal(name, "own");
    assert_int_equal(rd_kafka_header_get_all(headers, 1, &name, &value, &len),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_string_equal(name, "kitestream.value.schema.id");
    assert_true(len > 0);
}

/* JsonConverter works in a scratch buffer, which the next record overwrites. */
static void test_send__scratch_is_copied(void **state)
{
    struct fixture f;
    struct mock_records r;
    struct ks_config_entry entries[] = {
        {"value.converter", "org.apache.kafka.connect.json.JsonConverter"},
        {"value.converter.schemas.enable", "false"}};
    char bytes[] = "\2\4\6";
    struct ks_header own = {"own", {"x", 1}};
    const struct ks_schema *schema;
    size_t next = 0;
    open_all(&f, &(struct ks_config){entries, 2});
    assert_int_equal(schema_cache_intern(f.task.schemas, "\"int\"", 5, &schema, &f.err), KS_OK);
    struct ks_record records[3];
    for (size_t i = 0; i < 3; i++)
        records[i] = (struct ks_record){
            .topic = "t",
            .timestamp_ms = -1,
            .value = {bytes + i, 1},
            .value_schema = schema,
            .headers = &own,
            .header_count = 1,
        };
    struct ks_source_batch batch = {.records = records, .record_count = 3, .release = release};
    struct source_batch *held = source_batch_hold(&batch);
    assert_int_equal(source_sender_send(f.sender, held, &next, &f.err), KS_OK);
    source_batch_drop(held);
    assert_int_equal(producer_wait(f.task.producer, PRODUCER_NO_DEADLINE, &f.err), KS_OK);
    assert_int_equal(released, 1);
    mock_kafka_read(&f.kafka, "t", 1, &r);
    assert_int_equal(r.count, 3);
    assert_memory_equal(r.list[0]->payload, "1", 1);
    assert_memory_equal(r.list[2]->payload, "3", 1);
    assert_headers(r.list[2]);
    mock_records_release(&r);
    close_all(&f);
}

static void test_send__stops_at_the_record_that_fails(void **state)
{
    struct fixture f;
    struct ks_record records[] = {
        {.topic = "t", .timestamp_ms = -1, .value = {"one", 3}},
        {.topic = "t", .partition = 9, .timestamp_ms = -1, .value = {"two", 3}},
        {.topic = "t", .timestamp_ms = -1, .value = {"three", 5}},
    };
    struct ks_source_batch batch = {.records = records, .record_count = 3, .release = release};
    size_t next = 0;
    open_all(&f, &(struct ks_config){0});
    struct source_batch *held = source_batch_hold(&batch);
    assert_int_equal(source_sender_send(f.sender, held, &next, &f.err), KS_ERR_FATAL);
    assert_int_equal(next, 1);
    assert_non_null(strstr(f.err.message, "KAFKA_PRODUCE"));
    source_batch_drop(held);
    producer_purge(f.task.producer);
    assert_int_equal(released, 1);
    close_all(&f);
}

static void send_routed(const struct ks_connector_class *cls, const char *topic)
{
    struct fixture f;
    struct mock_records r;
    static const _Atomic unsigned epoch = 1;
    struct ks_topic_partition next_offset;
    struct ks_config_entry entries[] = {
        {"transforms", "r"}, {"transforms.r.regex", "x"}, {"transforms.r.replacement", "t"}};
    struct ks_record record = {.topic = topic, .timestamp_ms = -1, .value = {"one", 3}};
    struct ks_source_batch batch = {.records = &record, .record_count = 1, .release = release};
    size_t next = 0, count = 0;
    open_class(&f, cls, &(struct ks_config){entries, 3});
    f.test.ctx.topics_epoch = &epoch;
    const struct ks_task_host *h = &f.task.host;
    struct source_batch *held = source_batch_hold(&batch);
    assert_int_equal(source_sender_send(f.sender, held, &next, &f.err), KS_OK);
    assert_int_equal(producer_wait(f.task.producer, PRODUCER_NO_DEADLINE, &f.err), KS_OK);
    source_batch_drop(held);
    assert_string_equal(f.test.topics, "t ");
    mock_kafka_read(&f.kafka, "t", 1, &r);
    assert_int_equal(r.count, 1);
    mock_records_release(&r);
    assert_int_equal(h->next_offsets(h->task, topic, &next_offset, 1, &count, &f.err), KS_OK);
    assert_int_equal(next_offset.offset, 1);
    assert_string_equal(next_offset.topic, topic);
    assert_int_equal(h->topic_routed(h->task, "x", &topic, &f.err), KS_OK);
    assert_string_equal(topic, "t");
    close_all(&f);
}

static void test_send__to_the_routed_topic(void **state)
{
    send_routed(&class, "x");
    send_routed(&own_class, "t");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_send__released_after_drop_and_delivery),
        cmocka_unit_test(test_send__empty_batch),
        cmocka_unit_test(test_send__scratch_is_copied),
        cmocka_unit_test(test_send__stops_at_the_record_that_fails),
        cmocka_unit_test(test_send__to_the_routed_topic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
