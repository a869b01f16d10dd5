/* When two texts are one schema to Avro, though they are spelled differently. */
#ifndef SDK_AVRO_NORMAL_H
#define SDK_AVRO_NORMAL_H

#include "kitestream/sdk/avro.h"

/* A fingerprint of the schema as Avro's libraries write it again: names with their namespace, a
 * type that is nothing but its name as that name; order of members and white space do not count,
 * properties do. */
uint64_t avro_normal_fingerprint(const struct ks_avro_schema *schema);

#endif
