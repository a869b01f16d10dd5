/* Through the router, without a herder: what it adds (connectors' loggers, the whole cluster) is
 * shown by test_herder and the integration tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "helper_rest.h"
#include "log.h"
#include "log_levels.h"

static struct rest_response res;
static const struct rest_context ctx;

static int setup(void **state)
{
    log_init(KS_LOG_INFO, false);
    return 0;
}

static int teardown(void **state)
{
    rest_response_release(&res);
    log_init(KS_LOG_INFO, false);
    return 0;
}

static int ask(const char *method, const char *uri, const char *body)
{
    rest_response_release(&res);
    return helper_rest(&ctx, method, uri, body, &res);
}

static const char *level(void)
{
    return json_string_value(json_object_get(res.json, "level"));
}

static const char *message(void)
{
    return json_string_value(json_object_get(res.json, "message"));
}

static void assert_changed(const char *first, size_t count)
{
    assert_int_equal(json_array_size(res.json), count);
    if (count > 0)
        assert_string_equal(json_string_value(json_array_get(res.json, 0)), first);
}

static void test_get__root_and_what_is_not_there(void **state)
{
    assert_int_equal(ask("GET", "/admin/loggers/root", NULL), 200);
    assert_string_equal(level(), "INFO");
    assert_true(json_is_null(json_object_get(res.json, "last_modified")));
    assert_int_equal(ask("GET", "/admin/loggers/com.example.Nope", NULL), 404);
    assert_string_equal(message(), "Logger com.example.Nope not found.");
}

static void test_put__acts_and_names_what_has_changed(void **state)
{
    assert_int_equal(ask("PUT", "/admin/loggers/eco.golden", "{\"level\": \"DEBUG\"}"), 200);
    assert_changed("eco.golden", 1);
    assert_int_equal(ask("GET", "/admin/loggers/eco.golden", NULL), 200);
    assert_string_equal(level(), "DEBUG");
    int64_t modified_ms = json_integer_value(json_object_get(res.json, "last_modified"));
    assert_true(modified_ms <= clock_wall_ms() && modified_ms > clock_wall_ms() - 60000);
    assert_true(log_levels_maybe(KS_LOG_DEBUG));
    assert_int_equal(ask("PUT", "/admin/loggers/eco.golden?scope=worker", "{\"level\": \"error\"}"),
                     200);
    assert_changed("eco.golden", 1);
    assert_int_equal(ask("PUT", "/admin/loggers/eco.golden?scope=galaxy", "{\"level\": \"ERROR\"}"),
                     200);
    assert_changed(NULL, 0);
    assert_int_equal(ask("PUT", "/admin/loggers/eco", "{\"level\": \"INFO\"}"), 200);
    assert_changed("eco.golden", 1);
    assert_int_equal(ask("PUT", "/admin/loggers/root", "{\"level\": \"WARN\"}"), 200);
    assert_changed("root", 3);
}

static void test_list__what_is_set_and_what_has_logged(void **state)
{
    log_info("a line of this file");
    assert_int_equal(ask("PUT", "/admin/loggers/a", "{\"level\": \"OFF\"}"), 200);
    assert_int_equal(ask("GET", "/admin/loggers", NULL), 200);
    assert_int_equal(json_object_size(res.json), 3);
    assert_non_null(json_object_get(res.json, "root"));
    assert_non_null(json_object_get(res.json, "kitestream.test_rest_loggers"));
    assert_string_equal(json_string_value(json_object_get(json_object_get(res.json, "a"), "level")),
                        "OFF");
}

static void test_put__refused(void **state)
{
    assert_int_equal(ask("PUT", "/admin/loggers/a", "{\"level\": \"LOUD\"}"), 404);
    assert_string_equal(message(), "invalid log level 'LOUD'.");
    assert_int_equal(ask("PUT", "/admin/loggers/a", "{}"), 400);
    assert_string_equal(message(), "Desired 'level' parameter was not specified in request.");
    assert_int_equal(ask("PUT", "/admin/loggers/a", "{\"level\": null}"), 400);
    assert_int_equal(ask("PUT", "/admin/loggers/a", "{\"level\": 3}"), 400);
    assert_int_equal(ask("PUT", "/admin/loggers/a", "{"), 400);
    assert_int_equal(ask("PUT", "/admin/loggers/a%01b", "{\"level\": \"INFO\"}"), 400);
    assert_int_equal(ask("PUT", "/admin/loggers/a?scope=cluster", "{\"level\": \"INFO\"}"), 503);
    assert_int_equal(ask("DELETE", "/admin/loggers/a", NULL), 405);
    assert_int_equal(ask("GET", "/admin/loggers/a", NULL), 404);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_get__root_and_what_is_not_there),
        TEST(test_put__acts_and_names_what_has_changed),
        TEST(test_list__what_is_set_and_what_has_logged),
        TEST(test_put__refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
