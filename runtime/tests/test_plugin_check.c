#include "plugin_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper_files.h"
#include "plugins/stub_ops.h"

/* A class of which each test spoils one thing. */
static struct ks_connector_class spoiled;

static enum ks_status check(struct ks_error *err)
{
    const struct ks_connector_class *const classes[] = {&spoiled, NULL};
    const struct ks_plugin plugin = STUB_PLUGIN(classes);
    return plugin_check(&plugin, err);
}

static void expect(const char *message)
{
    struct ks_error err;
    assert_int_equal(check(&err), KS_ERR_FATAL);
    assert_string_equal(err.message, message);
}

static int setup(void **state)
{
    spoiled = (struct ks_connector_class)STUB_SOURCE("a.Source");
    return 0;
}

static void test_check__good_of_both_kinds(void **state)
{
    assert_int_equal(check(NULL), KS_OK);
    spoiled = (struct ks_connector_class)STUB_SINK("a.Sink");
    assert_int_equal(check(NULL), KS_OK);
}

static void test_check__class_members(void **state)
{
    spoiled.name = "";
    expect("a class has no name");
    spoiled.name = "a.Source";
    spoiled.version = NULL;
    expect("class a.Source has no version");
    spoiled.version = "1";
    spoiled.kind = (enum ks_class_kind)7;
    expect("class a.Source is neither source nor sink (kind 7)");
}

static void test_check__ops(void **state)
{
    struct ks_source_task_ops source = stub_source;
    spoiled.source = &source;
    source.poll = NULL;
    expect("class a.Source has no source->poll");
    struct ks_sink_task_ops sink = stub_sink;
    spoiled = (struct ks_connector_class)STUB_SINK("a.Sink");
    spoiled.sink = &sink;
    sink.destroy = NULL;
    expect("class a.Sink has no sink->destroy");
}

static void test_check__plugin_members(void **state)
{
    const struct ks_connector_class *const classes[] = {&spoiled, NULL};
    struct ks_plugin plugin = STUB_PLUGIN(classes);
    struct ks_error err;
    plugin.version = NULL;
    assert_int_equal(plugin_check(&plugin, &err), KS_ERR_FATAL);
    assert_string_equal(err.message, "the plugin has no name or no version");
    plugin.version = "1";
    plugin.struct_size += 100; /* a newer minor: longer, still fine */
    plugin.abi_minor += 1;
    assert_int_equal(plugin_check(&plugin, &err), KS_OK);
}

static void test_check_file__another_machine(void **state)
{
    unsigned char header[64] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    header[18] = 8; /* e_machine: MIPS */
    char *dir = helper_dir_new();
    char *path = helper_file_new(dir, "mips.so", "");
    char *text = helper_file_new(dir, "short.so",
                                 "\x7f"
                                 "ELF");
    FILE *file = fopen(path, "w");
    assert_true(fwrite(header, sizeof header, 1, file) == 1);
    fclose(file);
    struct ks_error err;
    assert_int_equal(plugin_check_file(path, &err), KS_ERR_FATAL);
    assert_memory_equal(err.message, "built for another kind of machine (ELF machine 8, ", 50);
    assert_int_equal(plugin_check_file(text, &err), KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "no ELF header"));
    free(path);
    free(text);
    helper_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_check__good_of_both_kinds, setup),
        cmocka_unit_test_setup(test_check__class_members, setup),
        cmocka_unit_test_setup(test_check__ops, setup),
        cmocka_unit_test_setup(test_check__plugin_members, setup),
        cmocka_unit_test(test_check_file__another_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
