#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "cdc_task.h"

static struct cdc_side side(enum target_state target, enum task_state connector,
                            enum task_state task, const char *trace)
{
    struct cdc_side s = {.exists = true, .target = target};
    s.status.connector.state = connector;
    s.status.tasks = xcalloc(1, sizeof *s.status.tasks);
    s.status.task_count = 1;
    s.status.tasks[0].state = task;
    s.status.tasks[0].trace = trace ? xstrdup(trace) : NULL;
    return s;
}

static struct cdc_side running(void)
{
    return side(TARGET_STARTED, TASK_RUNNING, TASK_RUNNING, NULL);
}

static void expect_state(struct cdc_side source, struct cdc_side sink, enum cdc_state wanted,
                         const char *reason_part)
{
    const char *reason;
    struct cdc_task t = {.source = source, .sink = sink, .needs_sink = true};
    assert_int_equal(cdc_task_state(&t, &reason), wanted);
    if (!reason_part)
        assert_null(reason);
    else if (!reason || !strstr(reason, reason_part))
        fail_msg("reason: %s", reason ? reason : "(none)");
    cdc_task_release(&t);
}

static void test_state__of_a_pair(void **state)
{
    const struct cdc_side missing = {0};
    expect_state(running(), running(), CDC_RUNNING, NULL);
    expect_state(running(), side(TARGET_STARTED, TASK_RUNNING, TASK_UNASSIGNED, NULL), CDC_INITIAL,
                 NULL);
    expect_state(side(TARGET_PAUSED, TASK_PAUSED, TASK_PAUSED, NULL), running(), CDC_PAUSED,
                 "paused by request");
    expect_state(running(), side(TARGET_STARTED, TASK_RUNNING, TASK_FAILED, "no login"), CDC_PAUSED,
                 "no login");
    expect_state(side(TARGET_STARTED, TASK_FAILED, TASK_UNASSIGNED, NULL), running(), CDC_PAUSED,
                 "failed");
    expect_state(side(TARGET_STOPPED, TASK_STOPPED, TASK_UNASSIGNED, NULL), missing, CDC_INITIAL,
                 "half made");
    expect_state(side(TARGET_STOPPED, TASK_STOPPED, TASK_UNASSIGNED, NULL), running(), CDC_INITIAL,
                 "half made");
    expect_state(running(), missing, CDC_INITIAL, "half made");
    expect_state(side(TARGET_STOPPED, TASK_STOPPED, TASK_UNASSIGNED, NULL),
                 side(TARGET_STOPPED, TASK_STOPPED, TASK_UNASSIGNED, NULL), CDC_PAUSED,
                 "paused by request");
}

static void test_state__of_a_source_alone(void **state)
{
    const char *reason;
    struct cdc_task t = {.source = running()};
    assert_int_equal(cdc_task_state(&t, &reason), CDC_RUNNING);
    t.source.target = TARGET_PAUSED;
    assert_int_equal(cdc_task_state(&t, &reason), CDC_PAUSED);
    assert_false(cdc_task_is_half(&t));
    t.source.target = TARGET_STOPPED;
    assert_int_equal(cdc_task_state(&t, &reason), CDC_INITIAL);
    assert_true(cdc_task_is_half(&t));
    cdc_task_release(&t);
}

static void test_json__is_the_record_with_a_state(void **state)
{
    struct cdc_task t = {
        .id = xstrdup("t1"),
        .record = json_pack("{s:s, s:[], s:{}}", "task_id", "t1", "excludes", "db_collections"),
        .source = side(TARGET_STARTED, TASK_RUNNING, TASK_FAILED, "trace")};
    json_t *json = cdc_task_json(&t);
    json_t *wanted = json_pack("{s:s, s:{}, s:s, s:s}", "task_id", "t1", "db_collections", "state",
                               "Paused", "reason", "trace");
    assert_true(json_equal(json, wanted));
    json_decref(json);
    json_decref(wanted);
    cdc_task_release(&t);
}

static void expect_task(const char *name, const char *option, const char *id)
{
    struct connector_config config = {.name = xstrdup(name), .auto_restart = AUTO_RESTART_OFF};
    json_t *record = NULL;
    if (option)
        string_map_set(&config.config, CDC_TASK_OPTION, option);
    char *found = cdc_task_of(&config, &record);
    if (id)
        assert_string_equal(found, id);
    else
        assert_null(found);
    assert_true(!record == !id);
    free(found);
    json_decref(record);
    connector_config_release(&config);
}

static void test_task_of__only_what_create_made(void **state)
{
    expect_task("a-source", "{}", "a");
    expect_task("a-source", NULL, NULL);
    expect_task("a-source", "[]", NULL);
    expect_task("a-source", "nonsense", NULL);
    expect_task("a-sink", "{}", NULL);
    expect_task("-source", "{}", NULL);
}

static void expect_key(const char *text, const char *wanted)
{
    struct cdc_create c;
    struct ks_error err;
    assert_int_equal(cdc_create_read(json_loads(text, 0, NULL), &c, &err), KS_OK);
    char *key = cdc_target_key(&c);
    assert_string_equal(key, wanted);
    free(key);
    cdc_create_release(&c);
}

static void test_target_key__one_spelling(void **state)
{
    expect_key("{\"milvus_connect_param\": {\"uri\": \"http://h\"}}", "h:19530");
    expect_key("{\"milvus_connect_param\": {\"uri\": \"h:19530/\"}}", "h:19530");
    expect_key("{\"milvus_connect_param\": {\"host\": \"h\", \"port\": 19530}}", "h:19530");
    expect_key("{\"milvus_connect_param\": {\"uri\": \"${env:T}\"}}", "${env:T}");
    expect_key("{\"kafka_connect_param\": {\"address\": \"k:1\"}}", "k:1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_state__of_a_pair),
        cmocka_unit_test(test_state__of_a_source_alone),
        cmocka_unit_test(test_json__is_the_record_with_a_state),
        cmocka_unit_test(test_task_of__only_what_create_made),
        cmocka_unit_test(test_target_key__one_spelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
