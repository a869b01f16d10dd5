/* Default values of fields: Milvus' ValueField and the JSON text that ddl_field.default_value is.
 */
#ifndef LIB_DEFAULT_VALUE_H
#define LIB_DEFAULT_VALUE_H

#include "ddl.h"
#include "milvus_meta.pb-c.h"

/* The shortest text that reads back as the same value; NULL if there is none. */
const char *default_value_text(const MilvusMeta__ValueField *value, struct ks_arena *arena);
/* False if the text is no value of that type. *ret points into the arena. */
bool default_value_read(const char *json, enum milvus_type type, struct ks_arena *arena,
                        MilvusMeta__ValueField *ret);

#endif
