#include "rest_root.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "helper_rest.h"

static const char *text(const struct rest_response *res, const char *name)
{
    return json_string_value(json_object_get(res->json, name));
}

static void expect_health(int64_t round_ms, int status, const char *word)
{
    struct rest_response res = {0};
    rest_root_answer_health(&res, round_ms);
    assert_int_equal(res.status, status);
    assert_string_equal(text(&res, "status"), word);
    assert_true(strlen(text(&res, "message")) > 0);
    rest_response_release(&res);
}

static void test_health__states(void **state)
{
    expect_health(-1, 503, "starting");
    expect_health(0, 200, "healthy");
    expect_health(REST_ROUND_LIMIT_MS, 200, "healthy");
    expect_health(REST_ROUND_LIMIT_MS + 1, 500, "unhealthy");
}

static void test_root__and_metrics_before_there_is_a_herder(void **state)
{
    const struct rest_context ctx = {.kafka_cluster_id = ""};
    struct rest_response res;
    assert_int_equal(helper_rest(&ctx, "GET", "/", NULL, &res), 200);
    assert_non_null(strstr(text(&res, "version"), "-kitestream-"));
    assert_true(strlen(text(&res, "commit")) > 0);
    rest_response_release(&res);
    assert_int_equal(helper_rest(&ctx, "GET", "/health", NULL, &res), 503);
    rest_response_release(&res);
    assert_int_equal(helper_rest(&ctx, "GET", "/metrics", NULL, &res), 200);
    assert_non_null(strstr(ks_buf_str(&res.text), "\nprocess_resident_memory_bytes "));
    rest_response_release(&res);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_health__states),
        cmocka_unit_test(test_root__and_metrics_before_there_is_a_herder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
