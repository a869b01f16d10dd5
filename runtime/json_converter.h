/* Kafka Connect's JsonConverter.
 *
 * schemas.enable=true: {"schema":…,"payload":…} in each key and value. false: the payload alone.
 * What a source writes so is registered as Avro's schemas are, and a header says the id, so that a
 * sink reads the exact types of each record; without that header plain JSON stays text. */
#ifndef RUNTIME_JSON_CONVERTER_H
#define RUNTIME_JSON_CONVERTER_H

#include "converters.h"

/* Headers of plain JSON: the id of the key's and the value's Avro schema, as decimal text. */
#define JSON_KEY_ID_HEADER "kitestream.key.schema.id"
#define JSON_VALUE_ID_HEADER "kitestream.value.schema.id"

struct json_converter;

/* `options`: the converter's, prefix removed. `worker` and `schemas` are borrowed. Errors: FATAL
 * for an option that is neither true nor false. */
enum ks_status json_converter_new(const struct worker_config *worker,
                                  const struct ks_config *options, bool is_key,
                                  struct schema_cache *schemas, struct json_converter **ret,
                                  struct ks_error *err);
void json_converter_free(struct json_converter *c);
/* Appends the JSON of a body; a schema of NULL means raw bytes. Errors: DATA for what JSON cannot
 * hold; plain JSON: as schema_registry_register. */
enum ks_status json_converter_write(struct json_converter *c, const char *topic,
                                    struct ks_slice body, const struct ks_schema *schema,
                                    struct ks_buf *out, struct ks_error *err);
/* The header of what was written last, or NULL. Valid until the next write. */
const struct ks_header *json_converter_header(const struct json_converter *c);
/* The body lives in the arena. A payload of null gives null and no schema. Errors: DATA for what is
 * not JSON, does not fit its schema, or has none that can be read; plain JSON with an id: as
 * schema_cache_by_id. */
enum ks_status json_converter_read(struct json_converter *c, const struct ks_record *record,
                                   struct ks_slice bytes, struct ks_arena *arena,
                                   struct ks_slice *ret_body, const struct ks_schema **ret_schema,
                                   struct ks_error *err);
/* Appends what read made body and schema of: the same but for blanks and the order of members. */
void json_converter_original(struct json_converter *c, struct ks_slice body,
                             const struct ks_schema *schema, struct ks_buf *out);

#endif
