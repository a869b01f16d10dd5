/* What may be asked of the herder. In: a request, from REST or a pipeline file; out: a record in
 * the config topic, read back, or an answer from the tables. Next: herder, on whichever worker
 * holds the connector's slot. Nothing is decided here, so any worker may be asked. */
#include <stdlib.h>

#include "alloc.h"
#include "bounded_call.h"
#include "connector_plan.h"
#include "herder_parts.h"
#include "kitestream/sdk/util.h"

#define CHECK_TIMEOUT_MS 10000

static enum herder_answer unavailable(enum ks_status status)
{
    return status == KS_OK ? HERDER_OK : HERDER_UNAVAILABLE;
}

static enum herder_answer written(struct herder *h, enum ks_status status)
{
    if (status == KS_OK)
        herder_settle(h);
    return unavailable(status);
}

static bool exists(struct herder *h, const char *name)
{
    struct connector_config config;
    bool found = config_store_get(herder_parts(h)->configs, name, &config);
    if (found)
        connector_config_release(&config);
    return found;
}

void herder_expect(struct herder *h, const char *name)
{
    struct ks_error ignored;
    if (!exists(h, name))
        config_store_refresh(herder_parts(h)->configs, &ignored);
}

static enum herder_answer not_found(const char *name, struct ks_error *err)
{
    ks_error_set(err, KS_ERR_DATA, "Connector %s not found", name);
    return HERDER_NOT_FOUND;
}

/* With our own record everything before it has been read, a deletion by another worker too. */
static enum herder_answer written_for(struct herder *h, const char *name, enum ks_status status,
                                      struct ks_error *err)
{
    if (status == KS_OK && !exists(h, name))
        return not_found(name, err);
    return written(h, status);
}

/* ---- checks ---- */

struct check_request {
    const struct plugin_set *plugins;
    char *name;
    struct string_map config;
    struct config_issues issues;
};

static void run_check(void *arg)
{
    struct check_request *r = arg;
    connector_plan_check_online(r->plugins, r->name, &r->config, &r->issues);
    config_issues_drop_unknown(&r->issues);
}

static void release_check(void *arg)
{
    struct check_request *r = arg;
    config_issues_release(&r->issues);
    string_map_release(&r->config);
    free(r->name);
    free(r);
}

static struct string_map with_name(const struct string_map *config, const char *name)
{
    struct ks_config view = string_map_view(config);
    struct string_map full = string_map_copy(&view);
    string_map_set(&full, "name", name);
    return full;
}

enum herder_answer herder_check(struct herder *h, const char *name, const struct string_map *config,
                                struct config_issues *issues, struct ks_error *err)
{
    struct check_request *r = xcalloc(1, sizeof *r);
    r->plugins = herder_parts(h)->plugins;
    r->name = xstrdup(name);
    r->config = with_name(config, name);
    const struct bounded_call_spec spec = {run_check, r, release_check, NULL, NULL};
    struct bounded_call *call = bounded_call_start(&spec);
    bool done = call && bounded_call_wait(call, CHECK_TIMEOUT_MS);
    if (done) {
        *issues = r->issues;
        r->issues = (struct config_issues){0};
    } else {
        ks_error_set(err, KS_ERR_RETRIABLE,
                     "the checks of %s (validate) have not returned for %d s; nothing was changed",
                     string_map_get(config, "connector.class"), CHECK_TIMEOUT_MS / 1000);
    }
    if (call && !bounded_call_free(call))
        herder_abandoned(h);
    if (!done)
        return HERDER_UNAVAILABLE;
    return issues->count > 0 ? HERDER_INVALID : HERDER_OK;
}

/* ---- changes ---- */

enum herder_answer herder_store_connector(struct herder *h, const char *name,
                                          const struct string_map *config, enum target_state target,
                                          bool only_create, struct ks_error *err)
{
    struct string_map full = with_name(config, name);
    struct connector_config old = {.auto_restart = AUTO_RESTART_OFF};
    /* A create that succeeds was one, also if the table still had an older connector. */
    bool is_new = only_create || !config_store_get(herder_parts(h)->configs, name, &old);
    enum ks_status status = config_store_put_connector(herder_parts(h)->configs, name, &full,
                                                       old.auto_restart, target, only_create, err);
    string_map_release(&full);
    connector_config_release(&old);
    if (status == KS_ERR_DATA)
        return HERDER_CONFLICT;
    enum herder_answer answer = unavailable(status);
    return answer == HERDER_OK && is_new ? HERDER_CREATED : answer;
}

enum herder_answer herder_put_connector(struct herder *h, const char *name,
                                        const struct string_map *config, enum target_state target,
                                        bool only_create, struct ks_error *err)
{
    struct config_issues issues = {0};
    enum herder_answer answer = herder_check(h, name, config, &issues, err);
    if (answer == HERDER_INVALID)
        connector_plan_issues_error(&issues, err);
    config_issues_release(&issues);
    return answer == HERDER_OK ? herder_store_connector(h, name, config, target, only_create, err)
                               : answer;
}

enum herder_answer herder_delete(struct herder *h, const char *name, struct ks_error *err)
{
    if (!exists(h, name))
        return not_found(name, err);
    return written(h, config_store_delete(herder_parts(h)->configs, name, err));
}

enum herder_answer herder_set_target(struct herder *h, const char *name, enum target_state target,
                                     struct ks_error *err)
{
    if (!exists(h, name))
        return not_found(name, err);
    enum ks_status status = config_store_put_target(herder_parts(h)->configs, name, target, err);
    return written_for(h, name, status, err);
}

enum herder_answer herder_restart(struct herder *h, const char *name, int task, bool include_tasks,
                                  bool only_failed, struct ks_error *err)
{
    struct connector_config config;
    if (!config_store_get(herder_parts(h)->configs, name, &config))
        return not_found(name, err);
    bool has_task = task < (int)config.task_count;
    connector_config_release(&config);
    if (!has_task) {
        ks_error_set(err, KS_ERR_DATA, "Unknown task: %s-%d", name, task);
        return HERDER_NOT_FOUND;
    }
    struct restart_request request = {
        .task = task, .include_tasks = include_tasks, .only_failed = only_failed};
    enum ks_status status = config_store_put_restart(herder_parts(h)->configs, name, &request, err);
    return written_for(h, name, status, err);
}

enum herder_answer herder_put_logger(struct herder *h, const char *logger, const char *level,
                                     struct ks_error *err)
{
    return unavailable(config_store_put_logger(herder_parts(h)->configs, logger, level, err));
}

size_t herder_names(struct herder *h, char ***ret)
{
    return config_store_names(herder_parts(h)->configs, ret);
}

bool herder_config(struct herder *h, const char *name, struct connector_config *ret)
{
    return config_store_get(herder_parts(h)->configs, name, ret);
}

static const struct ks_connector_class *class_of(struct herder *h,
                                                 const struct connector_config *config)
{
    const char *cls = string_map_get(&config->config, "connector.class");
    const struct plugin_class *found = cls ? plugin_set_find(herder_parts(h)->plugins, cls) : NULL;
    return found ? found->cls : NULL;
}

bool herder_kind(struct herder *h, const char *name, enum ks_class_kind *ret)
{
    struct connector_config config;
    if (!config_store_get(herder_parts(h)->configs, name, &config))
        return false;
    const struct ks_connector_class *cls = class_of(h, &config);
    connector_config_release(&config);
    if (!cls)
        return false;
    *ret = cls->kind;
    return true;
}

struct metrics *herder_metrics(struct herder *h)
{
    return herder_parts(h)->metrics;
}

bool herder_status(struct herder *h, const char *name, struct connector_status *ret)
{
    struct connector_config config;
    if (!config_store_get(herder_parts(h)->configs, name, &config))
        return false;
    int known = status_store_task_count(herder_parts(h)->statuses, name);
    size_t count = known > (int)config.task_count ? (size_t)known : config.task_count;
    struct connector_status status = {
        .name = xstrdup(name), .task_count = count, .cls = class_of(h, &config)};
    connector_config_release(&config);
    status_store_get(herder_parts(h)->statuses, name, STATUS_CONNECTOR, &status.connector);
    status.tasks = xcalloc(count + 1, sizeof *status.tasks);
    for (size_t i = 0; i < count; i++)
        status_store_get(herder_parts(h)->statuses, name, (int)i, &status.tasks[i]);
    *ret = status;
    return true;
}

void connector_status_release(struct connector_status *status)
{
    for (size_t i = 0; i < status->task_count; i++)
        task_status_release(&status->tasks[i]);
    free(status->tasks);
    task_status_release(&status->connector);
    free(status->name);
    *status = (struct connector_status){0};
}

size_t herder_topics(struct herder *h, const char *name, char ***ret)
{
    return status_store_topics(herder_parts(h)->statuses, name, ret);
}

void herder_forget_topics(struct herder *h, const char *name)
{
    status_store_forget_topics(herder_parts(h)->statuses, name);
}
