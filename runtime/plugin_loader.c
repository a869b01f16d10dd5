/* Plugins. In: folders from plugin.path; out: connector classes by name, and for each .so that
 * cannot be used the reason. Next: herder, check and `kitestream plugins`. One bad file never keeps
 * the others from loading. */
#include "plugin_loader.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"
#include "plugin_check.h"

struct plugin_set {
    struct plugin_class *classes;
    size_t class_count, class_cap;
    struct plugin_problem *problems;
    size_t problem_count, problem_cap;
    char **paths; /* of the plugins in use; classes borrow them */
    size_t path_count, path_cap;
};

static ks_plugin_open_fn *find_entry(void *handle)
{
    ks_plugin_open_fn *entry;
    void *symbol = dlsym(handle, KS_PLUGIN_ENTRY);
    memcpy(&entry, &symbol, sizeof entry); /* ISO C has no cast from object to function pointer */
    return entry;
}

/* "path: " in front of what dlopen says is one path too many. */
static const char *without_path(const char *text, const char *path)
{
    size_t len = strlen(path);
    return strncmp(text, path, len) == 0 && strncmp(text + len, ": ", 2) == 0 ? text + len + 2
                                                                              : text;
}

enum ks_status plugin_open(const char *path, const struct ks_plugin **ret, struct ks_error *err)
{
    static const struct ks_host host = {.abi_major = KS_ABI_MAJOR,
                                        .abi_minor = KS_ABI_MINOR,
                                        .struct_size = sizeof host,
                                        .version = KITESTREAM_VERSION};
    enum ks_status status = plugin_check_file(path, err);
    if (status != KS_OK)
        return status;
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!handle) {
        const char *reason = dlerror();
        return ks_error_set(err, KS_ERR_FATAL, "cannot be loaded: %s",
                            reason ? without_path(reason, path) : "no reason given");
    }
    ks_plugin_open_fn *entry = find_entry(handle);
    if (!entry)
        return ks_error_set(err, KS_ERR_FATAL,
                            "not a Kitestream plugin: it does not export %s; if it is a library "
                            "that a plugin needs, keep it out of plugin.path",
                            KS_PLUGIN_ENTRY);
    struct ks_error reason = {.message = "no reason given"};
    const struct ks_plugin *plugin = entry(&host, &reason);
    if (!plugin)
        return ks_error_set(err, KS_ERR_FATAL, "the plugin refuses to load: %s", reason.message);
    status = plugin_check(plugin, err);
    if (status == KS_OK)
        *ret = plugin;
    return status;
}

static void add_problem(struct plugin_set *set, const char *path, const char *message)
{
    set->problems =
        xgrow(set->problems, set->problem_count, &set->problem_cap, sizeof *set->problems);
    set->problems[set->problem_count++] =
        (struct plugin_problem){.path = xstrdup(path), .message = xstrdup(message)};
}

static const struct plugin_class *find_exact(const struct plugin_set *set, const char *name)
{
    for (size_t i = 0; i < set->class_count; i++)
        if (strcmp(set->classes[i].cls->name, name) == 0)
            return &set->classes[i];
    return NULL;
}

static void add_class(struct plugin_set *set, const struct ks_plugin *plugin,
                      const struct ks_connector_class *cls, const char *path)
{
    const struct plugin_class *other = find_exact(set, cls->name);
    if (other) {
        char *message = xasprintf("class %s is already provided by %s; remove one of the two",
                                  cls->name, other->path);
        add_problem(set, path, message);
        free(message);
        return;
    }
    set->classes = xgrow(set->classes, set->class_count, &set->class_cap, sizeof *set->classes);
    set->classes[set->class_count++] =
        (struct plugin_class){.cls = cls, .plugin = plugin, .path = path};
}

static void load_file(struct plugin_set *set, const char *path)
{
    const struct ks_plugin *plugin = NULL;
    struct ks_error err;
    if (plugin_open(path, &plugin, &err) != KS_OK) {
        add_problem(set, path, err.message);
        return;
    }
    set->paths = xgrow(set->paths, set->path_count, &set->path_cap, sizeof *set->paths);
    char *kept = xstrdup(path);
    set->paths[set->path_count++] = kept;
    for (size_t i = 0; plugin->classes[i]; i++)
        add_class(set, plugin, plugin->classes[i], kept);
}

static bool is_shared_object(const char *name)
{
    size_t len = strlen(name);
    return len > 3 && strcmp(name + len - 3, ".so") == 0;
}

/* `depth`: how many levels of folders are still looked into. */
static void scan(struct plugin_set *set, const char *dir, int depth)
{
    struct dirent **names;
    int count = scandir(dir, &names, NULL, alphasort);
    if (count < 0) {
        char *message = xasprintf("cannot read this folder of plugin.path: %s", strerror(errno));
        add_problem(set, dir, message);
        free(message);
        return;
    }
    for (int i = 0; i < count; i++) {
        char *path = xasprintf("%s/%s", dir, names[i]->d_name);
        struct stat info;
        if (names[i]->d_name[0] != '.' && stat(path, &info) == 0) {
            if (S_ISDIR(info.st_mode) && depth > 0)
                scan(set, path, depth - 1);
            else if (S_ISREG(info.st_mode) && is_shared_object(path))
                load_file(set, path);
        }
        free(path);
        free(names[i]);
    }
    free(names);
}

static int compare_classes(const void *a, const void *b)
{
    return strcmp(((const struct plugin_class *)a)->cls->name,
                  ((const struct plugin_class *)b)->cls->name);
}

struct plugin_set *plugin_set_load(char *const *dirs, size_t dir_count)
{
    struct plugin_set *set = xcalloc(1, sizeof *set);
    for (size_t i = 0; i < dir_count; i++)
        scan(set, dirs[i], 1);
    if (set->class_count > 0)
        qsort(set->classes, set->class_count, sizeof *set->classes, compare_classes);
    return set;
}

void plugin_set_free(struct plugin_set *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < set->problem_count; i++) {
        free(set->problems[i].path);
        free(set->problems[i].message);
    }
    for (size_t i = 0; i < set->path_count; i++)
        free(set->paths[i]);
    free(set->problems);
    free(set->classes);
    free(set->paths);
    free(set);
}

size_t plugin_set_classes(const struct plugin_set *set, const struct plugin_class **ret)
{
    *ret = set->classes;
    return set->class_count;
}

size_t plugin_set_problems(const struct plugin_set *set, const struct plugin_problem **ret)
{
    *ret = set->problems;
    return set->problem_count;
}

static const char *last_part(const char *class_name)
{
    const char *dot = strrchr(class_name, '.');
    return dot ? dot + 1 : class_name;
}

/* "FileStreamSource" names FileStreamSourceConnector. */
static bool is_alias(const char *alias, const char *class_name)
{
    const char *simple = last_part(class_name);
    size_t len = strlen(alias);
    return strncmp(alias, simple, len) == 0 &&
           (simple[len] == '\0' || strcmp(simple + len, "Connector") == 0);
}

const struct plugin_class *plugin_set_find(const struct plugin_set *set, const char *class_name)
{
    const struct plugin_class *found = find_exact(set, class_name);
    if (found || !*class_name)
        return found;
    for (size_t i = 0; i < set->class_count; i++) {
        if (!is_alias(class_name, set->classes[i].cls->name))
            continue;
        if (found)
            return NULL; /* two classes by that name: the user has to say which */
        found = &set->classes[i];
    }
    return found;
}
