#include "jaas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_parse__plain(void **state)
{
    struct jaas jaas;
    struct ks_error err;
    assert_int_equal(
        jaas_parse(" org.apache.kafka.common.security.plain.PlainLoginModule required\n"
                   "  username=\"me\"  password = 'a b;\\'\\\\' debug=true ; ",
                   &jaas, &err),
        KS_OK);
    assert_string_equal(jaas.module, "PlainLoginModule");
    assert_int_equal(jaas.option_count, 3);
    assert_string_equal(jaas_get(&jaas, "username"), "me");
    assert_string_equal(jaas_get(&jaas, "password"), "a b;'\\");
    assert_string_equal(jaas_get(&jaas, "debug"), "true");
    assert_null(jaas_get(&jaas, "user"));
    jaas_release(&jaas);
    assert_int_equal(jaas_parse("PlainLoginModule required;", &jaas, &err), KS_OK);
    jaas_release(&jaas);
}

static void test_parse__malformed(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", "a login module at character 1"},
        {"PlainLoginModule", "\"required\""},
        {"PlainLoginModule username=\"x\";", "\"required\""},
        {"M required", "';'"},
        {"M required username=\"x\"", "';'"},
        {"M required username \"x\";", "'='"},
        {"M required username=;", "a value"},
        {"M required password=\"hunter2;", "a closing quote"},
        {"M required =x;", "the name"},
        {"M required; N required;", "nothing after"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct jaas jaas;
        struct ks_error err = {0};
        assert_int_equal(jaas_parse(cases[i].text, &jaas, &err), KS_ERR_FATAL);
        if (!strstr(err.message, cases[i].expected) || strstr(err.message, "hunter2"))
            fail_msg("%s: %s", cases[i].text, err.message);
    }
}

static void test_parse__too_many_options(void **state)
{
    char text[1024] = "M required";
    for (int i = 0; i < JAAS_OPTIONS_MAX + 1; i++)
        strcat(text, " a=b");
    strcat(text, ";");
    struct jaas jaas;
    struct ks_error err;
    assert_int_equal(jaas_parse(text, &jaas, &err), KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "32"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse__plain),
        cmocka_unit_test(test_parse__malformed),
        cmocka_unit_test(test_parse__too_many_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
