#include "row_expr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kitestream/sdk/buf.h"

/* ---- trees as text ---- */

static void print_constant(struct ks_buf *out, const struct row_constant *c)
{
    if (c->kind == ROW_INT)
        ks_buf_printf(out, "%lld", (long long)c->u.i);
    else if (c->kind == ROW_REAL)
        ks_buf_printf(out, "%g", c->u.d);
    else if (c->kind == ROW_BOOL)
        ks_buf_add_str(out, c->u.i ? "true" : "false");
    else
        ks_buf_printf(out, "'%.*s'", (int)c->u.text.len, (const char *)c->u.text.data);
}

static void print(struct ks_buf *out, const struct row_expr *e)
{
    static const char *const names[] = {"and", "or", "not", "", "in", "like", "null"};
    static const char *const signs[] = {"==", "!=", "<", "<=", ">", ">="};
    ks_buf_printf(out, "(%s", e->kind == ROW_EXPR_COMPARE ? signs[e->compare] : names[e->kind]);
    if (e->field)
        ks_buf_printf(out, " %s", e->field);
    for (size_t i = 0; i < e->constant_count; i++) {
        ks_buf_add_str(out, " ");
        print_constant(out, &e->constants[i]);
    }
    for (int side = 0; side < 2; side++) {
        const struct row_expr *of = side ? e->right : e->left;
        if (!of)
            continue;
        ks_buf_add_str(out, " ");
        print(out, of);
    }
    ks_buf_add_str(out, ")");
}

static void check_tree(const char *text, const char *want)
{
    struct ks_arena arena = {.chunk_bytes = 1024};
    struct ks_buf got = {0};
    const struct row_expr *expr;
    struct ks_error err = {0};
    if (row_expr_parse(text, &arena, &expr, &err))
        fail_msg("%s: %s", text, err.message);
    print(&got, expr);
    if (strcmp(ks_buf_str(&got), want) != 0)
        fail_msg("%s: %s, not %s", text, ks_buf_str(&got), want);
    ks_buf_release(&got);
    ks_arena_release(&arena);
}

static void test_row_expr_parse__trees(void **state)
{
    static const struct {
        const char *text, *tree;
    } cases[] = {
        {"a == 1", "(== a 1)"},
        {" a!=-1 ", "(!= a -1)"},
        {"1 < a", "(> a 1)"},
        {"5 == a", "(== a 5)"},
        {"1 < a <= 5", "(and (> a 1) (<= a 5))"},
        {"5 >= a > 1", "(and (<= a 5) (> a 1))"},
        {"a in [1, 2,3]", "(in a 1 2 3)"},
        {"a IN []", "(in a)"},
        {"a not in ['x']", "(not (in a 'x'))"},
        {"a like \"b%\"", "(like a 'b%')"},
        {"a is null", "(null a)"},
        {"a IS NOT NULL", "(not (null a))"},
        {"a == 1 or b == 2 and c == 3", "(or (== a 1) (and (== b 2) (== c 3)))"},
        {"(a == 1 || b == 2) && !(c == 3)", "(and (or (== a 1) (== b 2)) (not (== c 3)))"},
        {"not a == 1 and b == True", "(and (not (== a 1)) (== b true))"},
        {"a == FALSE", "(== a false)"},
        {"$x_1 > 1.5e3", "(> $x_1 1500)"},
        {"a > .5 and a < 2.", "(and (> a 0.5) (< a 2))"},
        {"a == 0x1F or a == 0b101 or a == 017", "(or (or (== a 31) (== a 5)) (== a 15))"},
        {"a >= -9223372036854775808 and a <= 9223372036854775807",
         "(and (>= a -9223372036854775808) (<= a 9223372036854775807))"},
        {"a == +3", "(== a 3)"},
        {"a == 'it\\'s' or a == \"q\\\"q\"", "(or (== a 'it's') (== a 'q\"q'))"},
        {"a == '\\x41\\102\\u00e4\\t\\\\'", "(== a 'AB\xc3\xa4\t\\')"},
        {"a == '\\U0001F600'", "(== a '\xf0\x9f\x98\x80')"},
        {"inner == 1 and android == 2", "(and (== inner 1) (== android 2))"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_tree(cases[i].text, cases[i].tree);
}

static void test_row_expr_parse__says_where_and_what(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "column 1: a field, a constant or '(' is expected, but the text ends"},
        {"a", "column 2: a comparison, in, not in, like or is null is expected, but the text ends"},
        {"a = 1", "column 3: '=' compares nothing (equality is ==)"},
        {"a == ", "column 6: a number, a text, true or false is expected, but the text ends"},
        {"a == b", "column 6: a field is compared with a constant, not with a field"},
        {"a == 1 b == 2", "column 8: 'and', 'or' or the end is expected, not 'b'"},
        {"(a == 1", "column 8: ')', 'and' or 'or' is expected, but the text ends"},
        {"a == 1)", "column 7: 'and', 'or' or the end is expected, not ')'"},
        {"a in 1", "column 6: '[' is expected, not '1'"},
        {"a in [1 2]", "column 9: ',' or ']' is expected, not '2'"},
        {"a in [1,", "column 9: a number, a text, true or false is expected, but the text ends"},
        {"a not 1", "column 7: in is expected, not '1'"},
        {"a like 1", "column 8: a text is expected, not '1'"},
        {"a is 1", "column 6: null or not null is expected, not '1'"},
        {"a is not 1", "column 10: null is expected, not '1'"},
        {"1", "column 2: a comparison with a field is expected, but the text ends"},
        {"1 < 2", "column 5: the name of a field is expected, not '2'"},
        {"1 < a > 5", "column 7: a range goes one way, such as 1 < a <= 5 or 5 >= a > 1"},
        {"1 == a == 2", "column 8: a range goes one way, such as 1 < a <= 5 or 5 >= a > 1"},
        {"a < 5 < 6",
         "column 7: a range is written with the field in the middle, such as 1 < a <= 5"},
        {"a + 1 == 2", "column 3: arithmetic cannot be used in a row filter"},
        {"a -1 == 2", "column 3: arithmetic cannot be used in a row filter"},
        {"a == 1 * 2", "column 8: arithmetic cannot be used in a row filter"},
        {"json_contains(a, 1)", "column 1: functions cannot be used in a row filter"},
        {"a[\"b\"] == 1", "column 2: keys of JSON fields cannot be used in a row filter"},
        {"a == 12ab", "column 6: '12ab' is not a number"},
        {"a == 08", "column 6: '08' is not a number"},
        {"a == 0x", "column 6: '0x' is not a number"},
        {"a == 9223372036854775808", "column 6: '9223372036854775808' does not fit 64 bits"},
        {"a == 'x", "column 6: ''x' begins a text that does not end"},
        {"a == 'x\\",
         "column 6: ''x\\' holds an escape that is none (a backslash is written \\\\)"},
        {"a like '\\%'",
         "column 8: ''\\' holds an escape that is none (a backslash is written \\\\)"},
        {"a == '\\ud800'",
         "column 6: ''\\ud800' holds an escape that is none (a backslash is written \\\\)"},
        {"ä == 1", "column 1: 'ä' means nothing here"},
        {"'日本' < b ; 1", "column 10: ';' means nothing here"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ks_arena arena = {.chunk_bytes = 1024};
        const struct row_expr *expr;
        struct ks_error err = {0};
        assert_int_equal(row_expr_parse(cases[i].text, &arena, &expr, &err), KS_ERR_FATAL);
        if (strcmp(err.message, cases[i].message) != 0)
            fail_msg("%s\n  is: %s\n not: %s", cases[i].text, err.message, cases[i].message);
        ks_arena_release(&arena);
    }
}

/* `unit` count times between head and tail. */
static enum ks_status parse_many(const char *head, const char *unit, size_t count, const char *tail,
                                 struct ks_error *err)
{
    struct ks_arena arena = {0};
    struct ks_buf text = {0};
    const struct row_expr *expr;
    ks_buf_add_str(&text, head);
    for (size_t i = 0; i < count; i++)
        ks_buf_add_str(&text, unit);
    ks_buf_add_str(&text, tail);
    enum ks_status status = row_expr_parse(ks_buf_str(&text), &arena, &expr, err);
    ks_buf_release(&text);
    ks_arena_release(&arena);
    return status;
}

static void test_row_expr_parse__has_limits(void **state)
{
    struct ks_error err;
    assert_int_equal(parse_many("", "not ", ROW_EXPR_DEPTH - 1, "a == 1", &err), KS_OK);
    assert_int_equal(parse_many("", "not ", ROW_EXPR_DEPTH, "a == 1", &err), KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "nested too deeply"));
    assert_int_equal(parse_many("", "(", 100000, "", &err), KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "longer than"));
    assert_int_equal(parse_many("a==1", " or a==1", 2047, "", &err), KS_OK);
    assert_int_equal(parse_many("a==1", " or a==1", 2048, "", &err), KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "too many parts"));
    assert_int_equal(parse_many("a in [1", ",1", 30000, "]", &err), KS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row_expr_parse__trees),
        cmocka_unit_test(test_row_expr_parse__says_where_and_what),
        cmocka_unit_test(test_row_expr_parse__has_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
