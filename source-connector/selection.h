/* Rules about fields and filters of rows, as far as they concern metadata: what a collection's
 * schema becomes, and whether the rules fit it at all. */
#ifndef SOURCE_SELECTION_H
#define SOURCE_SELECTION_H

#include "row_events.h"

/* What the rules make of the schema of `collection` (database.collection, as it came into the
 * stream). Each rule that does not fit, a mask or the filter, is told to `issues`, by its option,
 * in a text that names option, field and collection. */
const struct ddl_schema *selection_judge(const struct change_options *options,
                                         const char *collection, const struct ddl_schema *schema,
                                         struct ks_arena *arena,
                                         const struct ks_config_issues *issues);
/* Takes what the rules leave out from the event's schema, if it has one, and tries the
 * collection's filter and masks on what remains. `coll`: the collection in the stream, or NULL if
 * the event creates it. Errors: FATAL with the first text of selection_judge. */
enum ks_status selection_shape(const struct change_options *options,
                               const struct catalogue_collection *coll, struct ddl *ddl,
                               struct ks_arena *arena, struct ks_error *err);
/* Is the event about an index on a field that the stream does not have? */
bool selection_hides_index(const struct change_options *options,
                           const struct catalogue_collection *coll, const struct ddl *ddl);
/* Do the rules fit a collection that the stream has from an earlier run? Errors: as above. */
enum ks_status selection_check(const struct change_options *options,
                               const struct catalogue_collection *coll, struct ks_error *err);

#endif
