#include "status_report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char answer_text[] =
    "{\"b\": {\"status\": {\"name\": \"b\", \"connector\": {\"state\": \"RUNNING\", \"worker_id\": "
    "\"h:1\"}, \"tasks\": [{\"id\": 0, \"state\": \"FAILED\", \"worker_id\": \"h:1\", \"trace\": "
    "\"it broke\\nat line 5\"}, {\"id\": 1, \"state\": \"RUNNING\", \"worker_id\": \"h:2\", "
    "\"waiting\": \"for \\u001b[2J Kafka\"}], \"type\": \"sink\"}}, "
    "\"a\": {\"status\": {\"name\": \"a\", \"connector\": {\"state\": \"PAUSED\", \"worker_id\": "
    "\"h:1\"}, \"tasks\": [], \"type\": \"source\"}}, "
    "\"strange\": 5}";

static json_t *make(const char *const *names, size_t count)
{
    json_t *answer = json_loads(answer_text, 0, NULL);
    assert_non_null(answer);
    json_t *report = status_report_new(answer, names, count);
    json_decref(answer);
    return report;
}

static char *printed(const json_t *report)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    status_report_print(report, out);
    fclose(out);
    return text;
}

static void test_print__table(void **state)
{
    json_t *report = make(NULL, 0);
    status_report_add_metrics(report, "lag_seconds{connector=\"b\",task=\"1\"} 2.25\n");
    char *text = printed(report);
    assert_string_equal(text, "CONNECTOR  TYPE    STATE    WORKER  LAG    ERROR\n"
                              "a          source  PAUSED   h:1\n"
                              "b          sink    RUNNING  h:1\n"
                              "  task 0           FAILED   h:1            it broke\n"
                              "  task 1           RUNNING  h:2     2.2 s  waits: for ?[2J Kafka\n"
                              "strange\n");
    free(text);
    json_decref(report);
}

static void test_print__nothing_but_the_head(void **state)
{
    json_t *none = json_object(), *report = status_report_new(none, NULL, 0);
    char *text = printed(report);
    assert_string_equal(text, "CONNECTOR  TYPE  STATE  WORKER  LAG  ERROR\n");
    free(text);
    json_decref(report);
    json_decref(none);
}

static void test_new__only_the_named_ones(void **state)
{
    static const char *const names[] = {"a", "c"};
    json_t *report = make(names, 2);
    assert_int_equal(json_array_size(json_object_get(report, "connectors")), 1);
    assert_false(status_report_has_failed(report));
    json_decref(report);
    assert_null(status_report_new(NULL, NULL, 0));
}

static void test_has_failed__a_task_is_enough(void **state)
{
    json_t *report = make(NULL, 0);
    assert_true(status_report_has_failed(report));
    json_decref(report);
}

static void test_workers__each_once(void **state)
{
    json_t *report = make(NULL, 0);
    const char **workers;
    assert_int_equal(status_report_workers(report, &workers), 2);
    assert_string_equal(workers[0], "h:1");
    assert_string_equal(workers[1], "h:2");
    free(workers);
    json_decref(report);
}

/* What the metrics say of task 1; -1: nothing. */
static double lag_after(const char *metrics)
{
    json_t *report = make(NULL, 0);
    status_report_add_metrics(report, metrics);
    const json_t *tasks =
        json_object_get(json_array_get(json_object_get(report, "connectors"), 1), "tasks");
    const json_t *lag = json_object_get(json_array_get(tasks, 1), "lag_seconds");
    double seconds = lag ? json_real_value(lag) : -1;
    json_decref(report);
    return seconds;
}

static void test_add_metrics__the_longest_lag_of_a_task(void **state)
{
    assert_float_equal(lag_after("# TYPE lag_seconds gauge\n"
                                 "lag_seconds{connector=\"b\",task=\"1\",collection=\"x}\"} 3\n"
                                 "my_lag_seconds{task=\"1\",connector=\"b\"} 7.5\n"
                                 "lag_seconds{connector=\"b\",task=\"1\"} 5"),
                       7.5, 0.001);
}

static void test_add_metrics__what_says_nothing_of_it(void **state)
{
    static const char *const texts[] = {
        "",
        "lag_seconds 5\n",
        "lag_seconds{} 5\n",
        "lag_seconds{connector=\"b\"} 5\n",
        "lag_seconds{connector=\"b\",task=\"1\"}",
        "lag_seconds{connector=\"b\",task=\"1\"} x\n",
        "lag_seconds{connector=\"b\",task=\"1\"} -3\n",
        "lag_seconds{connector=\"c\",task=\"1\"} 5\n",
        "lag_seconds{connector=\"b\",task=\"1",
        "lag_seconds{xconnector=\"b\",task=\"1\"} 5\n",
        "lag_bytes{connector=\"b\",task=\"1\"} 5\n",
        "{connector=\"b\",task=\"1\"} 5\n",
        "}{\n\n{{\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_float_equal(lag_after(texts[i]), -1, 0.001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print__table),
        cmocka_unit_test(test_print__nothing_but_the_head),
        cmocka_unit_test(test_new__only_the_named_ones),
        cmocka_unit_test(test_has_failed__a_task_is_enough),
        cmocka_unit_test(test_workers__each_once),
        cmocka_unit_test(test_add_metrics__the_longest_lag_of_a_task),
        cmocka_unit_test(test_add_metrics__what_says_nothing_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
