#include "config_value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect(const struct ks_config_def *def, const char *value, const char *why)
{
    struct ks_buf text = {0};
    bool fits = config_value_fits(def, value, &text);
    assert_string_equal(ks_buf_str(&text), why ? why : "");
    assert_int_equal(fits, why == NULL);
    ks_buf_release(&text);
}

static void test_fits__numbers(void **state)
{
    struct ks_config_def def = {.name = "n", .type = KS_CONFIG_INT};
    expect(&def, "0", NULL);
    expect(&def, " -7 ", NULL);
    expect(&def, "2147483647", NULL);
    expect(&def, "2147483648", "Not a number of type INT");
    expect(&def, "many", "Not a number of type INT");
    expect(&def, "", "Not a number of type INT");
    expect(&def, "1.5", "Not a number of type INT");
    expect(&def, "7x", "Not a number of type INT");
    def.type = KS_CONFIG_LONG;
    expect(&def, "9223372036854775807", NULL);
    expect(&def, "9223372036854775808", "Not a number of type LONG");
    def.type = KS_CONFIG_DOUBLE;
    expect(&def, "1.5e3", NULL);
    expect(&def, "nan", "Not a number of type DOUBLE");
    expect(&def, "1e999", "Not a number of type DOUBLE");
}

static void test_fits__range(void **state)
{
    struct ks_config_def def = {
        .name = "n", .type = KS_CONFIG_LONG, .flags = KS_CONFIG_RANGE, .min = 1, .max = 8388608};
    expect(&def, "1", NULL);
    expect(&def, "8388608", NULL);
    expect(&def, "0", "Value must be at least 1");
    expect(&def, "8388609", "Value must be no more than 8388608");
    def.type = KS_CONFIG_DOUBLE;
    def.min = 0.5;
    expect(&def, "0.4", "Value must be at least 0.5");
}

static void test_fits__boolean(void **state)
{
    struct ks_config_def def = {.name = "b", .type = KS_CONFIG_BOOLEAN};
    expect(&def, "true", NULL);
    expect(&def, " FALSE ", NULL);
    expect(&def, "yes", "Expected value to be either true or false");
    expect(&def, "", "Expected value to be either true or false");
    expect(&def, "true false", "Expected value to be either true or false");
}

static void test_fits__strings(void **state)
{
    static const char *const valid[] = {"none", "all", NULL};
    struct ks_config_def def = {.name = "s", .type = KS_CONFIG_STRING, .valid_values = valid};
    expect(&def, "all", NULL);
    expect(&def, "some", "String must be one of: none, all");
    assert_true(config_value_is("a.b.JsonConverter", "a.b.JsonConverter"));
    assert_true(config_value_is("a.b.JsonConverter", "JsonConverter"));
    assert_true(config_value_is("a.b.JsonConverter", "Json"));
    assert_false(config_value_is("a.b.JsonConverter", "JsonC"));
    assert_false(config_value_is("a.b.JsonConverter", "b.JsonConverter"));
    assert_false(config_value_is("a.b.JsonConverter", ""));
    assert_false(config_value_is("Converter", ""));
    def = (struct ks_config_def){
        .name = "s", .type = KS_CONFIG_PASSWORD, .flags = KS_CONFIG_NON_EMPTY};
    expect(&def, "x", NULL);
    expect(&def, " ", "String must be non-empty");
    def = (struct ks_config_def){.name = "s", .type = KS_CONFIG_STRING, .flags = KS_CONFIG_REGEX};
    expect(&def, "db\\..*", NULL);
    struct ks_buf why = {0};
    assert_false(config_value_fits(&def, "a(", &why));
    assert_memory_equal(ks_buf_str(&why), "Invalid regex: ", 15);
    ks_buf_release(&why);
}

static void test_fits__lists(void **state)
{
    static const char *const valid[] = {"a", "b", NULL};
    struct ks_config_def def = {
        .name = "l", .type = KS_CONFIG_LIST, .flags = KS_CONFIG_NON_EMPTY, .valid_values = valid};
    expect(&def, "a, b", NULL);
    expect(&def, " , ", "List must be non-empty");
    expect(&def, "a,c", "String must be one of: a, b");
    def.flags = 0;
    expect(&def, "", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fits__numbers), cmocka_unit_test(test_fits__range),
        cmocka_unit_test(test_fits__boolean), cmocka_unit_test(test_fits__strings),
        cmocka_unit_test(test_fits__lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
