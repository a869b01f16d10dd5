/* The config topic folded into a table: connectors and pipeline hashes. No thread, no topic:
 * config_store has them. Thread: under config_store's lock. */
#ifndef RUNTIME_CONFIG_TABLE_H
#define RUNTIME_CONFIG_TABLE_H

#include "config_entry.h"
#include "map.h"

/* Zero-initialised is empty. */
struct config_table {
    struct strmap connectors; /* struct config_entry */
    struct strmap pipelines;  /* char *, the hash */
};

void config_table_release(struct config_table *t);
/* One record, in log order; value NULL: deleted. Returns false if it cannot be read: it then has no
 * effect. *refused: a create that came second. */
bool config_table_apply(struct config_table *t, const char *key, const json_t *value,
                        struct ks_slice raw, int64_t offset, bool *refused);
/* NULL: there is no connector of that name. */
const struct config_entry *config_table_find(const struct config_table *t, const char *connector);
/* Sorted; one allocation, free(*ret). */
size_t config_table_names(const struct config_table *t, char ***ret);
/* Hash of a pipeline file, or NULL. */
const char *config_table_pipeline(const struct config_table *t, const char *name);

#endif
