/* DDL that were read and are not yet applied: one queue per collection, queues waiting for each
 * other only over names and databases (ordering §4). Decides what may be applied next.
 *
 * Order kept: of two DDL that touch the same collection, name or database, the one with the lower
 * seq is applied first. A DDL is given out only when every row its `after` names is acknowledged.
 * If the process dies: nothing here is durable; the queue is read again from the DDL topic, without
 * what the committed state calls applied. Thread: the task's. */
#ifndef SINK_DDL_QUEUE_H
#define SINK_DDL_QUEUE_H

#include "ddl.h"

enum queued_state {
    QUEUED_WAITING,
    QUEUED_RUNNING, /* given out by ddl_queue_next */
    QUEUED_FAILED,  /* for good: holds up what depends on it */
};

struct queued_ddl {
    struct queued_ddl *next;
    struct ks_arena arena; /* of ddl */
    struct ddl *ddl;
    enum queued_state state;
    int64_t not_before_ms; /* monotonic: backoff after a failure that may pass */
    char reason[512];      /* why it failed or is repeated */
};

struct ddl_queue;

/* Has everything before this position been acknowledged (or is the topic gone, or left out)? */
typedef bool ddl_reached_fn(void *arg, const struct ks_topic_partition *position);

struct ddl_queue *ddl_queue_new(ddl_reached_fn *reached, void *arg);
void ddl_queue_free(struct ddl_queue *q);
/* At the end; seq ascending. */
void ddl_queue_add(struct ddl_queue *q, struct queued_ddl *take_item);
/* The first DDL that may be applied now, marked as running; NULL if there is none. */
struct queued_ddl *ddl_queue_next(struct ddl_queue *q, int64_t now_ms);
/* It is applied or skipped: removed and freed. */
void ddl_queue_done(struct ddl_queue *q, struct queued_ddl *item);
/* It failed in passing (again after the wait), or for good. */
void ddl_queue_again(struct queued_ddl *item, int64_t not_before_ms, const char *reason);
void ddl_queue_fail(struct queued_ddl *item, const char *reason);
/* The drop of this collection is waiting behind failed ones: removes every other waiting or failed
 * DDL of the collection and calls fn for each, so that the drop can run. */
void ddl_queue_abandon(struct ddl_queue *q, int64_t collection_id,
                       void (*fn)(void *arg, const struct ddl *ddl), void *arg);
/* Removes what `match` picks of the waiting and failed DDL, after a call of fn for each. */
void ddl_queue_remove_if(struct ddl_queue *q, bool (*match)(void *arg, const struct ddl *ddl),
                         void (*fn)(void *arg, const struct ddl *ddl), void *arg);
/* Is there a DDL of the collection, up to this seq, that its rows wait for? */
bool ddl_queue_gates(const struct ddl_queue *q, int64_t collection_id, int64_t seq);
bool ddl_queue_has(const struct ddl_queue *q, enum ddl_kind kind, int64_t collection_id);
bool ddl_queue_has_drop(const struct ddl_queue *q, int64_t collection_id);
/* Iterates in seq order; NULL begins. */
const struct queued_ddl *ddl_queue_each(const struct ddl_queue *q, const struct queued_ddl *after);
size_t ddl_queue_count(const struct ddl_queue *q);

#endif
