/* In: transactions of a source, and the lag that its plugin reports; out: since when there is work
 * and none of it moves. Next: the watchdog of task_threads, by on_still. Told when a transaction
 * begins, so that a commit which never comes back is seen although this thread waits in it. Without
 * one there is work when the plugin says that it is behind, by more than a healthy source is
 * between two of its commits. */
#include "source_progress.h"

#include <stdlib.h>

#include "alloc.h"

static void tell(struct source_progress *p, int64_t since_ms)
{
    struct task_context *ctx = p->task->ctx;
    p->still = since_ms > 0;
    ctx->on_still(ctx, since_ms, p->at ? p->at : "no offset was committed in this run");
}

void source_progress_start(struct source_progress *p, struct ks_task *task)
{
    p->task = task;
    p->moved_ms = clock_mono_ms();
    if (p->still)
        tell(p, 0);
}

void source_progress_release(struct source_progress *p)
{
    free(p->at);
    p->at = NULL;
}

void source_progress_opened(struct source_progress *p)
{
    p->is_open = true;
    if (!p->still)
        tell(p, clock_mono_ms());
}

void source_progress_committed(struct source_progress *p, const struct ks_source_offset *offsets,
                               size_t count)
{
    p->is_open = false;
    p->moved_ms = clock_mono_ms();
    if (count > 0) {
        free(p->at);
        p->at = xasprintf("the last committed offset is %s of %s",
                          offsets[count - 1].offset_json ? offsets[count - 1].offset_json : "none",
                          offsets[count - 1].partition_json);
    }
    tell(p, 0);
}

void source_progress_look(struct source_progress *p)
{
    int64_t stall_ms = p->task->ctx->worker->stall_timeout_ms;
    bool is_behind = stall_ms > 0 && p->task->source_lag_ms >= stall_ms;
    if (!p->is_open && is_behind != p->still)
        tell(p, is_behind ? p->moved_ms : 0);
}
