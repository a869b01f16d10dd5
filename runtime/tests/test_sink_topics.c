#include "sink_topics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "consumer.h"
#include "helper_mock_kafka.h"
#include "sink_commit.h"

struct fixture {
    struct mock_kafka kafka;
    struct test_task test;
    struct ks_task task;
    struct sink_topics *topics;
    struct ks_error err;
};

static const struct ks_sink_task_ops ops = {0};
static const struct ks_connector_class class = {
    .name = "test.Sink", .kind = KS_CLASS_SINK, .sink = &ops};

static void open_all(struct fixture *f, struct ks_config_entry *entry, int task_id)
{
    struct ks_config config = {entry, entry ? 1 : 0};
    memset((void *)f, 0, sizeof *f);
    mock_kafka_start(&f->kafka, "");
    mock_kafka_topic(&f->kafka, "one", 2);
    mock_kafka_topic(&f->kafka, "two", 1);
    mock_kafka_write(&f->kafka, f->kafka.worker.offset_topic, 0,
                     "[\"test\",{\"kafka_partition\":1,\"kafka_topic\":\"one\"}]",
                     "{\"kafka_offset\":7}");
    test_task_init(&f->test, &f->kafka, &class, &config);
    f->test.ctx.task_id = task_id;
    assert_int_equal(ks_task_open(&f->task, &f->test.ctx, "tx", &f->err), KS_OK);
    assert_int_equal(consumer_open(&f->test.ctx, &f->task.consumer, &f->err), KS_OK);
    f->task.commit = sink_commit_new(&f->task);
}

static void close_all(struct fixture *f)
{
    sink_topics_free(f->topics);
    ks_task_close(&f->task);
    mock_kafka_stop(&f->kafka);
}

static void test_refresh__recorded_offset_or_the_beginning(void **state)
{
    struct fixture f;
    struct ks_config_entry entry = {"topics", "one, two"};
    open_all(&f, &entry, 0);
    assert_int_equal(sink_topics_new(&f.task, &f.topics, &f.err), KS_OK);
    assert_int_equal(sink_topics_refresh(f.topics, &f.err), KS_OK);
    assert_true(consumer_is_assigned(f.task.consumer, "one", 0));
    assert_int_equal(consumer_position(f.task.consumer, "one", 0), -1);
    assert_int_equal(consumer_position(f.task.consumer, "one", 1), 7);
    assert_true(consumer_is_assigned(f.task.consumer, "two", 0));
    /* Only what is known is committed, and only when it has moved. */
    assert_int_equal(sink_topics_commit(f.topics, NULL, &f.err), KS_OK);
    assert_int_equal(sink_topics_commit(f.topics, NULL, &f.err), KS_OK);
    struct mock_records r;
    mock_kafka_read(&f.kafka, f.kafka.worker.offset_topic, 2, &r);
    assert_int_equal(r.count, 2);
    mock_records_release(&r);
    close_all(&f);
}

/* A bit for each of the three partitions that the task reads. */
static unsigned assigned_to(int task_id, int task_count)
{
    struct fixture f;
    struct ks_config_entry entry = {"topics", "one, two"};
    open_all(&f, &entry, task_id);
    f.test.ctx.task_count = task_count;
    assert_int_equal(sink_topics_new(&f.task, &f.topics, &f.err), KS_OK);
    assert_int_equal(sink_topics_refresh(f.topics, &f.err), KS_OK);
    unsigned seen = consumer_is_assigned(f.task.consumer, "one", 0) ? 1 : 0;
    seen |= consumer_is_assigned(f.task.consumer, "one", 1) ? 2 : 0;
    seen |= consumer_is_assigned(f.task.consumer, "two", 0) ? 4 : 0;
    close_all(&f);
    return seen;
}

static void test_refresh__tasks_share_the_partitions(void **state)
{
    unsigned first = assigned_to(0, 2), second = assigned_to(1, 2);
    assert_int_equal(first | second, 7);
    assert_int_equal(first & second, 0);
    assert_int_not_equal(first & 3, 0); /* one partition of "one" each */
    assert_int_not_equal(second & 3, 0);
}

static void test_new__refusals(void **state)
{
    struct fixture f;
    struct ks_config_entry entry = {"topics.regex", "("};
    open_all(&f, &entry, 0);
    assert_int_equal(sink_topics_new(&f.task, &f.topics, &f.err), KS_ERR_FATAL);
    assert_non_null(strstr(f.err.message, "topics.regex"));
    close_all(&f);
    open_all(&f, NULL, 0);
    assert_int_equal(sink_topics_new(&f.task, &f.topics, &f.err), KS_ERR_FATAL);
    close_all(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refresh__recorded_offset_or_the_beginning),
        cmocka_unit_test(test_refresh__tasks_share_the_partitions),
        cmocka_unit_test(test_new__refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
