/* Loggers: a level for each name, taken from the longest name it begins with. Names are
 * "connectors.<name>", "connectors.<name>.tasks.<n>", "kitestream.<part>" for lines of no
 * connector, and "root" for all. Thread: any. */
#ifndef RUNTIME_LOG_LEVELS_H
#define RUNTIME_LOG_LEVELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kitestream/plugin.h"

#define LOGGER_NAME_MAX 300
#define LOGGER_ROOT "root"
#define LOGGER_OFF (-1) /* beside the values of enum ks_log_level */

/* "DEBUG", "OFF" …, in any case; false: there is no such level. */
bool log_level_parse(const char *text, int *ret);
const char *log_level_name(int level);

void log_levels_init(int root);
/* Whether any logger takes this level: cheap, for lines that are rarely wanted. */
bool log_levels_maybe(enum ks_log_level level);
/* Whether the logger does. Unless it is a connector's, it is known from then on. */
bool log_levels_allow(const char *logger, enum ks_log_level level);

/* Of a connector (task < 0), or of a task. */
void logger_name_of(const char *connector, int task, char ret[LOGGER_NAME_MAX]);

struct logger_info {
    int level;
    int64_t modified_ms; /* Unix time of the last change; 0: none */
    bool known;          /* has a level of its own, or has logged */
};
struct logger_info log_levels_get(const char *logger);
/* A level for the logger and all below it; false if there are too many loggers already. */
bool log_levels_set(const char *logger, int level);
/* Known ones, sorted; one allocation, free(*ret). */
size_t log_levels_names(char ***ret);

#endif
