/* What the source has against what the target has: the first difference, as text for a person. */
#ifndef SINK_SCHEMA_DIFFERS_H
#define SINK_SCHEMA_DIFFERS_H

#include "milvus_client.h"

/* False if rows of the one fit the other. */
bool schema_differs(const struct ddl_schema *source, const struct ddl_schema *target, char *ret,
                    size_t cap);
/* Parameters that only one side shows are left out: servers add some, and change their form. */
bool index_differs(const struct ddl_index *source, const struct milvus_index *target, char *ret,
                   size_t cap);

#endif
