/* kitestream. In: arguments; out: an exit status (0 done, 1 failed, 2 usage). */
#include <stdio.h>

#include "cli.h"
#include "commands.h"
#include "log.h"
#include "tail.h"

static int command_tail(const struct cli *cli, const struct worker_config *worker)
{
    struct tail_options options = {.topic = cli->words[0],
                                   .from_beginning = !cli->only_new,
                                   .max_messages = cli->max_count,
                                   .exit_at_end = cli->once,
                                   .value_only = cli->value_only};
    return tail_main(worker, &options);
}

static int run_command(const struct cli *cli, struct worker_config *worker)
{
    if (cli->command == CLI_TAIL)
        return command_tail(cli, worker);
    if (cli->command == CLI_STATUS)
        return command_status(cli, worker, stdout, stderr);
    struct plugin_set *plugins = plugin_set_load(worker->plugin_path, worker->plugin_path_count);
    int status = cli->command == CLI_CHECK     ? command_check(cli, plugins, stdout, stderr)
                 : cli->command == CLI_PLUGINS ? command_plugins(cli, plugins, stdout, stderr)
                                               : command_run(cli, worker, plugins, stderr);
    plugin_set_free(plugins);
    return status;
}

int main(int argc, char **argv)
{
    struct cli cli;
    if (!cli_parse(argc, argv, &cli, stderr))
        return EXIT_USAGE;
    int status = 0;
    struct worker_config worker = {0};
    struct ks_error err;
    if (cli.command == CLI_HELP) {
        cli_print_help(stdout);
    } else if (cli.command == CLI_VERSION) {
        printf("kitestream %s (plugin ABI %d.%d)\n", KITESTREAM_VERSION, KS_ABI_MAJOR,
               KS_ABI_MINOR);
    } else if (worker_config_load(cli.worker_path, &worker, &err) != KS_OK) {
        fprintf(stderr, "%s\n", err.message);
        status = 1;
    } else {
        log_init(worker.log_level, worker.log_json);
        status = run_command(&cli, &worker);
    }
    if (fflush(stdout) != 0)
        status = 1;
    worker_config_release(&worker);
    cli_release(&cli);
    return status;
}
