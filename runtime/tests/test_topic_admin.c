/* Questions about topics, on librdkafka's mock cluster; what it cannot answer (creating, settings)
 * is tested with a real Kafka in integration-tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "helper_mock_kafka.h"
#include "log.h"
#include "topic_admin.h"

struct fixture {
    struct mock_kafka kafka;
    struct topic_admin *admin;
};

static int setup(void **state)
{
    static struct fixture f;
    struct ks_error err = {0};
    mock_kafka_start(&f.kafka, "");
    assert_int_equal(topic_admin_open(&f.kafka.worker, NULL, &f.admin, &err), KS_OK);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    topic_admin_close(f->admin);
    mock_kafka_stop(&f->kafka);
    return 0;
}

static void test_ensure__takes_the_topic_as_it_is(void **state)
{
    struct fixture *f = *state;
    struct ks_error err = {0};
    int32_t partitions = 0;
    mock_kafka_topic(&f->kafka, "t", 5);
    assert_int_equal(topic_admin_ensure(f->admin, "t", 2, 1, NULL, &partitions, &err), KS_OK);
    assert_int_equal(partitions, 5);
    partitions = 0;
    assert_int_equal(topic_admin_partitions(f->admin, "t", &partitions, &err), KS_OK);
    assert_int_equal(partitions, 5);
}

static void test_ends__of_each_partition(void **state)
{
    struct fixture *f = *state;
    struct ks_error err = {0};
    int64_t ends[2] = {-1, -1}, low = -1, high = -1;
    mock_kafka_topic(&f->kafka, "t", 2);
    mock_kafka_write(&f->kafka, "t", 1, "a", "1");
    mock_kafka_write(&f->kafka, "t", 1, "b", "2");
    assert_int_equal(topic_admin_ends(f->admin, "t", 2, ends, &err), KS_OK);
    assert_int_equal(ends[0], 0);
    assert_int_equal(ends[1], 2);
    assert_int_equal(topic_admin_watermarks(f->admin, "t", 1, &low, &high, &err), KS_OK);
    assert_int_equal(low, 0);
    assert_int_equal(high, 2);
}

static void test_rest__until_the_next_question(void **state)
{
    struct fixture *f = *state;
    struct ks_error err = {0};
    int32_t partitions = 0;
    int64_t low = -1, high = -1;
    mock_kafka_topic(&f->kafka, "t", 3);
    topic_admin_rest(f->admin);
    assert_int_equal(topic_admin_partitions(f->admin, "t", &partitions, &err), KS_OK);
    assert_int_equal(partitions, 3);
    topic_admin_rest(f->admin);
    topic_admin_rest(f->admin);
    assert_int_equal(topic_admin_watermarks(f->admin, "t", 2, &low, &high, &err), KS_OK);
    assert_int_equal(high, 0);
}

static void test_partitions__brokers_away(void **state)
{
    struct fixture *f = *state;
    struct ks_error err = {0};
    int32_t partitions = -1;
    rd_kafka_mock_broker_set_down(f->kafka.cluster, 1);
    assert_int_equal(topic_admin_partitions(f->admin, "t", &partitions, &err), KS_ERR_RETRIABLE);
    assert_int_equal(partitions, -1);
    assert_non_null(strstr(err.message, "topic t"));
    assert_non_null(strstr(err.message, f->kafka.worker.bootstrap_servers));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ensure__takes_the_topic_as_it_is),
        TEST(test_ends__of_each_partition),
        TEST(test_rest__until_the_next_question),
        TEST(test_partitions__brokers_away),
    };
    log_init(KS_LOG_ERROR, false);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
