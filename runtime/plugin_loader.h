/* Finds and opens plugins: the only dlopen and dlsym. Plugins stay loaded until the process ends.
 * Thread: load at start, afterwards read-only. */
#ifndef RUNTIME_PLUGIN_LOADER_H
#define RUNTIME_PLUGIN_LOADER_H

#include "kitestream/plugin.h"

struct plugin_set;

struct plugin_problem {
    char *path;
    char *message; /* what is wrong with this .so and what to do */
};

/* Scans the directories for *.so (one level of subdirectories too). A .so that cannot be used (no
 * entry point, another ABI, bad tables) is a problem, not an error; the others load. */
struct plugin_set *plugin_set_load(char *const *dirs, size_t dir_count);
void plugin_set_free(struct plugin_set *set); /* forgets, does not unload */
/* One file, with the full check; Errors: FATAL with what is wrong and what to do. */
enum ks_status plugin_open(const char *path, const struct ks_plugin **ret, struct ks_error *err);

struct plugin_class {
    const struct ks_connector_class *cls;
    const struct ks_plugin *plugin;
    const char *path;
};
size_t plugin_set_classes(const struct plugin_set *set, const struct plugin_class **ret);
size_t plugin_set_problems(const struct plugin_set *set, const struct plugin_problem **ret);
/* By full name, or by its last part with or without "Connector", as Connect does. NULL if absent or
 * if the last part fits two classes. */
const struct plugin_class *plugin_set_find(const struct plugin_set *set, const char *class_name);

#endif
