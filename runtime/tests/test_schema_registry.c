#include "schema_registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helper_http_server.h"

static int handle(void *arg, const struct http_request *request, char *body, size_t size)
{
    atomic_int *requests = arg;
    atomic_fetch_add(requests, 1);
    bool post = strcmp(request->method, "POST") == 0;
    snprintf(body, size, "%s", post ? "{\"id\":5}" : "{\"schema\":\"\\\"int\\\"\"}");
    return 200;
}

static void test_registry__http_answers_are_kept(void **state)
{
    atomic_int requests = 0;
    struct http_server server;
    http_server_start(&server, handle, &requests);
    struct ks_config_entry url = {"schema.registry.url", server.url};
    struct schema_registry *r;
    struct ks_error err;
    uint32_t id;
    const char *json, *again;
    assert_int_equal(schema_registry_open(NULL, &(struct ks_config){&url, 1}, &r, &err), KS_OK);
    assert_int_equal(schema_registry_register(r, "s", "\"int\"", &id, &err), KS_OK);
    assert_int_equal(id, 5);
    assert_int_equal(schema_registry_get(r, 5, &json, &err), KS_OK);
    assert_string_equal(json, "\"int\"");
    assert_int_equal(schema_registry_get(r, 5, &again, &err), KS_OK);
    assert_ptr_equal(json, again);
    assert_int_equal(atomic_load(&requests), 2);
    schema_registry_close(r);
    http_server_stop(&server);
}

static int handle_latest(void *arg, const struct http_request *request, char *body, size_t size)
{
    strcpy(arg, request->path);
    snprintf(body, size, "{\"subject\":\"s\",\"version\":2,\"id\":9,\"schema\":\"\\\"int\\\"\"}");
    return 200;
}

static void test_latest__of_a_subject(void **state)
{
    char path[512];
    struct http_server server;
    http_server_start(&server, handle_latest, path);
    struct ks_config_entry url = {"schema.registry.url", server.url};
    struct schema_registry *r;
    struct ks_error err;
    uint32_t id;
    const char *json, *again;
    assert_int_equal(schema_registry_open(NULL, &(struct ks_config){&url, 1}, &r, &err), KS_OK);
    assert_int_equal(schema_registry_latest(r, "s/t", &id, &json, &err), KS_OK);
    assert_int_equal(id, 9);
    assert_string_equal(json, "\"int\"");
    assert_string_equal(path, "/subjects/s%2Ft/versions/latest");
    /* Known by its id from then on, and asked for again by subject. */
    assert_int_equal(schema_registry_get(r, 9, &again, &err), KS_OK);
    assert_ptr_equal(json, again);
    assert_int_equal(schema_registry_latest(r, "s", &id, &again, &err), KS_OK);
    assert_ptr_equal(json, again);
    schema_registry_close(r);
    http_server_stop(&server);
}

static void test_open__bad_values(void **state)
{
    static const struct {
        struct ks_config_entry entries[2];
        const char *message;
    } cases[] = {
        {{{"auto.register.schemas", "maybe"}, {"schema.registry.url", "http://h"}},
         "auto.register.schemas"},
        {{{"bearer.auth.credentials.source", "OAUTHBEARER"}, {"schema.registry.url", "http://h"}},
         "bearer.auth.credentials.source"},
        {{{"schema.registry.url", "http://h"}, {"value.subject.name.strategy", "MyStrategy"}},
         "value.subject.name.strategy"},
        {{{"schema.registry.url", "http://h"}, {"use.latest.version", "true"}},
         "auto.register.schemas=false"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct schema_registry *r;
        struct ks_error err;
        struct ks_config config = {cases[i].entries, 2};
        assert_int_equal(schema_registry_open(NULL, &config, &r, &err), KS_ERR_FATAL);
        assert_non_null(strstr(err.message, cases[i].message));
    }
}

static void test_open__bad_url(void **state)
{
    struct ks_config_entry url = {"schema.registry.url", "nowhere"};
    struct schema_registry *r;
    struct ks_error err;
    assert_int_equal(schema_registry_open(NULL, &(struct ks_config){&url, 1}, &r, &err),
                     KS_ERR_FATAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registry__http_answers_are_kept),
        cmocka_unit_test(test_latest__of_a_subject),
        cmocka_unit_test(test_open__bad_values),
        cmocka_unit_test(test_open__bad_url),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
