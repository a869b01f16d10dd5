/* Pipeline files at start. In: connectors from YAML; out: records in the config topic. Next:
 * herder. Order: all connectors are checked before the first is written; the file's hash is written
 * last. Death in between: the next start applies the whole file again, which changes nothing twice.
 */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "connector_plan.h"
#include "herder_parts.h"
#include "kitestream/sdk/buf.h"
#include "kitestream/sdk/util.h"
#include "log.h"

static void describe_issues(const struct pipeline_file *file, const struct pipeline_connector *c,
                            const struct config_issues *issues, struct ks_buf *text)
{
    for (size_t i = 0; i < issues->count; i++) {
        int line = pipeline_connector_line(c, issues->list[i].option);
        ks_buf_printf(text, "%s%s:%d: connector %s: %s", text->len ? "\n" : "", file->path,
                      line > 0 ? line : c->line, c->name, issues->list[i].message);
    }
}

enum ks_status herder_check_pipeline(const struct plugin_set *plugins,
                                     const struct pipeline_file *file, struct ks_error *err)
{
    struct ks_buf text = {0};
    for (size_t i = 0; i < file->count; i++) {
        const struct pipeline_connector *c = &file->connectors[i];
        struct config_issues issues = {0};
        connector_plan_check(plugins, c->name, &c->config, &issues);
        describe_issues(file, c, &issues, &text);
        config_issues_release(&issues);
    }
    enum ks_status status =
        text.len ? ks_error_set(err, KS_ERR_FATAL, "%s", ks_buf_str(&text)) : KS_OK;
    ks_buf_release(&text);
    return status;
}

static enum target_state target_of(enum pipeline_state state)
{
    return state == PIPELINE_PAUSED    ? TARGET_PAUSED
           : state == PIPELINE_STOPPED ? TARGET_STOPPED
                                       : TARGET_STARTED;
}

static enum ks_status apply_connector(struct config_store *configs,
                                      const struct pipeline_connector *c, struct ks_error *err)
{
    enum target_state target = target_of(c->state);
    int auto_restart = c->auto_restart ? c->max_restarts : AUTO_RESTART_OFF;
    struct connector_config old = {0};
    bool exists = config_store_get(configs, c->name, &old);
    bool same =
        exists && string_map_equal(&old.config, &c->config) && old.auto_restart == auto_restart;
    enum ks_status status = KS_OK;
    if (!same)
        status = config_store_put_connector(configs, c->name, &c->config, auto_restart, target,
                                            false, err);
    if (status == KS_OK && exists && old.target != target)
        status = config_store_put_target(configs, c->name, target, err);
    if (status == KS_OK)
        log_line(KS_LOG_INFO, c->name, -1, "%s from the pipeline file",
                 !exists ? "created"
                 : same  ? "unchanged"
                         : "changed");
    connector_config_release(&old);
    return status;
}

/* One file has one name wherever the worker was started from. */
static char *name_of(const struct pipeline_file *file)
{
    char *resolved = realpath(file->path, NULL);
    return resolved ? resolved : xstrdup(file->path);
}

enum ks_status herder_apply_pipeline(struct herder *h, const struct pipeline_file *file,
                                     bool *ret_applied, struct ks_error *err)
{
    const struct herd *herd = herder_parts(h);
    char *name = name_of(file), applied[65] = "";
    bool is_known = config_store_pipeline(herd->configs, name, applied);
    enum ks_status status = KS_OK;
    *ret_applied = !is_known || strcmp(applied, file->sha256) != 0;
    if (!*ret_applied)
        goto out;
    status = herder_check_pipeline(herd->plugins, file, err);
    for (size_t i = 0; status == KS_OK && i < file->count; i++)
        status = apply_connector(herd->configs, &file->connectors[i], err);
    if (status == KS_OK)
        status = config_store_put_pipeline(herd->configs, name, file->sha256, err);
out:
    free(name);
    return status;
}
