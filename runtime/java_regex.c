/* PCRE under Java's rules. In: expressions and replacements as people write them for Kafka Connect;
 * out: matches. Next: topic_router, topic_creation. */
#include "java_regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <ctype.h>
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"

/* Far more than any sensible expression needs for 249 characters; a few milliseconds. */
#define MATCH_STEPS_MAX 200000
#define MATCH_DEPTH_MAX 20000
#define MATCH_HEAP_MAX_KIB 4096
#define PATTERN_MAX_BYTES 4096

struct java_regex {
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *limits;
    uint32_t group_count;
};

/* ---- compile ---- */

/* A class within a class and && mean something else in PCRE: NULL, or why the expression is
 * refused. */
static const char *misread(const char *p)
{
    bool in_class = false;
    for (; *p; p++) {
        if (p[0] == '\\' && p[1] == 'Q') {
            p = strstr(p, "\\E");
            if (!p)
                return NULL;
            p++;
        } else if (*p == '\\' && p[1]) {
            p++;
        } else if (!in_class && *p == '[') {
            in_class = true;
            p += p[1] == '^';
            p += p[1] == ']';
        } else if (in_class && *p == ']') {
            in_class = false;
        } else if (in_class && *p == '[') {
            return "a character class within another is not supported: write \\[ for the character";
        } else if (in_class && p[0] == '&' && p[1] == '&') {
            return "&& in a character class is not supported";
        }
    }
    return NULL;
}

enum ks_status java_regex_new(const char *pattern, struct java_regex **ret, struct ks_error *err)
{
    int code;
    PCRE2_SIZE at;
    PCRE2_UCHAR why[128];
    const char *fault = misread(pattern);
    if (strlen(pattern) > PATTERN_MAX_BYTES)
        fault = "it is longer than 4096 characters";
    if (fault)
        return ks_error_set(err, KS_ERR_DATA, "Invalid regex: %s", fault);
    pcre2_code *compiled =
        pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, 0, &code, &at, NULL);
    if (!compiled) {
        pcre2_get_error_message(code, why, sizeof why);
        return ks_error_set(err, KS_ERR_DATA, "Invalid regex: %s, at position %zu", (char *)why,
                            (size_t)at);
    }
    struct java_regex *re = xcalloc(1, sizeof *re);
    re->code = compiled;
    re->match = pcre2_match_data_create_from_pattern(compiled, NULL);
    re->limits = pcre2_match_context_create(NULL);
    if (!re->match || !re->limits)
        abort(); /* out of memory, as everywhere */
    pcre2_set_match_limit(re->limits, MATCH_STEPS_MAX);
    pcre2_set_depth_limit(re->limits, MATCH_DEPTH_MAX);
    pcre2_set_heap_limit(re->limits, MATCH_HEAP_MAX_KIB);
    pcre2_pattern_info(compiled, PCRE2_INFO_CAPTURECOUNT, &re->group_count);
    *ret = re;
    return KS_OK;
}

void java_regex_free(struct java_regex *re)
{
    if (!re)
        return;
    pcre2_match_context_free(re->limits);
    pcre2_match_data_free(re->match);
    pcre2_code_free(re->code);
    free(re);
}

/* ---- match ---- */

static enum java_match run(struct java_regex *re, const char *text, uint32_t options)
{
    int found =
        pcre2_match(re->code, (PCRE2_SPTR)text, strlen(text), 0, options, re->match, re->limits);
    if (found == PCRE2_ERROR_NOMATCH)
        return JAVA_NO_MATCH;
    return found < 0 ? JAVA_GAVE_UP : JAVA_MATCH;
}

enum java_match java_regex_matches(struct java_regex *re, const char *text)
{
    return run(re, text, PCRE2_ANCHORED | PCRE2_ENDANCHORED);
}

/* ---- replacements ---- */

enum piece_kind { PIECE_TEXT, PIECE_GROUP, PIECE_FAULT };

/* One character, or one reference to a group. */
struct piece {
    enum piece_kind kind;
    char character;
    uint32_t group;
    const char *fault;
    const char *rest; /* what follows */
};

static struct piece piece_fault(const char *why)
{
    return (struct piece){.kind = PIECE_FAULT, .fault = why};
}

/* ${name} */
static struct piece named_group(const struct java_regex *re, const char *name)
{
    size_t len = strcspn(name, "}");
    char *copy = xstrndup(name, len);
    int group = pcre2_substring_number_from_name(re->code, (PCRE2_SPTR)copy);
    free(copy);
    if (name[len] != '}')
        return piece_fault("named capturing group is missing trailing '}'");
    if (group < 0)
        return piece_fault("there is no group of that name in the regex");
    return (struct piece){.kind = PIECE_GROUP, .group = (uint32_t)group, .rest = name + len + 1};
}

/* $12 is group 12 if there is one, else group 1 and the character 2. */
static struct piece numbered_group(const struct java_regex *re, const char *digits)
{
    uint32_t group = (uint32_t)(*digits++ - '0');
    if (group > re->group_count)
        return piece_fault("there is no group of that number in the regex");
    while (isdigit((unsigned char)*digits)) {
        uint32_t longer = group * 10 + (uint32_t)(*digits - '0');
        if (longer > re->group_count)
            break;
        group = longer;
        digits++;
    }
    return (struct piece){.kind = PIECE_GROUP, .group = group, .rest = digits};
}

static struct piece next_piece(const struct java_regex *re, const char *p)
{
    if (*p == '\\')
        return p[1] ? (struct piece){.character = p[1], .rest = p + 2}
                    : piece_fault("character to be escaped is missing after \\");
    if (*p != '$')
        return (struct piece){.character = *p, .rest = p + 1};
    if (p[1] == '{')
        return named_group(re, p + 2);
    if (isdigit((unsigned char)p[1]))
        return numbered_group(re, p + 1);
    return piece_fault("illegal group reference: after $ comes a number or {name}; write \\$ for "
                       "the character");
}

char *java_regex_replacement_fault(const struct java_regex *re, const char *replacement)
{
    for (const char *p = replacement; *p;) {
        struct piece piece = next_piece(re, p);
        if (piece.kind == PIECE_FAULT)
            return xasprintf("%s, at position %zu", piece.fault, (size_t)(p - replacement));
        p = piece.rest;
    }
    return NULL;
}

/* A group that took no part is empty. */
static void add_group(const struct java_regex *re, const char *text, uint32_t group,
                      struct ks_buf *out)
{
    const PCRE2_SIZE *range = pcre2_get_ovector_pointer(re->match) + (size_t)2 * group;
    if (range[0] != PCRE2_UNSET && range[1] > range[0])
        ks_buf_add(out, text + range[0], range[1] - range[0]);
}

enum java_match java_regex_replace_first(struct java_regex *re, const char *text,
                                         const char *replacement, struct ks_buf *out)
{
    enum java_match match = run(re, text, 0);
    if (match != JAVA_MATCH) {
        ks_buf_add_str(out, text);
        return match;
    }
    const PCRE2_SIZE *range = pcre2_get_ovector_pointer(re->match);
    ks_buf_add(out, text, range[0]);
    for (const char *p = replacement; *p;) {
        struct piece piece = next_piece(re, p);
        if (piece.kind == PIECE_FAULT)
            break;
        if (piece.kind == PIECE_GROUP)
            add_group(re, text, piece.group, out);
        else
            ks_buf_add_byte(out, (uint8_t)piece.character);
        p = piece.rest;
    }
    ks_buf_add_str(out, text + range[1]);
    return JAVA_MATCH;
}
