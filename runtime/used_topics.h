/* Which topics a task uses, told to its context once each. On the path of a row: a comparison.
 * Thread: the task's. */
#ifndef RUNTIME_USED_TOPICS_H
#define RUNTIME_USED_TOPICS_H

#include "map.h"
#include "task_context.h"

/* Zero-initialised is empty. */
struct used_topics {
    struct strmap names; /* to its own copy */
    const char *last;    /* records come in runs of one topic */
    unsigned epoch;      /* of what was told */
};

void used_topics_release(struct used_topics *u);
void used_topics_note(struct used_topics *u, struct task_context *ctx, const char *topic);

#endif
