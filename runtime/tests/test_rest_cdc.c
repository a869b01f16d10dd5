/* What goes in and out over HTTP: the operations are the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cdc_ops.h"
#include "kitestream/sdk/util.h"

/* ---- operations ---- */

static const char *called;
static enum ks_status status;
static const char *text;

static enum ks_status run(const char *name, const json_t *data, json_t **ret, struct ks_error *err)
{
    called = name;
    if (status)
        return ks_error_set(err, status, "%s", text);
    *ret = data ? json_pack("{s:O}", "echo", data) : NULL;
    return KS_OK;
}

#define OP(name)                                                                                   \
    enum ks_status cdc_op_##name(const struct rest_context *ctx, json_t *data, json_t **ret,       \
                                 struct ks_error *err)                                             \
    {                                                                                              \
        return run(#name, data, ret, err);                                                         \
    }
OP(create)
OP(delete)
OP(pause)
OP(resume)
OP(get)
OP(position)
OP(list)
OP(maintenance)

/* ---- requests ---- */

static const struct rest_route *route_of(const char *method)
{
    for (const struct rest_route *r = rest_cdc_routes; r->method; r++)
        if (strcmp(r->method, method) == 0)
            return r;
    fail_msg("no route for %s", method);
    return NULL;
}

static void expect_answer(const struct rest_request *req, int http_status, const char *wanted)
{
    struct rest_response res = {0};
    called = NULL;
    route_of(req->method)->handle(NULL, req, &res);
    assert_int_equal(res.status, http_status);
    json_t *json = json_loads(wanted, 0, NULL);
    assert_non_null(json);
    if (!json_equal(res.json, json))
        fail_msg("%s", json_dumps(res.json, 0));
    json_decref(json);
    rest_response_release(&res);
}

static struct rest_request post(const char *body)
{
    return (struct rest_request){.method = "POST",
                                 .path = "/cdc",
                                 .content_type = "application/json",
                                 .body = body,
                                 .body_len = strlen(body)};
}

static int begin(void **state)
{
    status = KS_OK;
    return 0;
}

static void test_post__each_type(void **state)
{
    static const char *const names[] = {"create", "delete",   "pause", "resume",
                                        "get",    "position", "list",  "maintenance"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char body[100];
        snprintf(body, sizeof body, "{\"request_type\": \"%s\"}", names[i]);
        struct rest_request req = post(body);
        expect_answer(&req, 200, "{\"code\": 200}");
        assert_string_equal(called, names[i]);
    }
    struct rest_request req = post("{\"request_type\": \"get\", \"request_data\": {\"a\": 1}}");
    expect_answer(&req, 200, "{\"code\": 200, \"data\": {\"echo\": {\"a\": 1}}}");
    req = post("{\"request_type\": \"get\", \"request_data\": null}");
    expect_answer(&req, 200, "{\"code\": 200}");
}

static void test_post__faults_have_a_status_and_a_body(void **state)
{
    struct rest_request req = post("{\"request_type\": \"get\"}");
    status = KS_ERR_DATA;
    text = "there is no task";
    expect_answer(&req, 400,
                  "{\"code\": 400, \"message\":"
                  " \"fail to handle the get request, error: there is no task\"}");
    status = KS_ERR_RETRIABLE;
    text = "cut \xC3";
    expect_answer(&req, 500,
                  "{\"code\": 500, \"message\": \"fail to handle the get request, error: cut ?\"}");
}

static void test_post__what_is_no_request(void **state)
{
    static const char wrong_type[] =
        "{\"code\": 400, \"message\": \"request_type must be one of create, delete, pause, resume,"
        " get, position, list, maintenance\"}";
    static const char *const bodies[] = {"{}", "{\"request_type\": \"drop\"}",
                                         "{\"request_type\": 7}"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct rest_request req = post(bodies[i]);
        expect_answer(&req, 400, wrong_type);
    }
    struct rest_request req = post("{\"request_type\": \"get\", \"request_data\": []}");
    expect_answer(&req, 400,
                  "{\"code\": 400, \"message\":"
                  " \"fail to handle the get request, error: request_data must be an object\"}");
    assert_null(called);
}

static void expect_code(const struct rest_request *req, int wanted)
{
    struct rest_response res = {0};
    route_of(req->method)->handle(NULL, req, &res);
    assert_int_equal(res.status, wanted);
    assert_int_equal(json_integer_value(json_object_get(res.json, "code")), wanted);
    assert_true(json_is_string(json_object_get(res.json, "message")));
    assert_int_equal(json_object_size(res.json), 2);
    rest_response_release(&res);
}

static void test_post__bodies_that_are_not_json(void **state)
{
    struct rest_request req = post("{\"request_type\": ");
    expect_code(&req, 400);
    req = post("");
    expect_code(&req, 400);
    req = post("[]");
    expect_code(&req, 400);
    req.content_type = "text/plain";
    expect_code(&req, 415);
}

static void test_post__of_one_who_may_only_read(void **state)
{
    struct rest_request req = post("{\"request_type\": \"list\"}");
    req.read_only = true;
    expect_answer(&req, 200, "{\"code\": 200}");
    req = post("{\"request_type\": \"delete\"}");
    req.read_only = true;
    expect_code(&req, 403);
}

static void test_other_methods__405(void **state)
{
    static const char *const methods[] = {"GET", "PUT", "PATCH", "DELETE"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        struct rest_request req = post("");
        struct rest_response res = {0};
        req.method = methods[i];
        expect_code(&req, 405);
        route_of(methods[i])->handle(NULL, &req, &res);
        assert_string_equal(res.allow, "POST");
        rest_response_release(&res);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_post__each_type, begin),
        cmocka_unit_test_setup(test_post__faults_have_a_status_and_a_body, begin),
        cmocka_unit_test_setup(test_post__what_is_no_request, begin),
        cmocka_unit_test_setup(test_post__bodies_that_are_not_json, begin),
        cmocka_unit_test_setup(test_post__of_one_who_may_only_read, begin),
        cmocka_unit_test_setup(test_other_methods__405, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
