#include "mono_cond.h"

#include <time.h>

void mono_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
}

bool mono_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t until_mono_ms)
{
    struct timespec at = {.tv_sec = until_mono_ms / 1000,
                          .tv_nsec = until_mono_ms % 1000 * 1000000};
    return pthread_cond_timedwait(cond, mutex, &at) == 0;
}
