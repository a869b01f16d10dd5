/* Threads that run handlers. A handler may hang as long as it likes: what it was asked is answered
 * at its deadline, the late result is dropped, and two threads are kept for reads, so that writes
 * which wait for Kafka do not stop them. */
#ifndef RUNTIME_REST_POOL_H
#define RUNTIME_REST_POOL_H

#include "rest_router.h"

struct rest_pool;

/* Called once per job, with the handler's answer or, at the deadline, with an error; takes what
 * *res holds. Thread: one of the pool's, or that of rest_pool_expire. */
typedef void rest_done_fn(void *arg, struct rest_response *res);

/* Runs before the handler, on the pool's thread: for what may take long (passwords). Returns false
 * if res has the answer. */
typedef bool rest_before_fn(void *arg, struct rest_call *call, struct rest_response *res);

struct rest_job {
    struct rest_call *take_call;
    struct rest_context ctx;
    rest_before_fn *before; /* or NULL */
    void *before_arg;       /* lives as long as the pool */
    rest_done_fn *done;
    void *done_arg; /* until `done` was called */
};

/* threads: at least 1. Errors: FATAL when there are no threads. */
enum ks_status rest_pool_open(size_t threads, int64_t timeout_ms, struct rest_pool **ret,
                              struct ks_error *err);
void rest_pool_submit(struct rest_pool *p, const struct rest_job *job);
/* Answers jobs that are older than the time limit; if the worker is `stopping`, all of them, and
 * from then on each one at once. */
void rest_pool_expire(struct rest_pool *p, bool stopping);
/* Waits until no job is left; false: some still were at the deadline. */
bool rest_pool_wait(struct rest_pool *p, int64_t wait_ms);
/* All jobs must have been answered (expire them). Returns false if a handler still runs: its thread
 * keeps the pool, and the process must end without freeing what handlers use. */
bool rest_pool_close(struct rest_pool *p, int64_t wait_ms);

#endif
