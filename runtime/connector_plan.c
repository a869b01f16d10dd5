/* Plans connectors. In: a configuration as the user wrote it; out: its faults, or one configuration
 * for each task. Next: herder (start), REST and pipeline files (check), task_threads (resolve). */
#include "connector_plan.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/buf.h"
#include "kitestream/sdk/util.h"
#include "log.h"

#define NAME_OPTION "name"
#define CLASS_OPTION "connector.class"
#define TASKS_MAX_OPTION "tasks.max"

static struct string_map copy_map(const struct string_map *m)
{
    struct ks_config view = string_map_view(m);
    return string_map_copy(&view);
}

void connector_plan_release(struct connector_plan *plan)
{
    for (size_t i = 0; i < plan->task_count; i++)
        string_map_release(&plan->tasks[i]);
    free(plan->tasks);
    *plan = (struct connector_plan){0};
}

struct tables {
    const struct ks_config_def *list[3];
};

static struct tables tables_of(const struct ks_connector_class *cls)
{
    return (struct tables){{cls->config_defs, config_def_common(cls->kind == KS_CLASS_SINK), NULL}};
}

/* ---- checks ---- */

static char *list_classes(const struct plugin_set *plugins)
{
    const struct plugin_class *classes = NULL;
    size_t count = plugin_set_classes(plugins, &classes);
    struct ks_buf text = {0};
    for (size_t i = 0; i < count; i++)
        ks_buf_printf(&text, "%s%s", i ? ", " : "", classes[i].cls->name);
    if (count == 0)
        ks_buf_add_str(&text, "none");
    return ks_buf_take_str(&text);
}

static const struct ks_connector_class *find_class(const struct plugin_set *plugins,
                                                   const struct string_map *config,
                                                   struct config_issues *issues)
{
    const char *name = string_map_get(config, CLASS_OPTION);
    if (!name || !*name) {
        config_issues_add(issues, CLASS_OPTION, NULL,
                          "Missing required configuration \"connector.class\" which has no "
                          "default value.");
        return NULL;
    }
    const struct plugin_class *found = plugin_set_find(plugins, name);
    if (found)
        return found->cls;
    char *known = list_classes(plugins);
    /* Clients know an unknown class by these words. */
    char *message = xasprintf("Failed to find any class that implements Connector and which name "
                              "matches %s, available connectors are: %s",
                              name, known);
    config_issues_add(issues, CLASS_OPTION, name, message);
    free(message);
    free(known);
    return NULL;
}

typedef void validate_fn(const struct ks_config *, const struct ks_config_issues *);

/* The class's own checks see resolved values where this process can resolve them; where it cannot,
 * the task's start will say so. */
static void check_with_class(const struct ks_connector_class *cls, validate_fn *validate,
                             const struct string_map *config, struct config_issues *issues)
{
    struct string_map resolved = {0};
    if (!validate || connector_plan_resolve(cls, config, &resolved, NULL) != KS_OK)
        return;
    struct ks_config view = string_map_view(&resolved);
    struct ks_config_issues sink = config_issues_sink(issues);
    validate(&view, &sink);
    string_map_release(&resolved);
}

static validate_fn *online_check_of(const struct ks_connector_class *cls)
{
    size_t needed =
        offsetof(struct ks_connector_class, validate_online) + sizeof cls->validate_online;
    return cls->struct_size >= needed ? cls->validate_online : NULL;
}

/* Since `before`, options that are only unknown aside. */
static bool is_nothing_wrong(const struct config_issues *issues, size_t before)
{
    for (size_t i = before; i < issues->count; i++)
        if (!issues->list[i].unknown)
            return false;
    return true;
}

const struct ks_connector_class *connector_plan_check(const struct plugin_set *plugins,
                                                      const char *name,
                                                      const struct string_map *config,
                                                      struct config_issues *issues)
{
    size_t before = issues->count;
    const char *own_name = string_map_get(config, NAME_OPTION);
    if (own_name && strcmp(own_name, name) != 0)
        config_issues_add(issues, NAME_OPTION, own_name,
                          "differs from the name the connector is known by");
    const struct ks_connector_class *cls = find_class(plugins, config, issues);
    if (!cls)
        return NULL;
    struct tables tables = tables_of(cls);
    struct ks_config view = string_map_view(config);
    config_def_check(tables.list, &view, issues);
    config_check_rules(cls, &view, issues);
    if (is_nothing_wrong(issues, before))
        check_with_class(cls, cls->validate, config, issues);
    return cls;
}

const struct ks_connector_class *connector_plan_check_online(const struct plugin_set *plugins,
                                                             const char *name,
                                                             const struct string_map *config,
                                                             struct config_issues *issues)
{
    size_t before = issues->count;
    const struct ks_connector_class *cls = connector_plan_check(plugins, name, config, issues);
    if (cls && is_nothing_wrong(issues, before))
        check_with_class(cls, online_check_of(cls), config, issues);
    return cls;
}

enum ks_status connector_plan_issues_error(const struct config_issues *issues, struct ks_error *err)
{
    struct ks_buf text = {0};
    for (size_t i = 0; i < issues->count; i++) {
        const struct config_issue *issue = &issues->list[i];
        ks_buf_printf(&text, "%s%s: %s", i ? "; " : "", issue->option, issue->message);
    }
    enum ks_status status = ks_error_set(err, KS_ERR_FATAL, "%s", ks_buf_str(&text));
    ks_buf_release(&text);
    return status;
}

/* ---- planning ---- */

static void warn_of_unknown(const char *name, const struct config_issues *issues)
{
    for (size_t i = 0; i < issues->count; i++)
        if (issues->list[i].unknown)
            log_line(KS_LOG_WARN, name, -1, "ignored: %s", issues->list[i].message);
}

struct collector {
    struct connector_plan *plan;
    const struct string_map *config;
    size_t cap;
};

static void add_task(void *ctx, const struct ks_config *task)
{
    struct collector *collector = ctx;
    struct connector_plan *plan = collector->plan;
    plan->tasks = xgrow(plan->tasks, plan->task_count, &collector->cap, sizeof *plan->tasks);
    struct string_map merged = copy_map(collector->config);
    for (size_t i = 0; i < task->count; i++)
        string_map_set(&merged, task->entries[i].key, task->entries[i].value);
    plan->tasks[plan->task_count++] = merged;
}

static enum ks_status too_many_tasks(const struct ks_connector_class *cls,
                                     const struct string_map *config, size_t count, int64_t max,
                                     struct ks_error *err)
{
    struct ks_config view = string_map_view(config);
    ks_error_set(err, KS_ERR_FATAL, "%s planned %zu tasks, tasks.max is %lld", cls->name, count,
                 (long long)max);
    if (ks_config_bool(&view, "tasks.max.enforce", true))
        return KS_ERR_FATAL;
    log_line(KS_LOG_WARN, ks_config_get(&view, NAME_OPTION), -1, "%s", err->message);
    return KS_OK;
}

static enum ks_status ask_class(const struct ks_connector_class *cls,
                                const struct string_map *config, struct collector *collector,
                                struct ks_error *err)
{
    struct ks_config view = string_map_view(config);
    if (!cls->task_configs) {
        add_task(collector, &view);
        return KS_OK;
    }
    struct tables tables = tables_of(cls);
    struct string_map full = copy_map(config);
    config_def_fill(tables.list, &full);
    struct ks_config full_view = string_map_view(&full);
    int64_t max = ks_config_long(&full_view, TASKS_MAX_OPTION, 1);
    struct ks_task_configs configs = {collector, add_task};
    enum ks_status status = cls->task_configs(&full_view, (int32_t)max, &configs, err);
    string_map_release(&full);
    if (status == KS_OK && (int64_t)collector->plan->task_count > max)
        status = too_many_tasks(cls, config, collector->plan->task_count, max, err);
    return status;
}

enum ks_status connector_plan_make(const struct plugin_set *plugins, const char *name,
                                   const struct string_map *config, struct connector_plan *ret,
                                   struct ks_error *err)
{
    struct config_issues issues = {0};
    struct connector_plan plan = {0};
    struct collector collector = {.plan = &plan, .config = config};
    plan.cls = connector_plan_check(plugins, name, config, &issues);
    warn_of_unknown(name, &issues);
    config_issues_drop_unknown(&issues);
    enum ks_status status = issues.count > 0 ? connector_plan_issues_error(&issues, err)
                                             : ask_class(plan.cls, config, &collector, err);
    config_issues_release(&issues);
    if (status == KS_OK)
        *ret = plan;
    else
        connector_plan_release(&plan);
    return status;
}

enum ks_status connector_plan_resolve(const struct ks_connector_class *cls,
                                      const struct string_map *task, struct string_map *ret,
                                      struct ks_error *err)
{
    struct string_map config = copy_map(task);
    enum ks_status status = config_resolve(&config, err);
    if (status != KS_OK) {
        string_map_release(&config);
        return status;
    }
    struct tables tables = tables_of(cls);
    config_def_fill(tables.list, &config);
    *ret = config;
    return KS_OK;
}
