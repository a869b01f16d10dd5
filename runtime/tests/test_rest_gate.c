/* Who may do what, over real sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper_files.h"
#include "helper_rest_server.h"

static void tell_role(const struct rest_context *ctx, const struct rest_request *req,
                      struct rest_response *res)
{
    rest_answer(res, 200, json_pack("{s:s}", "role", req->read_only ? "read" : "write"));
}

const struct rest_route rest_cdc_routes[] = {
    {"GET", "/test", tell_role, 0},
    {"POST", "/test", tell_role, REST_WRITES},
    {"POST", "/test/maybe", tell_role, 0},
    {0},
};

/* "alice:a", "bob:b", "hash:h" */
#define ALICE "Authorization: Basic YWxpY2U6YQ==\r\n"
#define BOB "Authorization: Basic Ym9iOmI=\r\n"
#define HASH "Authorization: Basic aGFzaDpo\r\n"
#define WRONG "Authorization: Basic YWxpY2U6Yg==\r\n"
#define TOKEN "Authorization: Bearer t\r\n"

static char *dir;

static int setup(void **state)
{
    rest_test_setup(state);
    dir = helper_dir_new();
    return 0;
}

static int teardown(void **state)
{
    helper_dir_remove(dir);
    return rest_test_teardown(state);
}

static void start_with_logins(struct rest_test *t)
{
    /* openssl passwd -6 -salt salt h */
    char *users =
        helper_file_new(dir, "users",
                        "alice=a\nbob=b\nhash=$6$salt$8kvGxnAWIkYmb1ljJg3bW2oA0m1HaTw9Z1jo60yYYa"
                        "dybuP.kxs5yowWFfP4UUjiFGtRqsCVaOh2Xm6WjwM6h.\n");
    char *tokens = helper_file_new(dir, "tokens", "ci=t\n");
    rest_test_option(t, "rest.auth.users.file", users);
    rest_test_option(t, "rest.auth.tokens.file", tokens);
    rest_test_option(t, "rest.auth.read.only", "bob, hash");
    rest_test_start(t, true);
    free(users);
    free(tokens);
}

static int status(struct rest_test *t, const char *method, const char *path, const char *headers)
{
    return http_client_ask(t->port, method, path, headers, NULL).status;
}

static void test_gate__nobody_needs_a_login_unless_configured(void **state)
{
    struct rest_test *t = *state;
    rest_test_start(t, true);
    assert_int_equal(status(t, "POST", "/test", ""), 200);
    assert_int_equal(status(t, "POST", "/test", WRONG), 200);
}

static void test_gate__logins(void **state)
{
    struct rest_test *t = *state;
    start_with_logins(t);
    struct http_answer a = http_client_ask(t->port, "GET", "/test", "", NULL);
    rest_test_check_error(&a, 401, "login");
    assert_non_null(strstr(http_answer_header(&a, "WWW-Authenticate"), "Basic realm="));
    assert_int_equal(status(t, "GET", "/test", WRONG), 401);
    assert_int_equal(status(t, "GET", "/nope", ""), 401);
    assert_int_equal(status(t, "GET", "/nope", ALICE), 404);
    assert_int_equal(status(t, "GET", "/", ""), 401);
    assert_int_equal(status(t, "GET", "/health", ""), 401);
    assert_int_equal(status(t, "GET", "/health", TOKEN), 200);
    assert_int_equal(status(t, "POST", "/test", ALICE), 200);
    assert_int_equal(status(t, "POST", "/test", TOKEN), 200);
}

static void test_gate__read_only(void **state)
{
    struct rest_test *t = *state;
    start_with_logins(t);
    assert_int_equal(status(t, "GET", "/test", BOB), 200);
    struct http_answer a = http_client_ask(t->port, "POST", "/test", BOB, NULL);
    rest_test_check_error(&a, 403, "only read");
    a = http_client_ask(t->port, "POST", "/test/maybe", BOB, NULL);
    assert_string_equal(rest_test_member(&a, "role"), "read");
    a = http_client_ask(t->port, "POST", "/test/maybe", ALICE, NULL);
    assert_string_equal(rest_test_member(&a, "role"), "write");
}

static void test_gate__hashed_password_goes_by_the_pool(void **state)
{
    struct rest_test *t = *state;
    start_with_logins(t);
    for (int i = 0; i < 2; i++) { /* computed, then remembered */
        assert_int_equal(status(t, "GET", "/health", HASH), 200);
        assert_int_equal(status(t, "GET", "/test", HASH), 200);
        assert_int_equal(status(t, "POST", "/test", HASH), 403);
        struct http_answer a = http_client_ask(t->port, "POST", "/test/maybe", HASH, NULL);
        assert_string_equal(rest_test_member(&a, "role"), "read");
    }
    struct http_answer a =
        http_client_ask(t->port, "GET", "/test", "Authorization: Basic aGFzaDp4\r\n", NULL);
    rest_test_check_error(&a, 401, "login");
    assert_non_null(http_answer_header(&a, "WWW-Authenticate"));
}

static void test_gate__open_health(void **state)
{
    struct rest_test *t = *state;
    rest_test_option(t, "rest.auth.health.open", "true");
    start_with_logins(t);
    assert_int_equal(status(t, "GET", "/health", ""), 200);
    assert_int_equal(status(t, "GET", "/health", WRONG), 200);
    assert_int_equal(status(t, "GET", "/", ""), 401);
}

static void test_gate__cors_preflight_comes_before_the_login(void **state)
{
    struct rest_test *t = *state;
    rest_test_option(t, "access.control.allow.origin", "http://ui");
    rest_test_option(t, "access.control.allow.methods", "GET,PUT");
    start_with_logins(t);
    struct http_answer a =
        http_client_ask(t->port, "OPTIONS", "/test",
                        "Origin: http://ui\r\nAccess-Control-Request-Method: PUT\r\n", NULL);
    assert_int_equal(a.status, 200);
    assert_string_equal(http_answer_header(&a, "Access-Control-Allow-Origin"), "http://ui");
    assert_string_equal(http_answer_header(&a, "Access-Control-Allow-Methods"), "GET,PUT");
    assert_non_null(strstr(http_answer_header(&a, "Access-Control-Allow-Headers"), "Content-Type"));
    a = http_client_ask(t->port, "OPTIONS", "/test",
                        "Origin: http://no\r\nAccess-Control-Request-Method: PUT\r\n", NULL);
    assert_int_equal(a.status, 401);
    assert_null(http_answer_header(&a, "Access-Control-Allow-Origin"));
    a = http_client_ask(t->port, "GET", "/test", ALICE "Origin: http://ui\r\n", NULL);
    assert_int_equal(a.status, 200);
    assert_string_equal(http_answer_header(&a, "Access-Control-Allow-Origin"), "http://ui");
}

static void test_gate__pages_of_other_origins(void **state)
{
    struct rest_test *t = *state;
    rest_test_start(t, true);
    struct http_answer a =
        http_client_ask(t->port, "POST", "/test", "Origin: http://evil\r\n", NULL);
    rest_test_check_error(&a, 403, "access.control.allow.origin");
    assert_int_equal(status(t, "GET", "/test", "Origin: http://evil\r\n"), 200);
    assert_int_equal(status(t, "POST", "/test", "Origin: http://test\r\n"), 200);
}

static void test_gate__headers_of_every_answer(void **state)
{
    struct rest_test *t = *state;
    rest_test_option(t, "response.http.headers.config", "set X-Frame-Options: DENY");
    rest_test_start(t, true);
    static const char *const paths[] = {"/", "/test", "/nope"};
    for (size_t i = 0; i < 3; i++) {
        struct http_answer a = http_client_ask(t->port, "GET", paths[i], "", NULL);
        assert_string_equal(http_answer_header(&a, "X-Frame-Options"), "DENY");
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_gate__nobody_needs_a_login_unless_configured),
        TEST(test_gate__logins),
        TEST(test_gate__read_only),
        TEST(test_gate__hashed_password_goes_by_the_pool),
        TEST(test_gate__open_health),
        TEST(test_gate__cors_preflight_comes_before_the_login),
        TEST(test_gate__pages_of_other_origins),
        TEST(test_gate__headers_of_every_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
