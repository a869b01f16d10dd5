/* Request targets. In: text from the network; out: decoded segments and queries. Next: the router.
 * '+' is a plus in a path and a blank in a query, as forms and Kafka Connect have it. */
#include "rest_target.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "hex.h"
#include "kitestream/sdk/util.h"

/* The byte of a code "%41"; -1: no code, or NUL, which no name can hold. */
static int decode_byte(const char *text, size_t left)
{
    if (left < 3 || hex_digit(text[1]) < 0 || hex_digit(text[2]) < 0)
        return -1;
    int byte = hex_digit(text[1]) * 16 + hex_digit(text[2]);
    return byte > 0 ? byte : -1;
}

/* By the library that has to write it back: names go into JSON answers. */
static bool is_utf8(const char *text)
{
    json_t *json = json_string(text);
    json_decref(json);
    return json != NULL;
}

/* NULL: not text. */
static char *decode(const char *text, size_t len, bool plus_is_blank)
{
    char *out = xmalloc(len + 1);
    size_t at = 0;
    int byte = 0;
    for (size_t i = 0; i < len && byte >= 0; i++) {
        byte = text[i] == '%'                    ? decode_byte(text + i, len - i)
               : text[i] == '+' && plus_is_blank ? ' '
                                                 : (uint8_t)text[i];
        i += text[i] == '%' ? 2 : 0;
        out[at++] = (char)byte;
    }
    out[at] = '\0';
    if (byte >= 0 && is_utf8(out))
        return out;
    free(out);
    return NULL;
}

static bool add_segments(struct rest_target *target, const char *path)
{
    size_t left = strlen(path);
    if (left > 0 && path[left - 1] == '/')
        left--; /* the one that is accepted at the end; of "/", all */
    for (size_t len; left > 0; path += len, left -= len) {
        path++; /* the slash before */
        left--;
        len = 0;
        while (len < left && path[len] != '/')
            len++;
        char *segment = decode(path, len, false);
        if (!segment)
            return false;
        if (target->segment_count < REST_SEGMENTS_MAX)
            target->segments[target->segment_count] = segment;
        else
            free(segment);
        target->segment_count++;
    }
    return true;
}

static bool add_query(struct rest_target *target, const char *text, size_t len)
{
    size_t name_len = 0;
    while (name_len < len && text[name_len] != '=')
        name_len++;
    size_t value_at = name_len < len ? name_len + 1 : len;
    char *name = decode(text, name_len, true);
    char *value = decode(text + value_at, len - value_at, true);
    if (!name || !value) {
        free(name);
        free(value);
        return false;
    }
    target->queries =
        xgrow(target->queries, target->query_count, &target->query_cap, sizeof *target->queries);
    target->queries[target->query_count++] = (struct rest_query){.name = name, .value = value};
    return true;
}

static bool add_queries(struct rest_target *target, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "&");
        if (len > 0 && !add_query(target, text, len))
            return false;
        text += len + (text[len] == '&');
    }
    return true;
}

/* Proxies send the whole address. */
static const char *skip_origin(const char *uri)
{
    const char *scheme_end = *uri == '/' ? NULL : strstr(uri, "://");
    if (!scheme_end)
        return uri;
    return scheme_end + 3 + strcspn(scheme_end + 3, "/?");
}

enum ks_status rest_target_parse(const char *uri, struct rest_target *ret, struct ks_error *err)
{
    uri = skip_origin(uri);
    size_t path_len = strcspn(uri, "?#");
    struct rest_target target = {.path = xstrndup(uri, path_len)};
    const char *query = uri[path_len] == '?' ? uri + path_len + 1 : "";
    /* "*" of OPTIONS is no path; an empty one is "/". */
    bool good = path_len == 0 || *uri == '/';
    if (good && add_segments(&target, target.path) && add_queries(&target, query)) {
        *ret = target;
        return KS_OK;
    }
    rest_target_release(&target);
    return ks_error_set(err, KS_ERR_DATA,
                        "The request's path or query is not text in percent-encoded UTF-8");
}

void rest_target_release(struct rest_target *target)
{
    for (size_t i = 0; i < target->segment_count && i < REST_SEGMENTS_MAX; i++)
        free(target->segments[i]);
    for (size_t i = 0; i < target->query_count; i++) {
        free((char *)target->queries[i].name);
        free((char *)target->queries[i].value);
    }
    free(target->queries);
    free(target->path);
    *target = (struct rest_target){0};
}
