/* Does a source move? Told when a transaction begins and ends, looked at once a second in between.
 * Thread: the task's. */
#ifndef RUNTIME_SOURCE_PROGRESS_H
#define RUNTIME_SOURCE_PROGRESS_H

#include "task_host.h"

/* Owns: at. */
struct source_progress {
    struct ks_task *task;
    char *at;            /* the last offset that was committed, as a sentence */
    int64_t moved_ms;    /* monotonic: the last commit, or the start */
    bool is_open, still; /* still: told so */
};
/* At the start, and after a pause. */
void source_progress_start(struct source_progress *p, struct ks_task *task);
void source_progress_release(struct source_progress *p);

/* There is something to commit. */
void source_progress_opened(struct source_progress *p);
/* It is committed, up to the last of these. */
void source_progress_committed(struct source_progress *p, const struct ks_source_offset *offsets,
                               size_t count);
void source_progress_look(struct source_progress *p);

#endif
