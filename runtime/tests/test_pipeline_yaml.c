#include "pipeline_yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper_files.h"
#include "kitestream/sdk/util.h"

static struct pipeline_file parse(const char *yaml)
{
    struct pipeline_file file = {0};
    struct ks_error err = {0};
    if (pipeline_file_parse("p.yaml", yaml, strlen(yaml), &file, &err) != KS_OK)
        fail_msg("%s", err.message);
    return file;
}

static void expect_error(const char *yaml, const char *message)
{
    struct pipeline_file file = {0};
    struct ks_error err = {0};
    assert_int_equal(pipeline_file_parse("p.yaml", yaml, strlen(yaml), &file, &err), KS_ERR_FATAL);
    assert_string_equal(err.message, message);
    assert_null(file.connectors);
}

static const char strimzi[] = "connectors:\n"
                              "  - name: in\n"
                              "    class: FileStreamSource\n"
                              "    tasksMax: 2\n"
                              "    state: Paused\n"
                              "    autoRestart: {enabled: true, maxRestarts: 5}\n"
                              "    config:\n"
                              "      file: /tmp/in\n"
                              "      topic: lines\n"
                              "      errors: {tolerance: all, log.enable: true}\n"
                              "      batch.size: 0010\n"
                              "  - name: out\n"
                              "    class: FileStreamSink\n";

static void test_parse__strimzi_shape(void **state)
{
    struct pipeline_file file = parse(strimzi);
    assert_int_equal(file.count, 2);
    assert_string_equal(file.path, "p.yaml");
    const struct pipeline_connector *in = &file.connectors[0], *out = &file.connectors[1];
    assert_string_equal(in->name, "in");
    assert_string_equal(string_map_get(&in->config, "name"), "in");
    assert_string_equal(string_map_get(&in->config, "connector.class"), "FileStreamSource");
    assert_string_equal(string_map_get(&in->config, "tasks.max"), "2");
    assert_string_equal(string_map_get(&in->config, "errors.tolerance"), "all");
    assert_string_equal(string_map_get(&in->config, "errors.log.enable"), "true");
    assert_string_equal(string_map_get(&in->config, "batch.size"), "0010");
    assert_int_equal(in->state, PIPELINE_PAUSED);
    assert_true(in->auto_restart);
    assert_int_equal(in->max_restarts, 5);
    assert_int_equal(in->line, 2);
    assert_int_equal(pipeline_connector_line(in, "tasks.max"), 4);
    assert_int_equal(pipeline_connector_line(in, "errors.log.enable"), 10);
    assert_int_equal(pipeline_connector_line(in, "absent"), 2);
    assert_int_equal(out->state, PIPELINE_RUNNING);
    assert_false(out->auto_restart);
    assert_int_equal(out->config.count, 2);
    pipeline_file_release(&file);
    assert_null(file.connectors);
}

static void test_parse__bare_list(void **state)
{
    struct pipeline_file file = parse("- {name: a, class: b}\n- {name: c, class: d, config: }\n");
    assert_int_equal(file.count, 2);
    assert_string_equal(file.connectors[1].name, "c");
    pipeline_file_release(&file);
}

static void test_parse__shared_options_by_alias(void **state)
{
    struct pipeline_file file = parse("- {name: a, class: b, config: &c {x: 1}}\n"
                                      "- {name: c, class: d, config: *c}\n");
    assert_string_equal(string_map_get(&file.connectors[1].config, "x"), "1");
    pipeline_file_release(&file);
}

static void test_parse__hash_is_of_the_bytes(void **state)
{
    struct pipeline_file file = parse("- {name: a, class: b}\n");
    assert_string_equal(file.sha256,
                        "5835efee7516018dfba6b9caf973170d3ec976d166b6c2370002e70f9e25e618");
    pipeline_file_release(&file);
}

static void test_parse__unknown_keys(void **state)
{
    expect_error("connector: []\n",
                 "p.yaml:1: unknown key \"connector\" in a pipeline file; did you mean "
                 "\"connectors\"?");
    expect_error("connectors:\n- name: a\n  class: b\n  taskMax: 2\n",
                 "p.yaml:4: unknown key \"taskMax\" in a connector; did you mean \"tasksMax\"?");
    expect_error("connectors:\n- name: a\n  class: b\n  topics: x\n",
                 "p.yaml:4: unknown key \"topics\" in a connector; valid are name class tasksMax "
                 "state autoRestart config");
    expect_error("- {name: a, class: b, autoRestart: {max: 2}}\n",
                 "p.yaml:1: unknown key \"max\" in \"autoRestart\"; valid are enabled maxRestarts");
}

static void test_parse__wrong_kinds(void **state)
{
    expect_error("x\n", "p.yaml:1: a pipeline file must be a map, this is a text");
    expect_error("", "p.yaml:1: a pipeline file must be a map, this is nothing");
    expect_error("connectors:\n  a: b\n", "p.yaml:2: \"connectors\" must be a list, this is a map");
    expect_error("- x\n", "p.yaml:1: a connector must be a map, this is a text");
    expect_error("- {name: [a], class: b}\n", "p.yaml:1: \"name\" must be a text, this is a list");
    expect_error("- {name: , class: b}\n", "p.yaml:1: \"name\" must be a text, this is nothing");
    expect_error("- {name: a, class: b, config: x}\n",
                 "p.yaml:1: options must be a map, this is a text");
    expect_error("[]\n", "p.yaml:1: there is no connector here; expected \"connectors\" or "
                         "\"pipelines\" with a list");
}

static void test_parse__missing_and_bad_values(void **state)
{
    expect_error("- class: b\n", "p.yaml:1: this connector has no name");
    expect_error("- name: a\n", "p.yaml:1: this connector has no class");
    expect_error("- {name: ' ', class: b}\n",
                 "p.yaml:1: a name may not be empty or contain control characters");
    expect_error("- {name: \"a\\tb\", class: b}\n",
                 "p.yaml:1: a name may not be empty or contain control characters");
    expect_error("- {name: a, class: b, state: started}\n",
                 "p.yaml:1: \"state\" must be one of: running, paused, stopped");
    expect_error("- {name: a, class: b, autoRestart: {enabled: yes}}\n",
                 "p.yaml:1: \"enabled\" must be true or false");
    expect_error("- {name: a, class: b, autoRestart: {enabled: true, maxRestarts: 0}}\n",
                 "p.yaml:1: \"maxRestarts\" must be a number from 1 to 1000000; leave it out for "
                 "no limit");
    expect_error("- {name: a, class: b, autoRestart: true}\n",
                 "p.yaml:1: \"autoRestart\" must be a map, this is a text");
}

static void test_parse__said_twice(void **state)
{
    expect_error("- {name: a, class: b}\n- {name: a, class: c}\n",
                 "p.yaml:2: a connector \"a\" is there already, in line 1");
    expect_error("- name: a\n  class: b\n  config:\n    x.y: 1\n    x: {y: 2}\n",
                 "p.yaml:5: \"x.y\" is there twice; the first is in line 4");
    expect_error("- name: a\n  class: b\n  config:\n    connector.class: c\n",
                 "p.yaml:4: \"connector.class\" does not belong among the options; the key "
                 "\"class\" says it");
    expect_error(
        "- name: a\n  class: b\n  config:\n    tasks: {max: 1}\n",
        "p.yaml:4: \"tasks.max\" does not belong among the options; the key \"tasksMax\" says it");
}

static void test_load__file(void **state)
{
    char *dir = helper_dir_new();
    char *path = helper_file_new(dir, "p.yaml", strimzi);
    struct pipeline_file file = {0};
    assert_int_equal(pipeline_file_load(path, &file, NULL), KS_OK);
    assert_string_equal(file.path, path);
    assert_int_equal(file.count, 2);
    pipeline_file_release(&file);
    free(path);
    helper_dir_remove(dir);
    struct ks_error err;
    assert_int_equal(pipeline_file_load("/nonexistent/p.yaml", &file, &err), KS_ERR_FATAL);
    assert_string_equal(err.message,
                        "/nonexistent/p.yaml: cannot open the file: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse__strimzi_shape),
        cmocka_unit_test(test_parse__bare_list),
        cmocka_unit_test(test_parse__shared_options_by_alias),
        cmocka_unit_test(test_parse__hash_is_of_the_bytes),
        cmocka_unit_test(test_parse__unknown_keys),
        cmocka_unit_test(test_parse__wrong_kinds),
        cmocka_unit_test(test_parse__missing_and_bad_values),
        cmocka_unit_test(test_parse__said_twice),
        cmocka_unit_test(test_load__file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
