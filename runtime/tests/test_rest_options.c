#include "rest_options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
    static struct worker_config worker;
    struct ks_error err;
    assert_int_equal(worker_config_load(NULL, &worker, &err), KS_OK);
    *state = &worker;
    return 0;
}

static int teardown(void **state)
{
    worker_config_release(*state);
    return 0;
}

static void set(struct worker_config *worker, const char *option, const char *value)
{
    string_map_set(&worker->all, option, value);
}

static struct rest_options read_options(const struct worker_config *worker)
{
    struct rest_options o;
    struct ks_error err;
    assert_int_equal(rest_options_read(worker, &o, &err), KS_OK);
    return o;
}

static void test_read__defaults_are_safe(void **state)
{
    struct rest_options o = read_options(*state);
    assert_int_equal(o.port_count, 1);
    assert_string_equal(o.ports[0].listener.host, "127.0.0.1");
    assert_int_equal(o.ports[0].listener.port, 8083);
    assert_int_equal(o.ports[0].serves, REST_SERVES_API | REST_SERVES_ADMIN);
    assert_int_equal(o.request_timeout_ms, 90000);
    assert_int_equal(o.client_timeout_ms, 30000);
    assert_int_equal(o.max_body_bytes, 1 << 20);
    assert_int_equal(o.threads, 8);
    assert_null(o.users_file);
    assert_null(o.cors_origin);
    assert_false(o.health_open);
    rest_options_release(&o);
}

static void test_read__admin_listeners(void **state)
{
    set(*state, "admin.listeners", "");
    struct rest_options o = read_options(*state);
    assert_int_equal(o.port_count, 1);
    assert_int_equal(o.ports[0].serves, REST_SERVES_API);
    rest_options_release(&o);
    set(*state, "admin.listeners", "http://127.0.0.1:9");
    o = read_options(*state);
    assert_int_equal(o.port_count, 2);
    assert_int_equal(o.ports[0].serves, REST_SERVES_API);
    assert_int_equal(o.ports[1].serves, REST_SERVES_ADMIN);
    assert_int_equal(o.ports[1].listener.port, 9);
    rest_options_release(&o);
}

static void test_read__lists_and_empty_texts(void **state)
{
    set(*state, "listeners", "http://a:1, http://b:2");
    set(*state, "rest.auth.read.only", "bob,carol");
    set(*state, "rest.auth.users.file", "");
    struct rest_options o = read_options(*state);
    assert_int_equal(o.port_count, 2);
    assert_int_equal(o.read_only_count, 2);
    assert_string_equal(o.read_only[1], "carol");
    assert_null(o.users_file);
    rest_options_release(&o);
}

static void expect_error(void *worker, const char *words)
{
    struct rest_options o;
    struct ks_error err;
    assert_int_equal(rest_options_read(worker, &o, &err), KS_ERR_FATAL);
    assert_non_null(strstr(err.message, words));
}

static void test_read__errors_name_the_option(void **state)
{
    set(*state, "listeners", "http://a:1, b:2");
    expect_error(*state, "listeners: \"b:2\"");
    set(*state, "listeners", "http://a:1");
    set(*state, "admin.listeners", "nonsense");
    expect_error(*state, "admin.listeners: \"nonsense\"");
    set(*state, "admin.listeners", "https://a:2");
    expect_error(*state, "listeners.https.ssl.certificate.location");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_read__defaults_are_safe),
        TEST(test_read__admin_listeners),
        TEST(test_read__lists_and_empty_texts),
        TEST(test_read__errors_name_the_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
