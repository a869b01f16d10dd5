/* Converters: ks_record keys and values to Kafka bytes and back. Named as in Connect; chosen by
 * key.converter and value.converter:
 *   io.confluent.connect.avro.AvroConverter (default), org.apache.kafka.connect.json.JsonConverter,
 *   org.apache.kafka.connect.storage.StringConverter,
 *   org.apache.kafka.connect.converters.ByteArrayConverter; their simple names will do. */
#ifndef RUNTIME_CONVERTERS_H
#define RUNTIME_CONVERTERS_H

#include "kitestream/record.h"
#include "kitestream/sdk/avro.h"
#include "schema_registry.h"

/* What a ks_schema handle is inside the host. */
struct ks_schema {
    char *json;
    struct ks_avro_schema *schema;
    uint32_t id; /* of a consumed record's schema, in its registry; 0: interned from JSON */
};
/* All schemas of one task, and the registries they come from. Equal JSON, or an equal id, gives the
 * same handle. Thread: the task's. */
struct schema_cache;
struct schema_cache *schema_cache_new(void);
void schema_cache_free(struct schema_cache *c); /* after the converters that use it */
enum ks_status schema_cache_intern(struct schema_cache *c, const char *json, size_t len,
                                   const struct ks_schema **ret, struct ks_error *err);
/* A handle of its own for what `id` means in `registry`. */
enum ks_status schema_cache_by_id(struct schema_cache *c, struct schema_registry *registry,
                                  uint32_t id, const struct ks_schema **ret, struct ks_error *err);
/* One registry for all converters with the same options. Lives as long as the cache. */
enum ks_status schema_cache_registry(struct schema_cache *c, const struct worker_config *worker,
                                     const struct ks_config *options, struct schema_registry **ret,
                                     struct ks_error *err);

struct converter;
/* `config`: the task's; options below "key.converter." / "value.converter." are the converter's;
 * what is not given there comes from the worker's. Errors: FATAL for a class or an option that is
 * not supported; RETRIABLE while the built-in registry's topic can't be read. */
enum ks_status converter_open(const struct worker_config *worker, const struct ks_config *config,
                              bool is_key, struct schema_cache *schemas, struct converter **ret,
                              struct ks_error *err);
void converter_close(struct converter *c);
const char *converter_class(const struct converter *c);
/* Source side. *ret points into the record's own memory (headroom written) when possible, else into
 * `scratch` (then not empty afterwards), which the caller keeps until the record is sent (copy). A
 * schema of NULL means raw bytes. Errors: DATA for what cannot be converted; RETRIABLE while the
 * registry does not answer; FATAL when it refuses us. */
enum ks_status converter_from_record(struct converter *c, const char *topic, struct ks_slice data,
                                     const struct ks_schema *schema, struct ks_buf *scratch,
                                     struct ks_slice *ret, struct ks_error *err);
/* A header that goes with what from_record returned last, or NULL; borrowed until the next call. */
const struct ks_header *converter_header(const struct converter *c);
/* Sink side: bytes to body and schema. `record`: the consumed one, for its headers. *ret_body
 * points into `bytes` or the arena. Null gives null and no schema; ByteArray gives raw bytes and no
 * schema; String gives an Avro string, JSON without a schema one with connect.name
 * io.debezium.data.Json. */
enum ks_status converter_to_record(struct converter *c, const struct ks_record *record,
                                   struct ks_slice bytes, struct ks_arena *arena,
                                   struct ks_slice *ret_body, const struct ks_schema **ret_schema,
                                   struct ks_error *err);
/* The bytes that to_record made body and schema of, for a dead letter; JSON perhaps with its
 * members in another order. *ret points into body or scratch. */
struct ks_slice converter_original(struct converter *c, struct ks_slice body,
                                   const struct ks_schema *schema, struct ks_buf *scratch);

#endif
