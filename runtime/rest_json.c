/* Connectors as Connect shows them. In: what the herder knows; out: JSON. Next: rest_connectors,
 * rest_lifecycle. Members of ours are there only when they have something to say: clients of
 * Connect do not expect them. */
#include "rest_json.h"

#include <string.h>

#include "status_record.h"

#define CLASS_SUFFIX "Connector"

static const char *type_of(const struct ks_connector_class *cls)
{
    if (!cls)
        return "unknown";
    return cls->kind == KS_CLASS_SINK ? "sink" : "source";
}

static const struct ks_connector_class *class_of(const struct rest_context *ctx,
                                                 const struct connector_config *config)
{
    const char *name = string_map_get(&config->config, "connector.class");
    const struct plugin_class *found = name ? plugin_set_find(ctx->plugins, name) : NULL;
    return found ? found->cls : NULL;
}

static json_t *task_id(const char *connector, size_t task)
{
    return json_pack("{s:s, s:I}", "connector", connector, "task", (json_int_t)task);
}

json_t *rest_json_info(const struct rest_context *ctx, const struct connector_config *config,
                       bool with_tasks)
{
    json_t *tasks = json_array();
    for (size_t i = 0; with_tasks && i < config->task_count; i++)
        json_array_append_new(tasks, task_id(config->name, i));
    return json_pack("{s:s, s:o, s:o, s:s}", "name", config->name, "config",
                     string_map_to_json(&config->config), "tasks", tasks, "type",
                     type_of(class_of(ctx, config)));
}

/* Clients show it: the class with Task where Connector was. */
static void set_task_class(json_t *task, const struct ks_connector_class *cls)
{
    size_t len = cls ? strlen(cls->name) : 0, suffix = strlen(CLASS_SUFFIX);
    if (len <= suffix || strcmp(cls->name + len - suffix, CLASS_SUFFIX) != 0)
        return;
    json_object_set_new(task, "task.class",
                        json_sprintf("%.*sTask", (int)(len - suffix), cls->name));
}

json_t *rest_json_tasks(const struct rest_context *ctx, const struct connector_config *config)
{
    json_t *tasks = json_array();
    for (size_t i = 0; i < config->task_count; i++) {
        json_t *task = string_map_to_json(&config->tasks[i]);
        set_task_class(task, class_of(ctx, config));
        json_array_append_new(
            tasks, json_pack("{s:o, s:o}", "id", task_id(config->name, i), "config", task));
    }
    return tasks;
}

static void add_text(json_t *object, const char *member, const char *text)
{
    if (text && *text)
        json_object_set_new(object, member, status_text_json(text));
}

static void add_state(json_t *object, const struct task_status *status,
                      const struct ks_connector_class *cls)
{
    const char *version = status->version ? status->version : cls ? cls->version : NULL;
    json_object_set_new(object, "state", json_string(task_state_name(status->state)));
    json_object_set_new(object, "worker_id",
                        status_text_json(status->worker_id ? status->worker_id : ""));
    json_object_set_new(object, "version", status_text_json(version));
    add_text(object, "trace", status->trace);
    add_text(object, "waiting", status->waiting);
}

json_t *rest_json_task_status(const struct connector_status *status, size_t task)
{
    json_t *json = json_pack("{s:I}", "id", (json_int_t)task);
    add_state(json, &status->tasks[task], status->cls);
    return json;
}

json_t *rest_json_status(const struct connector_status *status)
{
    json_t *connector = json_object(), *tasks = json_array();
    add_state(connector, &status->connector, status->cls);
    for (size_t i = 0; i < status->task_count; i++)
        json_array_append_new(tasks, rest_json_task_status(status, i));
    return json_pack("{s:s, s:o, s:o, s:s}", "name", status->name, "connector", connector, "tasks",
                     tasks, "type", type_of(status->cls));
}
