#include "kitestream/sdk/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_error_set__status_and_text(void **state)
{
    struct ks_error err = {0};
    assert_int_equal(ks_error_set(&err, KS_ERR_DATA, "row %d of %s", 3, "t"), KS_ERR_DATA);
    assert_int_equal(err.status, KS_ERR_DATA);
    assert_string_equal(err.message, "row 3 of t");
    assert_int_equal(ks_error_set(NULL, KS_ERR_FATAL, "no one listens"), KS_ERR_FATAL);
}

static void test_error_set__own_message_as_argument(void **state)
{
    struct ks_error err = {0};
    ks_error_set(&err, KS_ERR_DATA, "inner");
    ks_error_set(&err, KS_ERR_FATAL, "outer: %s", err.message);
    assert_string_equal(err.message, "outer: inner");
}

static void test_error_set__cut_at_a_whole_character(void **state)
{
    for (size_t pad = 0; pad < 5; pad++) {
        char text[KS_ERROR_MESSAGE_MAX + 40];
        memset(text, 'a', pad);
        text[pad] = '\0';
        while (strlen(text) < KS_ERROR_MESSAGE_MAX + 30)
            strcat(text, "\xF0\x9F\xAA\x81"); /* four bytes each */
        struct ks_error err = {0};
        ks_error_set(&err, KS_ERR_DATA, "%s", text);
        size_t len = strlen(err.message);
        assert_true(len >= KS_ERROR_MESSAGE_MAX - 4);
        assert_int_equal((len - pad) % 4, 0);
    }
}

static void test_error_prefix__in_front_and_status_kept(void **state)
{
    struct ks_error err = {0};
    ks_error_set(&err, KS_ERR_RETRIABLE, "timed out");
    ks_error_prefix(&err, "topic %s", "a.b");
    assert_string_equal(err.message, "topic a.b: timed out");
    assert_int_equal(err.status, KS_ERR_RETRIABLE);
    ks_error_prefix(NULL, "nothing to do");
}

static void test_error_prefix__long_message_is_cut(void **state)
{
    struct ks_error err = {.status = KS_ERR_DATA};
    memset(err.message, 'x', sizeof err.message - 1);
    ks_error_prefix(&err, "here");
    assert_int_equal(strlen(err.message), KS_ERROR_MESSAGE_MAX - 1);
    assert_memory_equal(err.message, "here: xxx", 9);
}

struct log_seen {
    enum ks_log_level level;
    char text[64];
};

static void on_log(struct ks_task *task, enum ks_log_level level, const char *message)
{
    struct log_seen *seen = (struct log_seen *)task;
    seen->level = level;
    strncpy(seen->text, message, sizeof seen->text - 1);
}

static void test_log__formats_for_the_host(void **state)
{
    struct log_seen seen = {0};
    struct ks_task_host host = {.task = (struct ks_task *)&seen, .log = on_log};
    ks_log(&host, KS_LOG_WARN, "%s is %d", "lag", 7);
    assert_int_equal(seen.level, KS_LOG_WARN);
    assert_string_equal(seen.text, "lag is 7");
    ks_log(&(struct ks_task_host){0}, KS_LOG_ERROR, "a host without a log");
}

static const struct ks_config_entry ENTRIES[] = {
    {"bad", "12x"},
    {"d", "2.5"},
    {"empty", ""},
    {"l", "-9223372036854775808"},
    {"list", " a, b c ,,\td,"},
    {"off", "false"},
    {"on", "TRUE"},
};
static const struct ks_config CONFIG = {ENTRIES, sizeof ENTRIES / sizeof *ENTRIES};

static void test_config_get__present_and_absent(void **state)
{
    for (size_t i = 0; i < CONFIG.count; i++)
        assert_ptr_equal(ks_config_get(&CONFIG, ENTRIES[i].key), ENTRIES[i].value);
    assert_null(ks_config_get(&CONFIG, "zzz"));
    assert_null(ks_config_get(&(struct ks_config){0}, "on"));
}

static void test_config_numbers__typed_or_fallback(void **state)
{
    assert_true(ks_config_bool(&CONFIG, "on", false));
    assert_false(ks_config_bool(&CONFIG, "off", true));
    assert_true(ks_config_bool(&CONFIG, "absent", true));
    assert_true(ks_config_long(&CONFIG, "l", 1) == INT64_MIN);
    assert_int_equal(ks_config_long(&CONFIG, "bad", 5), 5);
    assert_int_equal(ks_config_long(&CONFIG, "empty", 6), 6);
    assert_true(ks_config_double(&CONFIG, "d", 0) == 2.5);
    assert_true(ks_config_double(&CONFIG, "absent", 1.5) == 1.5);
    assert_true(ks_config_double(&CONFIG, "bad", 1.5) == 1.5);
}

static void test_config_list__trimmed_without_empty_elements(void **state)
{
    char **list;
    assert_int_equal(ks_config_list(&CONFIG, "list", &list), 3);
    assert_string_equal(list[0], "a");
    assert_string_equal(list[1], "b c");
    assert_string_equal(list[2], "d");
    assert_null(list[3]);
    free(list);
    assert_int_equal(ks_config_list(&CONFIG, "absent", &list), 0);
    free(list);
    assert_int_equal(ks_config_list(&CONFIG, "empty", &list), 0);
    free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_set__status_and_text),
        cmocka_unit_test(test_error_set__own_message_as_argument),
        cmocka_unit_test(test_error_set__cut_at_a_whole_character),
        cmocka_unit_test(test_error_prefix__in_front_and_status_kept),
        cmocka_unit_test(test_error_prefix__long_message_is_cut),
        cmocka_unit_test(test_log__formats_for_the_host),
        cmocka_unit_test(test_config_get__present_and_absent),
        cmocka_unit_test(test_config_numbers__typed_or_fallback),
        cmocka_unit_test(test_config_list__trimmed_without_empty_elements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
