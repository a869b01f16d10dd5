/* The sink task (ordering §4, §5): the ops that the host calls, and the order of one round: take
 * what the pool has finished, commit what must be committed before anything else, give out what is
 * due.
 *
 * If the process dies
 *   before a job's call: its rows are behind the committed offset and are read again;
 *   during or after the call, before the commit: they are read again too, and applied as Upsert,
 * since the state says clean=false; after a DDL's call, before the commit: the DDL is repeated,
 * which changes nothing; after the commit: the next owner goes on from it. Two owners: the old
 * one's commits are fenced by the new one's init_transactions; its calls end with its lease, for
 * which the new one waits. */
#ifndef SINK_SINK_TASK_H
#define SINK_SINK_TASK_H

#include "kitestream/plugin.h"

extern const struct ks_sink_task_ops sink_task_ops;

#endif
