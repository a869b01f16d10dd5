/* What a compaction hides: ends of which Milvus no longer tells the time, and the pchannels of
 * collections that are gone. Part of meta_model's comparison after a compaction. */
#ifndef SOURCE_META_MISSED_H
#define SOURCE_META_MISSED_H

#include "meta_history.h"

/* Emits, without a tick, drops of what the stream has and the present has not, unless the history
 * after `since` tells of it. Before the history is replayed: drops free names. */
void meta_missed_drops(struct meta_diff *d, const struct meta_history *h, uint64_t since);
/* Gives drops of collections the pchannels that the history names for them, so that the rows before
 * the drop are read. */
void meta_missed_uses(const struct meta_history *h, struct pending_ddl *list);

#endif
