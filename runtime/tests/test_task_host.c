#include "task_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper_mock_kafka.h"

struct fixture {
    struct mock_kafka kafka;
    struct test_task test;
    struct ks_task task;
    struct ks_error err;
};

static const struct ks_connector_class source_class = {.name = "test.Source",
                                                       .kind = KS_CLASS_SOURCE};
static const struct ks_connector_class sink_class = {.name = "test.Sink", .kind = KS_CLASS_SINK};
static const struct ks_connector_class own_class = {
    .name = "test.Sink", .kind = KS_CLASS_SINK, .flags = KS_CLASS_OWN_ASSIGNMENT};

static void open_all(struct fixture *f, const struct ks_connector_class *cls)
{
    static const struct ks_config config = {0};
    memset((void *)f, 0, sizeof *f);
    mock_kafka_start(&f->kafka, "");
    mock_kafka_topic(&f->kafka, "t", 2);
    mock_kafka_write(&f->kafka, f->kafka.worker.offset_topic, 0, "[\"test\",{\"a\":1,\"b\":\"x\"}]",
                     "{\"n\":5}");
    mock_kafka_write(&f->kafka, f->kafka.worker.offset_topic, 0, "[\"other\",{\"a\":1}]",
                     "{\"n\":6}");
    test_task_init(&f->test, &f->kafka, cls, &config);
    assert_int_equal(ks_task_open(&f->task, &f->test.ctx, NULL, &f->err), KS_OK);
}

static void close_all(struct fixture *f)
{
    ks_task_close(&f->task);
    mock_kafka_stop(&f->kafka);
}

static void test_host__which_services(void **state)
{
    struct fixture f;
    open_all(&f, &source_class);
    assert_int_equal(f.task.host.struct_size, sizeof f.task.host);
    assert_non_null(f.task.host.next_offsets);
    assert_null(f.task.host.commit);
    close_all(&f);
    open_all(&f, &sink_class);
    assert_null(f.task.host.next_offsets);
    assert_null(f.task.host.assign);
    close_all(&f);
    open_all(&f, &own_class);
    assert_non_null(f.task.host.assign);
    assert_non_null(f.task.host.commit);
    close_all(&f);
}

static void test_offset_read(void **state)
{
    struct fixture f;
    char *offset;
    open_all(&f, &source_class);
    const struct ks_task_host *h = &f.task.host;
    assert_int_equal(h->offset_read(h->task, "{\"b\":\"x\", \"a\":1}", &offset, &f.err), KS_OK);
    assert_string_equal(offset, "{\"n\":5}");
    h->free(offset);
    assert_int_equal(h->offset_read(h->task, "{\"a\":1}", &offset, &f.err), KS_OK);
    assert_null(offset);
    assert_int_equal(h->offset_read(h->task, "[1]", &offset, &f.err), KS_ERR_DATA);
    close_all(&f);
}

static void test_status_and_stop(void **state)
{
    struct fixture f;
    open_all(&f, &source_class);
    const struct ks_task_host *h = &f.task.host;
    h->status(h->task, "the tide");
    assert_string_equal(f.test.waiting, "the tide");
    h->status(h->task, NULL);
    assert_string_equal(f.test.waiting, "");
    assert_false(h->stop_requested(h->task));
    f.test.ctx.stop = true;
    assert_true(h->stop_requested(h->task));
    close_all(&f);
}

static void collect(void *arg, const struct ks_record *record)
{
    char *text = arg;
    snprintf(text + strlen(text), 16, "%.*s;", (int)record->value.len - 1,
             (const char *)record->value.data + 1);
    assert_string_equal(record->topic, "t");
}

static void test_topic_read(void **state)
{
    struct fixture f;
    char text[128] = "";
    open_all(&f, &source_class);
    const struct ks_task_host *h = &f.task.host;
    mock_kafka_write(&f.kafka, "t", 1, "k", "one");
    mock_kafka_write(&f.kafka, "t", 1, "k", "two");
    assert_int_equal(h->topic_read(h->task, "t", collect, text, &f.err), KS_OK);
    assert_string_equal(text, "one;two;");
    close_all(&f);
}

static void test_topic_create__exists(void **state)
{
    struct fixture f;
    int32_t partitions = 0;
    open_all(&f, &source_class);
    const struct ks_task_host *h = &f.task.host;
    assert_int_equal(h->topic_create(h->task, "t", 7, NULL, &partitions, &f.err), KS_OK);
    assert_int_equal(partitions, 2);
    close_all(&f);
}

static void test_send_offset__key_and_tombstone(void **state)
{
    struct fixture f;
    struct mock_records r;
    open_all(&f, &source_class);
    struct ks_source_offset gone = {"{\"b\":\"x\",\"a\":1}", NULL};
    assert_int_equal(ks_task_send_offset(&f.task, &gone, &f.err), KS_OK);
    assert_int_equal(producer_wait(f.task.producer, PRODUCER_NO_DEADLINE, &f.err), KS_OK);
    mock_kafka_read(&f.kafka, f.kafka.worker.offset_topic, 2, &r);
    assert_int_equal(r.count, 3);
    bool found = false;
    for (size_t i = 0; i < 3; i++) {
        if (r.list[i]->payload)
            continue;
        found = true;
        assert_memory_equal(r.list[i]->key, "[\"test\",{\"a\":1,\"b\":\"x\"}]", r.list[i]->key_len);
    }
    assert_true(found);
    mock_records_release(&r);
    close_all(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host__which_services),
        cmocka_unit_test(test_offset_read),
        cmocka_unit_test(test_status_and_stop),
        cmocka_unit_test(test_topic_read),
        cmocka_unit_test(test_topic_create__exists),
        cmocka_unit_test(test_send_offset__key_and_tombstone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
