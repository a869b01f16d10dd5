/* `kitestream plugins`: what can be configured. In: the plugins' tables; out: a list, a manual
 * page, or docs/options.md. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "commands.h"
#include "config_def.h"
#include "nearest.h"

static const char *kind_name(const struct ks_connector_class *cls)
{
    return cls->kind == KS_CLASS_SOURCE ? "source" : "sink";
}

static const char *simple_name(const struct ks_connector_class *cls)
{
    const char *dot = strrchr(cls->name, '.');
    return dot ? dot + 1 : cls->name;
}

static void print_problems(const struct plugin_set *plugins, FILE *err)
{
    const struct plugin_problem *list;
    size_t count = plugin_set_problems(plugins, &list);
    for (size_t i = 0; i < count; i++)
        fprintf(err, "%s: %s\n", list[i].path, list[i].message);
}

static void print_list(const struct plugin_set *plugins, FILE *out)
{
    const struct plugin_class *list;
    size_t count = plugin_set_classes(plugins, &list);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%-6s  %-10s  %s\n        %s\n", kind_name(list[i].cls), list[i].cls->version,
                list[i].cls->name, list[i].path);
}

static void print_class(const struct plugin_class *found, FILE *out)
{
    const struct ks_connector_class *cls = found->cls;
    fprintf(out, "NAME\n       %s - %s connector, version %s\n\n", cls->name, kind_name(cls),
            cls->version);
    if (cls->doc) {
        fputs("DESCRIPTION\n", out);
        config_print_text(cls->doc, 7, out);
        fputc('\n', out);
    }
    fputs("OPTIONS\n", out);
    config_def_print(cls->config_defs, out);
    fprintf(out, "OPTIONS OF EVERY %s\n", cls->kind == KS_CLASS_SOURCE ? "SOURCE" : "SINK");
    config_def_print(config_def_common(cls->kind == KS_CLASS_SINK), out);
    fprintf(out, "FILES\n       %s (plugin %s %s)\n", found->path, found->plugin->name,
            found->plugin->version);
}

/* To the last part of a class name, with or without its "Connector". */
static size_t class_distance(const char *wanted, const struct ks_connector_class *cls)
{
    const char *simple = simple_name(cls);
    size_t full = nearest_distance(wanted, simple), alias = full;
    const char *suffix = strstr(simple, "Connector");
    if (suffix) {
        char *shorter = xstrndup(simple, (size_t)(suffix - simple));
        alias = nearest_distance(wanted, shorter);
        free(shorter);
    }
    return alias < full ? alias : full;
}

static const char *nearest_class(const struct plugin_set *plugins, const char *name)
{
    const struct plugin_class *list;
    size_t count = plugin_set_classes(plugins, &list);
    const char *wanted = strrchr(name, '.') ? strrchr(name, '.') + 1 : name, *best = NULL;
    size_t least = nearest_limit(wanted) + 1;
    for (size_t i = 0; i < count; i++) {
        size_t distance = class_distance(wanted, list[i].cls);
        if (distance < least) {
            least = distance;
            best = list[i].cls->name;
        }
    }
    return best;
}

static void print_markdown(const struct plugin_set *plugins, FILE *out)
{
    const struct plugin_class *list;
    size_t count = plugin_set_classes(plugins, &list);
    fputs(
        "# Options\n\n"
        "Made by `kitestream plugins --markdown`; do not edit. Where Kafka Connect has an option,\n"
        "ours has its name. Values may hold `${env:NAME}` and `${file:path:key}` (a properties\n"
        "file); they are replaced when a task starts and never stored or shown.\n\n"
        "## Worker\n",
        out);
    config_def_print_markdown(worker_config_table(), out);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "\n## %s\n\nA %s connector, `%s`. %s\n", simple_name(list[i].cls),
                kind_name(list[i].cls), list[i].cls->name,
                list[i].cls->doc ? list[i].cls->doc : "");
        config_def_print_markdown(list[i].cls->config_defs, out);
    }
    fputs("\n## Every source connector\n", out);
    config_def_print_markdown(config_def_common(false), out);
    fputs("\n## Every sink connector\n", out);
    config_def_print_markdown(config_def_common(true), out);
}

static int print_one(const struct plugin_set *plugins, const char *name, FILE *out, FILE *err)
{
    const struct plugin_class *found = plugin_set_find(plugins, name);
    if (found) {
        print_class(found, out);
        return 0;
    }
    const char *nearest = nearest_class(plugins, name);
    fprintf(err, "kitestream: there is no class \"%s\" in plugin.path", name);
    fprintf(err, nearest ? "; did you mean \"%s\"?\n" : "%s\n", nearest ? nearest : "");
    print_problems(plugins, err);
    return 1;
}

int command_plugins(const struct cli *cli, const struct plugin_set *plugins, FILE *out, FILE *err)
{
    if (cli->word_count > 0)
        return print_one(plugins, cli->words[0], out, err);
    if (cli->worker) {
        fputs("WORKER OPTIONS\n", out);
        config_def_print(worker_config_table(), out);
        return 0;
    }
    if (cli->markdown)
        print_markdown(plugins, out);
    else
        print_list(plugins, out);
    print_problems(plugins, err);
    return 0;
}
