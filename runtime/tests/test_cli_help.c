#include "cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_help__is_a_manual_page_of_80_columns(void **state)
{
    static const char *const headings[] = {"NAME",        "SYNOPSIS", "DESCRIPTION", "COMMANDS",
                                           "EXIT STATUS", "EXAMPLES", "OPTIONS"};
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    cli_print_help(out);
    fclose(out);
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++) {
        char line[40] = "\n";
        strcat(strcat(line, headings[i]), "\n");
        assert_true(strstr(text, line) || strncmp(text, line + 1, strlen(line + 1)) == 0);
    }
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        assert_true(strlen(line) <= 80);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_help__is_a_manual_page_of_80_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
