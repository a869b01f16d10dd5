#include "write_pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "alloc.h"
#include "clock.h"
#include "mono_cond.h"

struct write_pool {
    pthread_mutex_t mutex;
    pthread_cond_t wake;     /* a lane is ready, or stop */
    pthread_cond_t finished; /* on the monotonic clock */
    pthread_t *threads;
    size_t thread_count;
    struct pool_lane *ready, **ready_tail;
    struct pool_work *done, **done_tail;
    size_t busy;
    bool stop;
};

static void make_ready(struct write_pool *p, struct pool_lane *lane)
{
    lane->next_ready = NULL;
    *p->ready_tail = lane;
    p->ready_tail = &lane->next_ready;
    pthread_cond_signal(&p->wake);
}

static struct pool_lane *take_ready(struct write_pool *p)
{
    struct pool_lane *lane = p->ready;
    p->ready = lane->next_ready;
    if (!p->ready)
        p->ready_tail = &p->ready;
    return lane;
}

static void add_done(struct write_pool *p, struct pool_work *work)
{
    work->next = NULL;
    *p->done_tail = work;
    p->done_tail = &work->next;
    pthread_cond_signal(&p->finished);
}

/* With the mutex held, but for the work itself. */
static void run_one(struct write_pool *p, struct pool_lane *lane)
{
    struct pool_work *work = lane->head;
    lane->head = work->next;
    pthread_mutex_unlock(&p->mutex);
    work->run(work);
    pthread_mutex_lock(&p->mutex);
    /* Once the work is in the done list its submitter may free the lane. */
    if (lane->head)
        make_ready(p, lane);
    else
        lane->running = false;
    add_done(p, work);
}

static void *thread_main(void *arg)
{
    struct write_pool *p = arg;
    pthread_mutex_lock(&p->mutex);
    while (!p->stop) {
        if (p->ready)
            run_one(p, take_ready(p));
        else
            pthread_cond_wait(&p->wake, &p->mutex);
    }
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

struct write_pool *write_pool_new(size_t threads)
{
    struct write_pool *p = xcalloc(1, sizeof(*p));
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->wake, NULL);
    mono_cond_init(&p->finished);
    p->ready_tail = &p->ready;
    p->done_tail = &p->done;
    p->threads = xcalloc(threads, sizeof(*p->threads));
    for (; p->thread_count < threads; p->thread_count++)
        if (pthread_create(&p->threads[p->thread_count], NULL, thread_main, p))
            abort(); /* no thread is as bad as no memory */
    return p;
}

void write_pool_stop(struct write_pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->mutex);
    p->stop = true;
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->mutex);
    for (; p->thread_count > 0; p->thread_count--)
        pthread_join(p->threads[p->thread_count - 1], NULL);
    while (p->ready) {
        struct pool_lane *lane = take_ready(p);
        while (lane->head) {
            struct pool_work *work = lane->head;
            lane->head = work->next;
            add_done(p, work);
        }
    }
}

void write_pool_free(struct write_pool *p)
{
    if (!p)
        return;
    write_pool_stop(p);
    pthread_cond_destroy(&p->finished);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->mutex);
    free(p->threads);
    free(p);
}

void write_pool_submit(struct write_pool *p, struct pool_lane *lane, struct pool_work *work)
{
    pthread_mutex_lock(&p->mutex);
    work->next = NULL;
    if (!lane->head)
        lane->tail = &lane->head;
    *lane->tail = work;
    lane->tail = &work->next;
    p->busy++;
    if (!lane->running) {
        lane->running = true;
        make_ready(p, lane);
    }
    pthread_mutex_unlock(&p->mutex);
}

struct pool_work *write_pool_take_done(struct write_pool *p)
{
    pthread_mutex_lock(&p->mutex);
    struct pool_work *done = p->done;
    p->done = NULL;
    p->done_tail = &p->done;
    for (const struct pool_work *w = done; w; w = w->next)
        p->busy--;
    pthread_mutex_unlock(&p->mutex);
    return done;
}

size_t write_pool_busy(struct write_pool *p)
{
    pthread_mutex_lock(&p->mutex);
    size_t busy = p->busy;
    pthread_mutex_unlock(&p->mutex);
    return busy;
}

void write_pool_wait(struct write_pool *p, int timeout_ms)
{
    int64_t until = clock_mono_ms() + timeout_ms;
    pthread_mutex_lock(&p->mutex);
    if (!p->done && p->busy > 0)
        mono_cond_wait(&p->finished, &p->mutex, until);
    pthread_mutex_unlock(&p->mutex);
}
