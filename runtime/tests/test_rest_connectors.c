/* Create, show, change, delete: the handlers on a herder. */
#include "helper_rest_worker.h"

#define ROUTES rest_connectors_routes
#define CLASS "\"connector.class\":\"test.SourceConnector\""
#define GOOD "{" CLASS ",\"needed\":\"x\",\"number\":2}"

static struct answer post(const char *body)
{
    return call(ROUTES, "POST", "/connectors", NULL, body);
}

static struct answer config(const char *method, const char *connector, const char *body)
{
    return call(ROUTES, method, "/connectors/{c}/config", connector, body);
}

static void test_create__info_and_location(void **state)
{
    struct answer answer = post("{\"name\":\" a/\\u00e4 +\",\"config\":" GOOD "}");
    assert_int_equal(answer.status, 201);
    assert_string_equal(answer.location, "/connectors/a%2F%C3%A4%20+");
    assert_string_equal(answer.text,
                        "{\"config\":{" CLASS ",\"name\":\"a/\xc3\xa4 +\",\"needed\":\"x\","
                        "\"number\":\"2\"},\"name\":\"a/\xc3\xa4 +\",\"tasks\":[],"
                        "\"type\":\"source\"}");
    answer_release(&answer);
    await_state("a/\xc3\xa4 +", TASK_RUNNING, TASK_RUNNING);
    await_tasks("a/\xc3\xa4 +");
    assert_answer(call(ROUTES, "GET", "/connectors/{c}", "a/\xc3\xa4 +", NULL), 200,
                  "\"tasks\":[{\"connector\":\"a/\xc3\xa4 +\",\"task\":0}]");
    assert_answer(post("{\"name\":\"a/\\u00e4 +\",\"config\":" GOOD "}"), 409, "already exists");
}

static void test_create__initial_state(void **state)
{
    assert_answer(post("{\"name\":\"stopped\",\"config\":" GOOD ",\"initial_state\":\"stopped\"}"),
                  201, "");
    await_state("stopped", TASK_STOPPED, TASK_DESTROYED);
    assert_answer(post("{\"name\":\"paused\",\"config\":" GOOD ",\"initial_state\":\"Paused\"}"),
                  201, "");
    await_state("paused", TASK_PAUSED, TASK_DESTROYED);
    assert_answer(post("{\"name\":\"null\",\"config\":" GOOD ",\"initial_state\":null}"), 201, "");
    await_state("null", TASK_RUNNING, TASK_RUNNING);
}

static void test_create__what_is_refused(void **state)
{
    static const struct {
        const char *body, *says;
    } wrong[] = {
        {"{", "not JSON"},
        {"[]", "not a JSON object"},
        {"{\"name\":\"w\"}", "config must be an object"},
        {"{\"name\":\"w\",\"config\":null}", "config must be an object"},
        {"{\"name\":7,\"config\":" GOOD "}", "name must be a string"},
        {"{\"name\":\"w\",\"config\":" GOOD ",\"bogus\":1}", "Unrecognized field \\\"bogus\\\""},
        {"{\"name\":\"w\",\"config\":" GOOD ",\"initial_state\":\"x\"}", "initial_state must be"},
        {"{\"name\":\"w\",\"config\":" GOOD ",\"initial_state\":7}", "initial_state must be"},
        {"{\"name\":\"..\",\"config\":" GOOD "}", "cannot be named '..'"},
        {"{\"config\":" GOOD "}", "Invalid value  for configuration name"},
        {"{\"name\":\"w\",\"config\":{\"name\":\"v\"}}",
         "Connector name configuration (v) doesn't match connector name in the URL (w)"},
        {"{\"name\":\"w\",\"config\":{}}", "contains no connector type"},
        {"{\"name\":\"w\",\"config\":{" CLASS ",\"x\":null}}", "\\\"x\\\""},
        {"{\"name\":\"w\",\"config\":{" CLASS ",\"x\":{}}}", "\\\"x\\\""},
        {"{\"name\":\"w\",\"config\":{\"connector.class\":\"no.Such\"}}",
         "\"Failed to find any class that implements Connector and which name matches no.Such"},
        {"{\"name\":\"w\",\"config\":{" CLASS ",\"number\":\"many\"}}",
         "\"Connector configuration is invalid and contains the following 2 error(s):\\nInvalid "
         "value many for configuration number"},
        {"{\"name\":\"w\",\"config\":{" CLASS "}}",
         "\\nYou can also find the above list of errors at the endpoint "
         "`/connector-plugins/{connectorType}/config/validate`\""},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_answer(post(wrong[i].body), 400, wrong[i].says);
    assert_answer(call(ROUTES, "GET", "/connectors/{c}", "w", NULL), 404, "Connector w not found");
}

static void test_config__put_and_patch(void **state)
{
    assert_answer(config("GET", "c", NULL), 404, "Connector c not found");
    assert_answer(config("PATCH", "c", "{}"), 404, "Connector c not found");
    struct answer created = config("PUT", "c", GOOD);
    assert_int_equal(created.status, 201);
    assert_string_equal(created.location, "/connectors/c");
    answer_release(&created);
    assert_answer(config("PUT", "c", "{" CLASS ",\"needed\":\"y\",\"free\":true,\"f\":1.5}"), 200,
                  "\"free\":\"true\"");
    assert_answer(config("PATCH", "c", "{\"free\":null,\"number\":5}"), 200, "\"number\":\"5\"");
    assert_answer(config("GET", "c", NULL), 200,
                  "{" CLASS ",\"f\":\"1.5\",\"name\":\"c\",\"needed\":\"y\",\"number\":\"5\"}");
    assert_answer(config("PATCH", "c", "{\"needed\":null}"), 400, "needed");
    assert_answer(config("PATCH", "c", "{\"name\":\"d\"}"), 400, "doesn't match");
    assert_answer(config("PATCH", "c", "{\"x\":[]}"), 400, "\\\"x\\\"");
    assert_answer(config("PUT", "c", "{" CLASS ",\"needed\":\"y\",\"name\":\"d\"}"), 400,
                  "doesn't match");
    assert_answer(config("PATCH", "c", "{}"), 200, "\"number\":\"5\"");
}

static void test_list__names_and_expanded(void **state)
{
    static const struct rest_query both[] = {{"expand", "status"}, {"expand", "info"}},
                                   other[] = {{"expand", "bogus"}};
    make_connector("l", "test.Sink", TARGET_STOPPED);
    await_state("l", TASK_STOPPED, TASK_DESTROYED);
    assert_answer(call(ROUTES, "GET", "/connectors", NULL, NULL), 200, "\"l\"");
    struct answer answer = call_with(ROUTES, "GET", "/connectors", NULL, NULL, both, 2, NULL);
    json_t *l = json_object_get(answer.json, "l");
    assert_string_equal(json_string_value(json_object_get(json_object_get(l, "info"), "type")),
                        "sink");
    json_t *shown = json_object_get(json_object_get(l, "status"), "connector");
    assert_string_equal(json_string_value(json_object_get(shown, "state")), "STOPPED");
    answer_release(&answer);
    assert_answer(call_with(ROUTES, "GET", "/connectors", NULL, NULL, other, 1, NULL), 200,
                  "\"l\":{}");
}

static void test_delete__once(void **state)
{
    make_connector("d", "test.SourceConnector", TARGET_STARTED);
    await_state("d", TASK_RUNNING, TASK_RUNNING);
    assert_answer(call(ROUTES, "DELETE", "/connectors/{c}", "d", NULL), 204, "");
    assert_answer(call(ROUTES, "DELETE", "/connectors/{c}", "d", NULL), 404, "not found");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create__info_and_location),
        cmocka_unit_test(test_create__initial_state),
        cmocka_unit_test(test_create__what_is_refused),
        cmocka_unit_test(test_config__put_and_patch),
        cmocka_unit_test(test_list__names_and_expanded),
        cmocka_unit_test(test_delete__once),
    };
    log_init(KS_LOG_ERROR, false);
    return cmocka_run_group_tests(tests, open_worker, close_worker);
}
