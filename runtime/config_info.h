/* Option tables and checked configurations as Connect's REST interface shows them. */
#ifndef RUNTIME_CONFIG_INFO_H
#define RUNTIME_CONFIG_INFO_H

#include <jansson.h>

#include "config_def.h"
#include "worker_config.h"

/* What a form can be made of: ConfigKeyInfo of every option of the class, its own ones first. */
json_t *config_info_of_class(const struct ks_connector_class *cls);
/* The same of one table, such as a converter's. */
json_t *config_info_of_table(const struct ks_config_def *table);
/* ConfigInfos: each option with its value, or its default, and what is wrong with it. Options that
 * nobody knows are left out, values of passwords masked. */
json_t *config_info_of_check(const struct ks_connector_class *cls,
                             const struct worker_config *worker, const struct ks_config *config,
                             const struct config_issues *issues);

#endif
