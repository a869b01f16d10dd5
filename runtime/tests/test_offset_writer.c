/* Offsets from outside, on librdkafka's mock cluster, which does not fence: that is tested with a
 * real Kafka in integration-tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "helper_mock_kafka.h"
#include "log.h"
#include "offset_store.h"
#include "offset_writer.h"

static const struct ks_config no_config = {0};

static int setup(void **state)
{
    static struct mock_kafka kafka;
    mock_kafka_start(&kafka, "group.id: workers\n");
    mock_kafka_topic(&kafka, "books", 2);
    *state = &kafka;
    return 0;
}

static int teardown(void **state)
{
    mock_kafka_stop(*state);
    return 0;
}

static struct offset_writer *open_writer(struct mock_kafka *kafka, enum ks_class_kind kind)
{
    struct offset_writer *w = NULL;
    struct ks_error err = {0};
    if (offset_writer_open(&kafka->worker, "c", kind, 2, &no_config, &w, &err) != KS_OK)
        fail_msg("%s", err.message);
    return w;
}

static void assert_offset(struct mock_kafka *kafka, const char *partition, const char *offset)
{
    struct offset_snapshot *snapshot = NULL;
    struct ks_error err = {0};
    assert_int_equal(offset_snapshot_read(&kafka->worker, "c", NULL, &snapshot, &err), KS_OK);
    const char *found = offset_snapshot_get(snapshot, partition);
    assert_string_equal(found ? found : "none", offset);
    offset_snapshot_free(snapshot);
}

static void test_commit__records(void **state)
{
    struct mock_kafka *kafka = *state;
    struct ks_error err = {0};
    const struct ks_source_offset set[] = {{"{\"p\":1}", "{\"o\":1}"}, {"{\"p\":2}", "{\"o\":2}"}};
    const struct ks_source_offset forget[] = {{"{\"p\":1}", NULL}};
    const struct ks_source_offset wrong[] = {{"{\"p\":2}", "{\"o\":9}"}, {"[]", "{}"}};
    struct offset_writer *w = open_writer(kafka, KS_CLASS_SOURCE);
    assert_int_equal(offset_writer_commit(w, set, 2, NULL, &err), KS_OK);
    assert_offset(kafka, "{\"p\":1}", "{\"o\":1}");
    assert_int_equal(offset_writer_commit(w, forget, 1, NULL, &err), KS_OK);
    assert_offset(kafka, "{\"p\":1}", "none");
    assert_offset(kafka, "{\"p\":2}", "{\"o\":2}");
    assert_int_equal(offset_writer_commit(w, wrong, 2, NULL, &err), KS_ERR_DATA);
    offset_writer_close(w);
}

static void test_commit__offsets_of_the_group(void **state)
{
    struct mock_kafka *kafka = *state;
    struct ks_error err = {0};
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, "books", 1)->offset = 42;
    struct offset_writer *w = open_writer(kafka, KS_CLASS_SINK);
    assert_int_equal(offset_writer_commit(w, NULL, 0, list, &err), KS_OK);
    rd_kafka_topic_partition_list_destroy(list);
    offset_writer_close(w);
}

static void test_commit__after_the_connector_was_started(void **state)
{
    struct mock_kafka *kafka = *state;
    struct ks_error err = {0};
    const struct ks_source_offset set[] = {{"{\"p\":1}", "{\"o\":1}"}};
    struct offset_writer *w = open_writer(kafka, KS_CLASS_SOURCE);
    rd_kafka_mock_push_request_errors(kafka->cluster, 26 /* EndTxn */, 1,
                                      RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
    assert_int_equal(offset_writer_commit(w, set, 1, NULL, &err), KS_ERR_RESTART);
    assert_non_null(strstr(err.message, "was started meanwhile"));
    offset_writer_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_commit__records, setup, teardown),
        cmocka_unit_test_setup_teardown(test_commit__offsets_of_the_group, setup, teardown),
        cmocka_unit_test_setup_teardown(test_commit__after_the_connector_was_started, setup,
                                        teardown),
    };
    log_init(KS_LOG_ERROR, false);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
