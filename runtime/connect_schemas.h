/* The schemas of one JsonConverter, each translated once: handles to Connect's schema texts when
 * writing, texts to handles when reading. Thread: the task's. */
#ifndef RUNTIME_CONNECT_SCHEMAS_H
#define RUNTIME_CONNECT_SCHEMAS_H

#include "converters.h"

struct connect_schemas;

struct connect_schemas *connect_schemas_new(struct schema_cache *schemas); /* borrowed */
void connect_schemas_free(struct connect_schemas *s);
/* *ret is borrowed until free. Errors: as connect_schema_write. */
enum ks_status connect_schemas_text(struct connect_schemas *s, const struct ks_schema *handle,
                                    const char **ret, struct ks_error *err);
/* *ret_optional: null is a value. Errors: as connect_schema_read; DATA for more schemas than any
 * stream has: handles live as long as the task, and the text may come from anywhere. */
enum ks_status connect_schemas_handle(struct connect_schemas *s, struct ks_slice text,
                                      const struct ks_schema **ret, bool *ret_optional,
                                      struct ks_error *err);

#endif
