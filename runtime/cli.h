/* The command line: what was asked for. */
#ifndef RUNTIME_CLI_H
#define RUNTIME_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define EXIT_USAGE 2

enum cli_command { CLI_RUN, CLI_CHECK, CLI_PLUGINS, CLI_TAIL, CLI_STATUS, CLI_HELP, CLI_VERSION };

/* Borrows argv. */
struct cli {
    enum cli_command command;
    const char *worker_path; /* -c; NULL: defaults */
    const char **words;      /* files, a class name, a topic, or connectors */
    size_t word_count;
    bool markdown;     /* plugins --markdown */
    bool worker;       /* plugins --worker */
    bool once;         /* tail --once: end at the end */
    bool only_new;     /* tail --new: nothing that is there already */
    bool value_only;   /* tail --value */
    int64_t max_count; /* tail -n; 0: no limit */
    bool json;         /* status --json */
    /* status; NULL: not given */
    const char *url, *user_path, *token_path, *ca_path;
};

/* False: a usage error, told on `err`. Owns: ret->words; release it. */
bool cli_parse(int argc, char *const *argv, struct cli *ret, FILE *err);
void cli_release(struct cli *cli);
/* The manual page, and the two lines that remind of it. */
void cli_print_help(FILE *out);
void cli_print_usage(FILE *out);

#endif
