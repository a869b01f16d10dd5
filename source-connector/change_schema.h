/* The Avro schemas of a collection's change records, as JSON text.
 *
 * Draft of the section "Rows" of docs/stream.md:
 *
 * Names. `<topic>.Key`, `<topic>.Value`, `<topic>.Envelope`; each part of the topic between dots,
 * and each field name, is made legal for Avro: any other character than [A-Za-z0-9_] becomes `_`,
 * and a leading digit gets a `_` in front. So the dynamic field `$meta` is `_meta`. Two fields that
 * end up with one name are an error.
 *
 * Key. A record with the primary key (long or string), or with key.shape=primitive the bare value.
 * It never changes, so it carries nothing that can be altered.
 *
 * Value, change.shape=envelope. `before`, `after` (both Value or null), `source`, `op`, `ts_ms`
 * (when Kitestream emitted it). c: before null. u: before null (Milvus keeps no before-image). d:
 * after null, before = the key and nulls; then a tombstone, unless tombstones.on.delete=false.
 *
 * Value, change.shape=flat. The row itself; a delete is a tombstone. What the envelope says beside
 * the row travels in headers, on tombstones too, all of them UTF-8 text: `__op` and `__source.X`
 * for each field X of the source block.
 *
 * The source block, record io.kitestream.milvus.Source: version, connector (always milvus), name
 * (topic.prefix), ts_ms (the tick's time), snapshot, db, collection, collection_id, partition (""
 * for a delete from all partitions), partition_id (-1 for the same), tick, channel (pchannel),
 * offset and row (place of the change: MQ record and index in it), ddl_seq. None is ever null.
 *
 * Fields. All but the primary key are nullable with default null, whatever Milvus says, since a
 * delete has no values. What Avro cannot say is in properties of the field's type: milvus.type,
 * milvus.field_id, milvus.name (if it had to be changed), milvus.nullable, milvus.default,
 * milvus.max_length, milvus.max_capacity, milvus.element_type (of arrays),
 * milvus.primary_key, milvus.auto_id, milvus.partition_key, milvus.clustering_key, milvus.dynamic,
 * milvus.function_output; true, or absent; milvus.masked (hmac-sha256) of a masked field. Dense
 * vectors have logicalType `vector`, dimensions and elementType (float32, float16, bfloat16, int8,
 * binary). */
#ifndef SOURCE_CHANGE_SCHEMA_H
#define SOURCE_CHANGE_SCHEMA_H

#include "catalogue.h"
#include "kitestream/error.h"
#include "kitestream/sdk/buf.h"

#define CHANGE_SOURCE_FIELDS 15 /* of the source block */

/* Owns: free(*ret_json). Errors: DATA naming the collection and the field. */
enum ks_status change_schema_key(const struct catalogue_collection *coll, bool primitive,
                                 char **ret_json, struct ks_error *err);
struct change_options;
enum ks_status change_schema_value(const struct catalogue_collection *coll,
                                   const struct change_options *opt, char **ret_json,
                                   struct ks_error *err);
/* Appends the name of a field or record, made legal for Avro. */
void change_schema_name(const char *name, size_t len, struct ks_buf *out);

#endif
