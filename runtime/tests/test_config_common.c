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
static const struct ks_connector_class source = {
    .name = "a.FileSource", .version = "7", .kind = KS_CLASS_SOURCE, .config_defs = table};
static const struct ks_connector_class own_source = {.name = "a.OwnSource",
                                                     .kind = KS_CLASS_SOURCE,
                                                     .flags = KS_CLASS_OWN_TRANSACTIONS,
                                                     .config_defs = table};
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
    assert_string_equal(CHECK(&sink, "name", "n", "limit", "1"),
                        "Must configure one of topics or topics.regex\n");
    assert_string_equal(CHECK(&own_sink, "name", "n"), "");
    assert_string_equal(CHECK(&own_sink, "name", "n", "topics", "t"),
                        "This connector finds its topics itself; leave topics out\n");
    assert_string_equal(CHECK(&sink, "name", "n", "limit", "1", "topics", "t, dead",
                              "errors.deadletterqueue.topic.name", "dead"),
                        "The DLQ topic 'dead' may not be included in the list of topics "
                        "('topics=[t, dead]') consumed by the connector\n");
}

static void test_check_rules__topics_regex(void **state)
{
    assert_string_equal(CHECK(&sink, "name", "n", "topics.regex", "a.*"), "");
    assert_string_equal(CHECK(&own_sink, "name", "n", "topics.regex", "a.*"),
                        "This connector finds its topics itself; leave topics.regex out\n");
    assert_string_equal(
        CHECK(&sink, "name", "n", "topics.regex", "a.*", "topics", "t"),
        "topics and topics.regex are mutually exclusive options, but both are set.\n");
    assert_string_equal(
        CHECK(&sink, "name", "n", "topics.regex", "a.*", "errors.deadletterqueue.topic.name", "ab"),
        "The DLQ topic 'ab' may not be matched by the regex "
        "('topics.regex=a.*') of the topics that the connector reads\n");
    assert_string_equal(CHECK(&sink, "name", "n", "topics.regex", "a.*",
                              "errors.deadletterqueue.topic.name", "bab"),
                        "");
    assert_string_equal(
        CHECK(&sink, "name", "n", "topics.regex", "(", "errors.deadletterqueue.topic.name", "("),
        "");
}

static void test_check_rules__what_we_do_not_do(void **state)
{
    assert_string_equal(CHECK(&source, "name", "n", "transforms", "", "predicates", ""), "");
    assert_string_equal(
        CHECK(&source, "name", "n", "transforms", "a, b", "transforms.b.type", "x.B"),
        "Missing required configuration \"transforms.a.type\" which has no default value.\n"
        "Invalid value x.B for configuration transforms.b.type: Class x.B could not be found. "
        "The only transformation is org.apache.kafka.connect.transforms.RegexRouter.\n");
    assert_string_equal(
        CHECK(&sink, "name", "n", "topics", "t", "predicates", "p"),
        "Missing required configuration \"predicates.p.type\" which has no default value.\n");
    assert_string_equal(CHECK(&source, "name", "n", "topic.creation.groups", "g"),
                        "Missing required configuration \"topic.creation.g.include\" which has "
                        "no default value.\n");
    assert_string_equal(CHECK(&source, "name", "n", "offsets.storage.topic", "o"),
                        "Invalid value o for configuration offsets.storage.topic: all connectors "
                        "use the worker's offset.storage.topic: leave it out\n");
    assert_string_equal(CHECK(&source, "name", "n", "transaction.boundary.interval.ms", "9"),
                        "Invalid value 9 for configuration transaction.boundary.interval.ms: "
                        "transaction.boundary=interval is not supported: leave it out\n");
}

static void test_check_rules__transaction_boundary(void **state)
{
    assert_string_equal(CHECK(&source, "name", "n", "transaction.boundary", "poll"), "");
    assert_string_equal(CHECK(&own_source, "name", "n", "transaction.boundary", "poll"), "");
    assert_string_equal(CHECK(&own_source, "name", "n", "transaction.boundary", "connector"), "");
    assert_string_equal(CHECK(&source, "name", "n", "transaction.boundary", "connector"),
                        "Invalid value connector for configuration transaction.boundary: this "
                        "connector's transactions end after each batch: poll\n");
    assert_string_equal(CHECK(&own_source, "name", "n", "transaction.boundary", "interval"),
                        "Invalid value interval for configuration transaction.boundary: this "
                        "connector says itself where a transaction ends; leave it out\n");
}

static void test_check_rules__versions(void **state)
{
    assert_string_equal(CHECK(&source, "name", "n", "connector.plugin.version", "7"), "");
    assert_string_equal(CHECK(&source, "name", "n", "connector.plugin.version", "8"),
                        "Invalid value 8 for configuration connector.plugin.version: this worker "
                        "has version 7 only\n");
    assert_non_null(strstr(CHECK(&source, "name", "n", "key.converter.plugin.version", "99"),
                           "key.converter.plugin.version: this worker has version "));
    assert_string_equal(CHECK(&source, "name", "n", "connector.plugin.version", "${env:V}"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check_rules__tables_of_both_kinds_are_sound),
        cmocka_unit_test(test_check_rules__name),
        cmocka_unit_test(test_check_rules__topics),
        cmocka_unit_test(test_check_rules__topics_regex),
        cmocka_unit_test(test_check_rules__what_we_do_not_do),
        cmocka_unit_test(test_check_rules__transaction_boundary),
        cmocka_unit_test(test_check_rules__versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
