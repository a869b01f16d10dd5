/* Offsets and topics: the handlers on a herder. What the mock cluster cannot do (fencing, deleting
 * a group) is tested with a real Kafka in integration-tests. */
#include "helper_rest_worker.h"

#define ROUTES rest_offsets_routes

static struct answer offsets(const char *method, const char *connector, const char *body)
{
    return call(ROUTES, method, "/connectors/{c}/offsets", connector, body);
}

static void test_offsets__unknown_or_not_stopped(void **state)
{
    static const char list[] = "{\"offsets\":[{\"partition\":{\"p\":1},\"offset\":{\"o\":1}}]}";
    assert_answer(offsets("GET", "none", NULL), 404, "Connector none not found");
    assert_answer(offsets("PATCH", "none", list), 404, "Connector none not found");
    assert_answer(offsets("DELETE", "none", NULL), 404, "Connector none not found");
    make_connector("r", "test.SourceConnector", TARGET_STARTED);
    assert_answer(offsets("PATCH", "r", list), 400, "must be in the STOPPED state");
    assert_answer(offsets("DELETE", "r", NULL), 400, "'/connectors/r/stop'");
    assert_answer(offsets("GET", "r", NULL), 200, "{\"offsets\":[]}");
}

static void test_offsets__of_a_source(void **state)
{
    make_connector("s", "test.SourceConnector", TARGET_STOPPED);
    assert_answer(offsets("PATCH", "s",
                          "{\"offsets\":[{\"partition\":{\"p\":2},\"offset\":{\"o\":5}},"
                          "{\"partition\":{\"p\":1},\"offset\":{\"o\":\"x\"}}]}"),
                  200, "altered successfully");
    struct answer answer = offsets("GET", "s", NULL);
    assert_int_equal(json_array_size(json_object_get(answer.json, "offsets")), 2);
    assert_non_null(strstr(answer.text, "{\"offset\":{\"o\":5},\"partition\":{\"p\":2}}"));
    answer_release(&answer);
    assert_answer(offsets("PATCH", "s", "{\"offsets\":[{\"partition\":{\"p\":2}}]}"), 200, "");
    assert_answer(offsets("GET", "s", NULL), 200,
                  "{\"offsets\":[{\"offset\":{\"o\":\"x\"},\"partition\":{\"p\":1}}]}");
    assert_answer(offsets("DELETE", "s", NULL), 200, "reset successfully\"");
    assert_answer(offsets("GET", "s", NULL), 200, "{\"offsets\":[]}");
}

static void test_offsets__what_is_refused(void **state)
{
    static const struct {
        const char *body, *says;
    } wrong[] = {
        {"{", "not JSON"},
        {"{}", "need to be provided"},
        {"{\"offsets\":[]}", "need to be provided"},
        {"{\"offsets\":null}", "need to be provided"},
        {"{\"offsets\":{}}", "must be a list"},
        {"{\"bogus\":[]}", "Unrecognized field"},
        {"{\"offsets\":[7]}", "entry 0"},
        {"{\"offsets\":[{\"offset\":{\"o\":1}}]}", "entry 0"},
        {"{\"offsets\":[{\"partition\":null,\"offset\":{\"o\":1}}]}", "entry 0"},
        {"{\"offsets\":[{\"partition\":{\"p\":1},\"offset\":null,\"x\":1}]}", "entry 0"},
        {"{\"offsets\":[{\"partition\":{\"p\":[]},\"offset\":{\"o\":1}}]}", "plain values"},
        {"{\"offsets\":[{\"partition\":{\"p\":1},\"offset\":7}]}", "plain values"},
        {"{\"offsets\":[{\"partition\":{\"p\":1},\"offset\":{\"bad\":1}}]}", "a bad offset"},
    };
    make_connector("w", "test.SourceConnector", TARGET_STOPPED);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_answer(offsets("PATCH", "w", wrong[i].body), 400, wrong[i].says);
    assert_answer(offsets("GET", "w", NULL), 200, "{\"offsets\":[]}");
}

static void test_offsets__of_a_sink(void **state)
{
    static const struct {
        const char *partition, *offset, *says;
    } wrong[] = {
        {"{\"kafka_partition\":0}", "null", "must contain the keys"},
        {"{\"kafka_topic\":\"books\"}", "null", "must contain the keys"},
        {"{\"kafka_topic\":\"books\",\"kafka_partition\":\"p\"}", "null", "need to be integers"},
        {"{\"kafka_topic\":\"books\",\"kafka_partition\":9}", "null", "has no partition 9"},
        {"{\"kafka_topic\":\"books\",\"kafka_partition\":0}", "{\"x\":1}", "'kafka_offset'"},
        {"{\"kafka_topic\":\"books\",\"kafka_partition\":0}", "{\"kafka_offset\":-5}",
         "not in the range"},
    };
    char body[512];
    mock_kafka_topic(&kafka, "books", 1);
    make_connector("k", "test.Sink", TARGET_STOPPED);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(body, sizeof body, "{\"offsets\":[{\"partition\":%s,\"offset\":%s}]}",
                 wrong[i].partition, wrong[i].offset);
        assert_answer(offsets("PATCH", "k", body), 400, wrong[i].says);
    }
    assert_answer(offsets("PATCH", "k",
                          "{\"offsets\":[{\"partition\":{\"kafka_topic\":\"books\","
                          "\"kafka_partition\":\"0\"},\"offset\":{\"kafka_offset\":\"2\"}}]}"),
                  200, "altered");
    assert_answer(offsets("GET", "k", NULL), 200, "\"kafka_offset\":2}");
    assert_answer(offsets("DELETE", "k", NULL), 200, "reset successfully\"");
    assert_answer(offsets("GET", "k", NULL), 200, "{\"offsets\":[]}");
}

static void test_topics__and_reset(void **state)
{
    make_connector("t", "test.SourceConnector", TARGET_STARTED);
    await_state("t", TASK_RUNNING, TASK_RUNNING);
    struct answer answer = {0};
    int64_t deadline_ms = clock_mono_ms() + DEADLINE_MS;
    do {
        answer_release(&answer);
        answer = call(ROUTES, "GET", "/connectors/{c}/topics", "t", NULL);
    } while (!strstr(answer.text, "books") && clock_mono_ms() < deadline_ms);
    assert_answer(answer, 200, "{\"t\":{\"topics\":[\"books\"]}}");
    assert_answer(call(ROUTES, "PUT", "/connectors/{c}/topics/reset", "t", NULL), 202, "");
    assert_answer(call(ROUTES, "GET", "/connectors/{c}/topics", "none", NULL), 200,
                  "{\"none\":{\"topics\":[]}}");
    kafka.worker.topic_tracking_reset = false;
    assert_answer(call(ROUTES, "PUT", "/connectors/{c}/topics/reset", "t", NULL), 403, "reset");
    kafka.worker.topic_tracking = false;
    assert_answer(call(ROUTES, "GET", "/connectors/{c}/topics", "t", NULL), 403, "disabled");
    assert_answer(call(ROUTES, "PUT", "/connectors/{c}/topics/reset", "t", NULL), 403, "disabled");
    kafka.worker.topic_tracking = kafka.worker.topic_tracking_reset = true;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offsets__unknown_or_not_stopped),
        cmocka_unit_test(test_offsets__of_a_source),
        cmocka_unit_test(test_offsets__what_is_refused),
        cmocka_unit_test(test_offsets__of_a_sink),
        cmocka_unit_test(test_topics__and_reset),
    };
    log_init(KS_LOG_ERROR, false);
    return cmocka_run_group_tests(tests, open_worker, close_worker);
}
