/* Regular expressions as Java's, by which Connect's options are written. A name of a topic in, a
 * match or a new name out. Expressions that PCRE reads in another way than Java are refused; steps
 * and memory of a match are limited, so that no expression can hang a task.
 * Thread: one at a time. */
#ifndef RUNTIME_JAVA_REGEX_H
#define RUNTIME_JAVA_REGEX_H

#include "kitestream/error.h"
#include "kitestream/sdk/buf.h"

struct java_regex;

enum java_match {
    JAVA_NO_MATCH,
    JAVA_MATCH,
    JAVA_GAVE_UP, /* the limits were reached */
};

/* Errors: DATA, saying where the expression is wrong. */
enum ks_status java_regex_new(const char *pattern, struct java_regex **ret, struct ks_error *err);
void java_regex_free(struct java_regex *re);
/* Matcher.matches(): the whole text. */
enum java_match java_regex_matches(struct java_regex *re, const char *text);
/* What is wrong with a replacement for this expression: NULL, or a sentence that the caller frees.
 */
char *java_regex_replacement_fault(const struct java_regex *re, const char *replacement);
/* Matcher.replaceFirst(): appends the text, its first match replaced, to `out`. `replacement` is
 * one without a fault: $1, ${name}, \$. */
enum java_match java_regex_replace_first(struct java_regex *re, const char *text,
                                         const char *replacement, struct ks_buf *out);

#endif
