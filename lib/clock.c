/* Time, and the wait between retries. */
#include "clock.h"

#include <time.h>

#define BACKOFF_FIRST_MS 300
#define BACKOFF_MAX_MS 60000

static int64_t read_ns(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_mono_ms(void)
{
    return read_ns(CLOCK_MONOTONIC) / 1000000;
}

int64_t clock_boot_ms(void)
{
    return read_ns(CLOCK_BOOTTIME) / 1000000;
}

int64_t clock_wall_ms(void)
{
    return read_ns(CLOCK_REALTIME) / 1000000;
}

/* 80..120. The clock's low digits are random enough to spread retries, and need no state. */
static int64_t jitter_percent(void)
{
    return 80 + read_ns(CLOCK_MONOTONIC) / 100 % 41;
}

int64_t backoff_fail(struct backoff *b)
{
    b->wait_ms = b->wait_ms ? b->wait_ms * 2 : BACKOFF_FIRST_MS;
    if (b->wait_ms > BACKOFF_MAX_MS)
        b->wait_ms = BACKOFF_MAX_MS;
    int64_t wait_ms = b->wait_ms * jitter_percent() / 100;
    if (wait_ms > BACKOFF_MAX_MS)
        wait_ms = BACKOFF_MAX_MS;
    b->until_mono_ms = clock_mono_ms() + wait_ms;
    return wait_ms;
}

void backoff_ok(struct backoff *b)
{
    *b = (struct backoff){0};
}
