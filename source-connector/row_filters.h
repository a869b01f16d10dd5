/* The options row.filter and row.filter.<database>.<collection>. */
#ifndef SOURCE_ROW_FILTERS_H
#define SOURCE_ROW_FILTERS_H

#include "kitestream/config.h"
#include "row_filter.h"

struct row_filters; /* Immutable. */

/* Errors: FATAL naming the option, the column in it and what was expected there. */
enum ks_status row_filters_new(const struct ks_config *config, struct row_filters **ret,
                               struct ks_error *err);
bool row_filters_any(const struct row_filters *filters); /* or do all rows pass? */
void row_filters_free(struct row_filters *filters);
void row_filters_validate(const struct ks_config *config, const struct ks_config_issues *issues);
/* The filter of a collection (database.collection, as it came into the stream); *ret = NULL if all
 * its rows pass. It must not outlive the filters. Errors: FATAL naming option, field and
 * collection. */
enum ks_status row_filters_compile(const struct row_filters *filters, const char *collection,
                                   const struct column_layout *layout, struct row_filter **ret,
                                   struct ks_error *err);
/* Does the filter of the collection fit its fields? If not, `issues` is told, by its option. */
void row_filters_judge(const struct row_filters *filters, const char *collection,
                       const struct column_layout *layout, const struct ks_config_issues *issues);

#endif
