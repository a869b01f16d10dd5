/* Schemas for the tests, from the recorded data. */
#ifndef SOURCE_TESTS_HELPER_SCHEMA_H
#define SOURCE_TESTS_HELPER_SCHEMA_H

#include <jansson.h>

#include "ddl.h"

/* Of the recorded CreateCollection of this name, or the collection "rows" of the row-based insert,
 * which has none. The strings live as long as the JSON and the arena. */
const struct ddl_schema *schema_golden_25(json_t *lines, const char *collection,
                                          struct ks_arena *arena);
/* Of a create_collection line of events.jsonl. */
const struct ddl_schema *schema_of_event(const json_t *event, struct ks_arena *arena);

#endif
