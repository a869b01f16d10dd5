/* Ids of a source's schemas in the registry, looked up once per topic and schema. Thread: the
 * task's. */
#ifndef RUNTIME_SUBJECT_IDS_H
#define RUNTIME_SUBJECT_IDS_H

#include "converters.h"

struct subject_ids;

/* Of keys or of values. `registry` is borrowed. */
struct subject_ids *subject_ids_new(struct schema_registry *registry, bool is_key);
void subject_ids_free(struct subject_ids *s);
/* Registers the schema under the topic's subject where this was not done yet; returns when the
 * registry has it for good, so that a record never goes out with an id that a reader could not
 * resolve. Errors: as schema_registry_register. */
enum ks_status subject_ids_get(struct subject_ids *s, const char *topic,
                               const struct ks_schema *schema, uint32_t *ret, struct ks_error *err);

#endif
