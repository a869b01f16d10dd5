/* In: connectors and statuses, as the herder knows them; out: the tasks among them. Nothing is kept
 * here: every worker sees the same tasks, and a restart changes nothing. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cdc_ops.h"
#include "kitestream/sdk/util.h"

static void read_side(struct herder *h, char *take_name, struct cdc_side *ret)
{
    struct connector_config config;
    if (herder_config(h, take_name, &config)) {
        ret->exists = true;
        ret->target = config.target;
        connector_config_release(&config);
        (void)herder_status(h, take_name, &ret->status);
    }
    free(take_name);
}

/* A record that somebody changed by hand may not be readable: then the sink tells. */
static bool wants_sink(const struct cdc_task *t)
{
    struct cdc_create c;
    if (cdc_create_read(json_incref(t->record), &c, NULL))
        return t->sink.exists;
    bool wanted = cdc_has_milvus(&c.milvus);
    cdc_create_release(&c);
    return wanted;
}

static bool read_task(struct herder *h, const struct connector_config *config, struct cdc_task *ret)
{
    struct cdc_task t = {.created = config->created};
    t.id = cdc_task_of(config, &t.record);
    if (!t.id)
        return false;
    read_side(h, cdc_source_name(t.id), &t.source);
    read_side(h, cdc_sink_name(t.id), &t.sink);
    t.needs_sink = wants_sink(&t);
    *ret = t;
    return true;
}

static bool read_named(struct herder *h, const char *name, struct cdc_task *ret)
{
    struct connector_config config;
    if (!herder_config(h, name, &config))
        return false;
    bool found = read_task(h, &config, ret);
    connector_config_release(&config);
    return found;
}

bool cdc_task_find(struct herder *h, const char *task_id, struct cdc_task *ret)
{
    char *name = cdc_source_name(task_id);
    bool found = read_named(h, name, ret);
    free(name);
    return found;
}

struct cdc_tasks cdc_tasks_read(struct herder *h)
{
    struct cdc_tasks tasks = {0};
    char **names;
    size_t count = herder_names(h, &names);
    for (size_t i = 0; i < count; i++) {
        tasks.list = xgrow(tasks.list, tasks.count, &tasks.cap, sizeof *tasks.list);
        if (read_named(h, names[i], &tasks.list[tasks.count]))
            tasks.count++;
    }
    free(names);
    return tasks;
}

void cdc_tasks_release(struct cdc_tasks *tasks)
{
    for (size_t i = 0; i < tasks->count; i++)
        cdc_task_release(&tasks->list[i]);
    free(tasks->list);
    *tasks = (struct cdc_tasks){0};
}

enum ks_status cdc_status_of(enum herder_answer answer)
{
    return answer == HERDER_OK || answer == HERDER_CREATED ? KS_OK
           : answer == HERDER_UNAVAILABLE                  ? KS_ERR_RETRIABLE
                                                           : KS_ERR_DATA;
}

enum ks_status cdc_text_of(const json_t *data, const char *name, const char **ret,
                           struct ks_error *err)
{
    const json_t *value = json_object_get(data, name);
    if (value && !json_is_null(value) && !json_is_string(value))
        return ks_error_set(err, KS_ERR_DATA, "%s must be a string", name);
    *ret = json_is_string(value) ? json_string_value(value) : "";
    return KS_OK;
}
