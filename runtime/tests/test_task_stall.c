#include "task_stall.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"

enum { STALL_MS = 60000 };

static void test_watch__from_the_timeout_on(void **state)
{
    struct task_stall s = {0};
    assert_false(task_stall_watch(&s, true, STALL_MS));
    task_stall_note(&s, clock_mono_ms() - STALL_MS / 2, "here");
    assert_false(task_stall_watch(&s, true, STALL_MS));
    assert_null(s.text);
    task_stall_note(&s, clock_mono_ms() - STALL_MS, "here");
    assert_true(task_stall_watch(&s, true, STALL_MS));
    assert_non_null(strstr(s.text, "nothing has moved since 20"));
    assert_non_null(strstr(s.text, "Z; here"));
    assert_false(task_stall_watch(&s, true, STALL_MS)); /* no news */
    task_stall_note(&s, 0, NULL);
    assert_true(task_stall_watch(&s, true, STALL_MS));
    assert_null(s.text);
    task_stall_release(&s);
}

static void test_watch__only_while_it_runs_and_is_wanted(void **state)
{
    struct task_stall s = {0};
    task_stall_note(&s, 1, NULL);
    assert_false(task_stall_watch(&s, false, STALL_MS));
    assert_false(task_stall_watch(&s, true, 0));
    assert_true(task_stall_watch(&s, true, 1));
    assert_non_null(strstr(s.text, "its position is not known"));
    assert_true(task_stall_watch(&s, false, 1)); /* paused */
    task_stall_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_watch__from_the_timeout_on),
        cmocka_unit_test(test_watch__only_while_it_runs_and_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
