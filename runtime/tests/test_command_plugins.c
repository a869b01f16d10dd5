#include "commands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper_output.h"

#define PLUGINS KITESTREAM_BINARY_DIR "/test-plugins/"

static int run(const char *dir, struct cli cli, struct output *out, struct output *err)
{
    char *dirs[] = {(char *)dir};
    struct plugin_set *plugins = plugin_set_load(dirs, 1);
    *out = output_begin();
    *err = output_begin();
    int status = command_plugins(&cli, plugins, out->file, err->file);
    output_end(out);
    output_end(err);
    plugin_set_free(plugins);
    return status;
}

static void test_plugins__list_and_problems(void **state)
{
    struct output out, err;
    assert_int_equal(run(PLUGINS, (struct cli){0}, &out, &err), 0);
    assert_non_null(strstr(out.text, "source  1           org.example.TestSourceConnector\n"));
    assert_non_null(strstr(out.text, "sink    1           org.example.TestSinkConnector\n"));
    assert_non_null(strstr(err.text, "other_major.so: built for plugin ABI 2.3"));
    output_release(&out);
    output_release(&err);
}

static void test_plugins__one_class_as_a_manual_page(void **state)
{
    struct output out, err;
    const char *words[] = {"TestSource"};
    assert_int_equal(run(PLUGINS "good", (struct cli){.words = words, .word_count = 1}, &out, &err),
                     0);
    assert_non_null(strstr(out.text, "NAME\n       org.example.TestSourceConnector - source"));
    assert_non_null(strstr(out.text, "\nOPTIONS\n       file\n"));
    assert_non_null(strstr(out.text, "\nOPTIONS OF EVERY SOURCE\n"));
    assert_null(strstr(out.text, "       topics\n"));
    for (char *line = strtok(out.text, "\n"); line; line = strtok(NULL, "\n"))
        assert_true(strlen(line) < 80 || strstr(line, ".so ") != NULL);
    output_release(&out);
    output_release(&err);
}

static void test_plugins__unknown_class(void **state)
{
    struct output out, err;
    const char *words[] = {"TestSorce"};
    assert_int_equal(run(PLUGINS "good", (struct cli){.words = words, .word_count = 1}, &out, &err),
                     1);
    assert_string_equal(err.text, "kitestream: there is no class \"TestSorce\" in plugin.path; did "
                                  "you mean \"org.example.TestSourceConnector\"?\n");
    output_release(&out);
    output_release(&err);
    words[0] = "Debezium";
    assert_int_equal(run(PLUGINS "good", (struct cli){.words = words, .word_count = 1}, &out, &err),
                     1);
    assert_string_equal(err.text, "kitestream: there is no class \"Debezium\" in plugin.path\n");
    output_release(&out);
    output_release(&err);
}

static void test_plugins__worker_and_markdown(void **state)
{
    struct output out, err;
    assert_int_equal(run(PLUGINS "good", (struct cli){.worker = true}, &out, &err), 0);
    assert_non_null(strstr(out.text, "       bootstrap.servers\n"));
    output_release(&out);
    output_release(&err);
    assert_int_equal(run(PLUGINS "good", (struct cli){.markdown = true}, &out, &err), 0);
    assert_non_null(strstr(out.text, "\n## Worker\n"));
    assert_non_null(strstr(out.text, "\n## TestSourceConnector\n"));
    assert_non_null(strstr(out.text, "\n## Every sink connector\n"));
    output_release(&out);
    output_release(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plugins__list_and_problems),
        cmocka_unit_test(test_plugins__one_class_as_a_manual_page),
        cmocka_unit_test(test_plugins__unknown_class),
        cmocka_unit_test(test_plugins__worker_and_markdown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
