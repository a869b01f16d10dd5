/* Schemas as Kafka Connect's JsonConverter writes them into each record: {"type":"struct",
 * "fields":[…],"optional":false,"name":…}. Avro in between, since that is what crosses the ABI.
 *
 * Between the two: connect.name, connect.version and connect.type are Connect's name, version and
 * int8/int16; a union with null is `optional`; every other property of an Avro type (milvus.*,
 * logicalType, dimensions, elementType …) is a parameter, whose text is the string itself, or JSON
 * where it is no string or would be read as something else. */
#ifndef RUNTIME_CONNECT_SCHEMA_H
#define RUNTIME_CONNECT_SCHEMA_H

#include <jansson.h>

#include "kitestream/error.h"
#include "kitestream/sdk/avro.h"

/* Appends the Connect schema of an Avro one. Errors: DATA for what Connect has no form for: unions
 * of several types, recursive types. */
enum ks_status connect_schema_write(const struct ks_avro_schema *avro, struct ks_buf *out,
                                    struct ks_error *err);
/* Appends the Avro schema (JSON) of a Connect one, from anywhere. *ret_optional: of the root, which
 * is not nullable in Avro. Errors: DATA naming the place: no schema, maps whose keys are not
 * strings, field names that Avro does not allow, nested too deep. */
enum ks_status connect_schema_read(const char *json, size_t len, struct ks_buf *out,
                                   bool *ret_optional, struct ks_error *err);

#endif
