#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mock.h"

static enum ks_status run_once(const char *mode, const char *delay_ms, struct ks_error *err)
{
    struct ks_config_entry entries[] = {{"delay_ms", delay_ms}, {"mock_mode", mode}};
    const struct ks_config config = {entries, mode ? 2 : 1};
    const struct ks_task_host host = {0};
    struct ks_source_batch *batch = NULL;
    void *task;
    assert_int_equal(mock_source.source->start(&host, &config, &task, err), KS_OK);
    enum ks_status status = mock_source.source->poll(task, &batch, err);
    assert_null(batch);
    mock_source.source->destroy(task);
    return status;
}

static void test_poll__fails_when_it_is_time(void **state)
{
    struct ks_error err;
    assert_int_equal(run_once(NULL, "0", &err), KS_OK);
    assert_int_equal(run_once("connector-failure", "0", &err), KS_OK);
    assert_int_equal(run_once("task-failure", "60000", &err), KS_OK);
    assert_int_equal(run_once("task-failure", "0", &err), KS_ERR_FATAL);
    assert_string_equal(err.message, "failed as told by mock_mode=task-failure");
}

static void count(void *ctx, const struct ks_config *config)
{
    ++*(int *)ctx;
}

static void test_plan__one_task_or_a_failure(void **state)
{
    struct ks_error err;
    int tasks = 0;
    const struct ks_task_configs configs = {&tasks, count};
    const struct ks_config none = {0};
    struct ks_config_entry entry = {"mock_mode", "connector-failure"};
    const struct ks_config failing = {&entry, 1};
    assert_int_equal(mock_source.task_configs(&none, 2, &configs, &err), KS_OK);
    assert_int_equal(tasks, 1);
    assert_int_equal(mock_source.task_configs(&failing, 2, &configs, &err), KS_ERR_FATAL);
    assert_int_equal(tasks, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_poll__fails_when_it_is_time),
        cmocka_unit_test(test_plan__one_task_or_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
