/* A row filter's text in, its words out, one after the other; next: row_expr.c. Numbers and texts
 * are written as Milvus reads them: decimal, 0x, 0b and octal integers, either kind of quotes, and
 * Go's escapes. */
#include "row_tokens.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "hex.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

static bool is_name(char c)
{
    return is_name_start(c) || is_digit(c);
}

/* In characters, not bytes. */
static size_t column_here(struct row_tokens *t)
{
    for (; t->counted < t->p; t->counted++)
        t->column += ((uint8_t)*t->counted & 0xc0) != 0x80;
    return t->column;
}

static void bad(struct row_token *token, const char *problem)
{
    token->kind = TOKEN_BAD;
    token->problem = problem;
}

/* ---- words ---- */

static void read_word(struct row_tokens *t, struct row_token *token)
{
    static const struct {
        const char *word;
        enum row_token_kind kind;
    } words[] = {{"and", TOKEN_AND},   {"or", TOKEN_OR}, {"not", TOKEN_NOT},  {"in", TOKEN_IN},
                 {"like", TOKEN_LIKE}, {"is", TOKEN_IS}, {"null", TOKEN_NULL}};
    while (is_name(*t->p))
        t->p++;
    size_t len = (size_t)(t->p - token->at);
    token->kind = TOKEN_NAME;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i].word) == len && strncasecmp(token->at, words[i].word, len) == 0)
            token->kind = words[i].kind;
    bool yes = len == 4 && strncasecmp(token->at, "true", 4) == 0;
    if (!yes && !(len == 5 && strncasecmp(token->at, "false", 5) == 0))
        return;
    token->kind = TOKEN_CONSTANT;
    token->constant = (struct row_constant){.kind = ROW_BOOL, .u.i = yes};
}

/* ---- numbers ---- */

static void skip_digits(struct row_tokens *t)
{
    while (is_digit(*t->p))
        t->p++;
}

/* strtoull and strtod stop where the number stops, and must stop where we do. */
static void read_integer(struct row_tokens *t, struct row_token *token, bool negative)
{
    const char *digits = token->at + (negative || *token->at == '+');
    bool binary = digits[0] == '0' && (digits[1] | 0x20) == 'b';
    char *end;
    errno = 0;
    uint64_t value = strtoull(binary ? digits + 2 : digits, &end, binary ? 2 : 0);
    uint64_t limit = (uint64_t)INT64_MAX + negative;
    if (end != t->p)
        bad(token, "is not a number");
    else if (errno == ERANGE || value > limit)
        bad(token, "does not fit 64 bits");
    else
        token->constant =
            (struct row_constant){.kind = ROW_INT, .u.i = (int64_t)(negative ? 0 - value : value)};
}

static void read_real(struct row_tokens *t, struct row_token *token)
{
    char *end;
    double value = strtod(token->at, &end);
    if (end != t->p)
        bad(token, "is not a number");
    else
        token->constant = (struct row_constant){.kind = ROW_REAL, .u.d = value};
}

static void read_number(struct row_tokens *t, struct row_token *token)
{
    bool negative = *t->p == '-', real = false;
    t->p += *t->p == '-' || *t->p == '+';
    bool decimal = t->p[0] != '0' || !strchr("xXbB", t->p[1]) || !t->p[1];
    skip_digits(t);
    if (decimal && *t->p == '.') {
        real = true;
        t->p++;
        skip_digits(t);
    }
    if (decimal && (*t->p | 0x20) == 'e' &&
        (is_digit(t->p[1]) || ((t->p[1] == '-' || t->p[1] == '+') && is_digit(t->p[2])))) {
        real = true;
        t->p += 2;
        skip_digits(t);
    }
    while (is_name(*t->p))
        t->p++;
    token->kind = TOKEN_CONSTANT;
    if (real)
        read_real(t, token);
    else
        read_integer(t, token, negative);
}

/* ---- texts ---- */

static size_t put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)((0xf0 << (4 - len)) | (int)c);
    return len;
}

/* `digits` of the base at *p, which is moved behind them. */
static bool read_code(const char **p, int digits, int base, uint32_t *ret)
{
    *ret = 0;
    for (; digits > 0; digits--, (*p)++) {
        int digit = hex_digit(**p);
        if (digit < 0 || digit >= base)
            return false;
        *ret = *ret * (uint32_t)base + (uint32_t)digit;
    }
    return true;
}

/* The escape behind the backslash at *p: its bytes to `out`. Returns how many; 0: there is no such
 * escape. */
static size_t read_escape(const char **p, char *out)
{
    static const char plain[] = "abfnrtv\\'\"", means[] = "\a\b\f\n\r\t\v\\'\"";
    const char *found = **p ? strchr(plain, **p) : NULL;
    uint32_t code;
    if (found) {
        (*p)++;
        *out = means[found - plain];
        return 1;
    }
    char kind = **p;
    bool octal = kind >= '0' && kind <= '7';
    if (!octal && !(kind && strchr("xuU", kind)))
        return 0;
    *p += !octal;
    int digits = octal ? 3 : kind == 'x' ? 2 : kind == 'u' ? 4 : 8;
    if (!read_code(p, digits, octal ? 8 : 16, &code))
        return 0;
    if (kind == 'u' || kind == 'U')
        return code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : put_utf8(out, code);
    *out = (char)code;
    return code < 0x100;
}

static void read_text(struct row_tokens *t, struct row_token *token)
{
    char quote = *t->p++;
    const char *end = t->p;
    while (*end && *end != quote)
        end += 1 + (*end == '\\' && end[1]);
    char *out = ks_arena_alloc(t->arena, (size_t)(end - t->p) + 1); /* escapes only get shorter */
    size_t len = 0;
    while (*t->p && *t->p != quote) {
        if (*t->p != '\\') {
            out[len++] = *t->p++;
            continue;
        }
        t->p++;
        size_t more = read_escape(&t->p, out + len);
        if (more == 0) {
            bad(token, "holds an escape that is none (a backslash is written \\\\)");
            return;
        }
        len += more;
    }
    if (!*t->p) {
        bad(token, "begins a text that does not end");
        return;
    }
    t->p++;
    token->kind = TOKEN_CONSTANT;
    token->constant = (struct row_constant){.kind = ROW_TEXT, .u.text = {out, len}};
}

/* ---- signs ---- */

static void read_sign(struct row_tokens *t, struct row_token *token)
{
    static const struct {
        const char *sign;
        enum row_token_kind kind;
        enum row_compare compare;
    } signs[] = {
        {"==", TOKEN_COMPARE, ROW_EQ}, {"!=", TOKEN_COMPARE, ROW_NE}, {"<=", TOKEN_COMPARE, ROW_LE},
        {">=", TOKEN_COMPARE, ROW_GE}, {"&&", TOKEN_AND, 0},          {"||", TOKEN_OR, 0},
        {"<<", TOKEN_ARITHMETIC, 0},   {">>", TOKEN_ARITHMETIC, 0},   {"<", TOKEN_COMPARE, ROW_LT},
        {">", TOKEN_COMPARE, ROW_GT},  {"!", TOKEN_NOT, 0},           {"(", TOKEN_OPEN, 0},
        {")", TOKEN_CLOSE, 0},         {"[", TOKEN_LIST, 0},          {"]", TOKEN_LIST_END, 0},
        {",", TOKEN_COMMA, 0},         {"+", TOKEN_ARITHMETIC, 0},    {"-", TOKEN_ARITHMETIC, 0},
        {"*", TOKEN_ARITHMETIC, 0},    {"/", TOKEN_ARITHMETIC, 0},    {"%", TOKEN_ARITHMETIC, 0},
        {"&", TOKEN_ARITHMETIC, 0},    {"|", TOKEN_ARITHMETIC, 0},    {"^", TOKEN_ARITHMETIC, 0},
        {"~", TOKEN_ARITHMETIC, 0},
    };
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        size_t len = strlen(signs[i].sign);
        if (strncmp(t->p, signs[i].sign, len) != 0)
            continue;
        token->kind = signs[i].kind;
        token->compare = signs[i].compare;
        t->p += len;
        return;
    }
    t->p++;
    while (((uint8_t)*t->p & 0xc0) == 0x80)
        t->p++;
    bad(token, *token->at == '=' ? "compares nothing (equality is ==)" : "means nothing here");
}

static bool begins_number(const struct row_tokens *t)
{
    const char *p = t->p;
    if ((*p == '-' || *p == '+') && !t->after_operand)
        p++;
    return is_digit(*p) || (*p == '.' && is_digit(p[1]));
}

struct row_tokens row_tokens_of(const char *text, struct ks_arena *arena)
{
    return (struct row_tokens){.p = text, .counted = text, .column = 1, .arena = arena};
}

struct row_token row_tokens_next(struct row_tokens *t)
{
    while (*t->p && strchr(" \t\r\n", *t->p))
        t->p++;
    struct row_token token = {.column = column_here(t), .at = t->p};
    if (begins_number(t))
        read_number(t, &token);
    else if (is_name_start(*t->p))
        read_word(t, &token);
    else if (*t->p == '"' || *t->p == '\'')
        read_text(t, &token);
    else if (*t->p)
        read_sign(t, &token);
    token.len = (size_t)(t->p - token.at);
    t->after_operand = token.kind == TOKEN_NAME || token.kind == TOKEN_CONSTANT ||
                       token.kind == TOKEN_CLOSE || token.kind == TOKEN_LIST_END;
    return token;
}
