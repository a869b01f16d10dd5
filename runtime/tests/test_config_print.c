#include "config_def.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const values[] = {"none", "all", NULL};
static const struct ks_config_def table[] = {
    {.name = "file",
     .type = KS_CONFIG_STRING,
     .flags = KS_CONFIG_REQUIRED,
     .group = "Files",
     .doc =
         "A long text that has to be wrapped because it does not fit into a line of seventy-nine "
         "columns. Second|sentence."},
    {.name = "size",
     .type = KS_CONFIG_INT,
     .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_RANGE,
     .default_value = "5",
     .min = 1,
     .max = 1000000,
     .group = "Sizes",
     .doc = "Rows."},
    {.name = "mode",
     .type = KS_CONFIG_STRING,
     .valid_values = values,
     .group = "Files",
     .doc = "How <it> *is*."},
    {.name = "x.",
     .type = KS_CONFIG_STRING,
     .flags = KS_CONFIG_PREFIX,
     .group = "Sizes",
     .doc = "Rest."},
    {0},
};

static char *print(void (*fn)(const struct ks_config_def *, FILE *))
{
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    fn(table, out);
    fclose(out);
    return text;
}

static void test_print__manual_page(void **state)
{
    char *text = print(config_def_print);
    assert_string_equal(
        text, "   Files\n"
              "       file\n"
              "              (string; required; importance high)\n"
              "              A long text that has to be wrapped because it does not fit into a\n"
              "              line of seventy-nine columns. Second|sentence.\n"
              "\n"
              "       mode\n"
              "              (string; one of none, all; importance high)\n"
              "              How <it> *is*.\n"
              "\n"
              "   Sizes\n"
              "       size\n"
              "              (int; 1 to 1000000; default 5; importance low)\n"
              "              Rows.\n"
              "\n"
              "       x.*\n"
              "              (string; importance high)\n"
              "              Rest.\n"
              "\n");
    free(text);
}

static void test_print_markdown__table_per_group(void **state)
{
    char *text = print(config_def_print_markdown);
    assert_non_null(strstr(text, "\n### Files\n\n| option | type | default | meaning |\n"));
    assert_non_null(strstr(text, "Second\\|sentence. |\n"));
    assert_non_null(strstr(text, "| `size` | int; 1 to 1000000 | `5` | Rows. |\n"));
    assert_non_null(strstr(text, "| `file` | string | **required** | A long"));
    assert_non_null(strstr(text, "How &lt;it> \\*is\\*. |\n"));
    assert_non_null(strstr(text, "| `x.*` | string |  | Rest. |\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print__manual_page),
        cmocka_unit_test(test_print_markdown__table_per_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
