/* Under which id a source's records are written, looked up once per topic and schema. Thread: the
 * task's. */
#ifndef RUNTIME_SUBJECT_IDS_H
#define RUNTIME_SUBJECT_IDS_H

#include "converters.h"
#include "latest_schema.h"

struct subject_ids;

/* Of keys or of values. `registry` is borrowed. Options: key.subject.name.strategy or that of
 * values; use.latest.version and latest.compatibility.strict, if the caller can write bodies
 * anew. */
struct subject_ids *subject_ids_new(struct schema_registry *registry,
                                    const struct ks_config *options, bool is_key, bool can_rewrite);
void subject_ids_free(struct subject_ids *s);

struct subject_writing {
    uint32_t id;
    struct latest_schema *latest; /* writes bodies anew; NULL: they are what the id says */
};
/* Registers the schema under its subject where this was not done yet; returns when the registry has
 * it for good, so that a record never goes out with an id that a reader could not resolve. *ret
 * lives as long as s. Errors: as schema_registry_register, latest_schema_open, subject_name. */
enum ks_status subject_ids_get(struct subject_ids *s, const char *topic,
                               const struct ks_schema *schema, const struct subject_writing **ret,
                               struct ks_error *err);

#endif
