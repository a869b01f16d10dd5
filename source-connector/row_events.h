/* Released Insert and Delete records in, change records (Avro) out. Next: source_task hands the
 * batch to the host. Pairs the two halves of an upsert, gives each row its op, encodes it. */
#ifndef SOURCE_ROW_EVENTS_H
#define SOURCE_ROW_EVENTS_H

#include "catalogue.h"
#include "kitestream/plugin.h"
#include "mq_record.h"
#include "row_filters.h"

/* The settings of the stream, from the connector's config. */
struct change_options {
    const char *prefix;    /* topic.prefix = source.name */
    const char *version;   /* of Kitestream */
    bool flat;             /* change.shape=flat; default envelope */
    bool primitive_key;    /* key.shape=primitive */
    bool upsert_as_create; /* upsert.op=c: envelopes only */
    bool headers;          /* envelope.headers; the flat shape always has them */
    bool tombstones;       /* tombstones.on.delete */
    const char *cluster;
    const struct field_rules *fields;  /* NULL: all fields as they are */
    const struct row_filters *filters; /* NULL: all rows */
};

/* Compiled encoder of one collection as it is from one gating DDL on: key and value schemas, plans.
 * Schema handles come from the host (interned). Hung on catalogue_collection.user by the caller. */
struct change_encoder;
enum ks_status change_encoder_new(const struct ks_task_host *host, const struct change_options *opt,
                                  const struct catalogue_collection *coll,
                                  struct change_encoder **ret, struct ks_error *err);
void change_encoder_free(void *encoder); /* struct change_encoder *, usable as user_free */

/* A refcounted-by-release batch: records whose bytes live in its arena. Owns: arena, records. */
struct change_batch {
    struct ks_source_batch batch; /* .release and .owner are the source task's */
    struct ks_arena arena;        /* records' bytes, with KS_RECORD_HEADROOM in front */
    size_t record_cap;
    size_t value_bytes;   /* what the transaction limit counts */
    size_t rows_left_out; /* by row.filter, since the caller set it to 0 */
};
struct ks_record *change_batch_add(struct change_batch *b); /* zeroed record to fill */

/* Appends the changes of one group: all released Insert and Delete records of one vchannel with one
 * tick, deletes first, then inserts, each by offset. Unmatched deletes come out first (op d, then a
 * tombstone if wanted), then the rows in order (u for the first row of a key that the group also
 * deletes, else c). Rows that the collection's filter does not let pass count as not there at all.
 * The bytes are copied: the records may be released afterwards.
 * Errors: DATA naming channel, offset, field. */
enum ks_status row_events_add(struct change_encoder *enc, const struct catalogue_collection *coll,
                              const char *channel_name, struct mq_record *const *records,
                              size_t count, struct change_batch *out, struct ks_error *err);

#endif
