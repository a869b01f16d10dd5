/* One record of <prefix>.heartbeat (schemas/heartbeat.avsc): a consistent cut of the stream. */
#ifndef SOURCE_HEARTBEAT_RECORD_H
#define SOURCE_HEARTBEAT_RECORD_H

#include "kitestream/record.h"
#include "kitestream/sdk/buf.h"

extern const char heartbeat_value_avsc[]; /* the embedded schema, NUL-terminated */

struct heartbeat_record {
    const char *cluster;
    uint64_t tick;
    int64_t ts_ms;
    int64_t ddl_seq;
    const struct ks_topic_partition *offsets;
    size_t offset_count;
};

struct heartbeat_encoder;
struct heartbeat_encoder *heartbeat_encoder_new(void);
void heartbeat_encoder_free(struct heartbeat_encoder *e);
void heartbeat_encode(struct heartbeat_encoder *e, const struct heartbeat_record *record,
                      struct ks_buf *out);

#endif
