#include "config_def.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct ks_config_def first[] = {
    {.name = "file", .type = KS_CONFIG_STRING, .flags = KS_CONFIG_REQUIRED, .doc = "A file."},
    {.name = "batch.size", .type = KS_CONFIG_INT, .default_value = "2000", .doc = "Rows."},
    {.name = "milvus.token",
     .type = KS_CONFIG_PASSWORD,
     .flags = KS_CONFIG_NON_EMPTY,
     .doc = "A token."},
    {0},
};
static const struct ks_config_def second[] = {
    {.name = "producer.override.",
     .type = KS_CONFIG_STRING,
     .flags = KS_CONFIG_PREFIX,
     .doc = "Options."},
    {.name = "topic.prefix", .type = KS_CONFIG_STRING, .doc = "A prefix."},
    {0},
};
static const struct ks_config_def *const tables[] = {first, second, NULL};

static struct config_issues check(const char *const *pairs)
{
    struct string_map config = {0};
    for (; *pairs; pairs += 2)
        string_map_set(&config, pairs[0], pairs[1]);
    struct config_issues issues = {0};
    struct ks_config view = string_map_view(&config);
    config_def_check(tables, &view, &issues);
    string_map_release(&config);
    return issues;
}

static void expect_one(const char *option, const char *value, const char *message)
{
    struct config_issues issues = check((const char *const[]){"file", "f", option, value, NULL});
    assert_int_equal(issues.count, 1);
    assert_string_equal(issues.list[0].option, option);
    assert_string_equal(issues.list[0].message, message);
    config_issues_release(&issues);
}

static void test_check__good(void **state)
{
    struct config_issues issues =
        check((const char *const[]){"file", "f", "batch.size", "${env:SIZE}",
                                    "producer.override.acks", "all", "milvus.token", "x", NULL});
    assert_int_equal(issues.count, 0);
}

static void test_check__connect_style_messages(void **state)
{
    expect_one("batch.size", "many",
               "Invalid value many for configuration batch.size: Not a number of type INT");
    struct config_issues issues = check((const char *const[]){NULL});
    assert_int_equal(issues.count, 1);
    assert_string_equal(issues.list[0].message,
                        "Missing required configuration \"file\" which has no default value.");
    assert_null(issues.list[0].value);
    config_issues_release(&issues);
}

static void test_check__unknown_with_nearest(void **state)
{
    expect_one("topic.prefx", "x",
               "Unknown configuration \"topic.prefx\"; did you mean \"topic.prefix\"?");
    expect_one("producer.overide.acks", "x",
               "Unknown configuration \"producer.overide.acks\"; did you mean "
               "\"producer.override.\"?");
    expect_one("producer.override.", "x",
               "Unknown configuration \"producer.override.\"; did you "
               "mean \"producer.override.\"?");
    expect_one("elsewhere", "x", "Unknown configuration \"elsewhere\"");
    struct config_issues issues = check((const char *const[]){"file", "", "fil", "x", NULL});
    assert_string_equal(issues.list[0].nearest, "file");
    config_issues_release(&issues);
}

static void test_check__secrets_are_masked(void **state)
{
    struct config_issues issues = check(
        (const char *const[]){"file", "f", "milvus.token", " ", "milvus.tokn", "geheim", NULL});
    assert_int_equal(issues.count, 2);
    assert_string_equal(issues.list[0].message,
                        "Invalid value [hidden] for configuration milvus.token: String must be "
                        "non-empty");
    for (size_t i = 0; i < issues.count; i++)
        assert_null(strstr(issues.list[i].message, "geheim"));
    config_issues_release(&issues);
}

static void test_shown__by_type_and_by_name(void **state)
{
    assert_string_equal(config_def_shown(tables, "milvus.token", "s"), "[hidden]");
    assert_string_equal(config_def_shown(tables, "milvus.token", "${env:T}"), "${env:T}");
    assert_string_equal(config_def_shown(tables, "producer.override.sasl.password", "s"),
                        "[hidden]");
    assert_string_equal(config_def_shown(tables, "producer.override.acks", "all"), "all");
    assert_string_equal(config_def_shown(tables, "file", "f"), "f");
    assert_string_equal(config_def_shown(tables, "unknown.secret", "s"), "[hidden]");
}

static void test_fill__defaults_and_trimmed_numbers(void **state)
{
    struct string_map config = {0};
    config_def_fill(tables, &config);
    assert_int_equal(config.count, 1);
    assert_string_equal(string_map_get(&config, "batch.size"), "2000");
    string_map_set(&config, "batch.size", " 5 ");
    string_map_set(&config, "file", " f ");
    config_def_fill(tables, &config);
    assert_string_equal(string_map_get(&config, "batch.size"), "5");
    assert_string_equal(string_map_get(&config, "file"), " f ");
    string_map_release(&config);
}

static void test_find__full_name_before_prefix(void **state)
{
    static const struct ks_config_def table[] = {
        {.name = "a.", .flags = KS_CONFIG_PREFIX},
        {.name = "a.b.", .flags = KS_CONFIG_PREFIX},
        {.name = "a.b.c"},
        {0},
    };
    const struct ks_config_def *const one[] = {table, NULL};
    assert_ptr_equal(config_def_find(one, "a.b.c"), &table[2]);
    assert_ptr_equal(config_def_find(one, "a.b.d"), &table[1]);
    assert_ptr_equal(config_def_find(one, "a.x"), &table[0]);
    assert_null(config_def_find(one, "b"));
}

static void expect_fault(const struct ks_config_def *def, const char *text)
{
    struct ks_config_def table[] = {
        {.name = "ok", .doc = "Fine.", .type = KS_CONFIG_STRING}, *def, {0}};
    char *fault = config_def_fault(table);
    if (text)
        assert_string_equal(fault, text);
    else
        assert_null(fault);
    free(fault);
}

static void test_fault__mistakes_of_a_table(void **state)
{
    expect_fault(&(struct ks_config_def){.name = "x", .doc = "D."}, NULL);
    expect_fault(&(struct ks_config_def){.name = "", .doc = "D."}, "an option has an empty name");
    expect_fault(&(struct ks_config_def){.name = "x", .doc = "D.", .type = (enum ks_config_type)99},
                 "option \"x\" has an unknown type");
    expect_fault(&(struct ks_config_def){.name = "x", .doc = "D.", .flags = KS_CONFIG_PREFIX},
                 "prefix option \"x\" does not end in '.'");
    expect_fault(&(struct ks_config_def){.name = "x"}, "option \"x\" has no documentation");
    expect_fault(&(struct ks_config_def){.name = "ok", .doc = "D."},
                 "option \"ok\" is there twice");
    expect_fault(
        &(struct ks_config_def){
            .name = "x", .doc = "D.", .type = KS_CONFIG_INT, .default_value = "a"},
        "default of option \"x\": Not a number of type INT");
    expect_fault(&(struct ks_config_def){.name = "x",
                                         .doc = "D.",
                                         .type = KS_CONFIG_INT,
                                         .default_value = "1",
                                         .flags = KS_CONFIG_REQUIRED},
                 "option \"x\" is required and has a default");
}

static void test_names__of_types_and_importances(void **state)
{
    assert_string_equal(config_type_name(KS_CONFIG_BOOLEAN), "boolean");
    assert_string_equal(config_type_name(KS_CONFIG_PASSWORD), "password");
    assert_string_equal(config_type_name((enum ks_config_type)42), "unknown");
    assert_string_equal(config_importance_name(KS_CONFIG_LOW), "low");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check__good),
        cmocka_unit_test(test_check__connect_style_messages),
        cmocka_unit_test(test_check__unknown_with_nearest),
        cmocka_unit_test(test_check__secrets_are_masked),
        cmocka_unit_test(test_shown__by_type_and_by_name),
        cmocka_unit_test(test_fill__defaults_and_trimmed_numbers),
        cmocka_unit_test(test_find__full_name_before_prefix),
        cmocka_unit_test(test_fault__mistakes_of_a_table),
        cmocka_unit_test(test_names__of_types_and_importances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
