#include "source_progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static int64_t since_ms = -1; /* as told last */
static char at[128];

static void on_still(struct task_context *ctx, int64_t ms, const char *text)
{
    since_ms = ms;
    snprintf(at, sizeof at, "%s", text ? text : "");
}

static const struct worker_config worker = {.stall_timeout_ms = 60000};
static struct task_context ctx = {.worker = &worker, .on_still = on_still};

static void test_opened__until_it_is_committed(void **state)
{
    struct ks_task task = {.ctx = &ctx};
    struct source_progress p = {0};
    int64_t begin_ms = clock_mono_ms();
    source_progress_start(&p, &task);
    source_progress_opened(&p);
    assert_true(since_ms >= begin_ms);
    assert_string_equal(at, "no offset was committed in this run");
    task.source_lag_ms = 0;
    source_progress_look(&p); /* the transaction counts, whatever the lag */
    assert_true(since_ms >= begin_ms);
    const struct ks_source_offset offsets[] = {{"{\"a\":1}", "{\"n\":2}"}, {"{\"b\":1}", NULL}};
    source_progress_committed(&p, offsets, 1);
    assert_int_equal(since_ms, 0);
    source_progress_opened(&p);
    assert_string_equal(at, "the last committed offset is {\"n\":2} of {\"a\":1}");
    source_progress_committed(&p, offsets, 2);
    source_progress_opened(&p);
    assert_string_equal(at, "the last committed offset is none of {\"b\":1}");
    source_progress_committed(&p, NULL, 0);
    source_progress_release(&p);
}

static void test_look__behind_by_more_than_the_timeout(void **state)
{
    struct ks_task task = {.ctx = &ctx, .source_lag_ms = 59999};
    struct source_progress p = {0};
    source_progress_start(&p, &task);
    since_ms = -1;
    source_progress_look(&p);
    assert_int_equal(since_ms, -1);
    task.source_lag_ms = 60000;
    source_progress_look(&p);
    assert_int_equal(since_ms, p.moved_ms);
    since_ms = -1;
    source_progress_opened(&p); /* that moves nothing */
    assert_int_equal(since_ms, -1);
    source_progress_committed(&p, NULL, 0);
    assert_int_equal(since_ms, 0);
    source_progress_look(&p);
    assert_int_equal(since_ms, p.moved_ms);
    source_progress_start(&p, &task); /* after a pause */
    assert_int_equal(since_ms, 0);
    source_progress_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opened__until_it_is_committed),
        cmocka_unit_test(test_look__behind_by_more_than_the_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
