/* A whole worker on librdkafka's mock cluster, with made-up loops and a made-up plugin: the
 * functions that the linker would take from worker_source.c, worker_sink.c and plugin_loader.c are
 * here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "clock.h"
#include "helper_mock_kafka.h"
#include "herder.h"
#include "kitestream/sdk/util.h"
#include "log.h"
#include "log_levels.h"

#define DEADLINE_MS 20000

static const struct ks_config_def defs[] = {
    {.name = "number", .type = KS_CONFIG_INT, .default_value = "1"},
    {.name = NULL},
};
static const struct ks_source_task_ops ops = {0};
static const struct ks_connector_class test_class = {.struct_size = sizeof test_class,
                                                     .name = "test.Source",
                                                     .version = "1",
                                                     .kind = KS_CLASS_SOURCE,
                                                     .config_defs = defs,
                                                     .source = &ops};
static const struct plugin_class found_class = {.cls = &test_class};

const struct plugin_class *plugin_set_find(const struct plugin_set *set, const char *name)
{
    return strcmp(name, "test.Source") == 0 ? &found_class : NULL;
}

size_t plugin_set_classes(const struct plugin_set *set, const struct plugin_class **ret)
{
    *ret = &found_class;
    return 1;
}

static _Atomic int starts;

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

enum ks_status worker_source_run(struct task_context *ctx, struct ks_error *err)
{
    bool paused = atomic_load(&ctx->pause);
    atomic_fetch_add(&starts, 1);
    ctx->on_state(ctx, paused ? TASK_PAUSED : TASK_RUNNING);
    ctx->on_metric(ctx, KS_METRIC_GAUGE, "number", NULL,
                   ks_config_double(&ctx->config, "number", 0));
    for (; !atomic_load(&ctx->stop); nap()) {
        if (paused == atomic_load(&ctx->pause))
            continue;
        paused = !paused;
        ctx->on_state(ctx, paused ? TASK_PAUSED : TASK_RUNNING);
    }
    return KS_OK;
}

enum ks_status worker_sink_run(struct task_context *ctx, struct ks_error *err)
{
    return ks_error_set(err, KS_ERR_FATAL, "there is no sink here");
}

/* The status of a connector that was deleted while its worker was away. */
#define GONE "status-connector-gone"

/* ---- one worker for all tests: joining takes seconds ---- */

static struct mock_kafka kafka;
static struct herder *herder;

static int open_worker(void **state)
{
    struct ks_error err = {0};
    const _Atomic bool stop = false;
    mock_kafka_start(&kafka, "group.id: workers\n");
    mock_kafka_topic(&kafka, "workers-slots", 32);
    mock_kafka_topic(&kafka, kafka.worker.config_topic, 1);
    mock_kafka_topic(&kafka, kafka.worker.status_topic, 2);
    mock_kafka_write(&kafka, kafka.worker.status_topic, 0, GONE,
                     "{\"state\":\"RUNNING\",\"worker_id\":\"other:1\",\"generation\":1}");
    enum ks_status status = herder_open(&kafka.worker, NULL, &stop, &herder, &err);
    if (status != KS_OK)
        print_error("%s\n", err.message);
    return status;
}

static int close_worker(void **state)
{
    bool clean = herder_close(herder);
    mock_kafka_stop(&kafka);
    return clean ? 0 : -1;
}

static struct string_map config_with(const char *option, const char *value)
{
    struct string_map config = {0};
    string_map_set(&config, "connector.class", "test.Source");
    if (option)
        string_map_set(&config, option, value);
    return config;
}

static bool is_in_state(const char *name, enum task_state connector, enum task_state task)
{
    struct connector_status status;
    if (!herder_status(herder, name, &status))
        return false;
    bool same = status.connector.state == connector && status.task_count == 1 &&
                status.tasks[0].state == task;
    connector_status_release(&status);
    return same;
}

static void await_state(const char *name, enum task_state connector, enum task_state task)
{
    int64_t deadline_ms = clock_mono_ms() + DEADLINE_MS;
    while (!is_in_state(name, connector, task) && clock_mono_ms() < deadline_ms)
        nap();
    if (!is_in_state(name, connector, task))
        fail_msg("%s did not become %s, %s", name, task_state_name(connector),
                 task_state_name(task));
}

static void await_starts(int count)
{
    int64_t deadline_ms = clock_mono_ms() + DEADLINE_MS;
    while (atomic_load(&starts) < count && clock_mono_ms() < deadline_ms)
        nap();
    assert_int_equal(atomic_load(&starts), count);
}

static enum herder_answer put(const char *name, const char *option, const char *value,
                              bool only_create, struct ks_error *err)
{
    struct string_map config = config_with(option, value);
    enum herder_answer answer =
        herder_put_connector(herder, name, &config, TARGET_STARTED, only_create, err);
    string_map_release(&config);
    return answer;
}

/* ---- tests ---- */

static bool is_cleared(const char *key)
{
    struct mock_records records = {0};
    bool found = false;
    mock_kafka_read(&kafka, kafka.worker.status_topic, 2, &records);
    for (size_t i = 0; i < records.count; i++)
        if (records.list[i]->key_len == strlen(key) && !records.list[i]->payload &&
            memcmp(records.list[i]->key, key, strlen(key)) == 0)
            found = true;
    mock_records_release(&records);
    return found;
}

static void test_open__statuses_of_what_is_gone_are_deleted(void **state)
{
    int64_t deadline_ms = clock_mono_ms() + DEADLINE_MS;
    while (!is_cleared(GONE) && clock_mono_ms() < deadline_ms)
        nap();
    assert_true(is_cleared(GONE));
}

static void test_put_connector__runs_and_can_be_read(void **state)
{
    struct ks_error err = {0};
    struct connector_config config;
    enum ks_class_kind kind = KS_CLASS_SINK;
    assert_int_equal(put("a", "number", "7", true, &err), HERDER_CREATED);
    assert_true(herder_config(herder, "a", &config));
    assert_string_equal(string_map_get(&config.config, "name"), "a");
    assert_string_equal(string_map_get(&config.config, "number"), "7");
    connector_config_release(&config);
    assert_true(herder_kind(herder, "a", &kind));
    assert_int_equal(kind, KS_CLASS_SOURCE);
    await_state("a", TASK_RUNNING, TASK_RUNNING);
    double number = 0;
    int64_t deadline_ms = clock_mono_ms() + DEADLINE_MS;
    while (!metrics_get(herder_metrics(herder), "a", 0, "number", NULL, &number) &&
           clock_mono_ms() < deadline_ms)
        nap();
    assert_true(number == 7);
}

static void test_put_connector__answers(void **state)
{
    struct ks_error err = {0};
    assert_int_equal(put("b", NULL, NULL, false, &err), HERDER_CREATED);
    assert_int_equal(put("b", NULL, NULL, true, &err), HERDER_CONFLICT);
    assert_string_equal(err.message, "Connector b already exists");
    assert_int_equal(put("b", "number", "x", false, &err), HERDER_INVALID);
    assert_non_null(strstr(err.message, "number"));
    assert_int_equal(put("b", "number", "2", false, &err), HERDER_OK);
    assert_int_equal(herder_delete(herder, "b", &err), HERDER_OK);
}

static void test_answers__of_a_connector_that_is_not_there(void **state)
{
    struct ks_error err = {0};
    struct connector_config config;
    struct connector_status status;
    enum ks_class_kind kind;
    assert_int_equal(herder_delete(herder, "none", &err), HERDER_NOT_FOUND);
    assert_string_equal(err.message, "Connector none not found");
    assert_int_equal(herder_set_target(herder, "none", TARGET_PAUSED, &err), HERDER_NOT_FOUND);
    assert_int_equal(herder_restart(herder, "none", -1, false, false, &err), HERDER_NOT_FOUND);
    assert_false(herder_config(herder, "none", &config));
    assert_false(herder_status(herder, "none", &status));
    assert_false(herder_kind(herder, "none", &kind));
}

static void test_life__pause_resume_restart_delete(void **state)
{
    struct ks_error err = {0};
    char **names;
    assert_int_equal(put("c", NULL, NULL, true, &err), HERDER_CREATED);
    await_state("c", TASK_RUNNING, TASK_RUNNING);
    assert_int_equal(herder_set_target(herder, "c", TARGET_PAUSED, &err), HERDER_OK);
    await_state("c", TASK_PAUSED, TASK_PAUSED);
    assert_int_equal(herder_set_target(herder, "c", TARGET_STARTED, &err), HERDER_OK);
    await_state("c", TASK_RUNNING, TASK_RUNNING);
    int before = atomic_load(&starts);
    assert_int_equal(herder_restart(herder, "c", 0, false, false, &err), HERDER_OK);
    await_starts(before + 1);
    assert_int_equal(herder_restart(herder, "c", -1, true, false, &err), HERDER_OK);
    await_starts(before + 2);
    assert_int_equal(herder_restart(herder, "c", 1, false, false, &err), HERDER_NOT_FOUND);
    assert_string_equal(err.message, "Unknown task: c-1");
    assert_int_equal(herder_delete(herder, "c", &err), HERDER_OK);
    size_t count = herder_names(herder, &names);
    for (size_t i = 0; i < count; i++)
        assert_string_not_equal(names[i], "c");
    free(names);
    assert_int_equal(herder_delete(herder, "c", &err), HERDER_NOT_FOUND);
}

static enum ks_status apply(const char *text, bool *ret_applied, struct ks_error *err)
{
    struct pipeline_file file = {0};
    enum ks_status status = pipeline_file_parse("p.yaml", text, strlen(text), &file, err);
    if (status == KS_OK)
        status = herder_apply_pipeline(herder, &file, ret_applied, err);
    pipeline_file_release(&file);
    return status;
}

static void test_apply_pipeline__when_it_has_changed(void **state)
{
    static const char first[] = "- name: p\n  class: test.Source\n  config:\n    number: 1\n";
    static const char second[] =
        "- name: p\n  class: test.Source\n  state: paused\n  config:\n    number: 2\n";
    struct ks_error err = {0};
    struct connector_config config;
    bool applied = false;
    assert_int_equal(apply(first, &applied, &err), KS_OK);
    assert_true(applied);
    await_state("p", TASK_RUNNING, TASK_RUNNING);
    assert_int_equal(put("p", "number", "5", false, &err), HERDER_OK);
    assert_int_equal(apply(first, &applied, &err), KS_OK);
    assert_false(applied);
    assert_true(herder_config(herder, "p", &config));
    assert_string_equal(string_map_get(&config.config, "number"), "5");
    connector_config_release(&config);
    assert_int_equal(apply(second, &applied, &err), KS_OK);
    assert_true(applied);
    await_state("p", TASK_PAUSED, TASK_PAUSED);
    assert_true(herder_config(herder, "p", &config));
    assert_string_equal(string_map_get(&config.config, "number"), "2");
    connector_config_release(&config);
}

static void test_apply_pipeline__faults_apply_nothing(void **state)
{
    static const char text[] = "- name: good\n  class: test.Source\n"
                               "- name: bad\n  class: test.Source\n  config:\n    numbr: 1\n"
                               "- name: worse\n  class: test.Sink\n";
    struct ks_error err = {0};
    struct connector_config config;
    bool applied = false;
    assert_int_equal(apply(text, &applied, &err), KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "p.yaml:6: connector bad: Unknown configuration \"numbr\"; "
                                        "did you mean \"number\"?"));
    assert_non_null(strstr(err.message, "p.yaml:8: connector worse: Failed to find any class"));
    assert_false(herder_config(herder, "good", &config));
}

static void test_put_logger__reaches_the_worker_through_the_topic(void **state)
{
    struct ks_error err = {0};
    log_levels_set("of.the.group", KS_LOG_WARN);
    assert_int_equal(herder_put_logger(herder, "of.the", "TRACE", &err), HERDER_OK);
    assert_int_equal(log_levels_get("of.the.group").level, KS_LOG_TRACE);
    assert_int_equal(herder_put_logger(herder, "of.the", "OFF", &err), HERDER_OK);
    assert_int_equal(log_levels_get("of.the").level, LOGGER_OFF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_logger__reaches_the_worker_through_the_topic),
        cmocka_unit_test(test_open__statuses_of_what_is_gone_are_deleted),
        cmocka_unit_test(test_put_connector__runs_and_can_be_read),
        cmocka_unit_test(test_put_connector__answers),
        cmocka_unit_test(test_answers__of_a_connector_that_is_not_there),
        cmocka_unit_test(test_life__pause_resume_restart_delete),
        cmocka_unit_test(test_apply_pipeline__when_it_has_changed),
        cmocka_unit_test(test_apply_pipeline__faults_apply_nothing),
    };
    log_init(KS_LOG_ERROR, false);
    return cmocka_run_group_tests(tests, open_worker, close_worker);
}
