#include "../transforms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct ks_connector_class source = {.kind = KS_CLASS_SOURCE};
static const struct ks_connector_class own_sink = {.kind = KS_CLASS_SINK,
                                                   .flags = KS_CLASS_OWN_ASSIGNMENT};

/* A good router, and one option changed. expected NULL: no fault. */
static void check(const struct ks_connector_class *cls, const char *option, const char *value,
                  const char *expected)
{
    struct string_map config = {0};
    struct config_issues issues = {0};
    string_map_set(&config, "transforms", "r");
    string_map_set(&config, "transforms.r.type", transform_classes[0]);
    string_map_set(&config, "transforms.r.regex", "(.*)");
    string_map_set(&config, "transforms.r.replacement", "x$1");
    if (value)
        string_map_set(&config, option, value);
    else
        string_map_remove(&config, option);
    struct ks_config view = string_map_view(&config);
    transforms_check(cls, &view, &issues);
    if (expected) {
        assert_int_equal(issues.count, 1);
        if (!strstr(issues.list[0].message, expected))
            fail_msg("%s", issues.list[0].message);
        assert_string_equal(issues.list[0].option, option);
    } else if (issues.count > 0) {
        fail_msg("%s", issues.list[0].message);
    }
    config_issues_release(&issues);
    string_map_release(&config);
}

static void test_check__good(void **state)
{
    check(&source, "transforms.r.type", "RegexRouter", NULL);
    check(&source, "transforms.r.negate", "false", NULL);
    check(&source, "transforms.r.regex", "${env:ROUTE}", NULL);
    check(&source, "transforms", " r ,", NULL);
}

static void test_check__names_the_option(void **state)
{
    check(&source, "transforms.r.type", NULL, "Missing required");
    check(&source, "transforms.r.type", "com.example.T", "Class com.example.T could not be found");
    check(&source, "transforms.r.regex", NULL, "Missing required");
    check(&source, "transforms.r.regex", "(", "Invalid regex: missing closing parenthesis");
    check(&source, "transforms.r.replacement", NULL, "Missing required");
    check(&source, "transforms.r.replacement", "$2", "no group of that number");
    check(&source, "transforms.r.predicate", "p", "there are no predicates");
    check(&source, "transforms.r.negate", "true", "there are no predicates");
    check(&source, "transforms.r.plugin.version", "99", "only");
    check(&source, "transforms", "r,r", "Duplicate alias r");
    check(&own_sink, "transforms", "r", "collection.mapping");
}

static void test_check__predicates(void **state)
{
    struct ks_config_entry entries[] = {{"predicates", "p,q"}, {"predicates.p.type", "a.B"}};
    struct config_issues issues = {0};
    transforms_check(&source, &(struct ks_config){entries, 2}, &issues);
    assert_int_equal(issues.count, 2);
    assert_string_equal(issues.list[0].message,
                        "Invalid value a.B for configuration predicates.p.type: Class a.B could "
                        "not be found. There are no predicates.");
    assert_string_equal(issues.list[1].option, "predicates.q.type");
    config_issues_release(&issues);
}

static void test_check__strays_are_only_unknown(void **state)
{
    check(&source, "transforms.r.regexp", "x", "Unknown configuration");
    check(&source, "transforms.other.regex", "x", "names nothing that has it");
    check(&source, "predicates.p.type", "x", "`predicates` names nothing");
}

static void test_options__as_a_form_shows_them(void **state)
{
    struct ks_config_entry entries[] = {{"transforms", "r,s"},
                                        {"transforms.r.type", "RegexRouter"}};
    struct ks_arena arena = {0};
    const struct transform_option *list;
    assert_int_equal(transforms_options(&(struct ks_config){entries, 2}, &arena, &list), 8);
    assert_string_equal(list[0].def.name, "transforms.r.type");
    assert_string_equal(list[0].def.group, "Transforms: r");
    assert_string_equal(list[0].title, "Transformation type for r");
    assert_true(list[0].is_class);
    assert_string_equal(list[2].def.name, "transforms.r.regex");
    assert_string_equal(list[2].title, "regex");
    assert_int_equal(list[5].order, 5);
    assert_string_equal(list[7].def.name, "transforms.s.plugin.version");
    ks_arena_release(&arena);
}

static void test_table__by_either_name(void **state)
{
    const char *cls;
    assert_string_equal(transforms_table("RegexRouter", &cls)[0].name, "regex");
    assert_string_equal(cls, transform_classes[0]);
    assert_non_null(transforms_table(transform_classes[0], NULL));
    assert_null(transforms_table("org.apache.kafka.connect.transforms.Filter", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check__good),
        cmocka_unit_test(test_check__names_the_option),
        cmocka_unit_test(test_check__predicates),
        cmocka_unit_test(test_check__strays_are_only_unknown),
        cmocka_unit_test(test_options__as_a_form_shows_them),
        cmocka_unit_test(test_table__by_either_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
