/* Small helpers every connector needs: errors, log lines, typed options. */
#ifndef KITESTREAM_SDK_UTIL_H
#define KITESTREAM_SDK_UTIL_H

#include "kitestream/plugin.h"

/* Fills err (may be NULL) and returns status, so that `return ks_error_set(…)` reads well. */
enum ks_status ks_error_set(struct ks_error *err, enum ks_status status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Puts "context: " in front of the message; keeps the status. */
void ks_error_prefix(struct ks_error *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

void ks_log(const struct ks_task_host *host, enum ks_log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Value of an option, or NULL. */
const char *ks_config_get(const struct ks_config *config, const char *key);
/* The host has checked types and filled defaults in, so these return `fallback` only for an option
 * that has none. */
bool ks_config_bool(const struct ks_config *config, const char *key, bool fallback);
int64_t ks_config_long(const struct ks_config *config, const char *key, int64_t fallback);
double ks_config_double(const struct ks_config *config, const char *key, double fallback);
/* Splits a LIST at commas, trims blanks, drops empty elements. One allocation: free(*ret). */
size_t ks_config_list(const struct ks_config *config, const char *key, char ***ret);

#endif
