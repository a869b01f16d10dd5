/* A connector as Connect shows it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rest_json.h"

static const struct ks_connector_class sink = {.struct_size = sizeof sink,
                                               .name = "test.FileSinkConnector",
                                               .version = "3",
                                               .kind = KS_CLASS_SINK};
static const struct plugin_class found = {.cls = &sink};

const struct plugin_class *plugin_set_find(const struct plugin_set *set, const char *name)
{
    return strcmp(name, sink.name) == 0 ? &found : NULL;
}

size_t plugin_set_classes(const struct plugin_set *set, const struct plugin_class **ret)
{
    *ret = &found;
    return 1;
}

static const struct rest_context context = {0};
static char name[] = "c", trace[] = "boom", empty[] = "", worker[] = "w:1", not_utf8[] = "\xff";

static void assert_json(json_t *take_json, const char *wanted)
{
    char *text = json_dumps(take_json, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, wanted);
    free(text);
    json_decref(take_json);
}

static struct connector_config config_of(const char *cls)
{
    struct connector_config config = {.name = name, .task_count = 1};
    config.tasks = calloc(1, sizeof *config.tasks);
    string_map_set(&config.config, "connector.class", cls);
    string_map_set(&config.tasks[0], "part", "0");
    return config;
}

static void release(struct connector_config *config)
{
    config->name = NULL;
    connector_config_release(config);
}

static void test_info__type_and_tasks(void **state)
{
    struct connector_config config = config_of("test.FileSinkConnector"), gone = config_of("gone");
    assert_json(rest_json_info(&context, &config, true),
                "{\"config\":{\"connector.class\":\"test.FileSinkConnector\"},\"name\":\"c\","
                "\"tasks\":[{\"connector\":\"c\",\"task\":0}],\"type\":\"sink\"}");
    assert_json(rest_json_info(&context, &gone, false),
                "{\"config\":{\"connector.class\":\"gone\"},\"name\":\"c\",\"tasks\":[],"
                "\"type\":\"unknown\"}");
    assert_json(rest_json_tasks(&context, &config),
                "[{\"config\":{\"part\":\"0\",\"task.class\":\"test.FileSinkTask\"},"
                "\"id\":{\"connector\":\"c\",\"task\":0}}]");
    assert_json(rest_json_tasks(&context, &gone),
                "[{\"config\":{\"part\":\"0\"},\"id\":{\"connector\":\"c\",\"task\":0}}]");
    release(&config);
    release(&gone);
}

static void test_status__members_that_have_something_to_say(void **state)
{
    struct task_status tasks[] = {
        {.state = TASK_FAILED, .trace = trace, .waiting = not_utf8, .worker_id = worker},
        {.state = TASK_RUNNING, .trace = empty, .worker_id = worker, .version = name}};
    struct connector_status status = {.name = name, .tasks = tasks, .task_count = 2, .cls = &sink};
    assert_json(rest_json_task_status(&status, 0),
                "{\"id\":0,\"state\":\"FAILED\",\"trace\":\"boom\",\"version\":\"3\","
                "\"waiting\":\"?\",\"worker_id\":\"w:1\"}");
    assert_json(rest_json_task_status(&status, 1), "{\"id\":1,\"state\":\"RUNNING\",\"version\":"
                                                   "\"c\",\"worker_id\":\"w:1\"}");
    status.task_count = 0;
    status.cls = NULL;
    assert_json(rest_json_status(&status),
                "{\"connector\":{\"state\":\"UNASSIGNED\",\"version\":null,\"worker_id\":\"\"},"
                "\"name\":\"c\",\"tasks\":[],\"type\":\"unknown\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_info__type_and_tasks),
        cmocka_unit_test(test_status__members_that_have_something_to_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
