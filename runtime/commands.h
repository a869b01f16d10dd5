/* What the commands do. Each returns the exit status. */
#ifndef RUNTIME_COMMANDS_H
#define RUNTIME_COMMANDS_H

#include "cli.h"
#include "plugin_loader.h"
#include "worker_config.h"

/* Problems as "file:line: message" on `err`. Of the command itself, not of `run`, connectors may
 * ask for a few seconds what they would work with. */
int command_check(const struct cli *cli, const struct plugin_set *plugins, FILE *out, FILE *err);
int command_plugins(const struct cli *cli, const struct plugin_set *plugins, FILE *out, FILE *err);
/* Blocks SIGTERM and SIGINT and waits for them; call before any other thread exists. Sets the
 * worker's port. */
int command_run(const struct cli *cli, struct worker_config *worker,
                const struct plugin_set *plugins, FILE *err);

/* Asks a running worker. 1 also if something has FAILED. */
int command_status(const struct cli *cli, const struct worker_config *worker, FILE *out, FILE *err);

#endif
