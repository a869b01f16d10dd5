/* Nested YAML maps to flat option names. In: a map; out: "a.b.c" and its value, one call each, in
 * order. Next: pipeline_yaml and worker_config, which know what the options mean. */
#include <string.h>

#include "kitestream/sdk/buf.h"
#include "kitestream/sdk/util.h"
#include "yaml_node.h"

struct flattening {
    const char *name;
    yaml_option_fn *fn;
    void *arg;
    struct ks_buf path, value;
    struct ks_error *err;
};

static enum ks_status flatten_map(struct flattening *f, const struct yaml_node *map);

static enum ks_status join_list(struct flattening *f, const struct yaml_node *list)
{
    ks_buf_reset(&f->value);
    for (size_t i = 0; i < list->count; i++) {
        const struct yaml_node *item = list->entries[i].value;
        if (item->kind != YAML_SCALAR || item->is_null || strchr(item->text, ','))
            return ks_error_set(f->err, KS_ERR_FATAL,
                                "%s:%d: the list \"%.200s\" may hold only texts without commas",
                                f->name, list->entries[i].line, ks_buf_str(&f->path));
        ks_buf_printf(&f->value, "%s%s", i > 0 ? "," : "", item->text);
    }
    return KS_OK;
}

static enum ks_status flatten_value(struct flattening *f, const struct yaml_entry *entry)
{
    const struct yaml_node *node = entry->value;
    if (node->kind == YAML_MAP)
        return flatten_map(f, node);
    if (node->kind == YAML_LIST) {
        enum ks_status status = join_list(f, node);
        return status == KS_OK
                   ? f->fn(f->arg, ks_buf_str(&f->path), ks_buf_str(&f->value), entry->line, f->err)
                   : status;
    }
    if (node->is_null)
        return ks_error_set(f->err, KS_ERR_FATAL,
                            "%s:%d: \"%.200s\" has no value; write \"\" for an empty text", f->name,
                            entry->line, ks_buf_str(&f->path));
    return f->fn(f->arg, ks_buf_str(&f->path), node->text, entry->line, f->err);
}

/* Depth is bounded by yaml_parse. */
static enum ks_status flatten_map(struct flattening *f, const struct yaml_node *map)
{
    for (size_t i = 0; i < map->count; i++) {
        size_t len = f->path.len;
        if (!*map->entries[i].key)
            return ks_error_set(f->err, KS_ERR_FATAL, "%s:%d: an empty key", f->name,
                                map->entries[i].line);
        ks_buf_printf(&f->path, "%s%s", len > 0 ? "." : "", map->entries[i].key);
        enum ks_status status = flatten_value(f, &map->entries[i]);
        if (status != KS_OK)
            return status;
        f->path.len = len;
    }
    return KS_OK;
}

enum ks_status yaml_flatten(const char *name, const struct yaml_node *map, yaml_option_fn *fn,
                            void *arg, struct ks_error *err)
{
    struct flattening f = {.name = name, .fn = fn, .arg = arg, .err = err};
    enum ks_status status = flatten_map(&f, map);
    ks_buf_release(&f.path);
    ks_buf_release(&f.value);
    return status;
}
