/* Avro's rules of schema resolution, asked of two schemas without any data: can all that the
 * writer may write be read? Stricter than a plan (avro_resolve.c), which takes what it can and
 * stops at the value that does not fit. */
#ifndef SDK_AVRO_COMPATIBLE_H
#define SDK_AVRO_COMPATIBLE_H

#include "kitestream/sdk/avro.h"

/* kind: what Avro calls it (TYPE_MISMATCH, …); place: of the reader's schema, "after.tags"; both
 * and `text` are borrowed for the call. */
typedef void avro_fault_fn(void *arg, const char *kind, const char *place, const char *text);

/* *ret: the reader can. fn (may be NULL) is called for each reason why not. Errors: DATA if the
 * schemas are too large to compare. */
enum ks_status avro_can_read(const struct ks_avro_schema *reader,
                             const struct ks_avro_schema *writer, avro_fault_fn *fn, void *arg,
                             bool *ret, struct ks_error *err);

#endif
