#include "sink_commit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "consumer.h"
#include "helper_mock_kafka.h"
#include "kitestream/sdk/util.h"

#define END_TXN 26
#define ADD_OFFSETS_TO_TXN 25

struct fixture {
    struct mock_kafka kafka;
    struct test_task test;
    struct ks_task task;
    struct ks_error err;
};

static const struct ks_connector_class class = {.name = "test.Sink", .kind = KS_CLASS_SINK};
static const struct ks_topic_partition offsets[] = {{"t", 0, 5}};

static void open_all(struct fixture *f)
{
    static struct ks_config_entry entry = {"errors.deadletterqueue.topic.name", "dead"};
    static const struct ks_config config = {&entry, 1};
    memset((void *)f, 0, sizeof *f);
    mock_kafka_start(&f->kafka, "");
    mock_kafka_topic(&f->kafka, "t", 1);
    mock_kafka_topic(&f->kafka, "dead", 1);
    test_task_init(&f->test, &f->kafka, &class, &config);
    assert_int_equal(ks_task_open(&f->task, &f->test.ctx, "tx", &f->err), KS_OK);
    assert_int_equal(consumer_open(&f->test.ctx, &f->task.consumer, &f->err), KS_OK);
    f->task.commit = sink_commit_new(&f->task);
}

static void close_all(struct fixture *f)
{
    ks_task_close(&f->task);
    mock_kafka_stop(&f->kafka);
}

static enum ks_status commit(struct fixture *f, const char *json)
{
    struct ks_source_offset state = {"{\"s\":1}", json};
    return sink_commit_run(f->task.commit, offsets, 1, &state, 1, &f->err);
}

static enum ks_status commit_until_known(struct fixture *f, const char *json, int *ret_calls)
{
    enum ks_status status;
    *ret_calls = 0;
    do
        status = commit(f, json);
    while (++*ret_calls < 20 && status == KS_ERR_RETRIABLE);
    return status;
}

static size_t count_records(struct fixture *f, const char *topic, int partitions,
                            const char *last_value)
{
    struct mock_records r;
    mock_kafka_read(&f->kafka, topic, partitions, &r);
    size_t count = r.count;
    if (count > 0 && last_value)
        assert_memory_equal(r.list[count - 1]->payload, last_value, strlen(last_value));
    mock_records_release(&r);
    return count;
}

static void test_run__needs_a_record(void **state)
{
    struct fixture f;
    open_all(&f);
    assert_int_equal(sink_commit_run(f.task.commit, offsets, 1, NULL, 0, &f.err), KS_ERR_FATAL);
    close_all(&f);
}

static void test_run__state_offsets_letters(void **state)
{
    struct fixture f;
    struct ks_record bad = {.topic = "t", .value = {"bad", 3}};
    struct ks_error reason = {KS_ERR_DATA, "bad"};
    open_all(&f);
    assert_int_equal(errant_records_add(f.task.errant, &bad, "TASK_PUT", "C", &reason, &f.err),
                     KS_OK);
    assert_int_equal(commit(&f, "{\"n\":1}"), KS_OK);
    assert_int_equal(errant_records_count(f.task.errant), 0);
    assert_int_equal(commit(&f, "{\"n\":2}"), KS_OK);
    assert_int_equal(count_records(&f, f.kafka.worker.offset_topic, 2, "{\"n\":2}"), 2);
    assert_int_equal(count_records(&f, "dead", 1, "bad"), 1);
    close_all(&f);
}

/* The coordinator's answer is lost for good: the same transaction is asked about again. */
static void test_run__unknown_outcome_is_asked_again(void **state)
{
    struct fixture f;
    int calls;
    open_all(&f);
    assert_int_equal(commit(&f, "{\"n\":1}"), KS_OK);
    rd_kafka_mock_broker_push_request_error_rtts(f.kafka.cluster, 1, END_TXN, 1,
                                                 RD_KAFKA_RESP_ERR_NO_ERROR, 7000);
    assert_int_equal(commit_until_known(&f, "{\"n\":2}", &calls), KS_OK);
    assert_true(calls > 1);
    assert_int_equal(count_records(&f, f.kafka.worker.offset_topic, 2, "{\"n\":2}"), 2);
    close_all(&f);
}

/* What is open is finished first; other contents follow in a transaction of their own. */
static void test_run__other_contents_after_an_unknown_outcome(void **state)
{
    struct fixture f;
    int calls;
    open_all(&f);
    assert_int_equal(commit(&f, "{\"n\":1}"), KS_OK);
    rd_kafka_mock_broker_push_request_error_rtts(f.kafka.cluster, 1, END_TXN, 1,
                                                 RD_KAFKA_RESP_ERR_NO_ERROR, 7000);
    assert_int_equal(commit(&f, "{\"n\":2}"), KS_ERR_RETRIABLE);
    assert_int_equal(commit_until_known(&f, "{\"n\":3}", &calls), KS_OK);
    assert_int_equal(count_records(&f, f.kafka.worker.offset_topic, 2, "{\"n\":3}"), 3);
    close_all(&f);
}

static void test_run__abort_keeps_the_letters(void **state)
{
    struct fixture f;
    int calls;
    struct ks_record bad = {.topic = "t", .value = {"bad", 3}};
    struct ks_error reason = {KS_ERR_DATA, "bad"};
    open_all(&f);
    assert_int_equal(errant_records_add(f.task.errant, &bad, "TASK_PUT", "C", &reason, &f.err),
                     KS_OK);
    /* Says "must abort": the transaction is void, its contents are committed by the next call. */
    rd_kafka_mock_push_request_errors(f.kafka.cluster, END_TXN, 1,
                                      RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
    assert_int_equal(commit(&f, "{\"n\":1}"), KS_ERR_RETRIABLE);
    assert_int_equal(errant_records_count(f.task.errant), 1);
    assert_int_equal(commit_until_known(&f, "{\"n\":1}", &calls), KS_OK);
    assert_int_equal(errant_records_count(f.task.errant), 0);
    close_all(&f);
}

static void test_run__not_authorized(void **state)
{
    struct fixture f;
    open_all(&f);
    rd_kafka_mock_push_request_errors(f.kafka.cluster, ADD_OFFSETS_TO_TXN, 1,
                                      RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
    assert_int_equal(commit(&f, "{\"n\":1}"), KS_ERR_FATAL);
    assert_false(f.test.ctx.fenced);
    close_all(&f);
}

static void test_run__fenced(void **state)
{
    struct fixture f;
    open_all(&f);
    rd_kafka_mock_push_request_errors(f.kafka.cluster, END_TXN, 1,
                                      RD_KAFKA_RESP_ERR_PRODUCER_FENCED);
    assert_int_equal(commit(&f, "{\"n\":1}"), KS_ERR_RESTART);
    assert_true(f.test.ctx.fenced);
    assert_int_equal(commit(&f, "{\"n\":1}"), KS_ERR_RESTART);
    close_all(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run__needs_a_record),
        cmocka_unit_test(test_run__state_offsets_letters),
        cmocka_unit_test(test_run__unknown_outcome_is_asked_again),
        cmocka_unit_test(test_run__other_contents_after_an_unknown_outcome),
        cmocka_unit_test(test_run__abort_keeps_the_letters),
        cmocka_unit_test(test_run__not_authorized),
        cmocka_unit_test(test_run__fenced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
