/* The program. In: plugins; out: one line for each thing that is wrong, exit status 1 if there is
 * any. Leaks are found by running it under AddressSanitizer. */
#include "conformance.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alloc.h"

void conformance_fail(struct conformance *c, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fprintf(stderr, "%s: %s%s", c->path, c->class_name ? c->class_name : "",
            c->class_name ? ": " : "");
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    c->failures++;
}

static void check_plugin(struct conformance *c)
{
    const struct ks_plugin *plugin;
    struct ks_error err;
    c->class_name = NULL;
    surface_check_file(c);
    if (plugin_open(c->path, &plugin, &err) != KS_OK) {
        conformance_fail(c, "%s", err.message);
        return;
    }
    for (size_t i = 0; plugin->classes[i]; i++) {
        c->class_name = plugin->classes[i]->name;
        surface_check_class(c, plugin->classes[i]);
        life_check_class(c, plugin->classes[i]);
        printf("%s: %s: checked\n", c->path, c->class_name);
    }
}

static int is_plugin_name(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return len > 3 && strcmp(entry->d_name + len - 3, ".so") == 0;
}

static void check_path(struct conformance *c, const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) {
        c->path = path;
        check_plugin(c);
        return;
    }
    struct dirent **names;
    int count = scandir(path, &names, is_plugin_name, alphasort);
    for (int i = 0; i < count; i++) {
        char *file = xasprintf("%s/%s", path, names[i]->d_name);
        c->path = file;
        check_plugin(c);
        free(file);
        free(names[i]);
    }
    if (count > 0)
        free(names);
}

int main(int argc, char **argv)
{
    struct string_map given = {0};
    struct conformance c = {.given = &given};
    int plugins = 0;
    for (int i = 1; i < argc; i++) {
        char *equals;
        if (strcmp(argv[i], "--set") != 0) {
            check_path(&c, argv[i]);
            plugins++;
        } else if (++i < argc && (equals = strchr(argv[i], '='))) {
            *equals = '\0';
            string_map_set(&given, argv[i], equals + 1);
        }
    }
    string_map_release(&given);
    if (plugins == 0) {
        fputs("usage: plugin_conformance [--set option=value]... plugin.so|folder...\n", stderr);
        return 2;
    }
    return c.failures > 0;
}
