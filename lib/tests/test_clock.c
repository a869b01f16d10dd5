#include "clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

static void test_clock_wall_ms__is_unix_time(void **state)
{
    int64_t now_s = (int64_t)time(NULL);
    int64_t ms = clock_wall_ms();
    assert_in_range(ms / 1000, now_s - 1, now_s + 2);
}

static void test_clock_mono_ms__does_not_go_back(void **state)
{
    int64_t last = clock_mono_ms();
    for (int i = 0; i < 10000; i++) {
        int64_t now = clock_mono_ms();
        assert_true(now >= last);
        last = now;
    }
}

static void test_clock_boot_ms__runs_with_the_monotonic_clock(void **state)
{
    int64_t mono = clock_mono_ms(), boot = clock_boot_ms();
    while (clock_mono_ms() < mono + 20)
        ;
    assert_true(boot >= mono - 1);
    assert_in_range(clock_boot_ms() - boot, 18, 2000);
}

static void test_tick__round_trip(void **state)
{
    uint64_t tick = 446783520473448450u; /* a tick of Milvus: January 2024 */
    assert_int_equal(tick_to_ms(tick), 1704343873876);
    assert_int_equal(tick_from_ms(tick_to_ms(tick)), tick & ~(uint64_t)0x3ffff);
}

static void test_backoff_fail__doubles_to_the_limit(void **state)
{
    struct backoff b = {0};
    int64_t base_ms = 300;
    for (int i = 0; i < 12; i++) {
        int64_t before = clock_mono_ms();
        int64_t wait_ms = backoff_fail(&b);
        assert_in_range(wait_ms, base_ms * 8 / 10, base_ms * 12 / 10);
        assert_true(wait_ms <= 60000);
        assert_true(b.until_mono_ms >= before + wait_ms);
        base_ms = base_ms * 2 > 60000 ? 60000 : base_ms * 2;
    }
    backoff_ok(&b);
    assert_in_range(backoff_fail(&b), 240, 360);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock_wall_ms__is_unix_time),
        cmocka_unit_test(test_clock_mono_ms__does_not_go_back),
        cmocka_unit_test(test_clock_boot_ms__runs_with_the_monotonic_clock),
        cmocka_unit_test(test_tick__round_trip),
        cmocka_unit_test(test_backoff_fail__doubles_to_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
