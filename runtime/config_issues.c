/* A list of what is wrong with a configuration. In: option and message, from the tables or from a
 * plugin's validate; out: the list, for `check`, logs and REST. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "config_def.h"

static void issue_release(struct config_issue *issue)
{
    free(issue->option);
    free(issue->message);
    free(issue->value);
    free(issue->nearest);
}

void config_issues_release(struct config_issues *issues)
{
    for (size_t i = 0; i < issues->count; i++)
        issue_release(&issues->list[i]);
    free(issues->list);
    *issues = (struct config_issues){0};
}

void config_issues_drop_unknown(struct config_issues *issues)
{
    size_t kept = 0;
    for (size_t i = 0; i < issues->count; i++) {
        if (issues->list[i].unknown)
            issue_release(&issues->list[i]);
        else
            issues->list[kept++] = issues->list[i];
    }
    issues->count = kept;
}

void config_issues_add(struct config_issues *issues, const char *option, const char *value,
                       const char *message)
{
    issues->list = xgrow(issues->list, issues->count, &issues->cap, sizeof *issues->list);
    issues->list[issues->count++] = (struct config_issue){
        .option = xstrdup(option),
        .message = xstrdup(message),
        .value = value ? xstrdup(value) : NULL,
    };
}

void config_issues_add_unknown(struct config_issues *issues, const char *option, const char *value,
                               const char *message, const char *nearest)
{
    config_issues_add(issues, option, value, message);
    struct config_issue *issue = &issues->list[issues->count - 1];
    issue->unknown = true;
    issue->nearest = nearest ? xstrdup(nearest) : NULL;
}

static void add_from_plugin(void *ctx, const char *option, const char *message)
{
    config_issues_add(ctx, option, NULL, message);
}

struct ks_config_issues config_issues_sink(struct config_issues *issues)
{
    return (struct ks_config_issues){.ctx = issues, .add = add_from_plugin};
}
