/* Threads that run handlers. In: calls from rest_server; out: their answers, exactly one each, by
 * rest_done_fn. Next: rest_server sends them. The one lock orders "the handler is done" against
 * "its time is over": whichever comes first answers, the other one only frees. */
#include "rest_pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "clock.h"
#include "kitestream/sdk/util.h"
#include "log.h"
#include "mono_cond.h"

#define READ_THREADS 2

struct entry {
    struct rest_job job;
    struct rest_response res;
    int64_t begin_ms; /* monotonic */
    int64_t wall_ms;
    const char *_Atomic waits_for;
    bool started, answered;
    struct entry *prev, *next;
};

struct rest_pool {
    pthread_mutex_t lock;
    pthread_cond_t work;        /* a job came, or closing */
    pthread_cond_t idle;        /* a job or a thread ended */
    struct entry *first, *last; /* waiting and running, oldest first */
    size_t threads, writers, max_writers;
    int64_t timeout_ms;
    bool stopping, closing;
};

static _Thread_local struct entry *current;

void rest_waits_for(const char *what)
{
    if (current)
        atomic_store(&current->waits_for, what);
}

/* ---- list; with the lock ---- */

static void append(struct rest_pool *p, struct entry *e)
{
    e->prev = p->last;
    *(p->last ? &p->last->next : &p->first) = e;
    p->last = e;
}

static void unlink_entry(struct rest_pool *p, struct entry *e)
{
    *(e->prev ? &e->prev->next : &p->first) = e->next;
    *(e->next ? &e->next->prev : &p->last) = e->prev;
}

static void free_entry(struct entry *e)
{
    rest_call_release(e->job.take_call);
    free(e->job.take_call);
    rest_response_release(&e->res);
    free(e);
}

static bool is_write(const struct entry *e)
{
    return e->job.take_call->route->flags & (REST_WRITES | REST_WAITS);
}

static struct entry *next_to_start(struct rest_pool *p)
{
    for (struct entry *e = p->first; e; e = e->next)
        if (!e->started && (!is_write(e) || p->writers < p->max_writers))
            return e;
    return NULL;
}

/* ---- the threads ---- */

static void run(struct entry *e)
{
    current = e;
    struct rest_call *call = e->job.take_call;
    if (!e->job.before || e->job.before(e->job.before_arg, call, &e->res))
        rest_router_handle(&e->job.ctx, call, &e->res);
    current = NULL;
}

/* Called with the lock, returns with it. */
static void run_unlocked(struct rest_pool *p, struct entry *e)
{
    bool write = is_write(e);
    e->started = true;
    p->writers += write;
    pthread_mutex_unlock(&p->lock);
    run(e);
    pthread_mutex_lock(&p->lock);
    p->writers -= write;
    if (write)
        pthread_cond_signal(&p->work); /* another write may go now */
    if (!e->answered) {
        e->answered = true;
        unlink_entry(p, e);
        e->job.done(e->job.done_arg, &e->res);
    }
    free_entry(e);
    pthread_cond_broadcast(&p->idle);
}

static void *pool_thread(void *arg)
{
    struct rest_pool *p = arg;
    pthread_mutex_lock(&p->lock);
    while (!p->closing) {
        struct entry *e = next_to_start(p);
        if (e)
            run_unlocked(p, e);
        else
            pthread_cond_wait(&p->work, &p->lock);
    }
    p->threads--;
    pthread_cond_broadcast(&p->idle);
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* ---- for the server ---- */

/* The caller frees. */
static char *doing(const struct entry *e)
{
    const char *waits_for = atomic_load(&e->waits_for);
    if (waits_for)
        return xasprintf("waiting for %s", waits_for);
    return xstrdup(e->started ? "handling the request" : "busy with other requests");
}

static void fail_late(const struct entry *e, struct rest_response *res)
{
    const struct rest_call *call = e->job.take_call;
    time_t began = (time_t)(e->wall_ms / 1000);
    struct tm tm;
    char at[32];
    gmtime_r(&began, &tm);
    strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", &tm);
    char *what = doing(e);
    rest_fail(res, 500, "Request timed out. The worker is currently %s: %s %s, which began at %s",
              what, call->method, call->target.path, at);
    log_warn("%s %s: no answer within %lld ms; the worker is %s", call->method, call->target.path,
             (long long)(clock_mono_ms() - e->begin_ms), what);
    free(what);
}

static void answer_early(struct rest_pool *p, struct entry *e, bool stopping)
{
    struct rest_response res = {0};
    if (stopping)
        rest_fail(&res, 503, "The worker is stopping; ask another one, or this one again later");
    else
        fail_late(e, &res);
    e->answered = true;
    unlink_entry(p, e);
    e->job.done(e->job.done_arg, &res);
    rest_response_release(&res);
    if (!e->started)
        free_entry(e);
}

void rest_pool_submit(struct rest_pool *p, const struct rest_job *job)
{
    struct entry *e = xcalloc(1, sizeof *e);
    e->job = *job;
    e->begin_ms = clock_mono_ms();
    e->wall_ms = clock_wall_ms();
    pthread_mutex_lock(&p->lock);
    append(p, e);
    if (p->stopping)
        answer_early(p, e, true);
    else
        pthread_cond_signal(&p->work);
    pthread_mutex_unlock(&p->lock);
}

void rest_pool_expire(struct rest_pool *p, bool stopping)
{
    pthread_mutex_lock(&p->lock);
    p->stopping |= stopping;
    int64_t latest_ms = clock_mono_ms() - p->timeout_ms;
    struct entry *next;
    for (struct entry *e = p->first; e && (stopping || e->begin_ms <= latest_ms); e = next) {
        next = e->next;
        answer_early(p, e, stopping);
    }
    pthread_cond_broadcast(&p->idle);
    pthread_mutex_unlock(&p->lock);
}

bool rest_pool_wait(struct rest_pool *p, int64_t wait_ms)
{
    int64_t at_ms = clock_mono_ms() + wait_ms;
    bool late = false;
    pthread_mutex_lock(&p->lock);
    while (p->first && !late)
        late = !mono_cond_wait(&p->idle, &p->lock, at_ms);
    bool done = !p->first;
    pthread_mutex_unlock(&p->lock);
    return done;
}

static void free_pool(struct rest_pool *p)
{
    pthread_cond_destroy(&p->work);
    pthread_cond_destroy(&p->idle);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

bool rest_pool_close(struct rest_pool *p, int64_t wait_ms)
{
    if (!p)
        return true;
    int64_t at_ms = clock_mono_ms() + wait_ms;
    bool late = false;
    pthread_mutex_lock(&p->lock);
    p->closing = true;
    pthread_cond_broadcast(&p->work);
    while (p->threads > 0 && !late)
        late = !mono_cond_wait(&p->idle, &p->lock, at_ms);
    bool ended = p->threads == 0;
    pthread_mutex_unlock(&p->lock);
    if (ended)
        free_pool(p);
    return ended;
}

enum ks_status rest_pool_open(size_t threads, int64_t timeout_ms, struct rest_pool **ret,
                              struct ks_error *err)
{
    struct rest_pool *p = xcalloc(1, sizeof *p);
    p->timeout_ms = timeout_ms;
    p->max_writers = threads > READ_THREADS ? threads - READ_THREADS : 1;
    pthread_mutex_init(&p->lock, NULL);
    mono_cond_init(&p->work);
    mono_cond_init(&p->idle);
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_mutex_lock(&p->lock);
    pthread_t thread;
    while (p->threads < threads && pthread_create(&thread, &detached, pool_thread, p) == 0)
        p->threads++;
    bool good = p->threads == threads;
    pthread_mutex_unlock(&p->lock);
    pthread_attr_destroy(&detached);
    if (good) {
        *ret = p;
        return KS_OK;
    }
    rest_pool_close(p, 1000);
    return ks_error_set(err, KS_ERR_FATAL, "no threads for the REST interface");
}
