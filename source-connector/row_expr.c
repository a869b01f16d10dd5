/* A row filter's text in, its tree out; next: row_filter binds it to a collection's fields. What
 * Milvus' expressions have and ours do not (arithmetic, functions, JSON paths, two fields in one
 * comparison) is refused by name. `not` binds tighter than `and`, that tighter than `or`. */
#include "row_expr.h"

#include <string.h>

#include "kitestream/sdk/util.h"
#include "row_tokens.h"

struct parser {
    struct row_tokens tokens;
    struct row_token token; /* the one at hand */
    struct ks_arena *arena;
    struct ks_error *err;
    size_t nodes, depth;
};

/* ---- errors ---- */

static enum ks_status refuse(struct parser *p, size_t column, const char *what)
{
    return ks_error_set(p->err, KS_ERR_FATAL, "column %zu: %s", column, what);
}

static enum ks_status unexpected(struct parser *p, const char *expected)
{
    const struct row_token *token = &p->token;
    int len = (int)(token->len < 60 ? token->len : 60);
    if (token->kind == TOKEN_END)
        return ks_error_set(p->err, KS_ERR_FATAL, "column %zu: %s is expected, but the text ends",
                            token->column, expected);
    if (token->kind == TOKEN_BAD)
        return ks_error_set(p->err, KS_ERR_FATAL, "column %zu: '%.*s' %s", token->column, len,
                            token->at, token->problem);
    return ks_error_set(p->err, KS_ERR_FATAL, "column %zu: %s is expected, not '%.*s'",
                        token->column, expected, len, token->at);
}

/* ---- helpers ---- */

static void advance(struct parser *p)
{
    p->token = row_tokens_next(&p->tokens);
}

static bool take(struct parser *p, enum row_token_kind kind)
{
    bool found = p->token.kind == kind;
    if (found)
        advance(p);
    return found;
}

static enum ks_status new_node(struct parser *p, struct row_expr node, const struct row_expr **ret)
{
    if (++p->nodes > ROW_EXPR_NODES)
        return refuse(p, p->token.column, "the expression has too many parts");
    *ret = ks_arena_copy(p->arena, &node, sizeof(node));
    return KS_OK;
}

static enum ks_status negate(struct parser *p, const struct row_expr *of,
                             const struct row_expr **ret)
{
    return new_node(p, (struct row_expr){.kind = ROW_EXPR_NOT, .left = of}, ret);
}

static struct row_expr about(struct parser *p, enum row_expr_kind kind,
                             const struct row_token *name)
{
    return (struct row_expr){
        .kind = kind,
        .field = ks_arena_strndup(p->arena, name->at, name->len),
        .column = name->column,
    };
}

/* ---- predicates ---- */

static enum ks_status compare(struct parser *p, const struct row_token *name, enum row_compare how,
                              const struct row_constant *with, const struct row_expr **ret)
{
    struct row_expr node = about(p, ROW_EXPR_COMPARE, name);
    node.compare = how;
    node.constants = ks_arena_copy(p->arena, with, sizeof(*with));
    node.constant_count = 1;
    return new_node(p, node, ret);
}

static enum ks_status parse_constant(struct parser *p, struct row_constant *ret)
{
    if (p->token.kind == TOKEN_NAME)
        return refuse(p, p->token.column, "a field is compared with a constant, not with a field");
    if (p->token.kind != TOKEN_CONSTANT)
        return unexpected(p, "a number, a text, true or false");
    *ret = p->token.constant;
    advance(p);
    return p->token.kind == TOKEN_ARITHMETIC
               ? refuse(p, p->token.column, "arithmetic cannot be used in a row filter")
               : KS_OK;
}

static enum ks_status parse_list(struct parser *p, const struct row_token *name,
                                 const struct row_expr **ret)
{
    struct row_expr node = about(p, ROW_EXPR_IN, name);
    struct row_constant *list = NULL;
    size_t cap = 0;
    if (!take(p, TOKEN_LIST))
        return unexpected(p, "'['");
    while (p->token.kind != TOKEN_LIST_END) {
        if (node.constant_count == cap) {
            size_t used = cap * sizeof(*list);
            cap = cap ? 2 * cap : 8;
            struct row_constant *larger = ks_arena_alloc(p->arena, cap * sizeof(*list));
            if (used > 0)
                memcpy(larger, list, used);
            list = larger;
        }
        enum ks_status status = parse_constant(p, &list[node.constant_count]);
        if (status)
            return status;
        node.constant_count++;
        if (!take(p, TOKEN_COMMA) && p->token.kind != TOKEN_LIST_END)
            return unexpected(p, "',' or ']'");
    }
    advance(p);
    node.constants = list;
    return new_node(p, node, ret);
}

static enum ks_status parse_like(struct parser *p, const struct row_token *name,
                                 const struct row_expr **ret)
{
    struct row_expr node = about(p, ROW_EXPR_LIKE, name);
    if (p->token.kind != TOKEN_CONSTANT || p->token.constant.kind != ROW_TEXT)
        return unexpected(p, "a text");
    node.constants = ks_arena_copy(p->arena, &p->token.constant, sizeof(p->token.constant));
    node.constant_count = 1;
    advance(p);
    return new_node(p, node, ret);
}

static enum ks_status parse_is_null(struct parser *p, const struct row_token *name,
                                    const struct row_expr **ret)
{
    bool negated = take(p, TOKEN_NOT);
    if (!take(p, TOKEN_NULL))
        return unexpected(p, negated ? "null" : "null or not null");
    enum ks_status status = new_node(p, about(p, ROW_EXPR_IS_NULL, name), ret);
    return status || !negated ? status : negate(p, *ret, ret);
}

static enum ks_status refuse_more(struct parser *p)
{
    return p->token.kind == TOKEN_COMPARE
               ? refuse(p, p->token.column,
                        "a range is written with the field in the middle, such as 1 < a <= 5")
               : KS_OK;
}

/* What follows the name of a field. */
static enum ks_status parse_about_field(struct parser *p, const struct row_expr **ret)
{
    struct row_token name = p->token;
    struct row_constant with;
    advance(p);
    struct row_token next = p->token;
    if (take(p, TOKEN_COMPARE)) {
        enum ks_status status = parse_constant(p, &with);
        if (!status)
            status = compare(p, &name, next.compare, &with, ret);
        return status ? status : refuse_more(p);
    }
    if (take(p, TOKEN_IN))
        return parse_list(p, &name, ret);
    if (take(p, TOKEN_NOT)) {
        if (!take(p, TOKEN_IN))
            return unexpected(p, "in");
        enum ks_status status = parse_list(p, &name, ret);
        return status ? status : negate(p, *ret, ret);
    }
    if (take(p, TOKEN_LIKE))
        return parse_like(p, &name, ret);
    if (take(p, TOKEN_IS))
        return parse_is_null(p, &name, ret);
    if (next.kind == TOKEN_LIST)
        return refuse(p, next.column, "keys of JSON fields cannot be used in a row filter");
    if (next.kind == TOKEN_OPEN)
        return refuse(p, name.column, "functions cannot be used in a row filter");
    if (next.kind == TOKEN_ARITHMETIC)
        return refuse(p, next.column, "arithmetic cannot be used in a row filter");
    return unexpected(p, "a comparison, in, not in, like or is null");
}

static enum row_compare flipped(enum row_compare compare)
{
    static const enum row_compare flips[] = {
        [ROW_EQ] = ROW_EQ, [ROW_NE] = ROW_NE, [ROW_LT] = ROW_GT,
        [ROW_LE] = ROW_GE, [ROW_GT] = ROW_LT, [ROW_GE] = ROW_LE,
    };
    return flips[compare];
}

static bool same_direction(enum row_compare a, enum row_compare b)
{
    bool a_less = a == ROW_LT || a == ROW_LE, a_more = a == ROW_GT || a == ROW_GE;
    return (a_less && (b == ROW_LT || b == ROW_LE)) || (a_more && (b == ROW_GT || b == ROW_GE));
}

/* constant <compare> field, and perhaps <compare> constant. */
static enum ks_status parse_reversed(struct parser *p, const struct row_expr **ret)
{
    struct row_constant low, high;
    const struct row_expr *left, *right;
    enum ks_status status = parse_constant(p, &low);
    struct row_token first = p->token;
    if (status)
        return status;
    if (!take(p, TOKEN_COMPARE))
        return unexpected(p, "a comparison with a field");
    struct row_token name = p->token;
    if (!take(p, TOKEN_NAME))
        return unexpected(p, "the name of a field");
    status = compare(p, &name, flipped(first.compare), &low, &left);
    struct row_token second = p->token;
    *ret = left;
    if (status || !take(p, TOKEN_COMPARE))
        return status;
    if (!same_direction(first.compare, second.compare))
        return refuse(p, second.column, "a range goes one way, such as 1 < a <= 5 or 5 >= a > 1");
    status = parse_constant(p, &high);
    if (!status)
        status = compare(p, &name, second.compare, &high, &right);
    if (!status)
        status =
            new_node(p, (struct row_expr){.kind = ROW_EXPR_AND, .left = left, .right = right}, ret);
    return status ? status : refuse_more(p);
}

/* ---- and, or, not ---- */

static enum ks_status parse_or(struct parser *p, const struct row_expr **ret);

static enum ks_status parse_unit(struct parser *p, const struct row_expr **ret)
{
    if (p->token.kind == TOKEN_NAME)
        return parse_about_field(p, ret);
    if (p->token.kind == TOKEN_CONSTANT)
        return parse_reversed(p, ret);
    if (!take(p, TOKEN_OPEN))
        return unexpected(p, "a field, a constant or '('");
    enum ks_status status = parse_or(p, ret);
    if (!status && !take(p, TOKEN_CLOSE))
        status = unexpected(p, "')', 'and' or 'or'");
    return status;
}

static enum ks_status parse_not(struct parser *p, const struct row_expr **ret)
{
    if (p->depth >= ROW_EXPR_DEPTH)
        return refuse(p, p->token.column, "the expression is nested too deeply");
    p->depth++;
    bool negated = take(p, TOKEN_NOT);
    enum ks_status status = negated ? parse_not(p, ret) : parse_unit(p, ret);
    if (!status && negated)
        status = negate(p, *ret, ret);
    p->depth--;
    return status;
}

static enum ks_status parse_and(struct parser *p, const struct row_expr **ret)
{
    const struct row_expr *right;
    enum ks_status status = parse_not(p, ret);
    while (!status && take(p, TOKEN_AND)) {
        status = parse_not(p, &right);
        if (!status)
            status = new_node(
                p, (struct row_expr){.kind = ROW_EXPR_AND, .left = *ret, .right = right}, ret);
    }
    return status;
}

static enum ks_status parse_or(struct parser *p, const struct row_expr **ret)
{
    const struct row_expr *right;
    enum ks_status status = parse_and(p, ret);
    while (!status && take(p, TOKEN_OR)) {
        status = parse_and(p, &right);
        if (!status)
            status = new_node(
                p, (struct row_expr){.kind = ROW_EXPR_OR, .left = *ret, .right = right}, ret);
    }
    return status;
}

enum ks_status row_expr_parse(const char *text, struct ks_arena *arena, const struct row_expr **ret,
                              struct ks_error *err)
{
    struct parser p = {.tokens = row_tokens_of(text, arena), .arena = arena, .err = err};
    if (strlen(text) > ROW_EXPR_BYTES)
        return ks_error_set(err, KS_ERR_FATAL, "the expression is longer than %d bytes",
                            ROW_EXPR_BYTES);
    advance(&p);
    enum ks_status status = parse_or(&p, ret);
    if (!status && p.token.kind != TOKEN_END)
        status = unexpected(&p, "'and', 'or' or the end");
    return status;
}
