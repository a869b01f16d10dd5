/* One record of a pchannel (or of replicate-msg), decoded as far as ordering needs it: type, ticks,
 * IDs. Columns stay in the value's bytes until the record is released (insert_columns.h). */
#ifndef SOURCE_MQ_RECORD_H
#define SOURCE_MQ_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kitestream/error.h"
#include "kitestream/record.h"

enum mq_kind {
    MQ_TICK,
    MQ_INSERT,
    MQ_DELETE,
    MQ_DROP_COLLECTION, /* a cross-check only: etcd tells */
    MQ_DROP_PARTITION,
    MQ_CREATE_COLLECTION, /* proves nothing by itself; carries the schema */
    MQ_FLUSH,             /* replicate-msg */
    MQ_IMPORT,
    MQ_OTHER,     /* known and of no interest here (msg_type tells which) */
    MQ_UNKNOWN,   /* parsable, unknown msg_type: count and log */
    MQ_FOREIGN,   /* no MsgBase: count and log */
    MQ_STREAMING, /* header _v: a Milvus 2.6 record */
};

struct mq_record {
    enum mq_kind kind;
    int32_t msg_type;
    int32_t channel; /* index given by the consumer */
    int64_t offset;
    int64_t msg_id;                /* base.msgID; 0 = none */
    uint64_t begin_tick, end_tick; /* of timestamps[], else base.timestamp; never 0 for rows */
    int64_t collection_id, partition_id;
    uint32_t row_count;             /* 0: an empty insert, to be ignored */
    bool replicated;                /* written by a CDC into the source */
    struct ks_slice shard_name;     /* vchannel; points into value */
    struct ks_slice partition_name; /* points into value */
    struct ks_slice value;          /* the whole record; owned by `message` */
    void *message;                  /* what keeps value alive; freed by mq_record_release */
    void (*message_free)(void *);
    struct mq_record *next; /* for whoever holds it */
};

/* Decodes the value into *ret (channel, offset, message are left alone). `has_streaming_header`:
 * the Kafka record has the property _v. Errors: DATA for a known type that does not decode. */
enum ks_status mq_record_decode(struct ks_slice value, bool has_streaming_header,
                                struct mq_record *ret, struct ks_error *err);
void mq_record_release(struct mq_record *rec);  /* frees message, not rec */
const char *mq_msg_type_name(int32_t msg_type); /* "Insert"; "unknown" */

#define MQ_FLUSH_PAGE 64
/* What a flush names. Strings point into value; not NUL-terminated. */
struct mq_flush {
    struct ks_slice db;
    struct ks_slice collections[MQ_FLUSH_PAGE];
    size_t collection_count;
    size_t total; /* may be greater: the rest comes with mq_record_flush_page */
};
enum ks_status mq_record_flush(const struct mq_record *rec, struct mq_flush *ret,
                               struct ks_error *err);
/* The names from number `first` on. */
enum ks_status mq_record_flush_page(const struct mq_record *rec, size_t first, struct mq_flush *ret,
                                    struct ks_error *err);

#endif
