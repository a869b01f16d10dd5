/* The words of a row filter's text. For row_expr.c. */
#ifndef SOURCE_ROW_TOKENS_H
#define SOURCE_ROW_TOKENS_H

#include "row_expr.h"

enum row_token_kind {
    TOKEN_END,
    TOKEN_NAME,
    TOKEN_CONSTANT,
    TOKEN_COMPARE,
    TOKEN_AND,
    TOKEN_OR,
    TOKEN_NOT,
    TOKEN_IN,
    TOKEN_LIKE,
    TOKEN_IS,
    TOKEN_NULL,
    TOKEN_OPEN,     /* ( */
    TOKEN_CLOSE,    /* ) */
    TOKEN_LIST,     /* [ */
    TOKEN_LIST_END, /* ] */
    TOKEN_COMMA,
    TOKEN_ARITHMETIC, /* Milvus has it, row.filter does not */
    TOKEN_BAD,        /* `problem` says why */
};

struct row_token {
    enum row_token_kind kind;
    size_t column;  /* of its first character, from 1 */
    const char *at; /* as it was written */
    size_t len;
    enum row_compare compare;
    struct row_constant constant;
    const char *problem;
};

struct row_tokens {
    const char *p;          /* NUL-terminated */
    struct ks_arena *arena; /* texts without their escapes */
    bool after_operand;     /* a sign that follows is arithmetic */
    const char *counted;    /* where `column` is */
    size_t column;
};

struct row_tokens row_tokens_of(const char *text, struct ks_arena *arena);
/* Past the end it returns TOKEN_END again and again. */
struct row_token row_tokens_next(struct row_tokens *tokens);

#endif
