/* Calls that return and calls that do not. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "bounded_call.h"
#include "clock.h"

#define DEADLINE_MS 10000

struct work {
    _Atomic bool let_go, began;
    _Atomic int *released;
};

static _Atomic int done_count;

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void wait_for_leave(void *arg)
{
    struct work *w = arg;
    atomic_store(&w->began, true);
    while (!atomic_load(&w->let_go))
        nap();
}

static void release(void *arg)
{
    struct work *w = arg;
    _Atomic int *released = w->released;
    free(w);
    atomic_fetch_add(released, 1);
}

static void count_done(void *arg)
{
    atomic_fetch_add(&done_count, 1);
}

static struct bounded_call *start(bool let_go, _Atomic int *released, struct work **ret)
{
    struct work *w = calloc(1, sizeof *w);
    atomic_store(&w->let_go, let_go);
    w->released = released;
    *ret = w;
    const struct bounded_call_spec spec = {wait_for_leave, w, release, count_done, NULL};
    return bounded_call_start(&spec);
}

static void test_wait__of_a_call_that_returns(void **state)
{
    _Atomic int released = 0;
    struct work *w;
    atomic_store(&done_count, 0);
    struct bounded_call *c = start(true, &released, &w);
    assert_true(bounded_call_wait(c, DEADLINE_MS));
    assert_true(bounded_call_done(c));
    assert_ptr_equal(bounded_call_arg(c), w);
    assert_int_equal(atomic_load(&done_count), 1);
    assert_int_equal(atomic_load(&released), 0);
    assert_true(bounded_call_free(c));
    assert_int_equal(atomic_load(&released), 1);
}

static void test_free__of_a_call_that_hangs(void **state)
{
    _Atomic int released = 0;
    struct work *w;
    atomic_store(&done_count, 0);
    struct bounded_call *c = start(false, &released, &w);
    assert_false(bounded_call_wait(c, 20));
    assert_false(bounded_call_done(c));
    assert_false(bounded_call_free(c));
    assert_int_equal(atomic_load(&released), 0);
    atomic_store(&w->let_go, true);
    int64_t deadline_ms = clock_mono_ms() + DEADLINE_MS;
    while (!atomic_load(&released) && clock_mono_ms() < deadline_ms)
        nap();
    assert_int_equal(atomic_load(&released), 1);
    assert_int_equal(atomic_load(&done_count), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wait__of_a_call_that_returns),
        cmocka_unit_test(test_free__of_a_call_that_hangs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
