/* Java properties: "key=value", "key: value" or "key value" lines, comments (# !), continued lines
 * and backslash escapes. In: the bytes of a file; out: pairs, or one value. Bytes that are not
 * escapes are taken as they are (UTF-8). */
#include "properties.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "hex.h"
#include "kitestream/sdk/buf.h"

struct cursor {
    const char *p, *end;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\f';
}

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

static void skip_blanks(struct cursor *in)
{
    while (in->p < in->end && is_blank(*in->p))
        in->p++;
}

static void skip_line(struct cursor *in)
{
    while (in->p < in->end && !is_line_end(*in->p))
        in->p++;
}

/* After the backslash that ends a line: its line end (CR LF is one) and the next line's indent. */
static void skip_continuation(struct cursor *in)
{
    if (*in->p == '\r' && in->p + 1 < in->end && in->p[1] == '\n')
        in->p++;
    in->p++;
    skip_blanks(in);
}

/* The four digits after \u, or -1 (nothing is read then). */
static int32_t read_unit(struct cursor *in)
{
    if (in->end - in->p < 4)
        return -1;
    int32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(in->p[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    in->p += 4;
    return unit;
}

static void add_utf8(struct ks_buf *out, uint32_t c)
{
    if (c < 0x80) {
        ks_buf_add_byte(out, (uint8_t)c);
    } else if (c < 0x800) {
        ks_buf_add_byte(out, (uint8_t)(0xC0 | c >> 6));
        ks_buf_add_byte(out, (uint8_t)(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        ks_buf_add_byte(out, (uint8_t)(0xE0 | c >> 12));
        ks_buf_add_byte(out, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
        ks_buf_add_byte(out, (uint8_t)(0x80 | (c & 0x3F)));
    } else {
        ks_buf_add_byte(out, (uint8_t)(0xF0 | c >> 18));
        ks_buf_add_byte(out, (uint8_t)(0x80 | (c >> 12 & 0x3F)));
        ks_buf_add_byte(out, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
        ks_buf_add_byte(out, (uint8_t)(0x80 | (c & 0x3F)));
    }
}

/* After "\u". Two surrogates are one character; a lone one becomes the replacement character. */
static void read_unicode(struct cursor *in, struct ks_buf *out)
{
    int32_t unit = read_unit(in);
    if (unit < 0) {
        ks_buf_add_byte(out, 'u');
        return;
    }
    if (unit < 0xD800 || unit > 0xDFFF) {
        add_utf8(out, (uint32_t)unit);
        return;
    }
    struct cursor ahead = *in;
    if (unit < 0xDC00 && ahead.end - ahead.p > 2 && ahead.p[0] == '\\' && ahead.p[1] == 'u') {
        ahead.p += 2;
        int32_t low = read_unit(&ahead);
        if (low >= 0xDC00 && low <= 0xDFFF) {
            *in = ahead;
            add_utf8(out, 0x10000 + ((uint32_t)unit - 0xD800) * 0x400 + ((uint32_t)low - 0xDC00));
            return;
        }
    }
    add_utf8(out, 0xFFFD);
}

/* After a backslash. */
static void read_escape(struct cursor *in, struct ks_buf *out)
{
    if (in->p >= in->end)
        return;
    if (is_line_end(*in->p)) {
        skip_continuation(in);
        return;
    }
    char c = *in->p++;
    switch (c) {
    case 't':
        ks_buf_add_byte(out, '\t');
        break;
    case 'n':
        ks_buf_add_byte(out, '\n');
        break;
    case 'r':
        ks_buf_add_byte(out, '\r');
        break;
    case 'f':
        ks_buf_add_byte(out, '\f');
        break;
    case 'u':
        read_unicode(in, out);
        break;
    default:
        ks_buf_add_byte(out, (uint8_t)c);
    }
}

/* Up to the end of the line or, in a key, the first separator. */
static void read_text(struct cursor *in, bool is_key, struct ks_buf *out)
{
    while (in->p < in->end && !is_line_end(*in->p)) {
        if (is_key && (is_blank(*in->p) || *in->p == '=' || *in->p == ':'))
            return;
        char c = *in->p++;
        if (c == '\\')
            read_escape(in, out);
        else
            ks_buf_add_byte(out, (uint8_t)c);
    }
}

void properties_each(const char *text, size_t len, properties_take_fn *take, void *arg)
{
    struct cursor in = {text, text + len};
    struct ks_buf name = {0}, value = {0};
    while (in.p < in.end) {
        skip_blanks(&in);
        if (in.p >= in.end)
            break;
        if (is_line_end(*in.p)) {
            in.p++;
            continue;
        }
        if (*in.p == '#' || *in.p == '!') {
            skip_line(&in);
            continue;
        }
        ks_buf_reset(&name);
        ks_buf_reset(&value);
        read_text(&in, true, &name);
        skip_blanks(&in);
        if (in.p < in.end && (*in.p == '=' || *in.p == ':'))
            in.p++;
        skip_blanks(&in);
        read_text(&in, false, &value);
        take(arg, ks_buf_str(&name), ks_buf_str(&value));
    }
    ks_buf_release(&name);
    ks_buf_release(&value);
}

struct search {
    const char *key;
    char *found;
};

static void take_if_wanted(void *arg, const char *key, const char *value)
{
    struct search *s = arg;
    if (strcmp(key, s->key) != 0)
        return;
    free(s->found);
    s->found = xstrdup(value);
}

char *properties_get(const char *text, size_t len, const char *key)
{
    struct search s = {.key = key};
    properties_each(text, len, take_if_wanted, &s);
    return s.found;
}
