#include "log_levels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>

#include "clock.h"

static void test_parse__names(void **state)
{
    int level;
    assert_true(log_level_parse("DEBUG", &level));
    assert_int_equal(level, KS_LOG_DEBUG);
    assert_true(log_level_parse("warn", &level));
    assert_string_equal(log_level_name(level), "WARN");
    assert_true(log_level_parse("off", &level));
    assert_int_equal(level, LOGGER_OFF);
    assert_string_equal(log_level_name(level), "OFF");
    assert_false(log_level_parse("LOUD", &level));
    assert_false(log_level_parse("", &level));
    assert_string_equal(log_level_name(77), "TRACE");
}

static void test_name_of__connector_and_task(void **state)
{
    char name[LOGGER_NAME_MAX];
    logger_name_of("a b", -1, name);
    assert_string_equal(name, "connectors.a b");
    logger_name_of("a b", 3, name);
    assert_string_equal(name, "connectors.a b.tasks.3");
}

static void test_get__the_longest_name_that_is_set_counts(void **state)
{
    log_levels_init(KS_LOG_INFO);
    assert_true(log_levels_set("a.b", KS_LOG_DEBUG));
    assert_true(log_levels_set("a.b.c", KS_LOG_ERROR));
    assert_int_equal(log_levels_get("a.b.c.d").level, KS_LOG_ERROR);
    assert_int_equal(log_levels_get("a.b.cd").level, KS_LOG_DEBUG);
    assert_int_equal(log_levels_get("a.b").level, KS_LOG_DEBUG);
    assert_int_equal(log_levels_get("a").level, KS_LOG_INFO);
    assert_int_equal(log_levels_get("a.bc").level, KS_LOG_INFO);
    assert_true(log_levels_get("a.b").known);
    assert_false(log_levels_get("a").known);
    assert_true(log_levels_get("a.b").modified_ms >= clock_wall_ms() - 60000);
    assert_int_equal(log_levels_get(LOGGER_ROOT).modified_ms, 0);
}

static void test_set__takes_those_below_along(void **state)
{
    log_levels_init(KS_LOG_INFO);
    log_levels_set("a.b", KS_LOG_DEBUG);
    log_levels_set("ab", KS_LOG_DEBUG);
    log_levels_set("a", KS_LOG_WARN);
    assert_int_equal(log_levels_get("a.b").level, KS_LOG_WARN);
    assert_int_equal(log_levels_get("ab").level, KS_LOG_DEBUG);
    log_levels_set(LOGGER_ROOT, KS_LOG_ERROR);
    assert_int_equal(log_levels_get("a.b").level, KS_LOG_ERROR);
    assert_int_equal(log_levels_get("ab").level, KS_LOG_ERROR);
    assert_int_equal(log_levels_get("elsewhere").level, KS_LOG_ERROR);
}

static void test_set__to_what_it_is_is_no_change(void **state)
{
    log_levels_init(KS_LOG_INFO);
    log_levels_set("a.b", KS_LOG_INFO);
    log_levels_set(LOGGER_ROOT, KS_LOG_INFO);
    assert_true(log_levels_get("a.b").known);
    assert_int_equal(log_levels_get("a.b").modified_ms, 0);
    assert_int_equal(log_levels_get(LOGGER_ROOT).modified_ms, 0);
    log_levels_set("a", KS_LOG_WARN);
    assert_true(log_levels_get("a.b").modified_ms > 0);
    assert_int_equal(log_levels_get("a.b").modified_ms, log_levels_get("a").modified_ms);
    log_levels_set("a.b.c", KS_LOG_WARN);
    assert_int_equal(log_levels_get("a.b.c").modified_ms, 0);
}

static void test_allow__and_what_nobody_wants_is_refused_early(void **state)
{
    log_levels_init(KS_LOG_INFO);
    assert_false(log_levels_maybe(KS_LOG_DEBUG));
    log_levels_set("a", KS_LOG_TRACE);
    assert_true(log_levels_maybe(KS_LOG_DEBUG));
    assert_true(log_levels_allow("a.x", KS_LOG_TRACE));
    assert_false(log_levels_allow("b", KS_LOG_DEBUG));
    assert_true(log_levels_allow("b", KS_LOG_INFO));
    assert_true(log_levels_allow("connectors.c.tasks.0", KS_LOG_INFO));
    log_levels_set("a", LOGGER_OFF);
    assert_false(log_levels_allow("a.x", KS_LOG_ERROR));
    assert_false(log_levels_maybe(KS_LOG_DEBUG));
    char **names;
    assert_int_equal(log_levels_names(&names), 3);
    assert_string_equal(names[0], "a");
    assert_string_equal(names[1], "a.x");
    assert_string_equal(names[2], "b");
    free(names);
}

static void test_set__has_a_limit(void **state)
{
    log_levels_init(KS_LOG_INFO);
    char name[20];
    bool room = true;
    for (int i = 0; i < 3000 && room; i++) {
        snprintf(name, sizeof name, "n%d", i);
        room = log_levels_set(name, KS_LOG_WARN);
    }
    assert_false(room);
    assert_true(log_levels_set("n7", KS_LOG_ERROR));
    assert_true(log_levels_set(LOGGER_ROOT, KS_LOG_ERROR));
    assert_true(log_levels_allow("one more", KS_LOG_ERROR));
    log_levels_init(KS_LOG_INFO);
}

static void *set_levels(void *arg)
{
    for (int i = 0; i < 500; i++)
        log_levels_set(i % 2 ? "a" : LOGGER_ROOT, i % 3 ? KS_LOG_DEBUG : KS_LOG_WARN);
    return NULL;
}

static void test_allow__while_levels_change(void **state)
{
    pthread_t thread;
    log_levels_init(KS_LOG_INFO);
    assert_int_equal(pthread_create(&thread, NULL, set_levels, NULL), 0);
    for (int i = 0; i < 500; i++) {
        log_levels_maybe(KS_LOG_DEBUG);
        assert_true(log_levels_allow("a.b", KS_LOG_WARN));
    }
    pthread_join(thread, NULL);
    assert_int_equal(log_levels_get("a.b").level, log_levels_get("a").level);
    log_levels_init(KS_LOG_INFO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse__names),
        cmocka_unit_test(test_name_of__connector_and_task),
        cmocka_unit_test(test_get__the_longest_name_that_is_set_counts),
        cmocka_unit_test(test_set__takes_those_below_along),
        cmocka_unit_test(test_set__to_what_it_is_is_no_change),
        cmocka_unit_test(test_allow__and_what_nobody_wants_is_refused_early),
        cmocka_unit_test(test_set__has_a_limit),
        cmocka_unit_test(test_allow__while_levels_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
