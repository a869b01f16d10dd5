/* The source's offsets as Connect keeps them: flat JSON, one source partition per pchannel and one
 * for etcd (design §5). Written in the transaction of the records they cover. */
#ifndef SOURCE_SOURCE_OFFSETS_H
#define SOURCE_SOURCE_OFFSETS_H

#include "field_rules.h"
#include "kitestream/plugin.h"
#include "kitestream/sdk/arena.h"

struct channel_offset {
    int64_t offset; /* of the oldest record still needed */
    uint64_t tick;  /* W: rows at or before it are in the stream */
};
struct etcd_offset {
    int64_t revision; /* everything up to it is in the stream */
    int64_t ddl_seq;
    uint64_t tick; /* W, as in every channel's offset */
    uint64_t
        list_tick; /* of the first list: rows of unknown collections before it are left-overs */
    uint64_t row_start;           /* of the first start: earlier rows are not of the stream */
    enum vector_encoding vectors; /* of the first start: a topic's fields never change their type */
};

/* {"cluster": …, "channel": …}; the metadata's channel is "etcd". In the arena. */
const char *source_partition_json(struct ks_arena *arena, const char *cluster, const char *channel);
const char *channel_offset_json(struct ks_arena *arena, const struct channel_offset *offset);
const char *etcd_offset_json(struct ks_arena *arena, const struct etcd_offset *offset);

/* Reads what was committed; *ret_found = false if there is nothing. Errors: FATAL for an offset
 * that is not ours, with its text. */
enum ks_status channel_offset_read(const struct ks_task_host *host, const char *cluster,
                                   const char *channel, struct channel_offset *ret, bool *ret_found,
                                   struct ks_error *err);
enum ks_status etcd_offset_read(const struct ks_task_host *host, const char *cluster,
                                struct etcd_offset *ret, bool *ret_found, struct ks_error *err);
/* ks_connector_class.check_offset. */
enum ks_status source_offset_check(const struct ks_config *config, const char *partition_json,
                                   const char *offset_json, struct ks_error *err);

#endif
