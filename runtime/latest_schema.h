/* Records written as the last version of their subject, whatever schema they came with:
 * use.latest.version. Thread: the task's. */
#ifndef RUNTIME_LATEST_SCHEMA_H
#define RUNTIME_LATEST_SCHEMA_H

#include "kitestream/record.h"
#include "kitestream/sdk/avro.h"
#include "schema_registry.h"

/* From one schema to the subject's last version, as it was when this was opened. */
struct latest_schema;

/* strict: what `schema` may hold must all be readable as that version. Errors: DATA naming subject
 * and place when it is not, or when there is no way from one to the other; those of the registry.
 */
enum ks_status latest_schema_open(struct schema_registry *registry, const char *subject,
                                  const struct ks_avro_schema *schema, bool strict,
                                  struct latest_schema **ret, struct ks_error *err);
void latest_schema_close(struct latest_schema *l);
uint32_t latest_schema_id(const struct latest_schema *l);
/* Appends the body as the version has it: fields by name, others are left out, missing ones get
 * their default. Errors: DATA for a value that it cannot hold. */
enum ks_status latest_schema_write(struct latest_schema *l, struct ks_slice body,
                                   struct ks_buf *out, struct ks_error *err);

#endif
