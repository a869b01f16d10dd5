#include "yaml_node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct ks_arena arena;

static const struct yaml_node *parse(const char *text)
{
    const struct yaml_node *root = NULL;
    struct ks_error err = {0};
    if (yaml_parse("f.yaml", text, strlen(text), &arena, &root, &err) != KS_OK)
        fail_msg("%s", err.message);
    return root;
}

static void expect_error_n(const char *text, size_t len, const char *message)
{
    const struct yaml_node *root = NULL;
    struct ks_error err = {0};
    assert_int_equal(yaml_parse("f.yaml", text, len, &arena, &root, &err), KS_ERR_FATAL);
    assert_string_equal(err.message, message);
    assert_null(root);
    ks_arena_reset(&arena, 0);
}

static void expect_error(const char *text, const char *message)
{
    expect_error_n(text, strlen(text), message);
}

static int teardown(void **state)
{
    ks_arena_release(&arena);
    return 0;
}

static void test_parse__tree_with_lines(void **state)
{
    const struct yaml_node *root =
        parse("# c\na: 1\nb:\n  - x\n  - c: 'd'\n    e: \"\"\nn:\nm: ~\n");
    assert_int_equal(root->kind, YAML_MAP);
    assert_int_equal(root->count, 4);
    assert_string_equal(yaml_get(root, "a")->text, "1");
    assert_int_equal(yaml_get(root, "a")->line, 2);
    const struct yaml_node *b = yaml_get(root, "b");
    assert_int_equal(b->kind, YAML_LIST);
    assert_int_equal(b->count, 2);
    assert_int_equal(b->entries[1].line, 5);
    assert_string_equal(yaml_get(b->entries[1].value, "c")->text, "d");
    assert_false(yaml_get(b->entries[1].value, "e")->is_null);
    assert_true(yaml_get(root, "n")->is_null);
    assert_true(yaml_get(root, "m")->is_null);
    assert_null(yaml_get(root, "absent"));
    assert_null(yaml_get(b, "a"));
    assert_string_equal(yaml_kind_name(b), "a list");
    assert_string_equal(yaml_kind_name(root), "a map");
    assert_string_equal(yaml_kind_name(yaml_get(root, "n")), "nothing");
}

static void test_parse__empty_document(void **state)
{
    assert_true(parse("")->is_null);
    assert_true(parse("# only a comment\n")->is_null);
    assert_true(parse("---\n")->is_null);
}

static void test_parse__aliases_are_shared(void **state)
{
    const struct yaml_node *root = parse("a: &x {b: 1}\nc: *x\n");
    assert_ptr_equal(yaml_get(root, "a"), yaml_get(root, "c"));
}

static void test_parse__alias_inside_its_own_anchor(void **state)
{
    expect_error("a: &x [*x]\n", "f.yaml:1: this alias names no complete node before it");
    expect_error("a: *y\n", "f.yaml:1: this alias names no complete node before it");
}

static void test_parse__aliases_count_as_copies(void **state)
{
    expect_error("a: &a [x,x,x,x,x,x,x,x,x,x]\n"
                 "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                 "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
                 "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
                 "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n",
                 "f.yaml:5: the document has too many nodes (aliases count as copies)");
}

static void test_parse__refused(void **state)
{
    expect_error("a: 1\nb: 2\na: 3\n", "f.yaml:3: \"a\" is there twice; the first is in line 1");
    expect_error("? [x]\n: 1\n", "f.yaml:1: a key must be a single text");
    expect_error("a: 1\n---\nb: 2\n", "f.yaml:3: a second document; one file is one document");
    expect_error("a: !!binary eA==\n", "f.yaml:1: this tag is not supported");
    expect_error("a: !x [1]\n", "f.yaml:1: this tag is not supported");
    expect_error("a: \"x\\0y\"\n", "f.yaml:1: a NUL character is not allowed");
    expect_error("\"x\\0y\": 1\n", "f.yaml:1: a NUL character is not allowed");
    expect_error("a: [1\nb: 2\n", "f.yaml:2: did not find expected ',' or ']'");
    expect_error("a: b\n\tc: d\n", "f.yaml:2: found a tab character that violates indentation");
    expect_error_n("a: \xff\xfe\n", 6, "f.yaml:1: invalid leading UTF-8 octet");
}

static void test_parse__depth(void **state)
{
    char text[200] = "";
    for (int i = 0; i < 40; i++)
        strcat(text, "[");
    expect_error(text, "f.yaml:1: too deeply nested");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_parse__tree_with_lines, teardown),
        cmocka_unit_test_teardown(test_parse__empty_document, teardown),
        cmocka_unit_test_teardown(test_parse__aliases_are_shared, teardown),
        cmocka_unit_test_teardown(test_parse__alias_inside_its_own_anchor, teardown),
        cmocka_unit_test_teardown(test_parse__aliases_count_as_copies, teardown),
        cmocka_unit_test_teardown(test_parse__refused, teardown),
        cmocka_unit_test_teardown(test_parse__depth, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
