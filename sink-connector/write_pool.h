/* Threads that run what may block: writes and DDL calls. Work of one lane runs one after the other
 * and in order; lanes run side by side. Finished work is collected by the task's thread.
 * Thread: submit and take_done on the task's thread; `run` on a pool thread. */
#ifndef SINK_WRITE_POOL_H
#define SINK_WRITE_POOL_H

#include <stdbool.h>
#include <stddef.h>

struct write_pool;

struct pool_work {
    void (*run)(struct pool_work *);
    struct pool_work *next;
};

/* Zero-initialised is idle. Belongs to the submitter; must outlive its work. */
struct pool_lane {
    struct pool_work *head, **tail;
    struct pool_lane *next_ready;
    bool running;
};

struct write_pool *write_pool_new(size_t threads);
/* Waits for what is running and ends the threads. What had not begun counts as done without having
 * run: collect it with write_pool_take_done. NULL is fine. */
void write_pool_stop(struct write_pool *p);
void write_pool_free(struct write_pool *p); /* stops first */
void write_pool_submit(struct write_pool *p, struct pool_lane *lane, struct pool_work *work);
/* All work that finished since the last call, oldest first; NULL if none. */
struct pool_work *write_pool_take_done(struct write_pool *p);
size_t write_pool_busy(struct write_pool *p); /* submitted and not yet taken */
/* Waits until some work is done, at most that long. */
void write_pool_wait(struct write_pool *p, int timeout_ms);

#endif
