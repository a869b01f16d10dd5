#include "config_def.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct ks_config_def table[] = {
    {.name = "limit", .type = KS_CONFIG_INT, .default_value = "13", .doc = "A limit."},
    {0},
};
static const struct ks_connector_class sink = {
    .name = "a.FileSink", .kind = KS_CLASS_SINK, .config_defs = table};
static const struct ks_connector_class own_sink = {.name = "a.OwnSink",
                                                   .kind = KS_CLASS_SINK,
                                                   .flags = KS_CLASS_OWN_ASSIGNMENT,
                                                   .config_defs = table};

/* Messages one per line. */
static char *check(const struct ks_connector_class *cls, const char *const *pairs)
{
    struct string_map config = {0};
    for (; *pairs; pairs += 2)
        string_map_set(&config, pairs[0], pairs[1]);
    struct config_issues issues = {0};
    struct ks_config view = string_map_view(&config);
    config_check_rules(cls, &view, &issues);
    static char text[2000];
    text[0] = '\0';
    for (size_t i = 0; i < issues.count; i++) {
        strcat(text, issues.list[i].message);
        strcat(text, "\n");
    }
    config_issues_release(&issues);
    string_map_release(&config);
    return text;
}

#define CHECK(cls, ...) check(cls, (const char *const[]){"connector.class", "c", __VA_ARGS__, NULL})

static void test_check_rules__tables_of_both_kinds_are_sound(void **state)
{
    for (int kind = 0; kind < 2; kind++) {
        char *fault = config_def_fault(config_def_common(kind == 1));
        assert_null(fault);
    }
}

static void test_check_rules__name(void **state)
{
    assert_string_equal(CHECK(&sink, "name", "n", "topics", "t", "limit", "1"), "");
    assert_string_equal(CHECK(&sink, "name", " ", "topics", "t", "limit", "1"),
                        "Invalid value  for configuration name: String may not be empty\n");
    assert_string_equal(CHECK(&sink, "name", "a\x01", "topics", "t", "limit", "1"),
                        "Invalid value a\x01 for configuration name: String may not contain "
                        "control sequences but had the following ASCII chars: 1\n");
}

static void test_check_rules__topics(void **state)
{
    assert_string_equal(CHECK(&sink, "name", "n", "limit", "1"), "Must configure topics\n");
    assert_string_equal(CHECK(&own_sink, "name", "n"), "");
    assert_string_equal(CHECK(&own_sink, "name", "n", "topics", "t"),
                        "This connector finds its topics itself; leave topics out\n");
    assert_string_equal(CHECK(&sink, "name", "n", "limit", "1", "topics", "t, dead",
                              "errors.deadletterqueue.topic.name", "dead"),
                        "The DLQ topic 'dead' may not be included in the list of topics "
                        "('topics=[t, dead]') consumed by the connector\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check_rules__tables_of_both_kinds_are_sound),
        cmocka_unit_test(test_check_rules__name),
        cmocka_unit_test(test_check_rules__topics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
