/* The change batches of one task: filled, handed to the host, and taken back when their records are
 * delivered, so that their arenas are used again. Thread: the task's (release included). */
#ifndef SOURCE_BATCH_POOL_H
#define SOURCE_BATCH_POOL_H

#include "row_events.h"

struct batch_pool;

struct batch_pool *batch_pool_new(void);
void batch_pool_free(struct batch_pool *pool); /* every batch has come back */
/* An empty batch; batch.release gives it back. */
struct change_batch *batch_pool_take(struct batch_pool *pool);
/* Gives back a batch that the host never saw. */
void batch_pool_give(struct change_batch *batch);

#endif
