/* The options of each converter, below key.converter. or value.converter.: for docs and forms. */
#ifndef RUNTIME_CONVERTER_TABLE_H
#define RUNTIME_CONVERTER_TABLE_H

#include "kitestream/config.h"

/* By full class name, simple name, or that without "Converter"; ret_class (may be NULL) is the full
 * one. NULL: there is no such converter. */
const struct ks_config_def *converter_table_find(const char *name, const char **ret_class);

#endif
