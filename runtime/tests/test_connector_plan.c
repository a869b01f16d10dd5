/* Planning, with made-up classes: the two functions of plugin_loader that it uses are defined here,
 * so that no plugin is loaded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "connector_plan.h"
#include "kitestream/sdk/util.h"

static void validate(const struct ks_config *config, const struct ks_config_issues *issues)
{
    const char *secret = ks_config_get(config, "secret");
    if (secret && strcmp(secret, "resolved") != 0)
        issues->add(issues->ctx, "secret", "is not the right one");
}

static size_t online_count;

static void validate_online(const struct ks_config *config, const struct ks_config_issues *issues)
{
    online_count++;
    if (strcmp(ks_config_get(config, "mode"), "nowhere") == 0)
        issues->add(issues->ctx, "mode", "there is no such mode out there");
}

static enum ks_status plan(const struct ks_config *config, int32_t max,
                           const struct ks_task_configs *configs, struct ks_error *err)
{
    if (strcmp(ks_config_get(config, "mode"), "refuse") == 0)
        return ks_error_set(err, KS_ERR_FATAL, "nothing to do");
    int64_t wanted = strcmp(ks_config_get(config, "mode"), "many") == 0 ? max + 1 : max;
    for (int64_t i = 0; i < wanted; i++) {
        const struct ks_config_entry entry = {"part", i == 0 ? "a" : "b"};
        const struct ks_config task = {&entry, 1};
        configs->add(configs->ctx, &task);
    }
    return KS_OK;
}

static const struct ks_config_def defs[] = {
    {.name = "mode", .type = KS_CONFIG_STRING, .default_value = "fair"},
    {.name = "secret", .type = KS_CONFIG_PASSWORD},
    {.name = "part", .type = KS_CONFIG_STRING},
    {.name = NULL},
};
static const struct ks_connector_class planning = {.struct_size = sizeof planning,
                                                   .name = "test.Planning",
                                                   .kind = KS_CLASS_SOURCE,
                                                   .config_defs = defs,
                                                   .validate = validate,
                                                   .task_configs = plan,
                                                   .validate_online = validate_online};
static const struct ks_connector_class simple = {.struct_size = sizeof simple,
                                                 .name = "test.Simple",
                                                 .kind = KS_CLASS_SOURCE,
                                                 .config_defs = defs};
/* Of a time when there was no validate_online. */
static const struct ks_connector_class older = {
    .struct_size = offsetof(struct ks_connector_class, validate_online),
    .name = "test.Older",
    .kind = KS_CLASS_SOURCE,
    .config_defs = defs,
    .validate_online = validate_online};
static const struct plugin_class classes[] = {
    {.cls = &planning}, {.cls = &simple}, {.cls = &older}};

const struct plugin_class *plugin_set_find(const struct plugin_set *set, const char *name)
{
    for (size_t i = 0; i < 3; i++)
        if (strcmp(name, classes[i].cls->name) == 0)
            return &classes[i];
    return NULL;
}

size_t plugin_set_classes(const struct plugin_set *set, const struct plugin_class **ret)
{
    *ret = classes;
    return 3;
}

static struct string_map config_of(const char *cls, const char *option, const char *value)
{
    struct string_map config = {0};
    string_map_set(&config, "name", "c");
    string_map_set(&config, "connector.class", cls);
    string_map_set(&config, "tasks.max", "2");
    if (option)
        string_map_set(&config, option, value);
    return config;
}

static void assert_refused(struct string_map config, const char *message)
{
    struct connector_plan made = {0};
    struct ks_error err = {0};
    assert_int_equal(connector_plan_make(NULL, "c", &config, &made, &err), KS_ERR_FATAL);
    if (!strstr(err.message, message))
        fail_msg("no \"%s\" in: %s", message, err.message);
    assert_int_equal(made.task_count, 0);
    string_map_release(&config);
}

static void test_make__tasks_of_the_class_over_the_connectors_options(void **state)
{
    struct string_map config = config_of("test.Planning", "secret", "${env:KITESTREAM_TEST_PLAN}");
    struct connector_plan made;
    struct ks_error err = {0};
    setenv("KITESTREAM_TEST_PLAN", "resolved", 1);
    assert_int_equal(connector_plan_make(NULL, "c", &config, &made, &err), KS_OK);
    assert_ptr_equal(made.cls, &planning);
    assert_int_equal(made.task_count, 2);
    assert_string_equal(string_map_get(&made.tasks[0], "part"), "a");
    assert_string_equal(string_map_get(&made.tasks[1], "part"), "b");
    assert_string_equal(string_map_get(&made.tasks[1], "name"), "c");
    /* What may be stored holds neither secrets nor defaults. */
    assert_string_equal(string_map_get(&made.tasks[1], "secret"), "${env:KITESTREAM_TEST_PLAN}");
    assert_null(string_map_get(&made.tasks[1], "mode"));
    connector_plan_release(&made);
    string_map_release(&config);
}

/* Returns the number of issues. */
static size_t check_online(const char *cls, const char *option, const char *value)
{
    struct string_map config = config_of(cls, option, value);
    struct config_issues issues = {0};
    assert_non_null(connector_plan_check_online(NULL, "c", &config, &issues));
    size_t count = issues.count;
    config_issues_release(&issues);
    string_map_release(&config);
    return count;
}

static void test_check_online__asks_when_nothing_else_is_wrong(void **state)
{
    online_count = 0;
    assert_int_equal(check_online("test.Planning", "mode", "nowhere"), 1);
    assert_int_equal(online_count, 1);
    assert_int_equal(check_online("test.Planning", "mod", "unknown"), 1);
    assert_int_equal(online_count, 2);
    assert_int_equal(check_online("test.Planning", "tasks.max", "none"), 1);
    assert_int_equal(check_online("test.Planning", "secret", "wrong"), 1);
    assert_int_equal(check_online("test.Older", "mode", "nowhere"), 0);
    assert_int_equal(check_online("test.Simple", "mode", "nowhere"), 0);
    assert_int_equal(online_count, 2);
}

static void test_make__does_not_ask_the_world(void **state)
{
    struct string_map config = config_of("test.Planning", "mode", "nowhere");
    struct connector_plan made;
    struct ks_error err;
    online_count = 0;
    assert_int_equal(connector_plan_make(NULL, "c", &config, &made, &err), KS_OK);
    assert_int_equal(online_count, 0);
    connector_plan_release(&made);
    string_map_release(&config);
}

static void test_make__options_that_nobody_knows_are_ignored(void **state)
{
    struct connector_plan made = {0};
    struct ks_error err;
    struct string_map config = config_of("test.Simple", "mod", "x");
    struct config_issues issues = {0};
    assert_int_equal(connector_plan_make(NULL, "c", &config, &made, &err), KS_OK);
    assert_string_equal(string_map_get(&made.tasks[0], "mod"), "x");
    assert_non_null(connector_plan_check(NULL, "c", &config, &issues));
    assert_int_equal(issues.count, 1);
    assert_true(issues.list[0].unknown);
    assert_string_equal(issues.list[0].nearest, "mode");
    config_issues_release(&issues);
    connector_plan_release(&made);
    string_map_release(&config);
}

static void test_make__more_tasks_than_allowed_if_that_is_not_enforced(void **state)
{
    struct connector_plan made = {0};
    struct ks_error err;
    struct string_map config = config_of("test.Planning", "mode", "many");
    string_map_set(&config, "tasks.max.enforce", "false");
    assert_int_equal(connector_plan_make(NULL, "c", &config, &made, &err), KS_OK);
    assert_int_equal(made.task_count, 3);
    connector_plan_release(&made);
    string_map_release(&config);
}

static void test_make__without_task_configs_one_task(void **state)
{
    struct string_map config = config_of("test.Simple", NULL, NULL);
    struct connector_plan made;
    struct ks_error err = {0};
    assert_int_equal(connector_plan_make(NULL, "c", &config, &made, &err), KS_OK);
    assert_int_equal(made.task_count, 1);
    assert_true(string_map_equal(&made.tasks[0], &config));
    connector_plan_release(&made);
    string_map_release(&config);
}

static void test_make__what_is_refused(void **state)
{
    setenv("KITESTREAM_TEST_PLAN", "wrong", 1);
    assert_refused(config_of("test.None", NULL, NULL),
                   "connector.class: Failed to find any class that implements Connector and which "
                   "name matches test.None, available connectors are: test.Planning, test.Simple");
    assert_refused(config_of("test.Simple", "name", "d"), "name: differs from the name");
    assert_refused(config_of("test.Planning", "mode", "refuse"), "nothing to do");
    assert_refused(config_of("test.Planning", "mode", "many"), "planned 3 tasks, tasks.max is 2");
    assert_refused(config_of("test.Planning", "secret", "${env:KITESTREAM_TEST_PLAN}"),
                   "secret: is not the right one");
    struct string_map none = {0};
    assert_refused(none, "Missing required configuration \"connector.class\"");
}

static void test_check__what_cannot_be_resolved_here_is_left_to_the_start(void **state)
{
    struct string_map config = config_of("test.Planning", "secret", "${env:KITESTREAM_TEST_NONE}");
    struct config_issues issues = {0};
    unsetenv("KITESTREAM_TEST_NONE");
    assert_ptr_equal(connector_plan_check(NULL, "c", &config, &issues), &planning);
    assert_int_equal(issues.count, 0);
    config_issues_release(&issues);
    string_map_release(&config);
}

static void test_resolve__placeholders_and_defaults(void **state)
{
    struct string_map config = config_of("test.Planning", "secret", "${env:KITESTREAM_TEST_PLAN}");
    struct string_map resolved = {0};
    struct ks_error err = {0};
    setenv("KITESTREAM_TEST_PLAN", "resolved", 1);
    assert_int_equal(connector_plan_resolve(&planning, &config, &resolved, &err), KS_OK);
    assert_string_equal(string_map_get(&resolved, "secret"), "resolved");
    assert_string_equal(string_map_get(&resolved, "mode"), "fair");
    assert_non_null(string_map_get(&resolved, "errors.tolerance"));
    string_map_release(&resolved);
    unsetenv("KITESTREAM_TEST_PLAN");
    assert_int_equal(connector_plan_resolve(&planning, &config, &resolved, &err), KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "secret"));
    string_map_release(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make__tasks_of_the_class_over_the_connectors_options),
        cmocka_unit_test(test_check_online__asks_when_nothing_else_is_wrong),
        cmocka_unit_test(test_make__does_not_ask_the_world),
        cmocka_unit_test(test_make__options_that_nobody_knows_are_ignored),
        cmocka_unit_test(test_make__more_tasks_than_allowed_if_that_is_not_enforced),
        cmocka_unit_test(test_make__without_task_configs_one_task),
        cmocka_unit_test(test_make__what_is_refused),
        cmocka_unit_test(test_check__what_cannot_be_resolved_here_is_left_to_the_start),
        cmocka_unit_test(test_resolve__placeholders_and_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
