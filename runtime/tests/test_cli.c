#include "cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char complaint[2000];

/* words: the arguments after the program's name, NULL-ended. */
static bool parse(const char *const *words, struct cli *ret)
{
    char *argv[15] = {(char *)"kitestream"};
    int argc = 1;
    while (*words)
        argv[argc++] = (char *)*words++;
    complaint[0] = '\0';
    FILE *err = fmemopen(complaint, sizeof complaint, "w");
    bool good = cli_parse(argc, argv, ret, err);
    fclose(err);
    return good;
}

#define PARSE(ret, ...) parse((const char *const[]){__VA_ARGS__, NULL}, ret)

static void test_parse__run(void **state)
{
    struct cli cli;
    assert_true(PARSE(&cli, "run", "-c", "w.yaml", "a.yaml", "b.yaml"));
    assert_int_equal(cli.command, CLI_RUN);
    assert_string_equal(cli.worker_path, "w.yaml");
    assert_int_equal(cli.word_count, 2);
    assert_string_equal(cli.words[1], "b.yaml");
    cli_release(&cli);
    assert_true(PARSE(&cli, "run"));
    assert_null(cli.worker_path);
    assert_int_equal(cli.word_count, 0);
    cli_release(&cli);
}

static void test_parse__forms_of_an_option(void **state)
{
    struct cli cli;
    assert_true(PARSE(&cli, "check", "--config=w", "--", "-odd.yaml"));
    assert_string_equal(cli.worker_path, "w");
    assert_string_equal(cli.words[0], "-odd.yaml");
    cli_release(&cli);
    assert_true(PARSE(&cli, "check", "-cw", "x"));
    assert_string_equal(cli.worker_path, "w");
    cli_release(&cli);
    assert_true(PARSE(&cli, "check", "x", "--config", "w"));
    assert_string_equal(cli.worker_path, "w");
    cli_release(&cli);
}

static void test_parse__flags_belong_to_their_command(void **state)
{
    struct cli cli;
    assert_true(PARSE(&cli, "plugins", "--markdown", "--worker", "X"));
    assert_true(cli.markdown && cli.worker);
    cli_release(&cli);
    assert_true(PARSE(&cli, "tail", "-n", "5", "--once", "t"));
    assert_int_equal(cli.max_count, 5);
    assert_true(cli.once && !cli.only_new && !cli.value_only);
    cli_release(&cli);
    assert_false(PARSE(&cli, "run", "--new"));
    assert_false(PARSE(&cli, "run", "--markdown"));
    assert_non_null(strstr(complaint, "unknown option \"--markdown\""));
    assert_false(PARSE(&cli, "run", "-n", "5"));
}

static void test_parse__help_and_version(void **state)
{
    static const char *const forms[] = {"--help", "-h", "help"};
    struct cli cli;
    for (size_t i = 0; i < 3; i++) {
        assert_true(PARSE(&cli, forms[i]));
        assert_int_equal(cli.command, CLI_HELP);
        cli_release(&cli);
    }
    assert_true(PARSE(&cli, "check", "--help"));
    assert_int_equal(cli.command, CLI_HELP);
    cli_release(&cli);
    assert_true(PARSE(&cli, "--version"));
    assert_int_equal(cli.command, CLI_VERSION);
    cli_release(&cli);
}

static void expect_usage_error(const char *const *words, const char *first_line)
{
    struct cli cli;
    assert_false(parse(words, &cli));
    assert_memory_equal(complaint, first_line, strlen(first_line));
    assert_memory_equal(complaint + strlen(first_line), "\nusage: kitestream ", 19);
}

static void test_parse__usage_errors(void **state)
{
    expect_usage_error((const char *const[]){NULL}, "kitestream: a command is missing");
    expect_usage_error((const char *const[]){"chek", NULL},
                       "kitestream: unknown command \"chek\"; did you mean \"check\"?");
    expect_usage_error((const char *const[]){"--vers", NULL},
                       "kitestream: unknown option \"--vers\"");
    expect_usage_error((const char *const[]){"run", "--confg", "x", NULL},
                       "kitestream: unknown option \"--confg\"; did you mean \"--config\"?");
    expect_usage_error((const char *const[]){"run", "-c", NULL}, "kitestream: -c needs a file");
    expect_usage_error((const char *const[]){"tail", "-n", NULL},
                       "kitestream: -n needs a number above 0");
    expect_usage_error((const char *const[]){"tail", "t", "-n", "0", NULL},
                       "kitestream: -n needs a number above 0");
    expect_usage_error((const char *const[]){"tail", "t", "-n5x", NULL},
                       "kitestream: -n needs a number above 0");
    expect_usage_error((const char *const[]){"check", NULL},
                       "kitestream: check needs at least one pipeline file");
    expect_usage_error((const char *const[]){"plugins", "a", "b", NULL},
                       "kitestream: plugins takes at most one class name");
    expect_usage_error((const char *const[]){"tail", NULL}, "kitestream: tail needs one topic");
}

static void test_parse__status(void **state)
{
    struct cli cli;
    assert_true(PARSE(&cli, "status", "--url=http://h:1", "--json", "--user", "u", "--token", "t",
                      "--ca", "c", "a"));
    assert_int_equal(cli.command, CLI_STATUS);
    assert_string_equal(cli.url, "http://h:1");
    assert_string_equal(cli.user_path, "u");
    assert_string_equal(cli.token_path, "t");
    assert_string_equal(cli.ca_path, "c");
    assert_true(cli.json);
    assert_int_equal(cli.word_count, 1);
    cli_release(&cli);
    assert_false(PARSE(&cli, "status", "--url"));
    assert_non_null(strstr(complaint, "needs a value"));
    assert_false(PARSE(&cli, "run", "--url", "x"));
    assert_false(PARSE(&cli, "run", "--json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse__status),
        cmocka_unit_test(test_parse__run),
        cmocka_unit_test(test_parse__forms_of_an_option),
        cmocka_unit_test(test_parse__flags_belong_to_their_command),
        cmocka_unit_test(test_parse__help_and_version),
        cmocka_unit_test(test_parse__usage_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
