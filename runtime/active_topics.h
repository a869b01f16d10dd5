/* Which topics each connector has written to or read from, as Connect keeps it in the status topic:
 * key status-topic-<topic>:connector-<connector>. Thread: under status_store's lock. */
#ifndef RUNTIME_ACTIVE_TOPICS_H
#define RUNTIME_ACTIVE_TOPICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "map.h"

/* Zero-initialised is empty. */
struct active_topics {
    struct strmap keys; /* record key to itself */
};

void active_topics_release(struct active_topics *t);
/* malloc'd. */
char *active_topics_key(const char *connector, const char *topic);
char *active_topics_value(const char *connector, const char *topic, int task, int64_t wall_ms);
/* Is this a record of ours at all? */
bool active_topics_owns(const char *key);
/* Returns false if nothing changed. */
bool active_topics_set(struct active_topics *t, const char *key, bool active);
/* Topics of a connector, sorted; one allocation, free(*ret). */
size_t active_topics_of(const struct active_topics *t, const char *connector, char ***ret);

#endif
