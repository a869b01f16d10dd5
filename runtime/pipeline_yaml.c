/* Pipeline files. In: YAML (Strimzi's shape, or the short form); out: connectors as Connect
 * configurations, each option with its line. Next: herder applies them, check validates them
 * against the plugins' tables. What a file says twice, or says of keys that do not exist, is an
 * error: a misspelt option must not become a default in silence. */
#include "pipeline_yaml.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "file_text.h"
#include "kitestream/sdk/util.h"
#include "pipeline_reading.h"

static const char *const file_keys[] = {"connectors", "pipelines", NULL};
static const char *const connector_keys[] = {"name",        "class",  "tasksMax", "state",
                                             "autoRestart", "config", NULL};

static enum ks_status read_connector(struct pipeline_reading *r, const struct yaml_node *map)
{
    const char *name;
    struct pipeline_connector *c;
    enum ks_status status = pipeline_check_keys(r, map, "a connector", connector_keys);
    if (status == KS_OK)
        status = pipeline_name(r, map, "this connector", &name);
    if (status == KS_OK)
        status = pipeline_add(r, name, map->line, &c);
    if (status == KS_OK)
        status = pipeline_set_key(r, c, map, "class", "connector.class");
    if (status == KS_OK && !string_map_get(&c->config, "connector.class"))
        return pipeline_fail(r, map->line, "this connector has no class");
    if (status == KS_OK)
        status = pipeline_set_key(r, c, map, "tasksMax", "tasks.max");
    if (status == KS_OK)
        status = pipeline_read_wanted(r, c, map);
    const struct yaml_node *config = yaml_get(map, "config");
    if (status == KS_OK && config)
        status = pipeline_options(r, c, config);
    return status;
}

static enum ks_status read_list(struct pipeline_reading *r, const struct yaml_node *list,
                                const char *what,
                                enum ks_status (*read)(struct pipeline_reading *,
                                                       const struct yaml_node *))
{
    if (list->kind != YAML_LIST) {
        char *text = xasprintf("\"%s\" must be a list, this is %s", what, yaml_kind_name(list));
        enum ks_status status = pipeline_fail(r, list->line, text);
        free(text);
        return status;
    }
    for (size_t i = 0; i < list->count; i++) {
        enum ks_status status = read(r, list->entries[i].value);
        if (status != KS_OK)
            return status;
    }
    return KS_OK;
}

static enum ks_status read_file(struct pipeline_reading *r, const struct yaml_node *root)
{
    if (root->kind == YAML_LIST)
        return read_list(r, root, "connectors", read_connector);
    enum ks_status status = pipeline_check_keys(r, root, "a pipeline file", file_keys);
    const struct yaml_node *connectors = yaml_get(root, "connectors");
    const struct yaml_node *pipelines = yaml_get(root, "pipelines");
    if (status == KS_OK && connectors)
        status = read_list(r, connectors, "connectors", read_connector);
    if (status == KS_OK && pipelines)
        status = read_list(r, pipelines, "pipelines", pipeline_read_short);
    return status;
}

static void hash(const char *text, size_t len, char ret[65])
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)text, len, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(ret + 2 * i, 3, "%02x", digest[i]);
}

enum ks_status pipeline_file_parse(const char *path_for_messages, const char *text, size_t len,
                                   struct pipeline_file *ret, struct ks_error *err)
{
    struct pipeline_file file = {.path = xstrdup(path_for_messages)};
    struct pipeline_reading r = {.file = &file, .err = err};
    struct ks_arena arena = {0};
    const struct yaml_node *root;
    hash(text, len, file.sha256);
    enum ks_status status = yaml_parse(path_for_messages, text, len, &arena, &root, err);
    if (status == KS_OK)
        status = read_file(&r, root);
    if (status == KS_OK && file.count == 0)
        status = pipeline_fail(&r, root->line,
                               "there is no connector here; expected \"connectors\" or "
                               "\"pipelines\" with a list");
    ks_arena_release(&arena);
    if (status == KS_OK)
        *ret = file;
    else
        pipeline_file_release(&file);
    return status;
}

enum ks_status pipeline_file_load(const char *path, struct pipeline_file *ret, struct ks_error *err)
{
    char *text = NULL;
    size_t len;
    enum ks_status status = file_text_read(path, YAML_MAX_BYTES, &text, &len, err);
    if (status == KS_OK)
        status = pipeline_file_parse(path, text, len, ret, err);
    else
        ks_error_prefix(err, "%s", path);
    free(text);
    return status;
}

static void connector_release(struct pipeline_connector *c)
{
    for (size_t i = 0; i < c->line_count; i++)
        free(c->lines[i].option);
    free(c->lines);
    free(c->name);
    string_map_release(&c->config);
}

void pipeline_file_release(struct pipeline_file *f)
{
    for (size_t i = 0; i < f->count; i++)
        connector_release(&f->connectors[i]);
    free(f->connectors);
    free(f->path);
    *f = (struct pipeline_file){0};
}

int pipeline_connector_line(const struct pipeline_connector *c, const char *option)
{
    for (size_t i = 0; i < c->line_count; i++)
        if (strcmp(c->lines[i].option, option) == 0)
            return c->lines[i].line;
    return c->line;
}
