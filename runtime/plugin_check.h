/* Whether what ks_plugin_open returned can be trusted. */
#ifndef RUNTIME_PLUGIN_CHECK_H
#define RUNTIME_PLUGIN_CHECK_H

#include "kitestream/plugin.h"

/* ABI numbers, sizes, classes, tables, ops. Looks at nothing beyond what the numbers allow. Errors:
 * FATAL with what is wrong and what to do. */
enum ks_status plugin_check(const struct ks_plugin *plugin, struct ks_error *err);
/* A file that dlopen would refuse with an unhelpful text: not there, not ELF, another machine. */
enum ks_status plugin_check_file(const char *path, struct ks_error *err);

#endif
