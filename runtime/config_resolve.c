/* Placeholders. In: a configuration as it was written; out: the same with ${env:NAME} and
 * ${file:path:key} replaced. Called when a task (or the worker itself) starts and never before, so
 * that topics, REST answers and logs only ever hold the placeholder. Replaced text is not looked at
 * again: a secret may contain "${". */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "config_def.h"
#include "file_text.h"
#include "kitestream/sdk/buf.h"
#include "kitestream/sdk/util.h"
#include "properties.h"

#define SECRETS_FILE_MAX_BYTES ((size_t)1024 * 1024)

/* "${provider:…}" somewhere in a value. */
struct placeholder {
    const char *begin, *end; /* with "${" and "}" */
    char *provider, *argument;
};

static bool is_provider_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The next one at or after `text`; "${" without "name:" and "}" is ordinary text (a regex, say). */
static bool find_placeholder(const char *text, struct placeholder *ret)
{
    for (const char *p = strstr(text, "${"); p; p = strstr(p + 2, "${")) {
        const char *colon = p + 2;
        while (is_provider_char(*colon))
            colon++;
        const char *close = strchr(p, '}');
        if (*colon != ':' || colon == p + 2 || !close)
            continue;
        *ret = (struct placeholder){.begin = p, .end = close + 1};
        ret->provider = xstrndup(p + 2, (size_t)(colon - p - 2));
        ret->argument = xstrndup(colon + 1, (size_t)(close - colon - 1));
        return true;
    }
    return false;
}

static void placeholder_release(struct placeholder *p)
{
    free(p->provider);
    free(p->argument);
}

bool config_has_placeholder(const char *value)
{
    struct placeholder p;
    if (!find_placeholder(value, &p))
        return false;
    placeholder_release(&p);
    return true;
}

static enum ks_status resolve_env(const char *name, char **ret, struct ks_error *err)
{
    const char *value = getenv(name);
    if (!value)
        return ks_error_set(err, KS_ERR_FATAL, "the environment variable is not set");
    *ret = xstrdup(value);
    return KS_OK;
}

/* argument: path:key, where the path may contain colons and the key may not. */
static enum ks_status resolve_file(const char *argument, char **ret, struct ks_error *err)
{
    const char *colon = strrchr(argument, ':');
    if (!colon || colon == argument || !colon[1])
        return ks_error_set(err, KS_ERR_FATAL, "write it as ${file:/path/to/file:key}");
    char *path = xstrndup(argument, (size_t)(colon - argument));
    char *text = NULL;
    size_t len;
    enum ks_status status = file_text_read(path, SECRETS_FILE_MAX_BYTES, &text, &len, err);
    if (status == KS_OK) {
        char *value = properties_get(text, len, colon + 1);
        if (value)
            *ret = value;
        else
            status = ks_error_set(err, KS_ERR_FATAL, "the file has no such key");
    }
    free(text);
    free(path);
    return status;
}

static enum ks_status resolve_one(const struct placeholder *p, char **ret, struct ks_error *err)
{
    if (strcmp(p->provider, "env") == 0)
        return resolve_env(p->argument, ret, err);
    if (strcmp(p->provider, "file") == 0)
        return resolve_file(p->argument, ret, err);
    return ks_error_set(err, KS_ERR_FATAL,
                        "there is no provider \"%s\"; use ${env:NAME} or ${file:path:key}",
                        p->provider);
}

/* *ret is NULL if the value has no placeholder. */
static enum ks_status resolve_value(const char *option, const char *value, char **ret,
                                    struct ks_error *err)
{
    struct ks_buf out = {0};
    struct placeholder p;
    enum ks_status status = KS_OK;
    const char *rest = value;
    while (status == KS_OK && find_placeholder(rest, &p)) {
        char *text = NULL;
        status = resolve_one(&p, &text, err);
        if (status == KS_OK) {
            ks_buf_add(&out, rest, (size_t)(p.begin - rest));
            ks_buf_add_str(&out, text);
        } else {
            ks_error_prefix(err, "option \"%s\": ${%s:%s}", option, p.provider, p.argument);
        }
        rest = p.end;
        free(text);
        placeholder_release(&p);
    }
    if (status == KS_OK && rest != value) {
        ks_buf_add_str(&out, rest);
        *ret = ks_buf_take_str(&out);
    }
    ks_buf_release(&out);
    return status;
}

enum ks_status config_resolve(struct string_map *config, struct ks_error *err)
{
    for (size_t i = 0; i < config->count; i++) {
        char *resolved = NULL;
        enum ks_status status =
            resolve_value(config->entries[i].key, config->entries[i].value, &resolved, err);
        if (status != KS_OK)
            return status;
        if (resolved) {
            string_map_set(config, config->entries[i].key, resolved);
            free(resolved);
        }
    }
    return KS_OK;
}
