/* What the files of the DDL stream share: ddl_stream_open.c (its start), ddl_stream.c (what is
 * added). Private to them. */
#ifndef SOURCE_DDL_STREAM_PARTS_H
#define SOURCE_DDL_STREAM_PARTS_H

#include "ddl_stream.h"
#include "heartbeat_record.h"
#include "held_databases.h"
#include "map.h"
#include "topic_names.h"

struct ddl_stream {
    const struct ks_task_host *host;
    const struct source_options *options;
    char *ddl_topic, *heartbeat_topic;
    struct catalogue *catalogue;
    struct topic_names *topics;
    struct ddl_codec *codec;
    struct heartbeat_encoder *heartbeat;
    const struct ks_schema *key_schema, *value_schema, *heartbeat_schema;
    struct map filtered, dropped; /* collection IDs */
    struct strmap missing; /* data topics that Kafka does not know -> when that was first seen */
    struct held_databases held;
    int64_t seq;
    struct ks_buf scratch;
    struct ks_topic_partition *positions; /* what is collected for one record */
    size_t position_cap;
};

/* A record of the topic, read or just added. */
void ddl_stream_fold(struct ddl_stream *s, const struct ddl *ddl);

#endif
