/* Structured log lines on stderr: text (time LEVEL [connector|task] message) or one JSON object per
 * line, with connector and task on every line that belongs to one. Thread: any. */
#ifndef RUNTIME_LOG_H
#define RUNTIME_LOG_H

#include <stdbool.h>

#include "kitestream/plugin.h"

void log_init(enum ks_log_level level, bool json);
/* connector may be NULL; task < 0: the connector itself. Which logger a line belongs to, and so
 * whether it is wanted: log_levels.h; a line of no connector belongs to its source file's. */
#define log_line(...) log_line_of(__FILE_NAME__, __VA_ARGS__)
void log_line_of(const char *file, enum ks_log_level level, const char *connector, int task,
                 const char *fmt, ...) __attribute__((format(printf, 5, 6)));
#define log_error(...) log_line(KS_LOG_ERROR, NULL, -1, __VA_ARGS__)
#define log_warn(...) log_line(KS_LOG_WARN, NULL, -1, __VA_ARGS__)
#define log_info(...) log_line(KS_LOG_INFO, NULL, -1, __VA_ARGS__)
#define log_debug(...) log_line(KS_LOG_DEBUG, NULL, -1, __VA_ARGS__)

#endif
