/* Pieces of Milvus' protobuf schemas as the plain structs of ddl.h: what etcd's values (source) and
 * the answers of a server (sink) have in common. Everything is copied into the arena. */
#ifndef LIB_SCHEMA_VALUES_H
#define LIB_SCHEMA_VALUES_H

#include "ddl.h"
#include "milvus_meta.pb-c.h"

const char *schema_text(const char *text, struct ks_arena *arena);
const char *const *schema_texts(char *const *texts, size_t count, struct ks_arena *arena);
const struct ddl_kv *schema_pairs(MilvusMeta__KeyValuePair *const *kvs, size_t count,
                                  struct ks_arena *arena);
struct ddl_field schema_field(const MilvusMeta__FieldSchema *from, struct ks_arena *arena);
struct ddl_function schema_function(const MilvusMeta__FunctionSchema *from, struct ks_arena *arena);

#endif
