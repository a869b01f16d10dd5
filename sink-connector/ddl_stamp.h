/* Whose a collection of the target is. Three properties say it:
 *
 * kitestream.source=<cluster>/<collection id>: whose copy it is;
 *
 * kitestream.sink=<id>/<connector>: which sink keeps it. The ID is of the sink's state, so a sink
 * whose state is gone is another one;
 *
 * kitestream.adopted=<id>: that sink found it there, and nobody knows what it held.
 *
 * Where a server takes no properties of ours, the description says it. Private to ddl_apply*.c. */
#ifndef SINK_DDL_STAMP_H
#define SINK_DDL_STAMP_H

#include "ddl_applying.h"

enum stamp_match {
    STAMP_OURS,
    STAMP_NONE,
    STAMP_UNSIGNED,   /* of this source, by a version that did not say by which sink */
    STAMP_OTHER_SINK, /* of this source */
    STAMP_OTHER,      /* of another source */
};

/* Owns: nothing; texts are NULL where there is none. */
struct stamp {
    const char *source, *sink;
    bool adopted; /* by the sink that it names */
};

enum { STAMP_MAX = 3 }; /* properties */

enum stamp_match stamp_look(struct applying *a, const struct milvus_collection *found,
                            struct stamp *ret);
/* May this sink change it, if its state says that it has? */
bool stamp_is_ours(struct applying *a, const struct milvus_collection *found);
/* Ours, for a collection that is made: appends to kvs, which has room for it. */
void stamp_add(struct applying *a, struct ddl_kv *kvs, size_t *count);
/* The same for a description. */
const char *stamp_text(struct applying *a);
/* What kitestream.source has to be. */
const char *stamp_source(struct applying *a);
/* Puts ours onto a collection that is there. */
enum ddl_result stamp_put(struct applying *a);
/* Says whose it is. */
enum ddl_result stamp_refuse(struct applying *a, enum stamp_match match, const struct stamp *stamp);

#endif
