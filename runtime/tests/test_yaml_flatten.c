#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kitestream/sdk/util.h"
#include "yaml_node.h"

static enum ks_status append(void *arg, const char *option, const char *value, int line,
                             struct ks_error *err)
{
    char *text = arg;
    sprintf(text + strlen(text), "%d %s=%s\n", line, option, value);
    return strcmp(option, "stop") == 0 ? ks_error_set(err, KS_ERR_DATA, "stopped") : KS_OK;
}

static enum ks_status flatten(const char *yaml, char *text, struct ks_error *err)
{
    struct ks_arena arena = {0};
    const struct yaml_node *root = NULL;
    text[0] = '\0';
    assert_int_equal(yaml_parse("f.yaml", yaml, strlen(yaml), &arena, &root, NULL), KS_OK);
    enum ks_status status = yaml_flatten("f.yaml", root, append, text, err);
    ks_arena_release(&arena);
    return status;
}

static void test_flatten__maps_and_lists(void **state)
{
    char text[500];
    assert_int_equal(flatten("a.b: 1\nc:\n  d: x\n  e: {f: true, g: [h, i]}\nl: []\n", text, NULL),
                     KS_OK);
    assert_string_equal(text, "1 a.b=1\n3 c.d=x\n4 c.e.f=true\n4 c.e.g=h,i\n5 l=\n");
}

static void test_flatten__refused(void **state)
{
    char text[500];
    struct ks_error err;
    assert_int_equal(flatten("a:\n  b:\n", text, &err), KS_ERR_FATAL);
    assert_string_equal(err.message,
                        "f.yaml:2: \"a.b\" has no value; write \"\" for an empty text");
    assert_int_equal(flatten("a: ['x,y']\n", text, &err), KS_ERR_FATAL);
    assert_string_equal(err.message, "f.yaml:1: the list \"a\" may hold only texts without commas");
    assert_int_equal(flatten("a: [{b: c}]\n", text, &err), KS_ERR_FATAL);
    assert_int_equal(flatten("a: [~]\n", text, &err), KS_ERR_FATAL);
    assert_int_equal(flatten("'': 1\n", text, &err), KS_ERR_FATAL);
    assert_string_equal(err.message, "f.yaml:1: an empty key");
}

static void test_flatten__stops_at_the_first_error(void **state)
{
    char text[500];
    struct ks_error err;
    assert_int_equal(flatten("a: 1\nstop: 2\nb: 3\n", text, &err), KS_ERR_DATA);
    assert_string_equal(text, "1 a=1\n2 stop=2\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flatten__maps_and_lists),
        cmocka_unit_test(test_flatten__refused),
        cmocka_unit_test(test_flatten__stops_at_the_first_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
