/* Placement: the workers of one group.id share 32 slots, the partitions of <group.id>-slots, by
 * Kafka's own consumer group (cooperative, static membership: group.instance.id = worker id,
 * session 10 s). A connector belongs to the slot its name hashes to. A worker that was killed and
 * comes back with its id within the session has its slots again at once; after 10 s of absence
 * others get them. One that is closed gives them to the others at once, if there are any.
 * Thread: any; the callbacks come on the group's own thread. */
#ifndef RUNTIME_SLOT_GROUP_H
#define RUNTIME_SLOT_GROUP_H

#include "worker_config.h"

#define SLOT_COUNT 32
typedef uint32_t slot_mask; /* bit n: slot n */

struct slot_events {
    void *arg;
    void (*gained)(void *arg, slot_mask slots);
    /* Returns when nothing of these slots runs any more: only then they are given away. */
    void (*lost)(void *arg, slot_mask slots);
};

struct slot_group;

/* Creates the topic if it is absent and begins to join. Errors: RETRIABLE when the brokers are
 * away; FATAL for lack of permission. */
enum ks_status slot_group_open(const struct worker_config *worker, const struct slot_events *events,
                               struct slot_group **ret, struct ks_error *err);
/* Calls `lost` for what is held. Returns false if Kafka's client could not be ended: its threads go
 * on, so the process must end by _exit. */
bool slot_group_close(struct slot_group *g);

int slot_group_slot_of(const char *connector);
/* Asks the group's coordinator whether this worker is still a member in good standing, and so, if
 * it holds the slot, its only owner. Errors: RETRIABLE: not confirmed, with the reason. */
enum ks_status slot_group_confirm(struct slot_group *g, int slot, int timeout_ms,
                                  struct ks_error *err);

#endif
