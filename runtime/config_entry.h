/* What the config topic says of one connector so far; config_store's own. The setters take a
 * record's value (NULL: deleted) and return false if it cannot be read; then nothing changes.
 * Thread: under config_store's lock. */
#ifndef RUNTIME_CONFIG_ENTRY_H
#define RUNTIME_CONFIG_ENTRY_H

#include <jansson.h>

#include "config_store.h"

struct config_entry;

struct config_entry *config_entry_new(void);
void config_entry_free(struct config_entry *e);
bool config_entry_exists(const struct config_entry *e); /* has a configuration */
const char *config_entry_raw(const struct config_entry *e);
enum target_state config_entry_initial(const struct config_entry *e);
void config_entry_copy(const struct config_entry *e, const char *name,
                       struct connector_config *ret);

/* *refused: a create of a connector that exists, or a repetition of what is not so any more. */
bool config_entry_set_connector(struct config_entry *e, const json_t *value, struct ks_slice raw,
                                int64_t offset, bool *refused);
bool config_entry_set_target(struct config_entry *e, const json_t *value);
bool config_entry_set_task(struct config_entry *e, int task, const json_t *value);
bool config_entry_commit_tasks(struct config_entry *e, const json_t *value);
bool config_entry_set_restart(struct config_entry *e, const json_t *value, int64_t offset);

#endif
