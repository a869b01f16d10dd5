#include "log.h"
#include "log_levels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

/* Everything that is written to stderr between begin and end. */
static int saved_stderr;
static FILE *captured;

static void capture_begin(void)
{
    fflush(stderr);
    saved_stderr = dup(STDERR_FILENO);
    captured = tmpfile();
    assert_non_null(captured);
    dup2(fileno(captured), STDERR_FILENO);
}

static char *capture_end(void)
{
    static char text[100000];
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    rewind(captured);
    size_t len = fread(text, 1, sizeof text - 1, captured);
    text[len] = '\0';
    fclose(captured);
    return text;
}

static void test_log_line__text(void **state)
{
    log_init(KS_LOG_INFO, false);
    capture_begin();
    log_line(KS_LOG_WARN, "books-source", 0, "lag is %d", 7);
    const char *text = capture_end();
    assert_non_null(strstr(text, "Z WARN  [books-source|task-0] lag is 7\n"));
    assert_int_equal(text[10], 'T');
}

static void test_log_line__connector_without_task(void **state)
{
    log_init(KS_LOG_INFO, false);
    capture_begin();
    log_line(KS_LOG_INFO, "books-source", -1, "started");
    log_info("worker is ready");
    const char *text = capture_end();
    assert_non_null(strstr(text, "INFO  [books-source] started\n"));
    assert_non_null(strstr(text, "INFO  worker is ready\n"));
}

static void test_log_line__json(void **state)
{
    log_init(KS_LOG_INFO, true);
    capture_begin();
    log_line(KS_LOG_ERROR, "a\"b", 3, "line one\nsaid \"no\" \\ \x01");
    const char *text = capture_end();
    json_t *line = json_loads(text, 0, NULL);
    assert_non_null(line);
    assert_string_equal(json_string_value(json_object_get(line, "level")), "ERROR");
    assert_string_equal(json_string_value(json_object_get(line, "connector")), "a\"b");
    assert_int_equal(json_integer_value(json_object_get(line, "task")), 3);
    assert_string_equal(json_string_value(json_object_get(line, "message")),
                        "line one\nsaid \"no\" \\ \x01");
    assert_non_null(json_object_get(line, "time"));
    json_decref(line);
}

static void test_log_line__cannot_be_forged(void **state)
{
    log_init(KS_LOG_INFO, false);
    capture_begin();
    log_info("%s", "bad\nERROR forged\x1b[31m");
    const char *text = capture_end();
    assert_non_null(strstr(text, "bad\\nERROR forged\\u001b[31m\n"));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void test_log_line__long_message_is_cut(void **state)
{
    static char message[20000];
    memset(message, '\x01', sizeof message - 1);
    log_init(KS_LOG_INFO, true);
    capture_begin();
    log_info("%s", message);
    const char *text = capture_end();
    json_t *line = json_loads(text, 0, NULL);
    assert_non_null(line);
    assert_int_equal(json_string_length(json_object_get(line, "message")), 4095);
    json_decref(line);
}

static void test_log_line__levels_by_logger(void **state)
{
    log_init(KS_LOG_WARN, false);
    capture_begin();
    log_info("not written");
    log_line(KS_LOG_INFO, "a", 0, "not written");
    log_levels_set("connectors.a", KS_LOG_DEBUG);
    log_line(KS_LOG_DEBUG, "a", 0, "of the task");
    log_line(KS_LOG_DEBUG, "ab", 0, "not written");
    log_levels_set("kitestream.test_log", LOGGER_OFF);
    log_error("not written");
    log_levels_set("kitestream", KS_LOG_INFO);
    log_info("of this file");
    const char *text = capture_end();
    assert_null(strstr(text, "not written"));
    assert_non_null(strstr(text, "DEBUG [a|task-0] of the task\n"));
    assert_non_null(strstr(text, "INFO  of this file\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log_line__text),
        cmocka_unit_test(test_log_line__connector_without_task),
        cmocka_unit_test(test_log_line__json),
        cmocka_unit_test(test_log_line__cannot_be_forged),
        cmocka_unit_test(test_log_line__long_message_is_cut),
        cmocka_unit_test(test_log_line__levels_by_logger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
