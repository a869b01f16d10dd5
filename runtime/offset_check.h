/* Asks a source's class whether a task could start from an offset. Thread: any. */
#ifndef RUNTIME_OFFSET_CHECK_H
#define RUNTIME_OFFSET_CHECK_H

#include "kitestream/plugin.h"

/* KS_OK also when the class does not check. Errors: DATA as the class says it; FATAL if it does not
 * return within some seconds. */
enum ks_status offset_check(const struct ks_connector_class *cls, const struct ks_config *config,
                            const struct ks_source_offset *offset, struct ks_error *err);

#endif
