/* Rules about fields and filters of rows, as far as they concern metadata: what a collection's
 * schema becomes, and whether the rules fit it at all. */
#ifndef SOURCE_SELECTION_H
#define SOURCE_SELECTION_H

#include "row_events.h"

/* Takes what the rules leave out from the event's schema, if it has one, and tries the
 * collection's filter and masks on what remains. `coll`: the collection in the stream, or NULL if
 * the event creates it. Errors: FATAL naming option, field and collection. */
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
