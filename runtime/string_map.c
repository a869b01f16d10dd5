/* Configurations as sorted arrays. In: options one by one or a JSON object; out: ks_config views
 * for plugins and JSON for topics and REST. Small (tens of entries), so insertion moves memory. */
#include "string_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"

void string_map_release(struct string_map *m)
{
    for (size_t i = 0; i < m->count; i++) {
        free((char *)m->entries[i].key);
        free((char *)m->entries[i].value);
    }
    free(m->entries);
    *m = (struct string_map){0};
}

/* Index of the first entry whose key is not less than `key`. */
static size_t lower_bound(const struct string_map *m, const char *key)
{
    size_t low = 0, high = m->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (strcmp(m->entries[mid].key, key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool is_at(const struct string_map *m, size_t i, const char *key)
{
    return i < m->count && strcmp(m->entries[i].key, key) == 0;
}

void string_map_set(struct string_map *m, const char *key, const char *value)
{
    char *copy = xstrdup(value); /* `value` may be the one that is replaced */
    size_t i = lower_bound(m, key);
    if (is_at(m, i, key)) {
        free((char *)m->entries[i].value);
        m->entries[i].value = copy;
        return;
    }
    m->entries = xgrow(m->entries, m->count, &m->cap, sizeof *m->entries);
    memmove(m->entries + i + 1, m->entries + i, (m->count - i) * sizeof *m->entries);
    m->entries[i] = (struct ks_config_entry){.key = xstrdup(key), .value = copy};
    m->count++;
}

void string_map_remove(struct string_map *m, const char *key)
{
    size_t i = lower_bound(m, key);
    if (!is_at(m, i, key))
        return;
    free((char *)m->entries[i].key);
    free((char *)m->entries[i].value);
    m->count--;
    memmove(m->entries + i, m->entries + i + 1, (m->count - i) * sizeof *m->entries);
}

const char *string_map_get(const struct string_map *m, const char *key)
{
    size_t i = lower_bound(m, key);
    return is_at(m, i, key) ? m->entries[i].value : NULL;
}

struct string_map string_map_copy(const struct ks_config *config)
{
    struct string_map m = {0};
    for (size_t i = 0; i < config->count; i++)
        string_map_set(&m, config->entries[i].key, config->entries[i].value);
    return m;
}

struct ks_config string_map_view(const struct string_map *m)
{
    return (struct ks_config){.entries = m->entries, .count = m->count};
}

bool string_map_equal(const struct string_map *a, const struct string_map *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->entries[i].key, b->entries[i].key) != 0 ||
            strcmp(a->entries[i].value, b->entries[i].value) != 0)
            return false;
    return true;
}

/* Shortest text that reads back as the same number; whole numbers keep their ".0", as in Java. */
static void real_to_text(double number, char *text, size_t cap)
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, cap, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    if (!strpbrk(text, ".e"))
        strncat(text, ".0", cap - strlen(text) - 1);
}

static enum ks_status set_from_json(struct string_map *m, const char *key, const json_t *value,
                                    struct ks_error *err)
{
    char text[64];
    switch (json_typeof(value)) {
    case JSON_STRING:
        if (strlen(json_string_value(value)) != json_string_length(value))
            return ks_error_set(err, KS_ERR_DATA, "value of \"%s\" contains a NUL character", key);
        string_map_set(m, key, json_string_value(value));
        return KS_OK;
    case JSON_INTEGER:
        snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        real_to_text(json_real_value(value), text, sizeof text);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        snprintf(text, sizeof text, "%s", json_is_true(value) ? "true" : "false");
        break;
    case JSON_NULL:
        return ks_error_set(err, KS_ERR_DATA, "value of \"%s\" is null; leave the key out", key);
    case JSON_OBJECT:
    case JSON_ARRAY:
        return ks_error_set(err, KS_ERR_DATA,
                            "value of \"%s\" is an object or array; values are strings, numbers "
                            "or booleans",
                            key);
    }
    string_map_set(m, key, text);
    return KS_OK;
}

enum ks_status string_map_from_json(const json_t *object, struct string_map *ret,
                                    struct ks_error *err)
{
    if (!json_is_object(object))
        return ks_error_set(err, KS_ERR_DATA, "not a JSON object");
    struct string_map m = {0};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        enum ks_status status = set_from_json(&m, key, value, err);
        if (status != KS_OK) {
            string_map_release(&m);
            return status;
        }
    }
    *ret = m;
    return KS_OK;
}

json_t *string_map_to_json(const struct string_map *m)
{
    json_t *object = json_object();
    for (size_t i = 0; i < m->count; i++)
        json_object_set_new(object, m->entries[i].key, json_string(m->entries[i].value));
    return object;
}
