#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../msg_id_set.h"

static void test_add__knows_what_it_has(void **state)
{
    struct msg_id_set *set = msg_id_set_new(8);
    assert_true(msg_id_set_add(set, 5));
    assert_false(msg_id_set_add(set, 5));
    assert_true(msg_id_set_has(set, 5));
    assert_false(msg_id_set_has(set, 6));
    msg_id_set_free(set);
}

static void test_add__zero_is_no_id(void **state)
{
    struct msg_id_set *set = msg_id_set_new(8);
    assert_true(msg_id_set_add(set, 0));
    assert_true(msg_id_set_add(set, 0));
    assert_false(msg_id_set_has(set, 0));
    msg_id_set_free(set);
}

/* At every moment exactly the last `capacity` ids are known, whatever their probe chains. */
static void test_add__forgets_the_oldest(void **state)
{
    enum { CAPACITY = 16, ADDED = 2000 };
    struct msg_id_set *set = msg_id_set_new(CAPACITY);
    for (int64_t i = 1; i <= ADDED; i++) {
        assert_true(msg_id_set_add(set, i * 1000003));
        for (int64_t k = i > 3 * CAPACITY ? i - 3 * CAPACITY : 1; k <= i; k++)
            assert_int_equal(msg_id_set_has(set, k * 1000003), k > i - CAPACITY);
    }
    msg_id_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add__knows_what_it_has),
        cmocka_unit_test(test_add__zero_is_no_id),
        cmocka_unit_test(test_add__forgets_the_oldest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
