/* A write step in, the bytes of one MilvusService request out: rows become columns. Fields are
 * matched by name with the target's schema; function outputs are left out. No allocation per row.
 */
#ifndef SINK_REQUEST_BUILD_H
#define SINK_REQUEST_BUILD_H

#include "write_plan.h"

struct request_target {
    const char *db, *collection;     /* names in the target */
    const char *partition;           /* or NULL */
    const struct ddl_schema *schema; /* of the collection as the target has it */
};

/* Appends InsertRequest / UpsertRequest / DeleteRequest (delete: expr `pk in [...]`, strings
 * escaped). Errors: DATA naming row (topic, partition, offset) and field: a value that does not fit
 * the column, a null where the target allows none; *ret_bad_row is that row's index in the step. */
enum ks_status request_build(const struct write_step *step, const struct request_target *target,
                             struct ks_arena *scratch, struct ks_buf *out, size_t *ret_bad_row,
                             struct ks_error *err);

#endif
