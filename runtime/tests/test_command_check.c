#include "commands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "helper_files.h"
#include "helper_output.h"

#define PLUGINS KITESTREAM_BINARY_DIR "/test-plugins/"

struct fixture {
    char *dir, *path;
    struct plugin_set *plugins;
};

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    char *dirs[] = {PLUGINS "good"};
    f->dir = helper_dir_new();
    f->plugins = plugin_set_load(dirs, 1);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    plugin_set_free(f->plugins);
    helper_dir_remove(f->dir);
    free(f->path);
    free(f);
    return 0;
}

static int check(struct fixture *f, const char *yaml, struct output *out, struct output *err)
{
    free(f->path);
    f->path = helper_file_new(f->dir, "p.yaml", yaml);
    const char *words[] = {f->path};
    struct cli cli = {.command = CLI_CHECK, .words = words, .word_count = 1};
    *out = output_begin();
    *err = output_begin();
    int status = command_check(&cli, f->plugins, out->file, err->file);
    output_end(out);
    output_end(err);
    return status;
}

static void test_check__no_problems(void **state)
{
    struct fixture *f = *state;
    struct output out, err;
    assert_int_equal(check(f, "- {name: a, class: TestSource, config: {file: x}}\n", &out, &err),
                     0);
    assert_string_equal(out.text + strlen(f->path), ": 1 connector, no problems\n");
    assert_string_equal(err.text, "");
    output_release(&out);
    output_release(&err);
}

static void test_check__every_problem_with_its_place(void **state)
{
    struct fixture *f = *state;
    struct output out, err;
    assert_int_equal(check(f,
                           "connectors:\n- name: a\n  class: TestSource\n  config:\n    fil: x\n"
                           "    size: y\n- name: b\n  class: Nope\n",
                           &out, &err),
                     1);
    assert_string_equal(out.text, "");
    char *expected[] = {
        xasprintf("%s:5: connector \"a\": Unknown configuration \"fil\"; did you mean \"file\"?\n",
                  f->path),
        xasprintf("%s:6: connector \"a\": Invalid value y for configuration size: Not a number of "
                  "type INT\n",
                  f->path),
        xasprintf("%s:2: connector \"a\": Missing required configuration \"file\" which has no "
                  "default value.\n",
                  f->path),
        xasprintf("%s:8: connector \"b\": ", f->path),
    };
    for (size_t i = 0; i < 4; i++) {
        assert_non_null(strstr(err.text, expected[i]));
        free(expected[i]);
    }
    output_release(&out);
    output_release(&err);
}

static void test_check__rules_between_options(void **state)
{
    struct fixture *f = *state;
    struct output out, err;
    assert_int_equal(check(f, "- {name: a, class: TestSink, config: {file: x}}\n", &out, &err), 1);
    assert_non_null(strstr(
        err.text, "p.yaml:1: connector \"a\": Must configure one of topics or topics.regex\n"));
    output_release(&out);
    output_release(&err);
}

static void test_check__broken_file(void **state)
{
    struct fixture *f = *state;
    struct output out, err;
    assert_int_equal(check(f, "connectors: [\n", &out, &err), 1);
    assert_non_null(strstr(err.text, "p.yaml:2: "));
    output_release(&out);
    output_release(&err);
}

static void test_check__unusable_plugins_are_named_when_a_class_is_missing(void **state)
{
    struct fixture *f = *state;
    struct output out, err;
    char *dirs[] = {PLUGINS "bad"};
    plugin_set_free(f->plugins);
    f->plugins = plugin_set_load(dirs, 1);
    assert_int_equal(check(f, "- {name: a, class: NoOps}\n", &out, &err), 1);
    assert_non_null(strstr(err.text, "no_ops.so: class org.example.NoOps has no sink\n"));
    output_release(&out);
    output_release(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_check__no_problems, setup, teardown),
        cmocka_unit_test_setup_teardown(test_check__every_problem_with_its_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_check__rules_between_options, setup, teardown),
        cmocka_unit_test_setup_teardown(test_check__broken_file, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_check__unusable_plugins_are_named_when_a_class_is_missing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
