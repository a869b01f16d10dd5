/* Option tables at work. In: tables and a configuration as written; out: what is wrong with it, and
 * the configuration complete with defaults. Next: config_common for what every connector has, then
 * herder (which starts tasks) or check (which prints). */
#include "config_def.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "config_value.h"
#include "nearest.h"

#define HIDDEN "[hidden]"

const char *config_type_name(enum ks_config_type type)
{
    static const char *const names[] = {"boolean", "string", "int",     "long",
                                        "double",  "list",   "password"};
    return (size_t)type < sizeof names / sizeof *names ? names[type] : "unknown";
}

const char *config_importance_name(enum ks_config_importance importance)
{
    static const char *const names[] = {"high", "medium", "low"};
    return (size_t)importance < sizeof names / sizeof *names ? names[importance] : "unknown";
}

static bool is_match(const struct ks_config_def *def, const char *option)
{
    if (def->flags & KS_CONFIG_PREFIX)
        return strncmp(option, def->name, strlen(def->name)) == 0 && option[strlen(def->name)];
    return strcmp(def->name, option) == 0;
}

/* A full name wins over a prefix, a longer prefix over a shorter one. */
const struct ks_config_def *config_def_find(const struct ks_config_def *const *tables,
                                            const char *option)
{
    const struct ks_config_def *best = NULL;
    for (; *tables; tables++) {
        for (const struct ks_config_def *def = *tables; def->name; def++) {
            if (!is_match(def, option))
                continue;
            if (!(def->flags & KS_CONFIG_PREFIX))
                return def;
            if (!best || strlen(def->name) > strlen(best->name))
                best = def;
        }
    }
    return best;
}

/* Of "producer.overide.acks" against the prefix "producer.override.": only the first two parts. */
static size_t distance_to(const struct ks_config_def *def, const char *option)
{
    if (!(def->flags & KS_CONFIG_PREFIX))
        return nearest_distance(option, def->name);
    size_t dots = 0, len = 0;
    for (const char *p = def->name; *p; p++)
        dots += *p == '.';
    while (option[len] && dots > 0)
        dots -= option[len++] == '.';
    if (dots > 0)
        return SIZE_MAX;
    char *head = xstrndup(option, len);
    size_t distance = nearest_distance(head, def->name);
    free(head);
    return distance;
}

const char *config_def_nearest(const struct ks_config_def *const *tables, const char *option)
{
    const char *best = NULL;
    size_t least = nearest_limit(option) + 1;
    for (; *tables; tables++) {
        for (const struct ks_config_def *def = *tables; def->name; def++) {
            size_t distance = distance_to(def, option);
            if (distance < least) {
                least = distance;
                best = def->name;
            }
        }
    }
    return best;
}

/* Pass-through options have no table of their own: their names tell. */
static bool names_a_secret(const char *option)
{
    static const char *const marks[] = {"password",  "secret",  "token",     "jaas.config",
                                        "user.info", "key.pem", "credential"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (strstr(option, marks[i]))
            return true;
    return false;
}

bool config_def_is_secret(const struct ks_config_def *def, const char *option)
{
    return def && !(def->flags & KS_CONFIG_PREFIX) ? def->type == KS_CONFIG_PASSWORD
                                                   : names_a_secret(option);
}

const char *config_def_shown(const struct ks_config_def *const *tables, const char *option,
                             const char *value)
{
    bool is_secret = config_def_is_secret(config_def_find(tables, option), option);
    return is_secret && !config_has_placeholder(value) ? HIDDEN : value;
}

static void add_unknown(const struct ks_config_def *const *tables,
                        const struct ks_config_entry *entry, struct config_issues *issues)
{
    const char *nearest = config_def_nearest(tables, entry->key);
    char *message = nearest ? xasprintf("Unknown configuration \"%s\"; did you mean \"%s\"?",
                                        entry->key, nearest)
                            : xasprintf("Unknown configuration \"%s\"", entry->key);
    config_issues_add_unknown(issues, entry->key,
                              config_def_shown(tables, entry->key, entry->value), message, nearest);
    free(message);
}

static void check_value(const struct ks_config_def *const *tables, const struct ks_config_def *def,
                        const struct ks_config_entry *entry, struct config_issues *issues)
{
    struct ks_buf why = {0};
    if (!config_has_placeholder(entry->value) && !config_value_fits(def, entry->value, &why)) {
        const char *shown = config_def_shown(tables, entry->key, entry->value);
        char *message = xasprintf("Invalid value %s for configuration %s: %s", shown, entry->key,
                                  ks_buf_str(&why));
        config_issues_add(issues, entry->key, shown, message);
        free(message);
    }
    ks_buf_release(&why);
}

static void check_required(const struct ks_config_def *const *tables,
                           const struct ks_config *config, struct config_issues *issues)
{
    struct string_map given = string_map_copy(config);
    for (; *tables; tables++) {
        for (const struct ks_config_def *def = *tables; def->name; def++) {
            if (!(def->flags & KS_CONFIG_REQUIRED) || string_map_get(&given, def->name))
                continue;
            char *message = xasprintf(
                "Missing required configuration \"%s\" which has no default value.", def->name);
            config_issues_add(issues, def->name, NULL, message);
            free(message);
        }
    }
    string_map_release(&given);
}

void config_def_check(const struct ks_config_def *const *tables, const struct ks_config *config,
                      struct config_issues *issues)
{
    for (size_t i = 0; i < config->count; i++) {
        const struct ks_config_def *def = config_def_find(tables, config->entries[i].key);
        if (def)
            check_value(tables, def, &config->entries[i], issues);
        else
            add_unknown(tables, &config->entries[i], issues);
    }
    check_required(tables, config, issues);
}

static bool is_trimmed_type(const struct ks_config_def *def)
{
    return def->type == KS_CONFIG_BOOLEAN || def->type == KS_CONFIG_INT ||
           def->type == KS_CONFIG_LONG || def->type == KS_CONFIG_DOUBLE;
}

static void trim_value(struct string_map *config, const char *option)
{
    const char *value = string_map_get(config, option);
    const char *begin = value + strspn(value, " \t\r\n");
    size_t len = strcspn(begin, " \t\r\n");
    if (len == strlen(value))
        return;
    char *trimmed = xstrndup(begin, len);
    string_map_set(config, option, trimmed);
    free(trimmed);
}

void config_def_fill(const struct ks_config_def *const *tables, struct string_map *config)
{
    for (; *tables; tables++) {
        for (const struct ks_config_def *def = *tables; def->name; def++) {
            if (def->flags & KS_CONFIG_PREFIX)
                continue;
            bool is_given = string_map_get(config, def->name) != NULL;
            if (!is_given && def->default_value)
                string_map_set(config, def->name, def->default_value);
            else if (is_given && is_trimmed_type(def))
                trim_value(config, def->name);
        }
    }
}

char *config_def_fault(const struct ks_config_def *table)
{
    for (const struct ks_config_def *def = table; def->name; def++) {
        size_t len = strlen(def->name);
        if (len == 0)
            return xstrdup("an option has an empty name");
        if ((size_t)def->type > KS_CONFIG_PASSWORD)
            return xasprintf("option \"%s\" has an unknown type", def->name);
        if ((def->flags & KS_CONFIG_PREFIX) && def->name[len - 1] != '.')
            return xasprintf("prefix option \"%s\" does not end in '.'", def->name);
        if (!def->doc || !*def->doc)
            return xasprintf("option \"%s\" has no documentation", def->name);
        if ((def->flags & KS_CONFIG_REQUIRED) && def->default_value)
            return xasprintf("option \"%s\" is required and has a default", def->name);
        for (const struct ks_config_def *other = table; other != def; other++)
            if (strcmp(other->name, def->name) == 0)
                return xasprintf("option \"%s\" is there twice", def->name);
        struct ks_buf why = {0};
        char *fault = NULL;
        if (def->default_value && !config_value_fits(def, def->default_value, &why))
            fault = xasprintf("default of option \"%s\": %s", def->name, ks_buf_str(&why));
        ks_buf_release(&why);
        if (fault)
            return fault;
    }
    return NULL;
}
