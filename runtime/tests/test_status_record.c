/* States to records and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "status_record.h"

static char trace[] = "boom", waiting[] = "the brokers", worker[] = "a:1", version[] = "2";

static void test_format__and_back(void **state)
{
    const struct task_status status = {TASK_FAILED, trace, waiting, worker, version, 7};
    struct task_status back, copy = task_status_copy(&status);
    char *text = task_status_format(&copy);
    task_status_release(&copy);
    assert_string_equal(text, "{\"state\":\"FAILED\",\"trace\":\"boom\",\"worker_id\":\"a:1\","
                              "\"generation\":7,\"version\":\"2\",\"waiting\":\"the brokers\"}");
    assert_true(task_status_parse((struct ks_slice){text, strlen(text)}, &back));
    assert_int_equal(back.state, TASK_FAILED);
    assert_string_equal(back.waiting, "the brokers");
    assert_int_equal(back.generation, 7);
    task_status_release(&back);
    free(text);
}

static void test_parse__every_state_of_connect_and_no_other(void **state)
{
    struct task_status status;
    for (enum task_state s = TASK_UNASSIGNED; s <= TASK_DESTROYED; s++) {
        const struct task_status one = {.state = s};
        char *text = task_status_format(&one);
        assert_true(task_status_parse((struct ks_slice){text, strlen(text)}, &status));
        assert_int_equal(status.state, s);
        task_status_release(&status);
        free(text);
    }
    static const char other[] = "{\"state\":\"STARTING\"}";
    assert_false(task_status_parse((struct ks_slice){other, strlen(other)}, &status));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format__and_back),
        cmocka_unit_test(test_parse__every_state_of_connect_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
