#include "rest_listener.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void check(const char *url, const char *host, int port, bool tls)
{
    struct rest_listener l;
    struct ks_error err;
    assert_int_equal(rest_listener_parse(url, &l, &err), KS_OK);
    assert_string_equal(l.host, host);
    assert_int_equal(l.port, port);
    assert_int_equal(l.tls, tls);
    rest_listener_release(&l);
}

static void test_parse__urls(void **state)
{
    check("http://127.0.0.1:8083", "127.0.0.1", 8083, false);
    check("HTTPS://host:443/", "host", 443, true);
    check("http://:0", "", 0, false);
    check("http://host", "host", 8083, false);
    check("http://[::1]:9", "::1", 9, false);
    check("https://[::]", "::", 8083, true);
}

static void test_parse__what_is_no_listener(void **state)
{
    static const char *const bad[] = {
        "",           "host:80",      "ftp://a:1",     "http://a:65536",
        "http://a:",  "http://a:-1",  "http://a:1x",   "http://[::1:9",
        "http://a/b", "http://u@a:1", "http://[::1]9", "http://a b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rest_listener l;
        struct ks_error err;
        assert_int_equal(rest_listener_parse(bad[i], &l, &err), KS_ERR_FATAL);
        assert_non_null(strstr(err.message, "http://host:port"));
    }
}

static void test_open__free_port_and_loopback(void **state)
{
    struct rest_listener l, all;
    struct ks_error err;
    assert_int_equal(rest_listener_parse("http://127.0.0.1:0", &l, &err), KS_OK);
    assert_int_equal(rest_listener_open(&l, &err), KS_OK);
    assert_true(l.port > 0);
    assert_true(l.loopback);
    assert_int_equal(rest_listener_parse("http://:0", &all, &err), KS_OK);
    assert_int_equal(rest_listener_open(&all, &err), KS_OK);
    assert_false(all.loopback);
    rest_listener_release(&all);

    struct rest_listener again = {.host = strdup("127.0.0.1"), .port = l.port, .fd = -1};
    assert_int_equal(rest_listener_open(&again, &err), KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "127.0.0.1 port"));
    assert_non_null(strstr(err.message, "in use"));
    rest_listener_release(&again);
    rest_listener_release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse__urls),
        cmocka_unit_test(test_parse__what_is_no_listener),
        cmocka_unit_test(test_open__free_port_and_loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
