#include "rest_headers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct rest_headers *open_headers(const char *origins, const char *methods,
                                         const char *rules)
{
    const struct rest_options options = {
        .cors_origin = origins, .cors_methods = methods, .extra_headers = rules};
    struct rest_headers *h;
    struct ks_error err;
    assert_int_equal(rest_headers_open(&options, &h, &err), KS_OK);
    return h;
}

/* The header of an answer; "" if it is not there. */
static const char *added(const struct rest_headers *h, const char *origin, const char *name)
{
    static char text[200];
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type", "application/json");
    rest_headers_add(h, response, origin);
    const char *value = MHD_get_response_header(response, name);
    snprintf(text, sizeof text, "%s", value ? value : "");
    MHD_destroy_response(response);
    return text;
}

static void test_add__rules(void **state)
{
    struct rest_headers *h = open_headers(
        NULL, NULL,
        "set X-Frame-Options: DENY, \"add Cache-Control: no-cache, no-store\",SET Content-Type: "
        "text/x,\"add X-Quote: a \"\"b\"\"\"");
    assert_string_equal(added(h, NULL, "X-Frame-Options"), "DENY");
    assert_string_equal(added(h, NULL, "Cache-Control"), "no-cache, no-store");
    assert_string_equal(added(h, NULL, "Content-Type"), "text/x");
    assert_string_equal(added(h, NULL, "X-Quote"), "a \"b\"");
    rest_headers_free(h);
}

static void test_open__what_is_no_rule(void **state)
{
    static const char *const bad[] = {"X-Frame-Options: DENY",
                                      "set X",
                                      "setDate Expires: 0",
                                      "set X Y: z",
                                      "set : z",
                                      "set a: b,,"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct rest_options options = {.extra_headers = bad[i]};
        struct rest_headers *h;
        struct ks_error err;
        assert_int_equal(rest_headers_open(&options, &h, &err), KS_ERR_FATAL);
        assert_non_null(strstr(err.message, "response.http.headers.config"));
    }
}

static void test_add__cors_is_off_unless_set(void **state)
{
    struct rest_headers *h = open_headers(NULL, NULL, NULL);
    assert_string_equal(added(h, "http://a", "Access-Control-Allow-Origin"), "");
    assert_string_equal(added(h, "http://a", "Vary"), "");
    assert_false(rest_headers_allow_preflight(h, "http://a", "GET"));
    rest_headers_free(h);
}

static void test_add__cors_for_named_origins(void **state)
{
    struct rest_headers *h = open_headers("http://a, https://b:1", "GET,PUT", NULL);
    assert_string_equal(added(h, "http://a", "Access-Control-Allow-Origin"), "http://a");
    assert_string_equal(added(h, "http://a", "Access-Control-Allow-Credentials"), "true");
    assert_string_equal(added(h, "http://a", "Vary"), "Origin");
    assert_string_equal(added(h, "http://c", "Access-Control-Allow-Origin"), "");
    assert_string_equal(added(h, "http://", "Access-Control-Allow-Origin"), "");
    assert_string_equal(added(h, "", "Access-Control-Allow-Origin"), "");
    assert_true(rest_headers_allow_preflight(h, "https://b:1", "PUT"));
    assert_false(rest_headers_allow_preflight(h, "https://b:1", "DELETE"));
    assert_false(rest_headers_allow_preflight(h, "https://b:1", NULL));
    assert_false(rest_headers_allow_preflight(h, "https://b", "PUT"));
    rest_headers_free(h);
}

static void test_add__cors_for_all_is_without_credentials(void **state)
{
    struct rest_headers *h = open_headers("*", NULL, NULL);
    assert_string_equal(added(h, "http://a", "Access-Control-Allow-Origin"), "*");
    assert_string_equal(added(h, "http://a", "Access-Control-Allow-Credentials"), "");
    assert_true(rest_headers_allow_preflight(h, "http://a", "POST"));
    assert_false(rest_headers_allow_preflight(h, "http://a", "PUT"));
    rest_headers_free(h);
}

static void test_may_write__origins(void **state)
{
    struct rest_headers *h = open_headers("http://a", NULL, NULL);
    assert_true(rest_headers_may_write(h, NULL, "w:8083"));
    assert_true(rest_headers_may_write(h, "http://a", "w:8083"));
    assert_true(rest_headers_may_write(h, "http://W:8083", "w:8083"));
    assert_false(rest_headers_may_write(h, "http://b", "w:8083"));
    assert_false(rest_headers_may_write(h, "null", "w:8083"));
    assert_false(rest_headers_may_write(h, "http://b", NULL));
    rest_headers_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add__rules),
        cmocka_unit_test(test_open__what_is_no_rule),
        cmocka_unit_test(test_add__cors_is_off_unless_set),
        cmocka_unit_test(test_add__cors_for_named_origins),
        cmocka_unit_test(test_add__cors_for_all_is_without_credentials),
        cmocka_unit_test(test_may_write__origins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
