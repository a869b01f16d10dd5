/* The rules of schema resolution that need no program: promotions, symbols and fields by name. */
#ifndef SDK_AVRO_MATCH_H
#define SDK_AVRO_MATCH_H

#include "avro_plan.h"

/* How a value without parts of one type is read as another; false if it cannot be. */
bool avro_promotion(enum ks_avro_type writer, enum ks_avro_type reader, enum avro_op_code *ret);
/* For each symbol of the writer its index at the reader, or the reader's default, or -1. */
const int32_t *avro_match_symbols(const struct ks_avro_schema *writer,
                                  const struct ks_avro_schema *reader, struct ks_arena *arena);
/* For each field of the reader the writer's field it comes from, by name or alias, or the writer's
 * count. Free it. */
size_t *avro_match_fields(const struct ks_avro_schema *writer, const struct ks_avro_schema *reader);

#endif
