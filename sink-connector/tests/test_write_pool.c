#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../write_pool.h"
#include "alloc.h"
#include "clock.h"

enum { DEADLINE_MS = 20000 };

/* ---- works ---- */

/* Lets works wait for each other. */
struct meeting {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int arrived;
    bool open;
};

struct job {
    struct pool_work work; /* first */
    int lane, number;
    int *seen;    /* of the lane: the number that has to come next */
    bool in_turn; /* it came then */
    bool ran;
    struct meeting *meeting;
};

static void run_in_turn(struct pool_work *work)
{
    struct job *job = (struct job *)work;
    job->ran = true;
    job->in_turn = *job->seen == job->number;
    *job->seen = job->number + 1;
}

static struct timespec deadline(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    ts.tv_sec += DEADLINE_MS / 1000;
    return ts;
}

/* Ends when the meeting is opened. */
static void run_meet(struct pool_work *work)
{
    struct job *job = (struct job *)work;
    struct timespec until = deadline();
    pthread_mutex_lock(&job->meeting->mutex);
    job->meeting->arrived++;
    pthread_cond_broadcast(&job->meeting->changed);
    while (!job->meeting->open)
        if (pthread_cond_timedwait(&job->meeting->changed, &job->meeting->mutex, &until))
            break;
    job->ran = true;
    pthread_mutex_unlock(&job->meeting->mutex);
}

static void meeting_init(struct meeting *m)
{
    *m = (struct meeting){0};
    pthread_mutex_init(&m->mutex, NULL);
    pthread_cond_init(&m->changed, NULL);
}

static bool meeting_wait(struct meeting *m, int count)
{
    struct timespec until = deadline();
    pthread_mutex_lock(&m->mutex);
    while (m->arrived < count)
        if (pthread_cond_timedwait(&m->changed, &m->mutex, &until))
            break;
    bool all = m->arrived >= count;
    pthread_mutex_unlock(&m->mutex);
    return all;
}

static void meeting_open(struct meeting *m)
{
    pthread_mutex_lock(&m->mutex);
    m->open = true;
    pthread_cond_broadcast(&m->changed);
    pthread_mutex_unlock(&m->mutex);
}

static void meeting_destroy(struct meeting *m)
{
    pthread_cond_destroy(&m->changed);
    pthread_mutex_destroy(&m->mutex);
}

/* Takes what is done until that many works came back, in the order they did. */
static size_t collect(struct write_pool *p, struct pool_work **ret, size_t count)
{
    int64_t until = clock_mono_ms() + DEADLINE_MS;
    size_t got = 0;
    while (got < count && clock_mono_ms() < until) {
        for (struct pool_work *w = write_pool_take_done(p); w; w = w->next)
            ret[got++] = w;
        write_pool_wait(p, 100);
    }
    return got;
}

/* ---- tests ---- */

static void test_write_pool_submit__lanes_keep_their_order(void **state)
{
    enum { LANES = 5, JOBS = 400 };
    struct write_pool *p = write_pool_new(4);
    struct pool_lane lanes[LANES] = {0};
    struct job *jobs = xcalloc(LANES * JOBS, sizeof(*jobs));
    struct pool_work *done[LANES * JOBS];
    int seen[LANES] = {0}, next[LANES] = {0};
    for (int i = 0; i < LANES * JOBS; i++) {
        jobs[i] = (struct job){.work.run = run_in_turn, .lane = i % LANES, .number = i / LANES};
        jobs[i].seen = &seen[jobs[i].lane];
        write_pool_submit(p, &lanes[jobs[i].lane], &jobs[i].work);
    }
    assert_int_equal(collect(p, done, LANES * JOBS), LANES * JOBS);
    for (int i = 0; i < LANES * JOBS; i++) {
        const struct job *job = (struct job *)done[i];
        assert_true(job->in_turn);
        assert_int_equal(job->number, next[job->lane]++);
    }
    assert_int_equal(write_pool_busy(p), 0);
    write_pool_free(p);
    free(jobs);
}

static void test_write_pool_submit__lanes_run_side_by_side(void **state)
{
    enum { THREADS = 3 };
    struct write_pool *p = write_pool_new(THREADS);
    struct pool_lane lanes[THREADS] = {0};
    struct job jobs[THREADS];
    struct pool_work *done[THREADS];
    struct meeting meeting;
    meeting_init(&meeting);
    for (int i = 0; i < THREADS; i++) {
        jobs[i] = (struct job){.work.run = run_meet, .meeting = &meeting};
        write_pool_submit(p, &lanes[i], &jobs[i].work);
    }
    assert_true(meeting_wait(&meeting, THREADS)); /* all are in it at the same time */
    assert_int_equal(write_pool_busy(p), THREADS);
    assert_null(write_pool_take_done(p));
    meeting_open(&meeting);
    assert_int_equal(collect(p, done, THREADS), THREADS);
    write_pool_free(p);
    meeting_destroy(&meeting);
}

static void test_write_pool_submit__one_of_a_lane_at_a_time(void **state)
{
    struct write_pool *p = write_pool_new(4);
    struct pool_lane lane = {0}, other = {0};
    struct meeting first, marker;
    struct job jobs[3];
    struct pool_work *done[3];
    int seen = 1;
    meeting_init(&first);
    meeting_init(&marker);
    jobs[0] = (struct job){.work.run = run_meet, .meeting = &first};
    jobs[1] = (struct job){.work.run = run_in_turn, .number = 1, .seen = &seen};
    jobs[2] = (struct job){.work.run = run_meet, .meeting = &marker};
    write_pool_submit(p, &lane, &jobs[0].work);
    write_pool_submit(p, &lane, &jobs[1].work);
    write_pool_submit(p, &other, &jobs[2].work);
    assert_true(meeting_wait(&first, 1));
    assert_true(meeting_wait(&marker, 1)); /* threads are free, and yet */
    assert_null(write_pool_take_done(p));
    meeting_open(&first);
    meeting_open(&marker);
    assert_int_equal(collect(p, done, 3), 3);
    assert_true(jobs[1].in_turn);
    write_pool_free(p);
    meeting_destroy(&first);
    meeting_destroy(&marker);
}

/* A lane may be freed, or used again, once its last work is taken. */
static void test_write_pool_take_done__lane_ends_with_its_work(void **state)
{
    struct write_pool *p = write_pool_new(2);
    for (int i = 0; i < 200; i++) {
        struct pool_lane *lane = xcalloc(1, sizeof(*lane));
        struct pool_work *done;
        int seen = 0;
        struct job job = {.work.run = run_in_turn, .seen = &seen};
        write_pool_submit(p, lane, &job.work);
        assert_int_equal(collect(p, &done, 1), 1);
        assert_ptr_equal(done, &job.work);
        free(lane);
    }
    write_pool_free(p);
}

static void *open_later(void *arg)
{
    struct meeting *meeting = arg;
    meeting_open(meeting);
    return NULL;
}

static void test_write_pool_stop__ends_what_runs_and_returns_the_rest(void **state)
{
    struct write_pool *p = write_pool_new(1);
    struct pool_lane lane = {0}, other = {0};
    struct meeting meeting;
    struct job jobs[3];
    struct pool_work *done[3];
    pthread_t opener;
    int seen = 0;
    meeting_init(&meeting);
    jobs[0] = (struct job){.work.run = run_meet, .meeting = &meeting};
    jobs[1] = (struct job){.work.run = run_in_turn, .seen = &seen};
    jobs[2] = (struct job){.work.run = run_in_turn, .seen = &seen};
    write_pool_submit(p, &lane, &jobs[0].work);
    assert_true(meeting_wait(&meeting, 1));
    write_pool_submit(p, &lane, &jobs[1].work);
    write_pool_submit(p, &other, &jobs[2].work);
    pthread_create(&opener, NULL, open_later, &meeting);
    write_pool_stop(p);
    pthread_join(opener, NULL);
    assert_int_equal(collect(p, done, 3), 3);
    assert_ptr_equal(done[0], &jobs[0].work);
    assert_true(jobs[0].ran);
    assert_int_equal(write_pool_busy(p), 0);
    write_pool_free(p);
    meeting_destroy(&meeting);
}

static void test_write_pool_wait__ends_with_a_work(void **state)
{
    struct write_pool *p = write_pool_new(1);
    struct pool_lane lane = {0};
    int seen = 0;
    struct job job = {.work.run = run_in_turn, .seen = &seen};
    int64_t start = clock_mono_ms();
    write_pool_wait(p, DEADLINE_MS); /* nothing is under way */
    write_pool_submit(p, &lane, &job.work);
    write_pool_wait(p, DEADLINE_MS);
    assert_ptr_equal(write_pool_take_done(p), &job.work);
    assert_true(clock_mono_ms() - start < DEADLINE_MS);
    write_pool_free(p);
}

static void test_write_pool_free__nothing(void **state)
{
    write_pool_free(NULL);
    write_pool_free(write_pool_new(3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_pool_submit__lanes_keep_their_order),
        cmocka_unit_test(test_write_pool_submit__lanes_run_side_by_side),
        cmocka_unit_test(test_write_pool_submit__one_of_a_lane_at_a_time),
        cmocka_unit_test(test_write_pool_take_done__lane_ends_with_its_work),
        cmocka_unit_test(test_write_pool_stop__ends_what_runs_and_returns_the_rest),
        cmocka_unit_test(test_write_pool_wait__ends_with_a_work),
        cmocka_unit_test(test_write_pool_free__nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
