/* Calls that may hang. In: a function; out: whether it has returned. Next: herd_connector
 * (planning), herder_ops (checks), which both call plugins. Thread: owner and call meet under the
 * lock; the one that comes last frees. */
#include "bounded_call.h"

#include <pthread.h>
#include <stdlib.h>

#include "alloc.h"
#include "clock.h"
#include "mono_cond.h"

struct bounded_call {
    struct bounded_call_spec spec;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    bool is_done, abandoned;
};

static void destroy(struct bounded_call *c)
{
    if (c->spec.release)
        c->spec.release(c->spec.take_arg);
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->changed);
    free(c);
}

static void *call_main(void *arg)
{
    struct bounded_call *c = arg;
    c->spec.fn(c->spec.take_arg);
    pthread_mutex_lock(&c->lock);
    bool abandoned = c->abandoned;
    c->is_done = true;
    if (!abandoned && c->spec.done)
        c->spec.done(c->spec.done_arg);
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
    if (abandoned)
        destroy(c);
    return NULL;
}

struct bounded_call *bounded_call_start(const struct bounded_call_spec *spec)
{
    pthread_t thread;
    pthread_attr_t detached;
    struct bounded_call *c = xcalloc(1, sizeof *c);
    c->spec = *spec;
    pthread_mutex_init(&c->lock, NULL);
    mono_cond_init(&c->changed);
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    bool started = pthread_create(&thread, &detached, call_main, c) == 0;
    pthread_attr_destroy(&detached);
    if (started)
        return c;
    destroy(c);
    return NULL;
}

bool bounded_call_done(struct bounded_call *c)
{
    pthread_mutex_lock(&c->lock);
    bool done = c->is_done;
    pthread_mutex_unlock(&c->lock);
    return done;
}

bool bounded_call_wait(struct bounded_call *c, int64_t timeout_ms)
{
    int64_t at_ms = clock_mono_ms() + timeout_ms;
    bool late = false;
    pthread_mutex_lock(&c->lock);
    while (!c->is_done && !late)
        late = !mono_cond_wait(&c->changed, &c->lock, at_ms);
    bool done = c->is_done;
    pthread_mutex_unlock(&c->lock);
    return done;
}

void *bounded_call_arg(const struct bounded_call *c)
{
    return c->spec.take_arg;
}

bool bounded_call_free(struct bounded_call *c)
{
    pthread_mutex_lock(&c->lock);
    bool done = c->is_done;
    c->abandoned = !done;
    pthread_mutex_unlock(&c->lock);
    if (done)
        destroy(c);
    return done;
}
