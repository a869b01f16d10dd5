/* Connector offsets in Connect's offset topic: key ["<connector>",{partition}], value {offset}.
 * Written by the loops inside their transactions; read here, fresh, after the old owner was
 * fenced. */
#ifndef RUNTIME_OFFSET_STORE_H
#define RUNTIME_OFFSET_STORE_H

#include <jansson.h>

#include "compacted_topic.h"
#include "kitestream/sdk/buf.h"

/* The offsets of one connector at one moment. */
struct offset_snapshot;
enum ks_status offset_snapshot_read(const struct worker_config *config, const char *connector,
                                    const _Atomic bool *stop, struct offset_snapshot **ret,
                                    struct ks_error *err);
void offset_snapshot_free(struct offset_snapshot *s);
/* partition_json in any member order; NULL if absent. Borrowed. */
const char *offset_snapshot_get(const struct offset_snapshot *s, const char *partition_json);
size_t offset_snapshot_count(const struct offset_snapshot *s);
void offset_snapshot_at(const struct offset_snapshot *s, size_t i, const char **ret_partition,
                        const char **ret_offset);
/* Is it an object of plain values, as partitions and offsets have to be? */
bool offset_is_flat(const json_t *value);
/* Key bytes: member names of the partition sorted, no blanks, so that equal partitions have equal
 * keys. Errors: DATA if partition_json is not a flat object. */
enum ks_status offset_store_key(const char *connector, const char *partition_json,
                                struct ks_buf *out, struct ks_error *err);
/* Creates the topic if absent (25 partitions by default). */
enum ks_status offset_store_ensure(const struct worker_config *config, struct ks_error *err);

#endif
