#include "batch_pool.h"

#include <stdlib.h>

#include "alloc.h"

enum { KEPT_BATCHES = 4, KEPT_BYTES = 4 << 20, CHUNK_BYTES = 1 << 20 };

struct pooled {
    struct change_batch change; /* first: what the others see */
    struct batch_pool *pool;
    struct pooled *next;
};

struct batch_pool {
    struct pooled *idle;
    size_t idle_count;
};

struct batch_pool *batch_pool_new(void)
{
    return xcalloc(1, sizeof(struct batch_pool));
}

static void free_batch(struct pooled *p)
{
    ks_arena_release(&p->change.arena);
    free(p->change.batch.records);
    free(p);
}

void batch_pool_free(struct batch_pool *pool)
{
    if (!pool)
        return;
    for (struct pooled *p = pool->idle, *next; p; p = next) {
        next = p->next;
        free_batch(p);
    }
    free(pool);
}

static void release(struct ks_source_batch *batch)
{
    struct pooled *p = batch->owner;
    struct batch_pool *pool = p->pool;
    if (pool->idle_count == KEPT_BATCHES) {
        free_batch(p);
        return;
    }
    p->next = pool->idle;
    pool->idle = p;
    pool->idle_count++;
}

void batch_pool_give(struct change_batch *batch)
{
    release(&batch->batch);
}

struct change_batch *batch_pool_take(struct batch_pool *pool)
{
    struct pooled *p = pool->idle;
    if (p) {
        struct ks_record *records = p->change.batch.records;
        pool->idle = p->next;
        pool->idle_count--;
        ks_arena_reset(&p->change.arena, KEPT_BYTES);
        p->change.batch = (struct ks_source_batch){.records = records};
        p->change.value_bytes = 0;
    } else {
        p = xcalloc(1, sizeof(*p));
        p->pool = pool;
        p->change.arena.chunk_bytes = CHUNK_BYTES;
    }
    p->change.batch.release = release;
    p->change.batch.owner = p;
    return &p->change;
}
