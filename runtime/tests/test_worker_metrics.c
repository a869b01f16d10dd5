#include "worker_metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect(struct ks_buf *out, const char *line)
{
    if (!strstr(ks_buf_str(out), line))
        fail_msg("no \"%s\" in\n%s", line, ks_buf_str(out));
}

static void test_print_statuses__what_is_here(void **state)
{
    struct task_status tasks[] = {
        {.state = TASK_RUNNING, .worker_id = "me:1"},
        {.state = TASK_FAILED, .worker_id = "me:1", .waiting = (char *)"rain"},
        {.state = TASK_RUNNING, .worker_id = "other:1"},
        {.state = TASK_UNASSIGNED}};
    struct task_status away = {.state = TASK_RUNNING, .worker_id = "other:1"};
    const struct connector_status list[] = {
        {.name = "a\"b",
         .connector = {.state = TASK_RUNNING, .worker_id = "me:1"},
         .tasks = tasks,
         .task_count = 4},
        {.name = "away", .connector = away, .tasks = &away, .task_count = 1},
        {.name = "broken", .connector = {.state = TASK_FAILED, .worker_id = "me:1"}},
        {.name = "stopped", .connector = {.state = TASK_STOPPED, .worker_id = "me:1"}},
    };
    struct ks_buf out = {0};
    worker_metrics_print_statuses(list, 4, "me:1", &out);
    expect(&out, "# TYPE kafka_connect_worker_connector_count gauge\n");
    expect(&out, "\nkafka_connect_worker_connector_count 3\n");
    expect(&out, "\nkafka_connect_worker_task_count 2\n");
    expect(&out,
           "kafka_connect_connector_status{connector=\"a\\\"b\",task=\"0\",status=\"running\"}"
           " 1\n");
    expect(&out, "task=\"1\",status=\"failed\"} 1\n");
    expect(&out, "kafka_connect_worker_connector_total_task_count{connector=\"a\\\"b\"} 2\n");
    expect(&out, "kafka_connect_worker_connector_failed_task_count{connector=\"a\\\"b\"} 1\n");
    expect(&out, "kafka_connect_worker_connector_total_task_count{connector=\"stopped\"} 0\n");
    expect(&out, "kitestream_task_waiting{connector=\"a\\\"b\",task=\"0\"} 0\n");
    expect(&out, "kitestream_task_waiting{connector=\"a\\\"b\",task=\"1\"} 1\n");
    expect(&out, "kitestream_connector_failed{connector=\"a\\\"b\"} 0\n");
    expect(&out, "kitestream_connector_failed{connector=\"broken\"} 1\n");
    assert_null(strstr(ks_buf_str(&out), "away"));
    assert_null(strstr(ks_buf_str(&out), "task=\"2\""));
    ks_buf_release(&out);
}

static void test_process_print__numbers_that_can_be(void **state)
{
    struct ks_buf out = {0};
    process_metrics_print(&out);
    expect(&out, "kitestream_info{version=\"");
    const char *bytes = strstr(ks_buf_str(&out), "\nprocess_resident_memory_bytes ");
    assert_non_null(bytes);
    assert_true(strtod(strchr(bytes, ' '), NULL) > 1e6);
    const char *files = strstr(ks_buf_str(&out), "\nprocess_open_fds ");
    assert_true(strtod(strchr(files, ' '), NULL) >= 3);
    ks_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print_statuses__what_is_here),
        cmocka_unit_test(test_process_print__numbers_that_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
