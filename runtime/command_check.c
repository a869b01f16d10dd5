/* `kitestream check`. In: pipeline files and the plugins; out: one line for each problem, with its
 * place. The same checks that herder makes before it applies a file; the command, where somebody
 * waits for the answer, looks at what the connectors would work with, too. `run` does not: a worker
 * must start again with the file it runs with. */
#include "commands.h"
#include "connector_plan.h"
#include "pipeline_yaml.h"

typedef const struct ks_connector_class *check_fn(const struct plugin_set *plugins,
                                                  const char *name, const struct string_map *config,
                                                  struct config_issues *issues);

static size_t check_connector(const struct pipeline_file *file, const struct pipeline_connector *c,
                              check_fn *check, const struct plugin_set *plugins, FILE *err)
{
    struct config_issues issues = {0};
    check(plugins, c->name, &c->config, &issues);
    for (size_t i = 0; i < issues.count; i++)
        fprintf(err, "%s:%d: connector \"%s\": %s\n", file->path,
                pipeline_connector_line(c, issues.list[i].option), c->name, issues.list[i].message);
    size_t count = issues.count;
    config_issues_release(&issues);
    return count;
}

static size_t check_file(const char *path, check_fn *check, const struct plugin_set *plugins,
                         FILE *out, FILE *err)
{
    struct pipeline_file file;
    struct ks_error error;
    if (pipeline_file_load(path, &file, &error) != KS_OK) {
        fprintf(err, "%s\n", error.message);
        return 1;
    }
    size_t problems = 0;
    for (size_t i = 0; i < file.count; i++)
        problems += check_connector(&file, &file.connectors[i], check, plugins, err);
    if (problems == 0)
        fprintf(out, "%s: %zu connector%s, no problems\n", path, file.count,
                file.count == 1 ? "" : "s");
    pipeline_file_release(&file);
    return problems;
}

int command_check(const struct cli *cli, const struct plugin_set *plugins, FILE *out, FILE *err)
{
    check_fn *check =
        cli->command == CLI_CHECK ? connector_plan_check_online : connector_plan_check;
    size_t problems = 0;
    for (size_t i = 0; i < cli->word_count; i++)
        problems += check_file(cli->words[i], check, plugins, out, err);
    const struct plugin_problem *list;
    size_t count = plugin_set_problems(plugins, &list);
    /* A class that is missing may be in one of these. */
    for (size_t i = 0; problems > 0 && i < count; i++)
        fprintf(err, "%s: %s\n", list[i].path, list[i].message);
    return problems > 0 ? 1 : 0;
}
