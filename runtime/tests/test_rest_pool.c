#include "rest_pool.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "clock.h"

/* A door that handlers wait at. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool open_door;
static int inside, answers;
static int last_status;
static char last_message[300];

static void set_door(bool open)
{
    pthread_mutex_lock(&lock);
    open_door = open;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void wait_at_door(const struct rest_context *ctx, const struct rest_request *req,
                         struct rest_response *res)
{
    rest_waits_for("the door to open");
    pthread_mutex_lock(&lock);
    inside++;
    pthread_cond_broadcast(&changed);
    while (!open_door)
        pthread_cond_wait(&changed, &lock);
    inside--;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    rest_answer(res, 200, json_string(req->path));
}

static void at_once(const struct rest_context *ctx, const struct rest_request *req,
                    struct rest_response *res)
{
    rest_answer(res, 202, NULL);
}

static const struct rest_route slow_write = {"PUT", "/slow", wait_at_door, REST_WRITES};
static const struct rest_route slow_read = {"GET", "/slow", wait_at_door, 0};
static const struct rest_route quick = {"GET", "/quick", at_once, 0};

static void count_answer(void *arg, struct rest_response *res)
{
    pthread_mutex_lock(&lock);
    answers++;
    last_status = res->status;
    const char *message = json_string_value(json_object_get(res->json, "message"));
    snprintf(last_message, sizeof last_message, "%s", message ? message : "");
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void submit(struct rest_pool *p, const struct rest_route *route)
{
    struct rest_job job = {.done = count_answer, .take_call = xcalloc(1, sizeof *job.take_call)};
    job.take_call->route = route;
    job.take_call->method = xstrdup(route->method);
    job.take_call->target.path = xstrdup(route->path);
    rest_pool_submit(p, &job);
}

static void wait_until(const int *number, int wanted)
{
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_sec += 20;
    int late = 0;
    pthread_mutex_lock(&lock);
    while (*number != wanted && !late)
        late = pthread_cond_timedwait(&changed, &lock, &at);
    int found = *number;
    pthread_mutex_unlock(&lock);
    assert_int_equal(found, wanted);
}

static struct rest_pool *open_pool(size_t threads, int64_t timeout_ms)
{
    struct rest_pool *p;
    struct ks_error err;
    answers = 0;
    set_door(false);
    assert_int_equal(rest_pool_open(threads, timeout_ms, &p, &err), KS_OK);
    return p;
}

static void close_pool(struct rest_pool *p)
{
    set_door(true);
    assert_true(rest_pool_wait(p, 20000));
    assert_true(rest_pool_close(p, 20000));
}

static void test_submit__each_is_answered_once(void **state)
{
    struct rest_pool *p = open_pool(4, 60000);
    for (int i = 0; i < 100; i++)
        submit(p, &quick);
    wait_until(&answers, 100);
    assert_int_equal(last_status, 202);
    close_pool(p);
    assert_int_equal(answers, 100);
}

static void test_submit__writes_leave_threads_for_reads(void **state)
{
    struct rest_pool *p = open_pool(4, 60000);
    for (int i = 0; i < 10; i++)
        submit(p, &slow_write);
    wait_until(&inside, 2);
    submit(p, &quick);
    wait_until(&answers, 1);
    assert_int_equal(inside, 2);
    close_pool(p);
    assert_int_equal(answers, 11);
}

static void test_expire__names_what_it_waits_for(void **state)
{
    struct rest_pool *p = open_pool(1, 0);
    submit(p, &slow_read);
    wait_until(&inside, 1);
    submit(p, &quick); /* never gets a thread */
    rest_pool_expire(p, false);
    wait_until(&answers, 2);
    assert_int_equal(last_status, 500);
    assert_non_null(strstr(last_message, "Request timed out"));
    assert_non_null(strstr(last_message, "busy with other requests: GET /quick"));
    set_door(true);
    wait_until(&inside, 0);
    assert_true(rest_pool_close(p, 20000));
    assert_int_equal(answers, 2); /* the late result is nobody's */
}

static void test_expire__the_handlers_own_words(void **state)
{
    struct rest_pool *p = open_pool(1, 0);
    submit(p, &slow_write);
    wait_until(&inside, 1);
    rest_pool_expire(p, false);
    wait_until(&answers, 1);
    assert_non_null(
        strstr(last_message, "waiting for the door to open: PUT /slow, which began at 20"));
    close_pool(p);
}

static void test_close__says_when_a_handler_still_runs(void **state)
{
    struct rest_pool *p = open_pool(1, 60000);
    submit(p, &slow_read);
    wait_until(&inside, 1);
    assert_false(rest_pool_wait(p, 10));
    rest_pool_expire(p, true);
    wait_until(&answers, 1);
    assert_int_equal(last_status, 503);
    assert_true(rest_pool_wait(p, 10));
    submit(p, &quick);
    assert_int_equal(answers, 2);
    assert_int_equal(last_status, 503);
    assert_false(rest_pool_close(p, 10));
    set_door(true);
    assert_true(rest_pool_close(p, 20000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_submit__each_is_answered_once),
        cmocka_unit_test(test_submit__writes_leave_threads_for_reads),
        cmocka_unit_test(test_expire__names_what_it_waits_for),
        cmocka_unit_test(test_expire__the_handlers_own_words),
        cmocka_unit_test(test_close__says_when_a_handler_still_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
