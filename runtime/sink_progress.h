/* Does a sink move? Looked at once a second, told when it changes. Thread: the task's. */
#ifndef RUNTIME_SINK_PROGRESS_H
#define RUNTIME_SINK_PROGRESS_H

#include "task_host.h"

/* Zero-initialise, but for grace_ms. */
struct sink_progress {
    int64_t grace_ms;  /* as long as it is right that nothing moves: from commit to commit */
    int64_t since_ms;  /* monotonic; 0: it moves, or has nothing to do */
    int64_t positions; /* sum over the partitions */
    bool told;
};
void sink_progress_look(struct sink_progress *p, struct ks_task *task, bool paused);

#endif
