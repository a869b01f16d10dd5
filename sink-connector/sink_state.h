/* The sink's state as it stands in the offset topic (ordering §5): which DDL are applied, whether
 * the last owner ended cleanly, who it was; and its own copy of the offsets, for when the group's
 * expire. Flat JSON, as Connect wants it. Written in one transaction with the group's offsets.
 *
 * If the process dies: the record is either of before or of after the transaction; `clean` is false
 * from before the first write until a drained stop, so a new owner knows that rows behind the
 * offsets may have been written. */
#ifndef SINK_SINK_STATE_H
#define SINK_SINK_STATE_H

#include "kitestream/plugin.h"
#include "kitestream/sdk/arena.h"
#include "owner.h"
#include "seq_set.h"

enum { SINK_ID_SIZE = 17 };

/* Owns: its sets. */
struct sink_state {
    struct seq_set applied;  /* skipped ones included */
    struct seq_set skipped;  /* by ddl.policy, or given up for a drop: not in the folded catalogue;
                                up_to is 0 */
    struct seq_set excluded; /* of collections that the filter left out: to be applied when it takes
                                them in again; up_to is 0 */
    struct seq_set adopted;  /* seq of creates that found an existing collection: its c rows stay
                                Upserts, since nobody knows what it held; up_to is 0 */
    bool clean;
    char owner[OWNER_TEXT_MAX];
    char id[SINK_ID_SIZE]; /* of the sink as long as it has this state; "" in records of versions
                              without it */
};

void sink_state_release(struct sink_state *s);
void sink_state_new_id(struct sink_state *s);
extern const char sink_state_partition[]; /* partition_json of the record */
const char *sink_state_json(const struct sink_state *s, struct ks_arena *arena);
/* *ret_found = false on a first start. Errors: FATAL for a record that is not ours. */
enum ks_status sink_state_read(const struct ks_task_host *host, struct sink_state *ret,
                               bool *ret_found, struct ks_error *err);

/* Connect's shape of a sink offset. */
const char *sink_offset_partition(struct ks_arena *arena, const char *topic, int32_t partition);
const char *sink_offset_json(struct ks_arena *arena, int64_t offset);
/* -1 if there is none. */
enum ks_status sink_offset_read(const struct ks_task_host *host, const char *topic,
                                int32_t partition, int64_t *ret, struct ks_error *err);

#endif
