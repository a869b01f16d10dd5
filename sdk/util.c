/* Errors, log lines and typed options for connectors. In: the structs of the plugin ABI; out: plain
 * values. Used by every plugin and by the runtime. Messages are cut at a whole UTF-8 character, so
 * that they stay valid text in statuses, headers and JSON. */
#include "kitestream/sdk/util.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mem.h"

#define LOG_LINE_MAX 4096

/* Drops a UTF-8 sequence that a fixed buffer has cut in the middle. */
static void trim_cut_character(char *text, size_t len)
{
    size_t i = len;
    while (i > 0 && len - i < 4 && ((unsigned char)text[i - 1] & 0xC0) == 0x80)
        i--;
    if (i == 0)
        return;
    unsigned char lead = (unsigned char)text[i - 1];
    size_t want = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (len - i + 1 < want)
        text[i - 1] = '\0';
}

__attribute__((format(printf, 3, 0))) static void format(char *text, size_t cap, const char *fmt,
                                                         va_list args)
{
    int len = vsnprintf(text, cap, fmt, args);
    if (len < 0)
        text[0] = '\0';
    else if ((size_t)len >= cap)
        trim_cut_character(text, cap - 1);
}

/* Copies without reading beyond what fits; src and dst are different. */
static void append_cut(char *dst, size_t cap, const char *src)
{
    size_t used = strlen(dst), len = strlen(src);
    bool cut = len > cap - 1 - used;
    if (cut)
        len = cap - 1 - used;
    memcpy(dst + used, src, len);
    dst[used + len] = '\0';
    if (cut)
        trim_cut_character(dst, used + len);
}

enum ks_status ks_error_set(struct ks_error *err, enum ks_status status, const char *fmt, ...)
{
    if (!err)
        return status;
    /* An argument may be err->message itself. */
    char text[KS_ERROR_MESSAGE_MAX];
    va_list args;
    va_start(args, fmt);
    format(text, sizeof text, fmt, args);
    va_end(args);
    err->status = status;
    memcpy(err->message, text, strlen(text) + 1);
    return status;
}

void ks_error_prefix(struct ks_error *err, const char *fmt, ...)
{
    if (!err)
        return;
    char text[KS_ERROR_MESSAGE_MAX];
    va_list args;
    va_start(args, fmt);
    format(text, sizeof text, fmt, args);
    va_end(args);
    append_cut(text, sizeof text, ": ");
    append_cut(text, sizeof text, err->message);
    memcpy(err->message, text, strlen(text) + 1);
}

void ks_log(const struct ks_task_host *host, enum ks_log_level level, const char *fmt, ...)
{
    if (!host || !host->log)
        return;
    char text[LOG_LINE_MAX];
    va_list args;
    va_start(args, fmt);
    format(text, sizeof text, fmt, args);
    va_end(args);
    host->log(host->task, level, text);
}

static int compare_key(const void *key, const void *entry)
{
    return strcmp(key, ((const struct ks_config_entry *)entry)->key);
}

const char *ks_config_get(const struct ks_config *config, const char *key)
{
    if (config->count == 0)
        return NULL;
    const struct ks_config_entry *found =
        bsearch(key, config->entries, config->count, sizeof *config->entries, compare_key);
    return found ? found->value : NULL;
}

bool ks_config_bool(const struct ks_config *config, const char *key, bool fallback)
{
    const char *value = ks_config_get(config, key);
    if (value && strcasecmp(value, "true") == 0)
        return true;
    if (value && strcasecmp(value, "false") == 0)
        return false;
    return fallback;
}

int64_t ks_config_long(const struct ks_config *config, const char *key, int64_t fallback)
{
    const char *value = ks_config_get(config, key);
    if (!value || !*value)
        return fallback;
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    return *end || errno ? fallback : (int64_t)number;
}

double ks_config_double(const struct ks_config *config, const char *key, double fallback)
{
    const char *value = ks_config_get(config, key);
    if (!value || !*value)
        return fallback;
    char *end;
    double number = strtod(value, &end);
    return *end ? fallback : number;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

size_t ks_config_list(const struct ks_config *config, const char *key, char ***ret)
{
    const char *value = ks_config_get(config, key);
    size_t len = value ? strlen(value) : 0, commas = 0;
    for (size_t i = 0; i < len; i++)
        commas += value[i] == ',';

    size_t pointers = (commas + 2) * sizeof(char *); /* NULL-terminated */
    char **list = mem_calloc(1, pointers + len + 1);
    char *text = (char *)list + pointers;
    if (len)
        memcpy(text, value, len);

    size_t count = 0;
    for (char *next = text; next;) {
        char *element = next;
        next = strchr(element, ',');
        char *end = next ? next : element + strlen(element);
        if (next)
            next++;
        while (element < end && is_blank(*element))
            element++;
        while (end > element && is_blank(end[-1]))
            end--;
        *end = '\0';
        if (end > element)
            list[count++] = element;
    }
    *ret = list;
    return count;
}
