/* Headers. In: options, and a request's origin; out: headers on the answer. Next: the client. The
 * options are those of Kafka Connect; origins are compared as they are, "*" is for all and then
 * without credentials. */
#include "rest_headers.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "kitestream/sdk/buf.h"
#include "kitestream/sdk/util.h"

#define DEFAULT_METHODS "GET,POST,HEAD"
#define ALLOWED_HEADERS "X-Requested-With,Content-Type,Accept,Origin,Authorization"
#define PREFLIGHT_SECONDS "1800"
#define BLANKS " \t"

struct rule {
    char *name, *value;
    bool replaces;
};

struct rest_headers {
    const char *origins; /* NULL: CORS is off */
    const char *methods;
    struct rule *rules;
    size_t rule_count, rule_cap;
};

/* ---- response.http.headers.config ---- */

static bool is_header_name(const char *name)
{
    return *name && name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789-_")] == '\0';
}

static char *trimmed(const char *text, size_t len)
{
    while (len > 0 && strchr(BLANKS, *text)) {
        text++;
        len--;
    }
    while (len > 0 && strchr(BLANKS, text[len - 1]))
        len--;
    return xstrndup(text, len);
}

/* "set name: value" */
static bool parse_rule(const char *text, struct rule *ret)
{
    const char *colon = strchr(text, ':');
    size_t action_len = strcspn(text, BLANKS);
    bool replaces = action_len == 3 && strncasecmp(text, "set", 3) == 0;
    bool adds = action_len == 3 && strncasecmp(text, "add", 3) == 0;
    if (!colon || (!replaces && !adds))
        return false;
    struct rule rule = {.replaces = replaces};
    rule.name = trimmed(text + action_len, (size_t)(colon - text) - action_len);
    rule.value = trimmed(colon + 1, strlen(colon + 1));
    if (is_header_name(rule.name) && !strpbrk(rule.value, "\r\n")) {
        *ret = rule;
        return true;
    }
    free(rule.name);
    free(rule.value);
    return false;
}

/* One field up to a comma outside of double quotes; "" within quotes is one quote. Moves *text
 * behind it. */
static char *take_field(const char **text)
{
    struct ks_buf field = {0};
    bool quoted = false;
    const char *p = *text;
    for (; *p && (quoted || *p != ','); p++) {
        if (*p == '"' && quoted && p[1] == '"')
            ks_buf_add_byte(&field, (uint8_t) * ++p);
        else if (*p == '"')
            quoted = !quoted;
        else
            ks_buf_add_byte(&field, (uint8_t)*p);
    }
    *text = *p ? p + 1 : p;
    char *raw = ks_buf_take_str(&field);
    char *clean = trimmed(raw, strlen(raw));
    free(raw);
    return clean;
}

static enum ks_status add_rules(struct rest_headers *h, const char *text, struct ks_error *err)
{
    enum ks_status status = KS_OK;
    while (*text && status == KS_OK) {
        char *field = take_field(&text);
        struct rule rule;
        if (parse_rule(field, &rule)) {
            h->rules = xgrow(h->rules, h->rule_count, &h->rule_cap, sizeof *h->rules);
            h->rules[h->rule_count++] = rule;
        } else {
            status = ks_error_set(err, KS_ERR_FATAL,
                                  "response.http.headers.config: \"%.200s\" is no rule; one is "
                                  "\"set name: value\" or \"add name: value\"",
                                  field);
        }
        free(field);
    }
    return status;
}

enum ks_status rest_headers_open(const struct rest_options *options, struct rest_headers **ret,
                                 struct ks_error *err)
{
    struct rest_headers *h = xcalloc(1, sizeof *h);
    h->origins = options->cors_origin;
    h->methods = options->cors_methods ? options->cors_methods : DEFAULT_METHODS;
    enum ks_status status =
        options->extra_headers ? add_rules(h, options->extra_headers, err) : KS_OK;
    if (status == KS_OK)
        *ret = h;
    else
        rest_headers_free(h);
    return status;
}

void rest_headers_free(struct rest_headers *h)
{
    if (!h)
        return;
    for (size_t i = 0; i < h->rule_count; i++) {
        free(h->rules[i].name);
        free(h->rules[i].value);
    }
    free(h->rules);
    free(h);
}

/* ---- answers ---- */

static bool list_has(const char *list, const char *word, bool any_case)
{
    size_t word_len = strlen(word);
    while (*list) {
        list += strspn(list, BLANKS ",");
        size_t len = strcspn(list, BLANKS ",");
        if (len == word_len &&
            (any_case ? strncasecmp(list, word, len) == 0 : memcmp(list, word, len) == 0))
            return true;
        list += len;
    }
    return false;
}

/* Proxies that compress make an etag weak: W/"…"; it is the same body all the same. */
bool rest_headers_has_body(const char *if_none_match, const char *etag)
{
    if (!if_none_match)
        return false;
    char *weak = xasprintf("W/%s", etag);
    bool known = list_has(if_none_match, etag, false) || list_has(if_none_match, weak, false) ||
                 list_has(if_none_match, "*", false);
    free(weak);
    return known;
}

static bool is_allowed(const struct rest_headers *h, const char *origin)
{
    return h->origins && origin && *origin &&
           (list_has(h->origins, "*", false) || list_has(h->origins, origin, true));
}

static void add_origin(const struct rest_headers *h, struct MHD_Response *response,
                       const char *origin)
{
    MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, "Origin");
    if (!is_allowed(h, origin))
        return;
    bool named = list_has(h->origins, origin, true);
    MHD_add_response_header(response, "Access-Control-Allow-Origin", named ? origin : "*");
    if (named)
        MHD_add_response_header(response, "Access-Control-Allow-Credentials", "true");
}

void rest_headers_add(const struct rest_headers *h, struct MHD_Response *response,
                      const char *origin)
{
    if (h->origins)
        add_origin(h, response, origin);
    for (size_t i = 0; i < h->rule_count; i++) {
        const struct rule *rule = &h->rules[i];
        const char *old = MHD_get_response_header(response, rule->name);
        if (rule->replaces && old) {
            char *copy = xstrdup(old);
            MHD_del_response_header(response, rule->name, copy);
            free(copy);
        }
        MHD_add_response_header(response, rule->name, rule->value);
    }
}

bool rest_headers_allow_preflight(const struct rest_headers *h, const char *origin,
                                  const char *wanted_method)
{
    return is_allowed(h, origin) && wanted_method && list_has(h->methods, wanted_method, true);
}

void rest_headers_add_preflight(const struct rest_headers *h, struct MHD_Response *response)
{
    MHD_add_response_header(response, "Access-Control-Allow-Methods", h->methods);
    MHD_add_response_header(response, "Access-Control-Allow-Headers", ALLOWED_HEADERS);
    MHD_add_response_header(response, "Access-Control-Max-Age", PREFLIGHT_SECONDS);
}

bool rest_headers_may_write(const struct rest_headers *h, const char *origin, const char *host)
{
    if (!origin || is_allowed(h, origin))
        return true;
    const char *scheme_end = strstr(origin, "://");
    return scheme_end && host && strcasecmp(scheme_end + 3, host) == 0;
}
