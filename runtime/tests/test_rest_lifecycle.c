/* Status, pause, resume, stop, restart, tasks: the handlers on a herder. */
#include "helper_rest_worker.h"

#define ROUTES rest_lifecycle_routes

static struct answer on(const char *method, const char *path, const char *connector)
{
    return call_with(ROUTES, method, path, connector, "0", NULL, 0, NULL);
}

static struct answer restart(const char *connector, const char *include_tasks,
                             const char *only_failed)
{
    const struct rest_query flags[] = {{"includeTasks", include_tasks},
                                       {"onlyFailed", only_failed}};
    return call_with(ROUTES, "POST", "/connectors/{c}/restart", connector, NULL, flags, 2, NULL);
}

static void test_unknown__connector_and_task(void **state)
{
    static const struct {
        const char *method, *path, *says;
    } of_none[] = {
        {"GET", "/connectors/{c}/status", "No status found for connector none"},
        {"GET", "/connectors/{c}/tasks", "Connector none not found"},
        {"GET", "/connectors/{c}/tasks/{n}/status", "No status found for task none-0"},
        {"PUT", "/connectors/{c}/pause", "Unknown connector none"},
        {"PUT", "/connectors/{c}/resume", "Unknown connector none"},
        {"PUT", "/connectors/{c}/stop", "Unknown connector none"},
        {"POST", "/connectors/{c}/restart", "Unknown connector: none"},
        {"POST", "/connectors/{c}/tasks/{n}/restart", "Unknown connector: none"},
    };
    for (size_t i = 0; i < sizeof of_none / sizeof *of_none; i++)
        assert_answer(on(of_none[i].method, of_none[i].path, "none"), 404, of_none[i].says);
    make_connector("u", "test.SourceConnector", TARGET_STARTED);
    static const char *const tasks[] = {"x", "", "-1", "1x", "99999999999999999999"};
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
        assert_answer(call_with(ROUTES, "POST", "/connectors/{c}/tasks/{n}/restart", "u", tasks[i],
                                NULL, 0, NULL),
                      404, "HTTP 404");
    assert_answer(
        call_with(ROUTES, "GET", "/connectors/{c}/tasks/{n}/status", "u", "7", NULL, 0, NULL), 404,
        "No status found for task u-7");
    assert_answer(
        call_with(ROUTES, "POST", "/connectors/{c}/tasks/{n}/restart", "u", "7", NULL, 0, NULL),
        404, "Unknown task: u-7");
}

static void test_status__of_connector_and_task(void **state)
{
    make_connector("s", "test.SourceConnector", TARGET_STARTED);
    await_state("s", TASK_RUNNING, TASK_RUNNING);
    struct answer answer = on("GET", "/connectors/{c}/status", "s");
    json_t *tasks = json_object_get(answer.json, "tasks"), *task = json_array_get(tasks, 0);
    assert_int_equal(json_array_size(tasks), 1);
    assert_int_equal(json_object_size(task), 4);
    assert_int_equal(json_integer_value(json_object_get(task, "id")), 0);
    assert_string_equal(json_string_value(json_object_get(task, "version")), "7");
    assert_string_equal(json_string_value(json_object_get(task, "worker_id")),
                        kafka.worker.worker_id);
    answer_release(&answer);
    assert_answer(on("GET", "/connectors/{c}/tasks/{n}/status", "s"), 200, "\"state\":\"RUNNING\"");
    await_tasks("s");
    assert_answer(on("GET", "/connectors/{c}/tasks", "s"), 200,
                  "\"task.class\":\"test.SourceTask\"");
}

static void test_life__pause_resume_stop(void **state)
{
    make_connector("p", "test.SourceConnector", TARGET_STARTED);
    await_state("p", TASK_RUNNING, TASK_RUNNING);
    for (int twice = 0; twice < 2; twice++)
        assert_answer(on("PUT", "/connectors/{c}/pause", "p"), 202, "");
    await_state("p", TASK_PAUSED, TASK_PAUSED);
    assert_answer(on("PUT", "/connectors/{c}/resume", "p"), 202, "");
    await_state("p", TASK_RUNNING, TASK_RUNNING);
    for (int twice = 0; twice < 2; twice++)
        assert_answer(on("PUT", "/connectors/{c}/stop", "p"), 204, "");
    await_state("p", TASK_STOPPED, TASK_DESTROYED);
    assert_answer(on("GET", "/connectors/{c}/tasks", "p"), 200, "[]");
    assert_answer(restart("p", "true", "false"), 202, "\"state\":\"RESTARTING\"");
    assert_answer(on("PUT", "/connectors/{c}/resume", "p"), 202, "");
    await_state("p", TASK_RUNNING, TASK_RUNNING);
}

static void test_restart__what_the_answer_says(void **state)
{
    struct string_map config = {0};
    struct ks_error err = {0};
    string_map_set(&config, "connector.class", "test.SourceConnector");
    string_map_set(&config, "needed", "x");
    string_map_set(&config, "number", "13");
    assert_int_equal(herder_put_connector(context.herder, "f", &config, TARGET_STARTED, true, &err),
                     HERDER_CREATED);
    string_map_release(&config);
    await_state("f", TASK_RUNNING, TASK_FAILED);
    assert_answer(on("GET", "/connectors/{c}/status", "f"), 200, "\"trace\":\"thirteen\"");
    assert_answer(restart("f", "false", "false"), 204, "");
    assert_answer(restart("f", "maybe", "no"), 204, "");
    assert_answer(restart("f", "false", "true"), 202, "\"state\":\"RUNNING\"");
    struct answer answer = restart("f", "TRUE", "true");
    json_t *task = json_array_get(json_object_get(answer.json, "tasks"), 0);
    assert_int_equal(answer.status, 202);
    assert_string_equal(json_string_value(json_object_get(task, "state")), "RESTARTING");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(answer.json, "connector"), "state")),
        "RUNNING");
    answer_release(&answer);
    await_state("f", TASK_RUNNING, TASK_FAILED);
    assert_answer(on("POST", "/connectors/{c}/tasks/{n}/restart", "f"), 204, "");
}

static void test_internal__is_not_for_clients(void **state)
{
    assert_answer(on("POST", "/connectors/{c}/tasks", "s"), 400, "not signed");
    assert_answer(on("PUT", "/connectors/{c}/fence", "s"), 400, "not signed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown__connector_and_task),
        cmocka_unit_test(test_status__of_connector_and_task),
        cmocka_unit_test(test_life__pause_resume_stop),
        cmocka_unit_test(test_restart__what_the_answer_says),
        cmocka_unit_test(test_internal__is_not_for_clients),
    };
    log_init(KS_LOG_ERROR, false);
    return cmocka_run_group_tests(tests, open_worker, close_worker);
}
