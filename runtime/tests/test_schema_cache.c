#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "converters.h"
#include "helper_http_server.h"

static int handle(void *arg, const struct http_request *request, char *body, size_t size)
{
    ++*(_Atomic int *)arg;
    if (strcmp(request->path, "/schemas/ids/9") == 0)
        snprintf(body, size, "{\"schema\":\"{\"}");
    else
        snprintf(body, size, "{\"schema\":\"\\\"int\\\"\"}");
    return 200;
}

static void test_registry__one_for_equal_options(void **state)
{
    struct schema_cache *c = schema_cache_new();
    struct ks_config_entry a[] = {{"schema.registry.url", "http://a"}};
    struct ks_config_entry b[] = {{"schema.registry.url", "http://b"}};
    struct schema_registry *first, *second, *third;
    struct ks_error err;
    assert_int_equal(schema_cache_registry(c, NULL, &(struct ks_config){a, 1}, &first, &err),
                     KS_OK);
    assert_int_equal(schema_cache_registry(c, NULL, &(struct ks_config){a, 1}, &second, &err),
                     KS_OK);
    assert_int_equal(schema_cache_registry(c, NULL, &(struct ks_config){b, 1}, &third, &err),
                     KS_OK);
    assert_ptr_equal(first, second);
    assert_ptr_not_equal(first, third);
    schema_cache_free(c);
}

static void test_by_id__own_handle_per_id(void **state)
{
    _Atomic int requests = 0;
    struct http_server server;
    http_server_start(&server, handle, &requests);
    struct schema_cache *c = schema_cache_new();
    struct ks_config_entry url = {"schema.registry.url", server.url};
    struct schema_registry *r;
    struct ks_error err;
    const struct ks_schema *seven, *again, *eight, *nine = NULL;
    assert_int_equal(schema_cache_registry(c, NULL, &(struct ks_config){&url, 1}, &r, &err), KS_OK);
    assert_int_equal(schema_cache_by_id(c, r, 7, &seven, &err), KS_OK);
    assert_int_equal(schema_cache_by_id(c, r, 7, &again, &err), KS_OK);
    assert_int_equal(schema_cache_by_id(c, r, 8, &eight, &err), KS_OK);
    assert_ptr_equal(seven, again);
    assert_ptr_not_equal(seven, eight);
    assert_int_equal(eight->id, 8);
    assert_int_equal(requests, 2);
    assert_int_equal(schema_cache_by_id(c, r, 9, &nine, &err), KS_ERR_DATA);
    assert_non_null(strstr(err.message, "schema id 9"));
    assert_null(nine);
    schema_cache_free(c);
    http_server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registry__one_for_equal_options),
        cmocka_unit_test(test_by_id__own_handle_per_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
