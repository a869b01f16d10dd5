/* A record's bytes in, two spans of it out. Next: json_converter looks the schema up and parses the
 * payload. */
#include "json_members.h"

#include <string.h>

#include "kitestream/sdk/util.h"

struct scanner {
    const char *p, *end;
};

static void skip_blanks(struct scanner *s)
{
    while (s->p < s->end && strchr(" \t\r\n", *s->p) && *s->p)
        s->p++;
}

static bool take(struct scanner *s, char c)
{
    skip_blanks(s);
    if (s->p == s->end || *s->p != c)
        return false;
    s->p++;
    return true;
}

/* From behind the opening quote to behind the closing one. */
static bool skip_string(struct scanner *s)
{
    while (s->p < s->end) {
        char c = *s->p++;
        if (c == '"')
            return true;
        if (c == '\\' && s->p < s->end)
            s->p++;
    }
    return false;
}

/* An object or array: to the bracket that closes it, whichever kind. */
static bool skip_nested(struct scanner *s)
{
    size_t depth = 0;
    while (s->p < s->end) {
        char c = *s->p++;
        if (c == '"') {
            if (!skip_string(s))
                return false;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return true;
        }
    }
    return false;
}

static bool skip_value(struct scanner *s)
{
    if (s->p == s->end)
        return false;
    if (*s->p == '{' || *s->p == '[')
        return skip_nested(s);
    if (take(s, '"'))
        return skip_string(s);
    const char *start = s->p;
    while (s->p < s->end && !memchr(",}] \t\r\n", *s->p, 7))
        s->p++;
    return s->p > start;
}

static bool is_named(struct ks_slice name, const char *text)
{
    return name.len == strlen(text) && memcmp(name.data, text, name.len) == 0;
}

static bool take_member(struct scanner *s, struct json_members *ret)
{
    if (!take(s, '"'))
        return false;
    struct ks_slice name = {s->p, 0};
    if (!skip_string(s))
        return false;
    name.len = (size_t)(s->p - (const char *)name.data) - 1;
    struct ks_slice *place = is_named(name, "schema")    ? &ret->schema
                             : is_named(name, "payload") ? &ret->payload
                                                         : NULL;
    if (!place || place->data || !take(s, ':'))
        return false;
    skip_blanks(s);
    const char *start = s->p;
    if (!skip_value(s))
        return false;
    *place = (struct ks_slice){start, (size_t)(s->p - start)};
    return true;
}

static bool take_members(struct scanner *s, struct json_members *ret)
{
    if (!take(s, '{') || !take_member(s, ret) || !take(s, ',') || !take_member(s, ret) ||
        !take(s, '}'))
        return false;
    skip_blanks(s);
    return s->p == s->end;
}

enum ks_status json_members_find(struct ks_slice text, struct json_members *ret,
                                 struct ks_error *err)
{
    struct scanner s = {text.data, (const char *)text.data + text.len};
    *ret = (struct json_members){0};
    if (take_members(&s, ret))
        return KS_OK;
    return ks_error_set(err, KS_ERR_DATA,
                        "not a JSON object of just \"schema\" and \"payload\", as JsonConverter "
                        "writes it; plain JSON needs schemas.enable=false");
}
