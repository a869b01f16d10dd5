#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../lease.h"

enum { LENGTH = 30000 };

static void test_call__only_in_the_first_third(void **state)
{
    struct lease l;
    lease_begin(&l, LENGTH, LEASE_CLEAN, 0);
    assert_int_equal(lease_call_ms(&l, 0), 0); /* nothing is acknowledged yet */
    lease_renewed(&l, 1000);
    assert_int_equal(lease_call_ms(&l, 1000), 15000);
    assert_int_equal(lease_call_ms(&l, 11000), 5000);
    assert_int_equal(lease_call_ms(&l, 11001), 0);
}

static void test_renewal__is_due_after_a_sixth(void **state)
{
    struct lease l;
    lease_begin(&l, LENGTH, LEASE_CLEAN, 0);
    assert_true(lease_renewal_due(&l, 0));
    lease_renewed(&l, 100);
    assert_false(lease_renewal_due(&l, 5099));
    assert_true(lease_renewal_due(&l, 5100));
}

/* Whatever the old owner started before it was fenced has ended when the new one writes. */
static void test_wait__outlasts_every_call_of_the_old_owner(void **state)
{
    for (int64_t fenced = 0; fenced <= 2 * LENGTH; fenced += 500)
        for (int64_t start = 0; start <= 2 * LENGTH; start += 500) {
            struct lease old, new;
            lease_begin(&old, LENGTH, LEASE_CLEAN, 0);
            lease_renewed(&old, fenced); /* its last commit was sent just before the fence */
            lease_begin(&new, LENGTH, LEASE_UNKNOWN, fenced);
            lease_renewed(&new, fenced);
            int64_t call = lease_call_ms(&old, start);
            if (call > 0)
                assert_true(start + call <= new.not_before - LENGTH / 2);
        }
}

static void test_wait__is_short_when_the_owner_is_gone(void **state)
{
    struct lease l;
    lease_begin(&l, LENGTH, LEASE_OWNER_GONE, 500);
    assert_int_equal(lease_wait_ms(&l, 500), 1000);
    lease_begin(&l, LENGTH, LEASE_UNKNOWN, 500);
    assert_int_equal(lease_wait_ms(&l, 600), 29900);
    lease_begin(&l, LENGTH, LEASE_CLEAN, 500);
    assert_int_equal(lease_wait_ms(&l, 500), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call__only_in_the_first_third),
        cmocka_unit_test(test_renewal__is_due_after_a_sixth),
        cmocka_unit_test(test_wait__outlasts_every_call_of_the_old_owner),
        cmocka_unit_test(test_wait__is_short_when_the_owner_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
