/* Folds the records of the config topic. In: key and JSON value in log order; out: the connectors
 * as they are wanted, and the hashes of applied pipeline files. Next: config_store. */
#include "config_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

static struct config_entry *entry_of(struct config_table *t, const char *connector)
{
    struct config_entry *entry = strmap_get(&t->connectors, connector);
    if (!entry) {
        entry = config_entry_new();
        strmap_put(&t->connectors, connector, entry);
    }
    return entry;
}

static void apply_pipeline(struct config_table *t, const char *name, const json_t *value)
{
    const char *sha256 = json_string_value(json_object_get(value, "sha256"));
    free(strmap_remove(&t->pipelines, name));
    if (sha256 && strlen(sha256) == 64)
        strmap_put(&t->pipelines, name, xstrdup(sha256));
}

/* What follows `prefix` in the key, or NULL. */
static const char *after(const char *key, const char *prefix)
{
    size_t len = strlen(prefix);
    return strncmp(key, prefix, len) == 0 && key[len] ? key + len : NULL;
}

/* Splits <connector>-<number> at the last dash. */
static int split_task(char *name)
{
    char *dash = strrchr(name, '-'), *end;
    if (!dash || dash == name || !dash[1])
        return -1;
    errno = 0;
    long number = strtol(dash + 1, &end, 10);
    if (*end || errno || number < 0 || number > 1000000)
        return -1;
    *dash = '\0';
    return (int)number;
}

static bool apply_task(struct config_table *t, const char *name, const json_t *value)
{
    char *connector = xstrdup(name);
    int task = split_task(connector);
    bool ok = task >= 0 && config_entry_set_task(entry_of(t, connector), task, value);
    free(connector);
    return ok;
}

bool config_table_apply(struct config_table *t, const char *key, const json_t *value,
                        struct ks_slice raw, int64_t offset, bool *refused)
{
    const char *name;
    if ((name = after(key, "connector-")))
        return config_entry_set_connector(entry_of(t, name), value, raw, offset, refused);
    if ((name = after(key, "target-state-")))
        return config_entry_set_target(entry_of(t, name), value);
    if ((name = after(key, "commit-")))
        return config_entry_commit_tasks(entry_of(t, name), value);
    if ((name = after(key, "task-")))
        return apply_task(t, name, value);
    if ((name = after(key, "restart-connector-")))
        return config_entry_set_restart(entry_of(t, name), value, offset);
    if ((name = after(key, "pipeline-")))
        apply_pipeline(t, name, value);
    return true; /* keys of Connect that we have no use for */
}

void config_table_release(struct config_table *t)
{
    size_t pos = 0;
    const char *key;
    void *value;
    while (strmap_next(&t->connectors, &pos, &key, &value))
        config_entry_free(value);
    for (pos = 0; strmap_next(&t->pipelines, &pos, &key, &value);)
        free(value);
    strmap_release(&t->connectors);
    strmap_release(&t->pipelines);
}

const struct config_entry *config_table_find(const struct config_table *t, const char *connector)
{
    const struct config_entry *entry = strmap_get(&t->connectors, connector);
    return entry && config_entry_exists(entry) ? entry : NULL;
}

const char *config_table_pipeline(const struct config_table *t, const char *name)
{
    return strmap_get(&t->pipelines, name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

size_t config_table_names(const struct config_table *t, char ***ret)
{
    size_t count = 0, bytes = 0, pos = 0;
    const char *name;
    void *value;
    while (strmap_next(&t->connectors, &pos, &name, &value))
        bytes += sizeof(char *) + strlen(name) + 1;
    char **names = xmalloc(bytes + sizeof(char *));
    char *text = (char *)(names + t->connectors.len + 1);
    bytes -= t->connectors.len * sizeof(char *);
    for (pos = 0; strmap_next(&t->connectors, &pos, &name, &value);) {
        if (!config_entry_exists(value))
            continue;
        size_t size = strlen(name) + 1;
        memcpy(text, name, size);
        names[count++] = text;
        text += size;
    }
    qsort(names, count, sizeof *names, by_name);
    *ret = names;
    return count;
}
