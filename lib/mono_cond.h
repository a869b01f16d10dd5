/* Condition variables that wait on the monotonic clock, which setting the time does not move. */
#ifndef LIB_MONO_COND_H
#define LIB_MONO_COND_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

void mono_cond_init(pthread_cond_t *cond);
/* With the mutex held. False: the time (of clock_mono_ms) has come. */
bool mono_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t until_mono_ms);

#endif
