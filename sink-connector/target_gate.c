#include "target_gate.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "clock.h"
#include "mono_cond.h"
#include "utf8_copy.h"

struct target_gate {
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* on the monotonic clock */
    struct lease lease;
    bool stop;
    char trouble[GATE_TEXT_MAX];
};

/* How long to sleep at most before looking again whether the lease allows a call. */
enum { LOOK_AGAIN_MS = 200 };

struct target_gate *target_gate_new(void)
{
    struct target_gate *g = xcalloc(1, sizeof(*g));
    mono_cond_init(&g->changed);
    pthread_mutex_init(&g->mutex, NULL);
    return g;
}

void target_gate_free(struct target_gate *g)
{
    if (!g)
        return;
    pthread_cond_destroy(&g->changed);
    pthread_mutex_destroy(&g->mutex);
    free(g);
}

void target_gate_begin(struct target_gate *g, int64_t lease_ms, enum lease_start start,
                       int64_t fenced_ms)
{
    pthread_mutex_lock(&g->mutex);
    lease_begin(&g->lease, lease_ms, start, fenced_ms);
    pthread_mutex_unlock(&g->mutex);
}

void target_gate_renewed(struct target_gate *g, int64_t sent_ms)
{
    pthread_mutex_lock(&g->mutex);
    lease_renewed(&g->lease, sent_ms);
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->mutex);
}

bool target_gate_renewal_due(struct target_gate *g, int64_t now_ms)
{
    pthread_mutex_lock(&g->mutex);
    bool due = lease_renewal_due(&g->lease, now_ms);
    pthread_mutex_unlock(&g->mutex);
    return due;
}

int64_t target_gate_wait_ms(struct target_gate *g, int64_t now_ms)
{
    pthread_mutex_lock(&g->mutex);
    int64_t wait = lease_wait_ms(&g->lease, now_ms);
    pthread_mutex_unlock(&g->mutex);
    return wait;
}

void target_gate_stop(struct target_gate *g)
{
    pthread_mutex_lock(&g->mutex);
    g->stop = true;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->mutex);
}

bool target_gate_trouble(struct target_gate *g, char ret[GATE_TEXT_MAX])
{
    pthread_mutex_lock(&g->mutex);
    memcpy(ret, g->trouble, sizeof(g->trouble));
    pthread_mutex_unlock(&g->mutex);
    return ret[0] != '\0';
}

int64_t target_gate_enter(struct target_gate *g)
{
    int64_t ms = 0;
    pthread_mutex_lock(&g->mutex);
    while (!g->stop) {
        ms = lease_call_ms(&g->lease, clock_boot_ms());
        if (ms > 0)
            break;
        mono_cond_wait(&g->changed, &g->mutex, clock_mono_ms() + LOOK_AGAIN_MS);
    }
    if (g->stop)
        ms = 0;
    pthread_mutex_unlock(&g->mutex);
    return ms;
}

bool target_gate_sleep(struct target_gate *g, int64_t ms)
{
    int64_t until = clock_mono_ms() + ms;
    pthread_mutex_lock(&g->mutex);
    while (!g->stop && clock_mono_ms() < until)
        mono_cond_wait(&g->changed, &g->mutex, until);
    bool go_on = !g->stop;
    pthread_mutex_unlock(&g->mutex);
    return go_on;
}

bool target_gate_stopped(struct target_gate *g)
{
    pthread_mutex_lock(&g->mutex);
    bool stopped = g->stop;
    pthread_mutex_unlock(&g->mutex);
    return stopped;
}

void target_gate_report(struct target_gate *g, const char *trouble)
{
    pthread_mutex_lock(&g->mutex);
    utf8_copy(g->trouble, sizeof(g->trouble), trouble ? trouble : "");
    pthread_mutex_unlock(&g->mutex);
}
