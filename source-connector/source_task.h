/* One source task: the two readers, the sequencer, the stream, and the transactions (ordering §3).
 *
 * Order kept: what sequencer_next gives, item by item; a DDL whose `after` depends on rows begins a
 * new batch, so that the host has delivered those rows when it is asked for their offsets.
 * If the process dies: before a batch with `commit` is committed, everything since the last commit
 * is void, and source_start resumes from the committed offsets: the revision for etcd, one offset
 * per pchannel, W for both. After it, the next start finds the new ones. There is no third case,
 * since rows, DDL and offsets are one transaction. Nothing else is kept anywhere. */
#ifndef SOURCE_SOURCE_TASK_H
#define SOURCE_SOURCE_TASK_H

#include "kitestream/plugin.h"

extern const struct ks_source_task_ops source_task_ops;

#endif
