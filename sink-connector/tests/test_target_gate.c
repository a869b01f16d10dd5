#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../target_gate.h"
#include "clock.h"

enum { LONG_MS = 60000 };

/* ---- a thread that waits at the gate ---- */

struct waiter {
    struct target_gate *gate;
    pthread_t thread;
    bool sleeps;
    int64_t allowed, ended_ms;
    bool slept;
};

static void *wait_at_gate(void *arg)
{
    struct waiter *w = arg;
    if (w->sleeps)
        w->slept = target_gate_sleep(w->gate, LONG_MS);
    else
        w->allowed = target_gate_enter(w->gate);
    w->ended_ms = clock_boot_ms();
    return NULL;
}

static void waiter_start(struct waiter *w, struct target_gate *gate, bool sleeps)
{
    *w = (struct waiter){.gate = gate, .sleeps = sleeps};
    assert_int_equal(pthread_create(&w->thread, NULL, wait_at_gate, w), 0);
}

static struct target_gate *new_gate(int64_t lease_ms, enum lease_start start)
{
    struct target_gate *g = target_gate_new();
    target_gate_begin(g, lease_ms, start, clock_boot_ms());
    return g;
}

/* ---- tests ---- */

static void test_target_gate_enter__waits_for_the_lease(void **state)
{
    struct target_gate *g = new_gate(LONG_MS, LEASE_CLEAN);
    struct waiter w;
    assert_true(target_gate_renewal_due(g, clock_boot_ms()));
    waiter_start(&w, g, false);
    int64_t sent = clock_boot_ms();
    target_gate_renewed(g, sent);
    pthread_join(w.thread, NULL);
    assert_in_range(w.allowed, LONG_MS / 3, LONG_MS / 2);
    assert_true(w.ended_ms >= sent);
    assert_false(target_gate_renewal_due(g, sent));
    assert_true(target_gate_renewal_due(g, sent + LONG_MS / 6));
    target_gate_free(g);
}

static void test_target_gate_enter__not_late_in_the_lease(void **state)
{
    struct target_gate *g = new_gate(LONG_MS, LEASE_CLEAN);
    struct waiter w;
    /* A confirmation of long ago: less than a sixth is left of the first half. */
    target_gate_renewed(g, clock_boot_ms() - LONG_MS / 2 + LONG_MS / 6 - 1);
    waiter_start(&w, g, false);
    int64_t sent = clock_boot_ms();
    target_gate_renewed(g, sent);
    pthread_join(w.thread, NULL);
    /* Only the new one can have let it in. */
    assert_true(w.allowed > LONG_MS / 6);
    target_gate_free(g);
}

static void test_target_gate_enter__waits_for_the_old_owner(void **state)
{
    enum { LEASE_MS = 600 };
    struct target_gate *g = target_gate_new();
    int64_t start = clock_boot_ms();
    target_gate_begin(g, LEASE_MS, LEASE_UNKNOWN, start);
    assert_in_range(target_gate_wait_ms(g, start), LEASE_MS, LEASE_MS);
    assert_int_equal(target_gate_wait_ms(g, start + LEASE_MS), 0);
    target_gate_renewed(g, start + LEASE_MS); /* will be the last confirmation by then */
    assert_true(target_gate_enter(g) > 0);
    assert_true(clock_boot_ms() - start >= LEASE_MS);
    target_gate_free(g);
}

static void test_target_gate_stop__ends_every_wait(void **state)
{
    struct target_gate *g = new_gate(LONG_MS, LEASE_UNKNOWN);
    struct waiter entering, sleeping;
    int64_t start = clock_boot_ms();
    waiter_start(&entering, g, false);
    waiter_start(&sleeping, g, true);
    assert_false(target_gate_stopped(g));
    target_gate_stop(g);
    pthread_join(entering.thread, NULL);
    pthread_join(sleeping.thread, NULL);
    assert_int_equal(entering.allowed, 0);
    assert_false(sleeping.slept);
    assert_true(clock_boot_ms() - start < LONG_MS / 2);
    assert_true(target_gate_stopped(g));
    assert_int_equal(target_gate_enter(g), 0);
    assert_false(target_gate_sleep(g, 0));
    target_gate_free(g);
}

static void test_target_gate_stop__closes_an_open_gate(void **state)
{
    struct target_gate *g = new_gate(LONG_MS, LEASE_CLEAN);
    target_gate_renewed(g, clock_boot_ms());
    assert_true(target_gate_enter(g) > 0);
    target_gate_stop(g);
    assert_int_equal(target_gate_enter(g), 0);
    target_gate_free(g);
}

static void test_target_gate_sleep__its_time(void **state)
{
    struct target_gate *g = new_gate(LONG_MS, LEASE_CLEAN);
    int64_t start = clock_boot_ms();
    assert_true(target_gate_sleep(g, 30));
    assert_true(clock_boot_ms() - start >= 30);
    assert_true(target_gate_sleep(g, 0));
    assert_true(target_gate_sleep(g, -5));
    target_gate_free(g);
}

static void test_target_gate_report__comes_and_goes(void **state)
{
    struct target_gate *g = new_gate(LONG_MS, LEASE_CLEAN);
    char text[GATE_TEXT_MAX], longer[GATE_TEXT_MAX + 100];
    assert_false(target_gate_trouble(g, text));
    target_gate_report(g, "rate limit");
    assert_true(target_gate_trouble(g, text));
    assert_string_equal(text, "rate limit");
    target_gate_report(g, NULL);
    assert_false(target_gate_trouble(g, text));
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    target_gate_report(g, longer);
    assert_true(target_gate_trouble(g, text));
    assert_int_equal(strlen(text), GATE_TEXT_MAX - 1);
    target_gate_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_target_gate_enter__waits_for_the_lease),
        cmocka_unit_test(test_target_gate_enter__not_late_in_the_lease),
        cmocka_unit_test(test_target_gate_enter__waits_for_the_old_owner),
        cmocka_unit_test(test_target_gate_stop__ends_every_wait),
        cmocka_unit_test(test_target_gate_stop__closes_an_open_gate),
        cmocka_unit_test(test_target_gate_sleep__its_time),
        cmocka_unit_test(test_target_gate_report__comes_and_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
