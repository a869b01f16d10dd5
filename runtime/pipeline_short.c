/* The short form of a pipeline. In: {name, state, autoRestart, source: {…}, sink: {…}}; out: the
 * connectors <name>-source and <name>-sink, the same as if they had been written out. In `source`
 * and `sink`, `class` and `tasksMax` are keys and all else is an option. The Milvus classes are the
 * default, and with them topic.prefix: the pipeline's name, shared by both sides. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"
#include "pipeline_reading.h"

#define SOURCE_CLASS "io.kitestream.milvus.MilvusSourceConnector"
#define SINK_CLASS "io.kitestream.milvus.MilvusSinkConnector"

static const char *const short_keys[] = {"name", "state", "autoRestart", "source", "sink", NULL};

/* The side without its keys: what is left are options. Shares the entries' values. */
static struct yaml_node options_of(const struct yaml_node *side, struct yaml_entry **ret_entries)
{
    struct yaml_node options = *side;
    options.entries = *ret_entries = xcalloc(side->count + 1, sizeof **ret_entries);
    options.count = 0;
    for (size_t i = 0; i < side->count; i++)
        if (strcmp(side->entries[i].key, "class") != 0 &&
            strcmp(side->entries[i].key, "tasksMax") != 0)
            options.entries[options.count++] = side->entries[i];
    return options;
}

static enum ks_status read_side(struct pipeline_reading *r, const struct yaml_node *map,
                                const char *pipeline, const char *which, const char *default_class,
                                size_t *ret_index)
{
    const struct yaml_node *side = yaml_get(map, which);
    if (side->kind != YAML_MAP) {
        char *text = xasprintf("\"%s\" must be a map, this is %s", which, yaml_kind_name(side));
        enum ks_status status = pipeline_fail(r, side->line, text);
        free(text);
        return status;
    }
    struct pipeline_connector *c;
    char *name = xasprintf("%s-%s", pipeline, which);
    enum ks_status status = pipeline_add(r, name, side->line, &c);
    free(name);
    if (status == KS_OK)
        status = pipeline_set_key(r, c, side, "class", "connector.class");
    if (status == KS_OK && !string_map_get(&c->config, "connector.class"))
        status = pipeline_set(r, c, "connector.class", default_class, side->line);
    if (status == KS_OK)
        status = pipeline_set_key(r, c, side, "tasksMax", "tasks.max");
    if (status == KS_OK)
        status = pipeline_read_wanted(r, c, map);
    if (status == KS_OK) {
        struct yaml_entry *entries;
        struct yaml_node options = options_of(side, &entries);
        status = pipeline_options(r, c, &options);
        free(entries);
    }
    if (status == KS_OK)
        *ret_index = r->file->count - 1;
    return status;
}

static bool is_milvus(const struct pipeline_connector *c, const char *class_name)
{
    const char *given = string_map_get(&c->config, "connector.class");
    const char *simple = strrchr(class_name, '.') + 1;
    size_t short_len = strlen(simple) - strlen("Connector");
    return strcmp(given, class_name) == 0 || strcmp(given, simple) == 0 ||
           (strlen(given) == short_len && strncmp(given, simple, short_len) == 0);
}

static enum ks_status default_prefix(struct pipeline_reading *r, size_t index,
                                     const char *class_name, const char *prefix)
{
    struct pipeline_connector *c = &r->file->connectors[index];
    if (!is_milvus(c, class_name) || string_map_get(&c->config, "topic.prefix"))
        return KS_OK;
    return pipeline_set(r, c, "topic.prefix", prefix, c->line);
}

enum ks_status pipeline_read_short(struct pipeline_reading *r, const struct yaml_node *map)
{
    const char *name;
    size_t source = 0, sink = 0;
    enum ks_status status = pipeline_check_keys(r, map, "a pipeline", short_keys);
    if (status == KS_OK)
        status = pipeline_name(r, map, "this pipeline", &name);
    if (status != KS_OK)
        return status;
    bool has_source = yaml_get(map, "source") != NULL, has_sink = yaml_get(map, "sink") != NULL;
    if (!has_source && !has_sink)
        return pipeline_fail(r, map->line, "this pipeline has neither source nor sink");

    const char *prefix = name;
    if (has_source) {
        status = read_side(r, map, name, "source", SOURCE_CLASS, &source);
        if (status == KS_OK)
            status = default_prefix(r, source, SOURCE_CLASS, prefix);
    }
    if (status == KS_OK && has_sink) {
        status = read_side(r, map, name, "sink", SINK_CLASS, &sink);
        const char *from_source =
            has_source ? string_map_get(&r->file->connectors[source].config, "topic.prefix") : NULL;
        if (status == KS_OK)
            status = default_prefix(r, sink, SINK_CLASS, from_source ? from_source : prefix);
    }
    return status;
}
