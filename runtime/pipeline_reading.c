/* What both forms of a pipeline file share. In: nodes of the YAML tree; out: members of
 * pipeline_connector, each problem as "file:line: what, and the nearest valid name". Next:
 * pipeline_yaml (Strimzi's shape) and pipeline_short. */
#include "pipeline_reading.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"
#include "nearest.h"

static const char *const restart_keys[] = {"enabled", "maxRestarts", NULL};

enum ks_status pipeline_fail(const struct pipeline_reading *r, int line, const char *what)
{
    return ks_error_set(r->err, KS_ERR_FATAL, "%s:%d: %.800s", r->file->path, line, what);
}

enum ks_status pipeline_unknown_key(const struct pipeline_reading *r,
                                    const struct yaml_entry *entry, const char *where,
                                    const char *const *valid)
{
    const char *nearest = nearest_name(entry->key, valid);
    char *text = nearest ? xasprintf("unknown key \"%.200s\" in %s; did you mean \"%s\"?",
                                     entry->key, where, nearest)
                         : xasprintf("unknown key \"%.200s\" in %s; valid are", entry->key, where);
    for (; !nearest && *valid; valid++) {
        char *longer = xasprintf("%s %s", text, *valid);
        free(text);
        text = longer;
    }
    enum ks_status status = pipeline_fail(r, entry->line, text);
    free(text);
    return status;
}

enum ks_status pipeline_check_keys(const struct pipeline_reading *r, const struct yaml_node *map,
                                   const char *where, const char *const *valid)
{
    if (map->kind != YAML_MAP) {
        char *text = xasprintf("%s must be a map, this is %s", where, yaml_kind_name(map));
        enum ks_status status = pipeline_fail(r, map->line, text);
        free(text);
        return status;
    }
    for (size_t i = 0; i < map->count; i++) {
        const char *const *key = valid;
        while (*key && strcmp(*key, map->entries[i].key) != 0)
            key++;
        if (!*key)
            return pipeline_unknown_key(r, &map->entries[i], where, valid);
    }
    return KS_OK;
}

enum ks_status pipeline_text(const struct pipeline_reading *r, const struct yaml_node *map,
                             const char *key, const char **ret)
{
    const struct yaml_node *node = yaml_get(map, key);
    if (!node)
        return KS_OK;
    if (node->kind != YAML_SCALAR || node->is_null) {
        char *text = xasprintf("\"%s\" must be a text, this is %s", key, yaml_kind_name(node));
        enum ks_status status = pipeline_fail(r, node->line, text);
        free(text);
        return status;
    }
    *ret = node->text;
    return KS_OK;
}

static bool is_valid_name(const char *name)
{
    if (name[strspn(name, " \t")] == '\0')
        return false;
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            return false;
    return true;
}

enum ks_status pipeline_name(const struct pipeline_reading *r, const struct yaml_node *map,
                             const char *where, const char **ret)
{
    const char *name = NULL;
    enum ks_status status = pipeline_text(r, map, "name", &name);
    if (status == KS_OK && !name) {
        char *text = xasprintf("%s has no name", where);
        status = pipeline_fail(r, map->line, text);
        free(text);
    } else if (status == KS_OK && !is_valid_name(name)) {
        status = pipeline_fail(r, yaml_get(map, "name")->line,
                               "a name may not be empty or contain control characters");
    }
    if (status == KS_OK)
        *ret = name;
    return status;
}

enum ks_status pipeline_add(struct pipeline_reading *r, const char *name, int line,
                            struct pipeline_connector **ret)
{
    struct pipeline_file *file = r->file;
    for (size_t i = 0; i < file->count; i++) {
        if (strcmp(file->connectors[i].name, name) != 0)
            continue;
        char *text = xasprintf("a connector \"%.200s\" is there already, in line %d", name,
                               file->connectors[i].line);
        enum ks_status status = pipeline_fail(r, line, text);
        free(text);
        return status;
    }
    file->connectors = xgrow(file->connectors, file->count, &r->cap, sizeof *file->connectors);
    struct pipeline_connector *c = &file->connectors[file->count++];
    *c = (struct pipeline_connector){.name = xstrdup(name), .line = line};
    *ret = c;
    return pipeline_set(r, c, "name", name, line);
}

enum ks_status pipeline_set(const struct pipeline_reading *r, struct pipeline_connector *c,
                            const char *option, const char *value, int line)
{
    if (string_map_get(&c->config, option)) {
        char *text = xasprintf("\"%.200s\" is there twice; the first is in line %d", option,
                               pipeline_connector_line(c, option));
        enum ks_status status = pipeline_fail(r, line, text);
        free(text);
        return status;
    }
    string_map_set(&c->config, option, value);
    c->lines = xrealloc(c->lines, (c->line_count + 1) * sizeof *c->lines);
    c->lines[c->line_count++] =
        (struct pipeline_option_line){.option = xstrdup(option), .line = line};
    return KS_OK;
}

struct option_target {
    const struct pipeline_reading *r;
    struct pipeline_connector *connector;
};

/* What has a key of its own one level up, and its Connect name. */
static const char *own_key(const char *option)
{
    return strcmp(option, "name") == 0              ? "name"
           : strcmp(option, "connector.class") == 0 ? "class"
           : strcmp(option, "tasks.max") == 0       ? "tasksMax"
                                                    : NULL;
}

static enum ks_status take_option(void *arg, const char *option, const char *value, int line,
                                  struct ks_error *err)
{
    struct option_target *target = arg;
    const char *key = own_key(option);
    if (!key)
        return pipeline_set(target->r, target->connector, option, value, line);
    char *text =
        xasprintf("\"%s\" does not belong among the options; the key \"%s\" says it", option, key);
    enum ks_status status = pipeline_fail(target->r, line, text);
    free(text);
    return status;
}

enum ks_status pipeline_options(const struct pipeline_reading *r, struct pipeline_connector *c,
                                const struct yaml_node *map)
{
    struct option_target target = {.r = r, .connector = c};
    if (map->kind == YAML_SCALAR && map->is_null)
        return KS_OK;
    if (map->kind != YAML_MAP) {
        char *text = xasprintf("options must be a map, this is %s", yaml_kind_name(map));
        enum ks_status status = pipeline_fail(r, map->line, text);
        free(text);
        return status;
    }
    return yaml_flatten(r->file->path, map, take_option, &target, r->err);
}

enum ks_status pipeline_set_key(const struct pipeline_reading *r, struct pipeline_connector *c,
                                const struct yaml_node *map, const char *key, const char *option)
{
    const char *value = NULL;
    enum ks_status status = pipeline_text(r, map, key, &value);
    if (status == KS_OK && value)
        status = pipeline_set(r, c, option, value, yaml_get(map, key)->line);
    return status;
}

static enum ks_status read_state(const struct pipeline_reading *r, struct pipeline_connector *c,
                                 const struct yaml_node *map)
{
    static const char *const names[] = {"running", "paused", "stopped"};
    const char *state = NULL;
    enum ks_status status = pipeline_text(r, map, "state", &state);
    if (status != KS_OK || !state)
        return status;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcasecmp(state, names[i]) == 0) {
            c->state = (enum pipeline_state)i;
            return KS_OK;
        }
    }
    return pipeline_fail(r, yaml_get(map, "state")->line,
                         "\"state\" must be one of: running, paused, stopped");
}

static enum ks_status read_auto_restart(const struct pipeline_reading *r,
                                        struct pipeline_connector *c, const struct yaml_node *map)
{
    const struct yaml_node *node = yaml_get(map, "autoRestart");
    if (!node)
        return KS_OK;
    enum ks_status status = pipeline_check_keys(r, node, "\"autoRestart\"", restart_keys);
    const char *enabled = NULL, *max = NULL;
    if (status == KS_OK)
        status = pipeline_text(r, node, "enabled", &enabled);
    if (status == KS_OK)
        status = pipeline_text(r, node, "maxRestarts", &max);
    if (status != KS_OK)
        return status;
    if (enabled && strcasecmp(enabled, "true") != 0 && strcasecmp(enabled, "false") != 0)
        return pipeline_fail(r, yaml_get(node, "enabled")->line,
                             "\"enabled\" must be true or false");
    c->auto_restart = enabled && strcasecmp(enabled, "true") == 0;
    if (!max)
        return KS_OK;
    char *end;
    long number = strtol(max, &end, 10);
    if (end == max || *end || number < 1 || number > 1000000)
        return pipeline_fail(r, yaml_get(node, "maxRestarts")->line,
                             "\"maxRestarts\" must be a number from 1 to 1000000; leave it out "
                             "for no limit");
    c->max_restarts = (int)number;
    return KS_OK;
}

enum ks_status pipeline_read_wanted(const struct pipeline_reading *r, struct pipeline_connector *c,
                                    const struct yaml_node *map)
{
    enum ks_status status = read_state(r, c, map);
    return status == KS_OK ? read_auto_restart(r, c, map) : status;
}
