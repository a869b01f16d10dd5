/* Time. Monotonic for waiting, wall clock for people and records. */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <stdint.h>

int64_t clock_mono_ms(void);
/* Monotonic, and goes on while the machine sleeps: for times that others measure meanwhile. Not for
 * waits on a condition. */
int64_t clock_boot_ms(void);
int64_t clock_wall_ms(void); /* Unix time */

/* Milvus hybrid timestamp ("tick"): Unix ms << 18 | logical. */
static inline int64_t tick_to_ms(uint64_t tick)
{
    return (int64_t)(tick >> 18);
}
static inline uint64_t tick_from_ms(int64_t unix_ms)
{
    return (uint64_t)unix_ms << 18;
}

/* Exponential backoff: first 300 ms, doubling, at most 60 s, ±20 %. Zero-initialise. */
struct backoff {
    int64_t wait_ms;
    int64_t until_mono_ms;
};
/* Returns the wait that was chosen. */
int64_t backoff_fail(struct backoff *b);
void backoff_ok(struct backoff *b);

#endif
