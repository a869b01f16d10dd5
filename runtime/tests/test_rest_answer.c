#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "kitestream/sdk/util.h"
#include "rest.h"

static const char *message_of(const struct rest_response *res)
{
    return json_string_value(json_object_get(res->json, "message"));
}

static void test_fail__connects_body(void **state)
{
    struct rest_response res = {0};
    res.location = strdup("/connectors/a");
    rest_fail(&res, 404, "Connector %s not found", "a");
    assert_int_equal(res.status, 404);
    assert_null(res.location);
    assert_int_equal(json_integer_value(json_object_get(res.json, "error_code")), 404);
    assert_string_equal(message_of(&res), "Connector a not found");
    rest_fail(&res, 400, "%s", "\xff");
    assert_non_null(strstr(message_of(&res), "not UTF-8"));
    rest_response_release(&res);
}

static void test_fail_herder__codes(void **state)
{
    static const struct {
        enum herder_answer answer;
        int status;
    } cases[] = {{HERDER_OK, 0},         {HERDER_CREATED, 0},   {HERDER_NOT_FOUND, 404},
                 {HERDER_CONFLICT, 409}, {HERDER_INVALID, 400}, {HERDER_UNAVAILABLE, 500}};
    struct ks_error err;
    ks_error_set(&err, KS_ERR_FATAL, "why");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rest_response res = {0};
        assert_int_equal(rest_fail_herder(&res, cases[i].answer, &err), cases[i].status != 0);
        assert_int_equal(res.status, cases[i].status);
        if (cases[i].status)
            assert_string_equal(message_of(&res), "why");
        rest_response_release(&res);
    }
}

static void test_query__flags_and_repeated_names(void **state)
{
    static const struct rest_query queries[] = {
        {"expand", "info"}, {"expand", "status"}, {"a", "TRUE"}, {"b", "yes"}};
    const struct rest_request req = {.queries = queries, .query_count = 4};
    assert_true(rest_query_has(&req, "expand", "status"));
    assert_false(rest_query_has(&req, "expand", "all"));
    assert_string_equal(rest_query_get(&req, "expand"), "info");
    assert_null(rest_query_get(&req, "none"));
    assert_true(rest_query_flag(&req, "a", false));
    assert_false(rest_query_flag(&req, "b", true));
    assert_true(rest_query_flag(&req, "none", true));
}

static int status_of_body(const char *type, const char *body)
{
    const struct rest_request req = {.content_type = type, .body = body, .body_len = strlen(body)};
    struct rest_response res = {0};
    json_t *json = rest_body_object(&req, &res);
    int status = res.status;
    assert_int_equal(json != NULL, status == 0);
    json_decref(json);
    rest_response_release(&res);
    return status;
}

static void test_body_object__types_and_json(void **state)
{
    assert_int_equal(status_of_body("application/json", "{\"a\": 1}"), 0);
    assert_int_equal(status_of_body("application/json; charset=utf-8", "{}"), 0);
    assert_int_equal(status_of_body(NULL, "{}"), 415);
    assert_int_equal(status_of_body("text/plain", "{}"), 415);
    assert_int_equal(status_of_body("application/json", ""), 400);
    assert_int_equal(status_of_body("application/json", "{"), 400);
    assert_int_equal(status_of_body("application/json", "[]"), 400);
    assert_int_equal(status_of_body("application/json", "null"), 400);
    assert_int_equal(status_of_body("application/json", "{\"a\": \"\xff\"}"), 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fail__connects_body),
        cmocka_unit_test(test_fail_herder__codes),
        cmocka_unit_test(test_query__flags_and_repeated_names),
        cmocka_unit_test(test_body_object__types_and_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
