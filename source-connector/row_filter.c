/* The tree of an expression and a collection's layout in, a tree over cells out, which answers for
 * one row after the other without memory of its own; next: row_events. Constants are turned into
 * the field's type and lists are sorted here, once. */
#include "row_filter.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"
#include "row_like.h"

enum truth { IS_FALSE, IS_TRUE, IS_UNKNOWN };

struct row_node {
    enum row_expr_kind kind;
    enum row_compare compare;
    const struct row_node *left, *right;
    size_t cell;
    const struct ks_cell *constants; /* of the kind that the field's cells have; IN: ascending */
    size_t constant_count;
    struct row_like like;
};

struct row_filter {
    struct ks_arena arena;
    const struct row_node *root;
};

/* ---- comparing cells ---- */

static int order_of_texts(const struct ks_cell *a, const struct ks_cell *b)
{
    uint32_t common = a->count < b->count ? a->count : b->count;
    int order = common ? memcmp(a->u.data, b->u.data, common) : 0;
    return order ? order : (a->count > b->count) - (a->count < b->count);
}

/* Of one kind; what is not a number is equal to nothing and in no order. */
static bool holds(const struct ks_cell *a, enum row_compare compare, const struct ks_cell *b)
{
    bool less, more, equal;
    if (a->kind == KS_CELL_BYTES) {
        int order = order_of_texts(a, b);
        less = order < 0;
        more = order > 0;
        equal = order == 0;
    } else if (a->kind == KS_CELL_FLOAT) {
        less = a->u.f < b->u.f;
        more = a->u.f > b->u.f;
        equal = a->u.f == b->u.f;
    } else if (a->kind == KS_CELL_DOUBLE) {
        less = a->u.d < b->u.d;
        more = a->u.d > b->u.d;
        equal = a->u.d == b->u.d;
    } else {
        less = a->u.i < b->u.i;
        more = a->u.i > b->u.i;
        equal = a->u.i == b->u.i;
    }
    switch (compare) {
    case ROW_EQ:
        return equal;
    case ROW_NE:
        return !equal;
    case ROW_LT:
        return less;
    case ROW_LE:
        return less || equal;
    case ROW_GT:
        return more;
    default:
        return more || equal;
    }
}

static int by_value(const void *a, const void *b)
{
    return holds(a, ROW_GT, b) - holds(a, ROW_LT, b);
}

static bool is_listed(const struct row_node *node, const struct ks_cell *cell)
{
    size_t low = 0, high = node->constant_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (holds(&node->constants[middle], ROW_LT, cell))
            low = middle + 1;
        else
            high = middle;
    }
    return low < node->constant_count && holds(&node->constants[low], ROW_EQ, cell);
}

/* ---- one row ---- */

static enum truth truth_of(bool is_true)
{
    return is_true ? IS_TRUE : IS_FALSE;
}

static enum truth judge(const struct row_node *node, const struct ks_cell *cells);

/* `decides`: what one side alone makes of the whole: false of an `and`, true of an `or`. */
static enum truth judge_both(const struct row_node *node, const struct ks_cell *cells,
                             enum truth decides)
{
    enum truth left = judge(node->left, cells);
    if (left == decides)
        return left;
    enum truth right = judge(node->right, cells);
    return right == decides || left != IS_UNKNOWN ? right : left;
}

static enum truth judge_field(const struct row_node *node, const struct ks_cell *cell)
{
    if (node->kind == ROW_EXPR_IS_NULL)
        return truth_of(cell->kind == KS_CELL_NULL);
    if (cell->kind == KS_CELL_NULL)
        return IS_UNKNOWN;
    if (node->kind == ROW_EXPR_COMPARE)
        return truth_of(holds(cell, node->compare, node->constants));
    if (node->kind == ROW_EXPR_IN)
        return truth_of(is_listed(node, cell));
    return truth_of(row_like_match(&node->like, cell->u.data, cell->count));
}

static enum truth judge(const struct row_node *node, const struct ks_cell *cells)
{
    switch (node->kind) {
    case ROW_EXPR_AND:
        return judge_both(node, cells, IS_FALSE);
    case ROW_EXPR_OR:
        return judge_both(node, cells, IS_TRUE);
    case ROW_EXPR_NOT: {
        enum truth of = judge(node->left, cells);
        return of == IS_UNKNOWN ? of : truth_of(of == IS_FALSE);
    }
    default:
        return judge_field(node, &cells[node->cell]);
    }
}

bool row_filter_passes(const struct row_filter *filter, const struct ks_cell *cells)
{
    return judge(filter->root, cells) == IS_TRUE;
}

/* ---- compiling ---- */

struct compiling {
    const struct column_layout *layout;
    struct ks_arena *arena;
    struct ks_error *err;
};

static enum ks_status refuse(const struct compiling *c, const struct row_expr *expr,
                             const struct column_field *field, const char *what)
{
    return ks_error_set(c->err, KS_ERR_FATAL, "column %zu: field '%s' is a %s: %s", expr->column,
                        expr->field, milvus_type_name(field->type), what);
}

static const struct column_field *field_named(const struct column_layout *layout, const char *name)
{
    for (size_t i = 0; i < layout->field_count; i++)
        if (strcmp(layout->fields[i].name, name) == 0)
            return &layout->fields[i];
    return NULL;
}

static const char *field_names(const struct column_layout *layout, struct ks_arena *arena)
{
    const char *names = "";
    for (size_t i = 0; i < layout->field_count; i++)
        names = ks_arena_printf(arena, "%s%s%s", names, i ? ", " : "", layout->fields[i].name);
    return names;
}

static enum ks_status no_such_field(const struct compiling *c, const struct row_expr *expr)
{
    struct ks_slice name = {expr->field, strlen(expr->field)};
    bool left_out =
        c->layout->rules &&
        field_rules_leave_out(c->layout->rules, c->layout->collection, name, MILVUS_NONE);
    if (left_out)
        return ks_error_set(c->err, KS_ERR_FATAL,
                            "column %zu: '%s' is left out by field.exclude.list, and so nobody can "
                            "look at it",
                            expr->column, expr->field);
    return ks_error_set(c->err, KS_ERR_FATAL,
                        "column %zu: '%s' is not a field of the collection (keys of the dynamic "
                        "field cannot be used); it has %s",
                        expr->column, expr->field, field_names(c->layout, c->arena));
}

static bool is_integer(enum milvus_type type)
{
    return type >= MILVUS_INT8 && type <= MILVUS_INT64;
}

/* NULL: the constant has become one of the field's type. */
static const char *convert(const struct row_constant *from, enum milvus_type type,
                           struct ks_cell *ret)
{
    double number = from->kind == ROW_INT ? (double)from->u.i : from->u.d;
    bool is_number = from->kind == ROW_INT || from->kind == ROW_REAL;
    if (type == MILVUS_BOOL) {
        *ret = (struct ks_cell){.kind = KS_CELL_BOOL, .u.i = from->u.i};
        return from->kind == ROW_BOOL ? NULL : "it is compared with true or false";
    }
    if (is_integer(type)) {
        *ret = (struct ks_cell){.kind = KS_CELL_INT, .u.i = from->u.i};
        return from->kind == ROW_INT ? NULL : "it is compared with whole numbers";
    }
    if (type == MILVUS_VARCHAR) {
        *ret = (struct ks_cell){.kind = KS_CELL_BYTES};
        if (from->kind != ROW_TEXT)
            return "it is compared with texts in quotes";
        ret->count = (uint32_t)from->u.text.len;
        ret->u.data = from->u.text.data;
        return NULL;
    }
    if (!is_number)
        return "it is compared with numbers";
    if (type == MILVUS_FLOAT)
        *ret = (struct ks_cell){.kind = KS_CELL_FLOAT, .u.f = (float)number};
    else
        *ret = (struct ks_cell){.kind = KS_CELL_DOUBLE, .u.d = number};
    return NULL;
}

static const char *not_comparable(enum milvus_type type)
{
    if (type >= MILVUS_BINARY_VECTOR)
        return "a row filter cannot look into vectors";
    if (type == MILVUS_JSON)
        return "a row filter cannot look into JSON";
    return type == MILVUS_ARRAY ? "a row filter cannot look into arrays" : NULL;
}

/* What speaks against this use of the field, or NULL. */
static const char *misuse(const struct row_expr *expr, const struct column_field *field)
{
    if (expr->kind == ROW_EXPR_IS_NULL)
        return field->type >= MILVUS_BINARY_VECTOR ? not_comparable(field->type) : NULL;
    const char *why = not_comparable(field->type);
    if (why)
        return why;
    if (expr->kind == ROW_EXPR_LIKE && field->type != MILVUS_VARCHAR)
        return "like is for VarChar fields";
    if (expr->kind == ROW_EXPR_COMPARE && field->type == MILVUS_BOOL && expr->compare > ROW_NE)
        return "true and false are only equal or not";
    return NULL;
}

static enum ks_status compile_about_field(const struct compiling *c, const struct row_expr *expr,
                                          struct row_node *node)
{
    const struct column_field *field = field_named(c->layout, expr->field);
    if (!field)
        return no_such_field(c, expr);
    const char *why = misuse(expr, field);
    struct ks_cell *constants =
        ks_arena_zalloc(c->arena, (expr->constant_count + 1) * sizeof(*constants));
    for (size_t i = 0; i < expr->constant_count && !why; i++)
        why = convert(&expr->constants[i], field->type, &constants[i]);
    if (why)
        return refuse(c, expr, field, why);
    if (expr->kind == ROW_EXPR_IN)
        qsort(constants, expr->constant_count, sizeof(*constants), by_value);
    if (expr->kind == ROW_EXPR_LIKE)
        node->like = row_like_new(expr->constants[0].u.text, c->arena);
    node->cell = field->cell;
    node->constants = constants;
    node->constant_count = expr->constant_count;
    return KS_OK;
}

static enum ks_status compile(const struct compiling *c, const struct row_expr *expr,
                              const struct row_node **ret)
{
    struct row_node *node = ks_arena_zalloc(c->arena, sizeof(*node));
    node->kind = expr->kind;
    node->compare = expr->compare;
    *ret = node;
    if (!expr->left)
        return compile_about_field(c, expr, node);
    enum ks_status status = compile(c, expr->left, &node->left);
    if (!status && expr->right)
        status = compile(c, expr->right, &node->right);
    return status;
}

enum ks_status row_filter_new(const struct row_expr *expr, const struct column_layout *layout,
                              struct row_filter **ret, struct ks_error *err)
{
    struct row_filter *filter = xcalloc(1, sizeof(*filter));
    filter->arena.chunk_bytes = 4096;
    struct compiling c = {layout, &filter->arena, err};
    enum ks_status status = compile(&c, expr, &filter->root);
    if (status) {
        row_filter_free(filter);
        return status;
    }
    *ret = filter;
    return KS_OK;
}

void row_filter_free(struct row_filter *filter)
{
    if (!filter)
        return;
    ks_arena_release(&filter->arena);
    free(filter);
}
