#include "transaction.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "helper_mock_kafka.h"

#define END_TXN 26
#define PRODUCE 0

struct fixture {
    struct mock_kafka kafka;
    struct test_task task;
    struct topic_admin *admin;
    struct topic_creation *creation;
    struct producer *producer;
    struct ks_error err;
};

static const struct ks_connector_class class = {.name = "test.Source"};

static void open_all(struct fixture *f)
{
    struct ks_config config = {0};
    memset((void *)f, 0, sizeof *f);
    mock_kafka_start(&f->kafka, "");
    mock_kafka_topic(&f->kafka, "t", 1);
    test_task_init(&f->task, &f->kafka, &class, &config);
    assert_int_equal(topic_admin_open(&f->kafka.worker, NULL, &f->admin, &f->err), KS_OK);
    assert_int_equal(topic_creation_new("test", &f->task.ctx.config, &f->creation, &f->err), KS_OK);
    assert_int_equal(
        producer_open(&f->task.ctx, "tx", f->admin, f->creation, &f->producer, &f->err), KS_OK);
}

static void close_all(struct fixture *f)
{
    producer_close(f->producer);
    topic_creation_free(f->creation);
    topic_admin_close(f->admin);
    mock_kafka_stop(&f->kafka);
}

static void send_one(struct fixture *f)
{
    struct ks_record record = {.topic = "t", .timestamp_ms = -1, .value = {"v", 1}};
    assert_int_equal(producer_send(f->producer, &record, NULL, true, &f->err), KS_OK);
}

static void test_commit(void **state)
{
    struct fixture f;
    bool must_abort = false;
    open_all(&f);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(transaction_begin(f.producer, &f.err), KS_OK);
        send_one(&f);
        assert_int_equal(producer_wait(f.producer, PRODUCER_NO_DEADLINE, &f.err), KS_OK);
        assert_int_equal(transaction_commit(f.producer, 5000, &must_abort, &f.err), KS_OK);
    }
    assert_false(must_abort);
    close_all(&f);
}

static void test_commit__timeout_is_retriable(void **state)
{
    struct fixture f;
    bool must_abort = false;
    open_all(&f);
    assert_int_equal(transaction_begin(f.producer, &f.err), KS_OK);
    send_one(&f);
    assert_int_equal(producer_wait(f.producer, PRODUCER_NO_DEADLINE, &f.err), KS_OK);
    rd_kafka_mock_broker_push_request_error_rtts(f.kafka.cluster, 1, END_TXN, 1,
                                                 RD_KAFKA_RESP_ERR_NO_ERROR, 1500);
    assert_int_equal(transaction_commit(f.producer, 300, &must_abort, &f.err), KS_ERR_RETRIABLE);
    assert_false(must_abort);
    enum ks_status status;
    do
        status = transaction_commit(f.producer, 1000, &must_abort, &f.err);
    while (status == KS_ERR_RETRIABLE);
    assert_int_equal(status, KS_OK);
    close_all(&f);
}

static void test_commit__failed_delivery_must_abort(void **state)
{
    struct fixture f;
    bool must_abort = false;
    open_all(&f);
    assert_int_equal(transaction_begin(f.producer, &f.err), KS_OK);
    rd_kafka_mock_push_request_errors(f.kafka.cluster, PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP);
    send_one(&f);
    assert_int_equal(producer_wait(f.producer, PRODUCER_NO_DEADLINE, &f.err), KS_ERR_RESTART);
    assert_int_equal(transaction_commit(f.producer, 5000, &must_abort, &f.err), KS_ERR_RESTART);
    assert_true(must_abort);
    assert_non_null(strstr(f.err.message, "topic t"));
    /* After the abort the next transaction may begin. */
    assert_int_equal(transaction_abort(f.producer, 5000, &f.err), KS_OK);
    assert_int_equal(producer_check(f.producer, &f.err), KS_OK);
    assert_int_equal(transaction_begin(f.producer, &f.err), KS_OK);
    close_all(&f);
}

static void test_begin__twice_is_a_restart(void **state)
{
    struct fixture f;
    open_all(&f);
    assert_int_equal(transaction_begin(f.producer, &f.err), KS_OK);
    assert_int_equal(transaction_begin(f.producer, &f.err), KS_ERR_RESTART);
    assert_false(f.task.ctx.fenced);
    close_all(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commit),
        cmocka_unit_test(test_commit__timeout_is_retriable),
        cmocka_unit_test(test_commit__failed_delivery_must_abort),
        cmocka_unit_test(test_begin__twice_is_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
