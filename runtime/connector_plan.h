/* From a connector's configuration to the configurations of its tasks: finds the class, checks,
 * plans. Works on unresolved configurations (${…}), so that what it makes may be stored and shown.
 * Thread: any. */
#ifndef RUNTIME_CONNECTOR_PLAN_H
#define RUNTIME_CONNECTOR_PLAN_H

#include "config_def.h"
#include "plugin_loader.h"

/* Owns: tasks. */
struct connector_plan {
    const struct ks_connector_class *cls;
    struct string_map *tasks; /* the connector's options, and over them what its class says */
    size_t task_count;
};
void connector_plan_release(struct connector_plan *plan);

/* Checks everything that can be checked without running it: the class, every option, what the class
 * adds. Appends to `issues`. Returns the class, or NULL. */
const struct ks_connector_class *connector_plan_check(const struct plugin_set *plugins,
                                                      const char *name,
                                                      const struct string_map *config,
                                                      struct config_issues *issues);
/* The same; if nothing is wrong, the class looks at what the connector would work with, which may
 * take a few seconds. For a configuration that somebody gives and waits to hear of. */
const struct ks_connector_class *connector_plan_check_online(const struct plugin_set *plugins,
                                                             const char *name,
                                                             const struct string_map *config,
                                                             struct config_issues *issues);
/* Options that are not known are ignored, with a warning. Errors: FATAL with all that is wrong. */
enum ks_status connector_plan_make(const struct plugin_set *plugins, const char *name,
                                   const struct string_map *config, struct connector_plan *ret,
                                   struct ks_error *err);
/* All messages in one; FATAL. */
enum ks_status connector_plan_issues_error(const struct config_issues *issues,
                                           struct ks_error *err);
/* The configuration a task runs with: placeholders resolved, defaults filled in. Errors: FATAL
 * naming option and placeholder, never a value. */
enum ks_status connector_plan_resolve(const struct ks_connector_class *cls,
                                      const struct string_map *task, struct string_map *ret,
                                      struct ks_error *err);

#endif
