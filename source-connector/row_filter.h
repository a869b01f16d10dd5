/* A row filter, compiled for the rows of one collection and schema.
 *
 * The rule of row.filter: the stream is that of a source in which rows that do not match were never
 * inserted. An insert that does not match is left out. Deletes always pass: a delete of a key that
 * the stream never had harms nobody. An upsert is a delete and an insert: if its new row does not
 * match, the delete is what remains of it, since the old row may have matched. So after any history
 * what the stream amounts to is exactly those rows of the source that match. row_events.c does it,
 * by not looking at rows that do not match before the two halves of upserts are paired.
 *
 * Nulls are Milvus': a comparison with null is neither true nor false, nor is its negation; a row
 * passes only if the whole is true. */
#ifndef SOURCE_ROW_FILTER_H
#define SOURCE_ROW_FILTER_H

#include "column_layout.h"
#include "row_expr.h"

struct row_filter; /* Immutable. Thread: any. */

/* `expr` must outlive the filter. Errors: FATAL naming the field that the collection lacks, or
 * whose type does not allow what the expression does with it. */
enum ks_status row_filter_new(const struct row_expr *expr, const struct column_layout *layout,
                              struct row_filter **ret, struct ks_error *err);
void row_filter_free(struct row_filter *filter);
/* `cells`: a row, in the layout's order. */
bool row_filter_passes(const struct row_filter *filter, const struct ks_cell *cells);

#endif
