/* What test_rest_plugins does not show through the router. */
#include "config_info.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *const modes[] = {"fast", "safe", NULL};
static const struct ks_config_def table[] = {
    {.name = "mode", .type = KS_CONFIG_STRING, .valid_values = modes, .doc = "A mode."},
    {.name = "limit", .type = KS_CONFIG_LONG, .group = "Limits", .doc = "A limit."},
    {.name = "ways", .type = KS_CONFIG_LIST, .group = "Limits", .doc = "Ways."},
    {.name = "more.", .type = KS_CONFIG_STRING, .flags = KS_CONFIG_PREFIX, .doc = "More."},
    {0},
};
static const struct ks_connector_class sink = {
    .name = "a.Sink", .version = "7", .kind = KS_CLASS_SINK, .config_defs = table};

static const char *text(const json_t *entry, const char *member)
{
    return json_string_value(json_object_get(entry, member));
}

static void test_of_table__order_and_width_within_the_group(void **state)
{
    json_t *list = config_info_of_table(table);
    assert_int_equal(json_array_size(list), 3);
    const json_t *mode = json_array_get(list, 0), *ways = json_array_get(list, 2);
    assert_true(json_is_null(json_object_get(mode, "group")));
    assert_string_equal(text(mode, "width"), "NONE");
    assert_string_equal(text(ways, "group"), "Limits");
    assert_string_equal(text(ways, "width"), "LONG");
    assert_string_equal(text(ways, "display_name"), "ways");
    assert_int_equal(json_integer_value(json_object_get(ways, "order")), 2);
    assert_int_equal(json_integer_value(json_object_get(ways, "order_in_group")), 2);
    assert_string_equal(text(json_array_get(list, 1), "width"), "SHORT");
    json_decref(list);
}

/* Of the option in an answer of config_info_of_check. */
static json_t *value_of(const json_t *answer, const char *option)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(answer, "configs"), i, entry)
    {
        json_t *value = json_object_get(entry, "value");
        if (strcmp(text(value, "name"), option) == 0)
            return value;
    }
    return NULL;
}

static void test_of_check__values(void **state)
{
    struct worker_config worker = {0};
    string_map_set(&worker.all, "key.converter", "the.WorkersConverter");
    const struct ks_config_entry entries[] = {{"key.converter.plugin.version", "1"},
                                              {"limit", "${env:LIMIT}"},
                                              {"mode", "fast"},
                                              {"more.of.it", "x"},
                                              {"unknown", "y"}};
    const struct ks_config config = {entries, 5};
    struct config_issues issues = {0};
    config_issues_add(&issues, "unknown", "y", "nobody knows it");
    issues.list[0].unknown = true;
    config_issues_add(&issues, "limit", NULL, "is bad");
    config_issues_add(&issues, "limit", NULL, "is bad");
    config_issues_add(&issues, "gone", NULL, "is not there");
    json_t *answer = config_info_of_check(&sink, &worker, &config, &issues);
    assert_int_equal(json_integer_value(json_object_get(answer, "error_count")), 3);
    assert_string_equal(text(answer, "name"), "a.Sink");
    assert_string_equal(text(value_of(answer, "key.converter"), "value"), "the.WorkersConverter");
    assert_string_equal(text(value_of(answer, "connector.plugin.version"), "value"), "7");
    assert_string_equal(text(value_of(answer, "limit"), "value"), "${env:LIMIT}");
    assert_int_equal(json_array_size(json_object_get(value_of(answer, "limit"), "errors")), 2);
    assert_int_equal(
        json_array_size(json_object_get(value_of(answer, "mode"), "recommended_values")), 2);
    assert_string_equal(text(value_of(answer, "more.of.it"), "value"), "x");
    assert_non_null(value_of(answer, "gone"));
    assert_null(value_of(answer, "unknown"));
    assert_null(value_of(answer, "more."));
    json_decref(answer);
    config_issues_release(&issues);
    string_map_release(&worker.all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_table__order_and_width_within_the_group),
        cmocka_unit_test(test_of_check__values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
