#include "http_get.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "helper_http_server.h"

#include <stdlib.h>

static int answer(void *arg, const struct http_request *request, char *body, size_t size)
{
    if (strcmp(request->path, "/big") == 0)
        memset(body, 'x', size - 1);
    else
        snprintf(body, size, "%s", strcmp(request->path, "/text") == 0 ? "not JSON" : "{\"a\": 1}");
    return strcmp(request->path, "/text") == 0 ? 500 : 200;
}

static const struct http_get_login nobody;

static enum ks_status get(const char *base, const char *path, struct ks_buf *ret,
                          struct ks_error *err)
{
    char *url = xasprintf("%s%s", base, path);
    enum ks_status status = http_get(url, &nobody, ret, err);
    free(url);
    return status;
}

static void test_get__appends_the_body(void **state)
{
    struct http_server server;
    struct ks_buf body = {0};
    struct ks_error err;
    http_server_start(&server, answer, NULL);
    ks_buf_add_str(&body, "before ");
    assert_int_equal(get(server.url, "/", &body, &err), KS_OK);
    assert_string_equal(ks_buf_str(&body), "before {\"a\": 1}");
    ks_buf_reset(&body);
    assert_int_equal(get(server.url, "/big", &body, &err), KS_OK);
    assert_true(body.len > 1000);
    ks_buf_release(&body);
    http_server_stop(&server);
}

static void test_get__errors_name_the_address(void **state)
{
    struct http_server server;
    struct ks_buf body = {0};
    struct ks_error err;
    http_server_start(&server, answer, NULL);
    assert_int_equal(get(server.url, "/text", &body, &err), KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "/text answers 500"));
    assert_null(strstr(err.message, "--user"));
    assert_int_equal(body.len, 0);
    http_server_stop(&server);
    assert_int_equal(get("http://127.0.0.1:1", "/", &body, &err), KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "http://127.0.0.1:1/: "));
    assert_int_equal(get("file:///etc", "/passwd", &body, &err), KS_ERR_FATAL);
    assert_int_equal(body.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get__appends_the_body),
        cmocka_unit_test(test_get__errors_name_the_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
