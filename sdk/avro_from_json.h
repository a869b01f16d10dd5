/* JSON values to Avro bodies, for ks_avro_from_json and for the defaults of fields. */
#ifndef SDK_AVRO_FROM_JSON_H
#define SDK_AVRO_FROM_JSON_H

#include "avro_schema.h"

/* What the defaults of one schema may cost: a default can pull in the defaults of other records, so
 * a small schema could ask for an endless body. Counted: nodes and bytes. */
#define AVRO_DEFAULT_NODES_MAX ((size_t)4 * 1024 * 1024)

/* A default as Avro's schema language writes it (bytes are strings of code points below 256).
 * *budget goes down. Errors: DATA. */
enum ks_status avro_encode_default(const struct ks_avro_schema *schema, const json_t *value,
                                   size_t *budget, struct ks_buf *out, struct ks_error *err);

#endif
