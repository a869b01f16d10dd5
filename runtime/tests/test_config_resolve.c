#include "config_def.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "helper_files.h"

static struct string_map one_option(const char *value)
{
    struct string_map m = {0};
    string_map_set(&m, "milvus.token", value);
    return m;
}

static void test_resolve__environment(void **state)
{
    setenv("KS_TEST_TOKEN", "root:${env:X}Milvus", 1);
    struct string_map m = one_option("<${env:KS_TEST_TOKEN}|${env:KS_TEST_TOKEN}>");
    assert_int_equal(config_resolve(&m, NULL), KS_OK);
    assert_string_equal(string_map_get(&m, "milvus.token"),
                        "<root:${env:X}Milvus|root:${env:X}Milvus>");
    string_map_release(&m);
}

static void test_resolve__file(void **state)
{
    char *dir = helper_dir_new();
    char *path = helper_file_new(dir, "secrets.properties", "user=u\npassword = p:w\n");
    char *value = xasprintf("${file:%s:password}", path);
    struct string_map m = one_option(value);
    assert_int_equal(config_resolve(&m, NULL), KS_OK);
    assert_string_equal(string_map_get(&m, "milvus.token"), "p:w");
    string_map_release(&m);
    free(value);
    free(path);
    helper_dir_remove(dir);
}

static void test_resolve__ordinary_text_stays(void **state)
{
    static const char *const texts[] = {"${",   "$env:X", "${}",     "${:x}",
                                        "${1}", "a{2}$",  "${env:X", ""};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct string_map m = one_option(texts[i]);
        assert_int_equal(config_resolve(&m, NULL), KS_OK);
        assert_string_equal(string_map_get(&m, "milvus.token"), texts[i]);
        assert_false(config_has_placeholder(texts[i]));
        string_map_release(&m);
    }
}

static void expect_error(const char *value, const char *message)
{
    struct string_map m = one_option(value);
    struct ks_error err;
    assert_int_equal(config_resolve(&m, &err), KS_ERR_FATAL);
    assert_string_equal(err.message, message);
    assert_true(config_has_placeholder(value));
    string_map_release(&m);
}

static void test_resolve__errors_name_option_and_placeholder(void **state)
{
    unsetenv("KS_TEST_NONE");
    expect_error("${env:KS_TEST_NONE}", "option \"milvus.token\": ${env:KS_TEST_NONE}: the "
                                        "environment variable is not set");
    expect_error("${file:/nonexistent:a}", "option \"milvus.token\": ${file:/nonexistent:a}: "
                                           "cannot open the file: No such file or directory");
    expect_error("${file:/etc/hostname:nokey}",
                 "option \"milvus.token\": ${file:/etc/hostname:nokey}: the file has no such key");
    expect_error("${file:/etc/hostname}", "option \"milvus.token\": ${file:/etc/hostname}: write "
                                          "it as ${file:/path/to/file:key}");
    expect_error("${vault:a}", "option \"milvus.token\": ${vault:a}: there is no provider "
                               "\"vault\"; use ${env:NAME} or ${file:path:key}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resolve__environment),
        cmocka_unit_test(test_resolve__file),
        cmocka_unit_test(test_resolve__ordinary_text_stays),
        cmocka_unit_test(test_resolve__errors_name_option_and_placeholder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
