#include "plugin_loader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "alloc.h"
#include "helper_files.h"

#define PLUGINS KITESTREAM_BINARY_DIR "/test-plugins/"
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define ABI TEXT(KS_ABI_MAJOR) "." TEXT(KS_ABI_MINOR) ";"

static void expect_problem(const char *name, const char *message)
{
    char *path = xasprintf(PLUGINS "bad/%s.so", name);
    const struct ks_plugin *plugin = NULL;
    struct ks_error err;
    assert_int_equal(plugin_open(path, &plugin, &err), KS_ERR_FATAL);
    assert_string_equal(err.message, message);
    assert_null(plugin);
    free(path);
}

static void test_open__good(void **state)
{
    const struct ks_plugin *plugin = NULL;
    struct ks_error err = {0};
    if (plugin_open(PLUGINS "good/good.so", &plugin, &err) != KS_OK)
        fail_msg("%s", err.message);
    assert_string_equal(plugin->name, "stub");
    assert_string_equal(plugin->classes[1]->name, "org.example.TestSinkConnector");
}

static void test_open__no_plugin_at_all(void **state)
{
    expect_problem("absent", "cannot open the file: No such file or directory");
    expect_problem("no_entry", "not a Kitestream plugin: it does not export ks_plugin_open; if it "
                               "is a library that a plugin needs, keep it out of plugin.path");
    char *dir = helper_dir_new();
    char *path = helper_file_new(dir, "text.so",
                                 "#!/bin/sh\necho I am as long as an ELF header, "
                                 "but I am a script all the same\n");
    const struct ks_plugin *plugin = NULL;
    struct ks_error err;
    assert_int_equal(plugin_open(path, &plugin, &err), KS_ERR_FATAL);
    assert_string_equal(err.message,
                        "not a shared object (no ELF header); build it with -shared -fPIC");
    free(path);
    helper_dir_remove(dir);
}

static void test_open__cannot_be_linked(void **state)
{
    expect_problem("undefined_symbol",
                   "cannot be loaded: undefined symbol: function_of_a_missing_library");
}

static void test_open__another_abi(void **state)
{
    expect_problem("other_major", "built for plugin ABI 2.3, this Kitestream has " ABI
                                  " rebuild the plugin against "
                                  "this Kitestream's headers, or use a Kitestream with ABI 2");
    expect_problem("small_struct", "ks_plugin.struct_size is 8, at least 40 is needed; set it to "
                                   "sizeof(struct ks_plugin)");
    expect_problem("small_class", "a class has struct_size 16, at least 80 is needed; set it to "
                                  "sizeof(struct ks_connector_class)");
}

static void test_open__bad_tables(void **state)
{
    expect_problem("refuses", "the plugin refuses to load: no licence");
    expect_problem("no_classes", "the plugin has no classes");
    expect_problem("no_table", "class org.example.NoTable has no option table (config_defs); a "
                               "connector without options has one with only the end");
    expect_problem("no_ops", "class org.example.NoOps has no sink");
    expect_problem("bad_default", "class org.example.BadDefault: default of option \"size\": Not a "
                                  "number of type INT");
    expect_problem("twice", "class org.example.Twice is there twice");
}

static void test_set_load__bad_ones_do_not_keep_the_others_out(void **state)
{
    char *dirs[] = {PLUGINS "bad", PLUGINS "good", PLUGINS "good_duplicate", "/nonexistent"};
    struct plugin_set *set = plugin_set_load(dirs, 4);
    const struct plugin_class *classes;
    const struct plugin_problem *problems;
    assert_int_equal(plugin_set_classes(set, &classes), 3);
    assert_string_equal(classes[0].cls->name, "com.other.TestSinkConnector");
    assert_string_equal(classes[2].cls->name, "org.example.TestSourceConnector");
    assert_non_null(strstr(classes[2].path, "good/good.so"));
    size_t count = plugin_set_problems(set, &problems);
    assert_int_equal(count, 13);
    bool duplicate = false, no_folder = false;
    for (size_t i = 0; i < count; i++) {
        duplicate |= strstr(problems[i].path, "good_duplicate.so") != NULL &&
                     strstr(problems[i].message, "org.example.TestSourceConnector is already "
                                                 "provided by ") != NULL;
        no_folder |= strcmp(problems[i].path, "/nonexistent") == 0;
    }
    assert_true(duplicate);
    assert_true(no_folder);
    plugin_set_free(set);
}

static void test_set_load__one_level_of_folders(void **state)
{
    char *dir = helper_dir_new();
    char *one = xasprintf("%s/one", dir), *two = xasprintf("%s/one/two", dir);
    char *link = xasprintf("%s/good.so", one), *deep = xasprintf("%s/deep.so", two);
    assert_int_equal(mkdir(one, 0700), 0);
    assert_int_equal(mkdir(two, 0700), 0);
    assert_int_equal(symlink(PLUGINS "good/good.so", link), 0);
    assert_int_equal(symlink(PLUGINS "bad/refuses.so", deep), 0);
    char *dirs[] = {dir};
    struct plugin_set *set = plugin_set_load(dirs, 1);
    const struct plugin_class *classes;
    const struct plugin_problem *problems;
    assert_int_equal(plugin_set_classes(set, &classes), 2);
    assert_int_equal(plugin_set_problems(set, &problems), 0);
    plugin_set_free(set);
    free(link);
    free(deep);
    free(one);
    free(two);
    helper_dir_remove(dir);
}

static void test_set_find__by_any_of_its_names(void **state)
{
    char *dirs[] = {PLUGINS "good", PLUGINS "good_duplicate"};
    struct plugin_set *set = plugin_set_load(dirs, 2);
    const struct plugin_class *found = plugin_set_find(set, "org.example.TestSourceConnector");
    assert_non_null(found);
    assert_ptr_equal(plugin_set_find(set, "TestSourceConnector"), found);
    assert_ptr_equal(plugin_set_find(set, "TestSource"), found);
    assert_null(plugin_set_find(set, "Test"));
    assert_null(plugin_set_find(set, ""));
    assert_null(plugin_set_find(set, "example.TestSourceConnector"));
    assert_null(plugin_set_find(set, "TestSink")); /* there are two */
    assert_non_null(plugin_set_find(set, "com.other.TestSinkConnector"));
    plugin_set_free(set);
}

static void test_set_load__nothing(void **state)
{
    struct plugin_set *set = plugin_set_load(NULL, 0);
    const struct plugin_class *classes;
    assert_int_equal(plugin_set_classes(set, &classes), 0);
    assert_null(plugin_set_find(set, "x"));
    plugin_set_free(set);
    plugin_set_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open__good),
        cmocka_unit_test(test_open__no_plugin_at_all),
        cmocka_unit_test(test_open__cannot_be_linked),
        cmocka_unit_test(test_open__another_abi),
        cmocka_unit_test(test_open__bad_tables),
        cmocka_unit_test(test_set_load__bad_ones_do_not_keep_the_others_out),
        cmocka_unit_test(test_set_load__one_level_of_folders),
        cmocka_unit_test(test_set_find__by_any_of_its_names),
        cmocka_unit_test(test_set_load__nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
