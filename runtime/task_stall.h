/* A task without progress: since when its loop has had work that does not move, and from which
 * moment that counts as a stall. The caller locks. */
#ifndef RUNTIME_TASK_STALL_H
#define RUNTIME_TASK_STALL_H

#include <stdbool.h>
#include <stdint.h>

/* Zero-initialised is valid: it moves. Owns: its texts. */
struct task_stall {
    int64_t since_ms; /* monotonic; 0: it moves, or has nothing to do */
    char *at;
    char *text;  /* while it counts as stalled: what a status says; or NULL */
    bool logged; /* the owner's */
};
void task_stall_release(struct task_stall *s);

/* Since when (monotonic; 0: it moves), and where it stands, as a sentence. */
void task_stall_note(struct task_stall *s, int64_t since_ms, const char *at);
/* Makes or clears `text`; true if that is news. stall_ms 0: nothing is ever a stall. */
bool task_stall_watch(struct task_stall *s, bool is_running, int64_t stall_ms);

#endif
