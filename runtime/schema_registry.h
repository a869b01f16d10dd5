/* Schema ids for the Confluent wire format. With schema.registry.url: that registry. Without: the
 * worker's own store, a compacted topic (schema_topic), ids made from the schema's content, so that
 * workers need no coordination. Thread: any. */
#ifndef RUNTIME_SCHEMA_REGISTRY_H
#define RUNTIME_SCHEMA_REGISTRY_H

#include "kitestream/config.h"
#include "kitestream/error.h"
#include "worker_config.h"

struct schema_registry;

/* `options`: of a converter, prefix removed: schema.registry.url, basic.auth.*, … Without a URL the
 * built-in store. Errors: FATAL naming an option that has a fault. */
enum ks_status schema_registry_open(const struct worker_config *worker,
                                    const struct ks_config *options, struct schema_registry **ret,
                                    struct ks_error *err);
void schema_registry_close(struct schema_registry *r);
/* Registers under the subject (idempotent) and gives the id. Returns only when it is durable. With
 * auto.register.schemas=false: DATA when the subject does not have the schema. */
enum ks_status schema_registry_register(struct schema_registry *r, const char *subject,
                                        const char *schema_json, uint32_t *ret_id,
                                        struct ks_error *err);
/* The subject's last version, as it is now. *ret_json is borrowed until close. Errors: DATA when
 * the subject has none. */
enum ks_status schema_registry_latest(struct schema_registry *r, const char *subject,
                                      uint32_t *ret_id, const char **ret_json,
                                      struct ks_error *err);
/* JSON of an id; borrowed until close. */
enum ks_status schema_registry_get(struct schema_registry *r, uint32_t id, const char **ret_json,
                                   struct ks_error *err);

#endif
