/* Arguments. In: argv; out: struct cli, or a message and "usage error". Next: main, which runs the
 * command. */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "nearest.h"

static const char *const command_names[] = {"run",    "check", "plugins",   "tail",
                                            "status", "help",  "--version", NULL};
static const char *const option_names[] = {
    "--config", "--help", "--version", "--markdown", "--worker", "--count", "--once", "--new",
    "--value",  "--url",  "--json",    "--user",     "--token",  "--ca",    NULL};

static void complain(FILE *err, const char *what, const char *word, const char *const *valid)
{
    const char *nearest = nearest_name(word, valid);
    fprintf(err, "kitestream: %s \"%s\"", what, word);
    if (nearest)
        fprintf(err, "; did you mean \"%s\"?", nearest);
    fputc('\n', err);
    cli_print_usage(err);
}

static bool fail(FILE *err, const char *what)
{
    fprintf(err, "kitestream: %s\n", what);
    cli_print_usage(err);
    return false;
}

/* The value of an option: "-cX", "-c X", "--config X" or "--config=X". short_name may be NULL. */
static bool take_value(int argc, char *const *argv, int *i, const char *short_name,
                       const char *long_name, const char **ret)
{
    const char *arg = argv[*i];
    size_t long_len = strlen(long_name);
    if (strncmp(arg, long_name, long_len) == 0 && arg[long_len] == '=') {
        *ret = arg + long_len + 1;
        return true;
    }
    if (short_name && strncmp(arg, short_name, 2) == 0 && arg[2]) {
        *ret = arg + 2;
        return true;
    }
    if (strcmp(arg, long_name) != 0 && (!short_name || strcmp(arg, short_name) != 0))
        return false;
    *ret = *i + 1 < argc ? argv[++*i] : NULL;
    return true;
}

static bool parse_command(const char *word, struct cli *cli)
{
    static const enum cli_command commands[] = {CLI_RUN,    CLI_CHECK, CLI_PLUGINS, CLI_TAIL,
                                                CLI_STATUS, CLI_HELP,  CLI_VERSION};
    for (size_t i = 0; command_names[i]; i++) {
        if (strcmp(word, command_names[i]) == 0) {
            cli->command = commands[i];
            return true;
        }
    }
    if (strcmp(word, "--help") != 0 && strcmp(word, "-h") != 0)
        return false;
    cli->command = CLI_HELP;
    return true;
}

/* False if `arg` is no option of the command. */
static bool parse_flag(const char *arg, struct cli *cli)
{
    bool plugins = cli->command == CLI_PLUGINS, tail = cli->command == CLI_TAIL;
    if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0)
        cli->command = CLI_HELP;
    else if (plugins && strcmp(arg, "--markdown") == 0)
        cli->markdown = true;
    else if (plugins && strcmp(arg, "--worker") == 0)
        cli->worker = true;
    else if (cli->command == CLI_STATUS && strcmp(arg, "--json") == 0)
        cli->json = true;
    else if (tail && strcmp(arg, "--once") == 0)
        cli->once = true;
    else if (tail && strcmp(arg, "--new") == 0)
        cli->only_new = true;
    else if (tail && strcmp(arg, "--value") == 0)
        cli->value_only = true;
    else
        return false;
    return true;
}

/* Options of status that have a value. False: `arg` is none of them. */
static bool parse_status_value(int argc, char *const *argv, int *i, struct cli *cli,
                               const char **ret)
{
    const struct {
        const char *name, **member;
    } options[] = {{"--url", &cli->url},
                   {"--user", &cli->user_path},
                   {"--token", &cli->token_path},
                   {"--ca", &cli->ca_path}};
    for (size_t at = 0; at < sizeof options / sizeof *options; at++) {
        if (cli->command != CLI_STATUS || !take_value(argc, argv, i, NULL, options[at].name, ret))
            continue;
        *options[at].member = *ret;
        return true;
    }
    return false;
}

static bool parse_count(const char *text, int64_t *ret)
{
    char *end;
    errno = 0;
    long long number = text ? strtoll(text, &end, 10) : 0;
    if (number < 1 || *end || errno)
        return false;
    *ret = number;
    return true;
}

static bool parse_rest(int argc, char *const *argv, struct cli *cli, FILE *err)
{
    bool only_words = false;
    for (int i = 2; i < argc; i++) {
        const char *arg = argv[i], *value = NULL;
        if (only_words || arg[0] != '-' || !arg[1]) {
            cli->words[cli->word_count++] = arg;
        } else if (strcmp(arg, "--") == 0) {
            only_words = true;
        } else if (take_value(argc, argv, &i, "-c", "--config", &value)) {
            if (!value)
                return fail(err, "-c needs a file");
            cli->worker_path = value;
        } else if (parse_status_value(argc, argv, &i, cli, &value)) {
            if (!value)
                return fail(err, "an option needs a value");
        } else if (cli->command == CLI_TAIL &&
                   take_value(argc, argv, &i, "-n", "--count", &value)) {
            if (!parse_count(value, &cli->max_count))
                return fail(err, "-n needs a number above 0");
        } else if (!parse_flag(arg, cli)) {
            complain(err, "unknown option", arg, option_names);
            return false;
        }
    }
    return true;
}

static bool check_words(const struct cli *cli, FILE *err)
{
    if (cli->command == CLI_CHECK && cli->word_count == 0)
        return fail(err, "check needs at least one pipeline file");
    if (cli->command == CLI_PLUGINS && cli->word_count > 1)
        return fail(err, "plugins takes at most one class name");
    if (cli->command == CLI_TAIL && cli->word_count != 1)
        return fail(err, "tail needs one topic");
    return true;
}

bool cli_parse(int argc, char *const *argv, struct cli *ret, FILE *err)
{
    struct cli cli = {0};
    if (argc < 2)
        return fail(err, "a command is missing");
    if (!parse_command(argv[1], &cli)) {
        complain(err, argv[1][0] == '-' ? "unknown option" : "unknown command", argv[1],
                 command_names);
        return false;
    }
    cli.words = xcalloc((size_t)argc, sizeof *cli.words);
    if (!parse_rest(argc, argv, &cli, err) || !check_words(&cli, err)) {
        cli_release(&cli);
        return false;
    }
    *ret = cli;
    return true;
}

void cli_release(struct cli *cli)
{
    free(cli->words);
    *cli = (struct cli){0};
}
