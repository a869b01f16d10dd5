/* What is shown and changed of a connector's offsets, by its kind, on librdkafka's mock cluster.
 * That does not keep a group's offsets of transactions: here the records show; the group is looked
 * at in integration-tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "connector_offsets.h"
#include "helper_mock_kafka.h"
#include "log.h"
#include "offset_writer.h"

#define BOOKS "\"partition\":{\"kafka_partition\":0,\"kafka_topic\":\"books\"}"

static struct mock_kafka kafka;
static const struct ks_config no_config = {0};
static const struct ks_connector_class source = {.struct_size = sizeof source,
                                                 .kind = KS_CLASS_SOURCE},
                                       sink = {.struct_size = sizeof sink, .kind = KS_CLASS_SINK},
                                       own_sink = {.struct_size = sizeof own_sink,
                                                   .kind = KS_CLASS_SINK,
                                                   .flags = KS_CLASS_OWN_ASSIGNMENT};

static int setup(void **state)
{
    mock_kafka_start(&kafka, "group.id: workers\n");
    mock_kafka_topic(&kafka, "books", 1);
    for (int i = 0; i < 5; i++)
        mock_kafka_write(&kafka, "books", 0, "k", "v");
    return 0;
}

static int teardown(void **state)
{
    mock_kafka_stop(&kafka);
    return 0;
}

static struct connector_offsets of(const struct ks_connector_class *cls)
{
    return (struct connector_offsets){&kafka.worker, "c", cls, &no_config, NULL, 0};
}

/* Where a task would have put it: the partition follows from the key. */
static void record(const char *partition, const char *offset)
{
    struct offset_writer *writer = NULL;
    struct ks_error err = {0};
    const struct ks_source_offset one = {partition, offset};
    assert_int_equal(
        offset_writer_open(&kafka.worker, "c", KS_CLASS_SOURCE, 1, &no_config, &writer, &err),
        KS_OK);
    assert_int_equal(offset_writer_commit(writer, &one, 1, NULL, &err), KS_OK);
    offset_writer_close(writer);
}

static void assert_shown(const struct ks_connector_class *cls, const char *wanted)
{
    struct connector_offsets c = of(cls);
    struct ks_error err = {0};
    json_t *list = NULL;
    if (connector_offsets_read(&c, &list, &err) != KS_OK)
        fail_msg("%s", err.message);
    char *text = json_dumps(list, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, wanted);
    free(text);
    json_decref(list);
}

static enum ks_status alter(const struct ks_connector_class *cls, const char *list,
                            struct ks_error *err)
{
    struct connector_offsets c = of(cls);
    json_t *json = json_loads(list, 0, NULL);
    enum ks_status status = connector_offsets_alter(&c, json, err);
    json_decref(json);
    return status;
}

static void test_source__records_of_this_connector(void **state)
{
    struct ks_error err = {0};
    struct connector_offsets c = of(&source);
    record("{\"p\":1}", "{\"o\":1}");
    record("{\"p\":2}", "not JSON");
    mock_kafka_write(&kafka, kafka.worker.offset_topic, 1, "[\"d\",{\"p\":1}]", "{\"o\":7}");
    assert_shown(&source, "[{\"offset\":{\"o\":1},\"partition\":{\"p\":1}}]");
    assert_int_equal(alter(&source, "[{\"partition\":{\"p\":1},\"offset\":{\"o\":2}}]", &err),
                     KS_OK);
    assert_shown(&source, "[{\"offset\":{\"o\":2},\"partition\":{\"p\":1}}]");
    assert_int_equal(connector_offsets_reset(&c, &err), KS_OK);
    assert_shown(&source, "[]");
    c.connector = "d";
    json_t *others = NULL;
    assert_int_equal(connector_offsets_read(&c, &others, &err), KS_OK);
    assert_int_equal(json_array_size(others), 1);
    json_decref(others);
}

static void test_sink__its_record_is_changed(void **state)
{
    struct ks_error err = {0};
    struct connector_offsets c = of(&sink);
    assert_int_equal(alter(&sink, "[{" BOOKS ",\"offset\":{\"kafka_offset\":3}}]", &err), KS_OK);
    assert_shown(&sink, "[{\"offset\":{\"kafka_offset\":3}," BOOKS "}]");
    assert_int_equal(alter(&sink, "[{" BOOKS ",\"offset\":null}]", &err), KS_OK);
    assert_shown(&sink, "[]");
    assert_int_equal(alter(&sink, "[{" BOOKS ",\"offset\":{\"kafka_offset\":4}}]", &err), KS_OK);
    assert_int_equal(connector_offsets_reset(&c, &err), KS_OK);
    assert_shown(&sink, "[]");
}

/* Such a sink finds out by the difference that somebody has moved it. */
static void test_own_sink__its_copy_stays(void **state)
{
    struct ks_error err = {0};
    struct connector_offsets c = of(&own_sink);
    assert_int_equal(alter(&own_sink, "[{" BOOKS ",\"offset\":{\"kafka_offset\":3}}]", &err),
                     KS_ERR_DATA);
    assert_non_null(strstr(err.message, "follows from its state"));
    record("{\"kafka_partition\":0,\"kafka_topic\":\"books\"}", "{\"kafka_offset\":5}");
    record("{\"sink\":\"state\"}", "{\"clean\":true}");
    assert_shown(&own_sink, "[{\"offset\":{\"kafka_offset\":5}," BOOKS "}]");
    assert_int_equal(alter(&own_sink, "[{" BOOKS ",\"offset\":{\"kafka_offset\":2}}]", &err),
                     KS_OK);
    assert_int_equal(alter(&own_sink, "[{" BOOKS ",\"offset\":null}]", &err), KS_OK);
    assert_shown(&own_sink, "[{\"offset\":{\"kafka_offset\":5}," BOOKS "}]");
    assert_int_equal(connector_offsets_reset(&c, &err), KS_OK);
    assert_shown(&own_sink, "[]");
    assert_shown(&source, "[]"); /* the state is gone as well */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_source__records_of_this_connector, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sink__its_record_is_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_own_sink__its_copy_stays, setup, teardown),
    };
    log_init(KS_LOG_ERROR, false);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
