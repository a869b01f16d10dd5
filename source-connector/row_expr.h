/* A row filter as it was written: the tree of a boolean expression over named fields. */
#ifndef SOURCE_ROW_EXPR_H
#define SOURCE_ROW_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kitestream/error.h"
#include "kitestream/record.h"
#include "kitestream/sdk/arena.h"

enum row_expr_kind {
    ROW_EXPR_AND, /* left, right */
    ROW_EXPR_OR,
    ROW_EXPR_NOT, /* left */
    ROW_EXPR_COMPARE,
    ROW_EXPR_IN,
    ROW_EXPR_LIKE,
    ROW_EXPR_IS_NULL,
};

enum row_compare { ROW_EQ, ROW_NE, ROW_LT, ROW_LE, ROW_GT, ROW_GE };

enum row_constant_kind { ROW_INT, ROW_REAL, ROW_TEXT, ROW_BOOL };

struct row_constant {
    enum row_constant_kind kind;
    union {
        int64_t i; /* ROW_BOOL: 0 or 1 */
        double d;
        struct ks_slice text;
    } u;
};

/* All but AND, OR and NOT are about one field. */
struct row_expr {
    enum row_expr_kind kind;
    const struct row_expr *left, *right;
    const char *field;
    size_t column;                        /* where it stands in the text, from 1 */
    enum row_compare compare;             /* field <compare> constants[0] */
    const struct row_constant *constants; /* one; IN: any number; IS NULL: none */
    size_t constant_count;
};

enum { ROW_EXPR_BYTES = 64 << 10, ROW_EXPR_NODES = 4096, ROW_EXPR_DEPTH = 64 };

/* The grammar is that of docs/stream.md. At most ROW_EXPR_BYTES of text, ROW_EXPR_NODES nodes and
 * ROW_EXPR_DEPTH parentheses or nots in each other. *ret lives in the arena. Errors: FATAL with the
 * column and what was expected there. */
enum ks_status row_expr_parse(const char *text, struct ks_arena *arena, const struct row_expr **ret,
                              struct ks_error *err);

#endif
