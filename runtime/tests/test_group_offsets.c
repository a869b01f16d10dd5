/* Offsets of a sink's group, on librdkafka's mock cluster. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "group_offsets.h"
#include "helper_mock_kafka.h"
#include "log.h"

static const struct ks_config no_config = {0};

/* As another program of the group would. */
static void commit(struct mock_kafka *kafka, const rd_kafka_topic_partition_list_t *list)
{
    char reason[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(kafka->cluster),
                      reason, sizeof reason);
    rd_kafka_conf_set(conf, "group.id", "connect-c", reason, sizeof reason);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    assert_non_null(rk);
    assert_int_equal(rd_kafka_commit(rk, list, 0), 0);
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
}

static void test_read__what_was_committed(void **state)
{
    struct mock_kafka kafka;
    struct group_offsets *group = NULL;
    struct ks_error err = {0};
    mock_kafka_start(&kafka, "");
    mock_kafka_topic(&kafka, "books", 2);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(2);
    rd_kafka_topic_partition_list_add(list, "books", 1)->offset = 7;
    commit(&kafka, list);
    rd_kafka_topic_partition_list_add(list, "books", 0);
    list->elems[0].offset = RD_KAFKA_OFFSET_INVALID;
    assert_int_equal(group_offsets_open(&kafka.worker, "c", &no_config, &group, &err), KS_OK);
    assert_int_equal(group_offsets_read(group, list, &err), KS_OK);
    assert_int_equal(list->elems[0].offset, 7);
    assert_true(list->elems[1].offset < 0);
    rd_kafka_topic_partition_list_destroy(list);
    group_offsets_close(group);
    mock_kafka_stop(&kafka);
}

static void test_open__an_option_that_kafka_refuses(void **state)
{
    struct mock_kafka kafka;
    struct group_offsets *group = NULL;
    struct ks_error err = {0};
    const struct ks_config_entry entry = {"consumer.override.nonsense", "1"};
    const struct ks_config config = {&entry, 1};
    mock_kafka_start(&kafka, "");
    assert_int_equal(group_offsets_open(&kafka.worker, "c", &config, &group, &err), KS_ERR_FATAL);
    assert_null(group);
    mock_kafka_stop(&kafka);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read__what_was_committed),
        cmocka_unit_test(test_open__an_option_that_kafka_refuses),
    };
    log_init(KS_LOG_ERROR, false);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
