#include "rest_router.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "helper_rest.h"

/* The status without calling a handler; 0: there is one. */
static int refused(const char *method, const char *uri, const char *type, const char *accept)
{
    struct rest_call call;
    struct rest_response res = {0};
    bool found = rest_router_find(method, uri, type, accept, true, &call, &res);
    int status = res.status;
    if (found)
        assert_int_equal(status, 0);
    else if (status != 200)
        assert_int_equal(json_integer_value(json_object_get(res.json, "error_code")), status);
    rest_response_release(&res);
    rest_call_release(&call);
    return status;
}

static void test_find__paths_and_methods(void **state)
{
    assert_int_equal(refused("GET", "/", NULL, NULL), 0);
    assert_int_equal(refused("HEAD", "/", NULL, NULL), 0);
    assert_int_equal(refused("GET", "/health/?x=y", NULL, NULL), 0);
    assert_int_equal(refused("GET", "/nope", NULL, NULL), 404);
    assert_int_equal(refused("OPTIONS", "/nope", NULL, NULL), 404);
    assert_int_equal(refused("GET", "/health/more", NULL, NULL), 404);
    assert_int_equal(refused("GET", "//health", NULL, NULL), 404);
    assert_int_equal(refused("GET", "/1/2/3/4/5/6/7/8/9", NULL, NULL), 404);
    assert_int_equal(refused("POST", "/", NULL, NULL), 405);
    assert_int_equal(refused("BREW", "/", NULL, NULL), 405);
    assert_int_equal(refused("GET", "/%zz", NULL, NULL), 400);
}

static void test_find__accept(void **state)
{
    assert_int_equal(refused("GET", "/health", NULL, "text/html"), 406);
    assert_int_equal(refused("GET", "/health", NULL, "text/html, */*;q=0.1"), 0);
    assert_int_equal(refused("GET", "/metrics", NULL, "text/html"), 0);
    assert_int_equal(refused("GET", "/health", "text/plain", NULL), 0);
}

static void test_find__options_lists_methods(void **state)
{
    struct rest_response res;
    assert_int_equal(helper_rest(NULL, "OPTIONS", "/health", NULL, &res), 200);
    assert_string_equal(res.type, "text/plain");
    assert_string_equal(ks_buf_str(&res.text), "HEAD, GET, OPTIONS");
    assert_string_equal(res.allow, "HEAD, GET, OPTIONS");
    rest_response_release(&res);
    assert_int_equal(helper_rest(NULL, "DELETE", "/health", NULL, &res), 405);
    assert_string_equal(res.allow, "HEAD, GET, OPTIONS");
    rest_response_release(&res);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find__paths_and_methods),
        cmocka_unit_test(test_find__accept),
        cmocka_unit_test(test_find__options_lists_methods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
