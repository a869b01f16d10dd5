#include "schema_http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper_http_server.h"
#include "registry_client.h"

struct registry {
    struct http_server server;
    struct http_request last;
    _Atomic int requests, code;
    const char *_Atomic body;
};

static int handle(void *arg, const struct http_request *request, char *body, size_t size)
{
    struct registry *r = arg;
    r->last = *request;
    r->requests++;
    snprintf(body, size, "%s", r->body);
    return r->code;
}

static void start(struct registry *r, int code, const char *body)
{
    memset((void *)r, 0, sizeof *r);
    r->code = code;
    r->body = body;
    http_server_start(&r->server, handle, r);
}

static struct schema_http *open_at(const char *urls, struct ks_config_entry more)
{
    struct ks_config_entry entries[] = {more, {"schema.registry.url", urls}}; /* sorted */
    struct ks_config config =
        more.key ? (struct ks_config){entries, 2} : (struct ks_config){entries + 1, 1};
    struct schema_http *h = NULL;
    struct ks_error err;
    assert_int_equal(schema_http_open(&config, &h, &err), KS_OK);
    return h;
}
static const struct ks_config_entry nothing = {NULL, NULL};

static void test_register__request_and_answer(void **state)
{
    struct registry r;
    struct ks_error err;
    uint32_t id = 0;
    start(&r, 200, "{\"id\":42}");
    char url[80];
    snprintf(url, sizeof url, "%s/", r.server.url);
    struct schema_http *h = open_at(url, nothing);
    assert_int_equal(schema_http_register(h, "books.de/x y-value", "{\"type\":\"int\"}", &id, &err),
                     KS_OK);
    assert_int_equal(id, 42);
    assert_string_equal(r.last.method, "POST");
    assert_string_equal(r.last.path, "/subjects/books.de%2Fx%20y-value/versions");
    assert_string_equal(r.last.body, "{\"schema\":\"{\\\"type\\\":\\\"int\\\"}\"}");
    assert_non_null(strstr(r.last.headers, "application/vnd.schemaregistry.v1+json"));
    assert_null(strstr(r.last.headers, "Authorization"));
    schema_http_close(h);
    http_server_stop(&r.server);
}

static void test_register__lookup_only(void **state)
{
    struct registry r;
    struct ks_error err;
    uint32_t id;
    start(&r, 200, "{\"subject\":\"s\",\"version\":3,\"id\":7,\"schema\":\"\\\"int\\\"\"}");
    struct schema_http *h =
        open_at(r.server.url, (struct ks_config_entry){"auto.register.schemas", "false"});
    assert_int_equal(schema_http_register(h, "s", "\"int\"", &id, &err), KS_OK);
    assert_int_equal(id, 7);
    assert_string_equal(r.last.path, "/subjects/s");
    schema_http_close(h);
    http_server_stop(&r.server);
}

static void test_register__refused(void **state)
{
    static const struct {
        int code;
        enum ks_status status;
        const char *message;
    } cases[] = {
        {409, KS_ERR_DATA, "compatibility"},          {422, KS_ERR_DATA, "said the registry"},
        {401, KS_ERR_FATAL, "basic.auth.user.info"},  {403, KS_ERR_FATAL, "basic.auth.user.info"},
        {400, KS_ERR_FATAL, "said the registry"},     {500, KS_ERR_RETRIABLE, "said the registry"},
        {429, KS_ERR_RETRIABLE, "said the registry"},
    };
    struct registry r;
    struct ks_error err;
    uint32_t id = 1;
    start(&r, 0, "{\"error_code\":42201,\"message\":\"said the registry\"}");
    struct schema_http *h = open_at(r.server.url, nothing);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        r.code = cases[i].code;
        assert_int_equal(schema_http_register(h, "s", "\"int\"", &id, &err), cases[i].status);
        assert_non_null(strstr(err.message, cases[i].message));
        assert_non_null(strstr(err.message, "said the registry"));
    }
    assert_int_equal(id, 1);
    schema_http_close(h);
    http_server_stop(&r.server);
}

static void test_register__next_url(void **state)
{
    struct registry good, bad;
    struct ks_error err;
    uint32_t id;
    char urls[256];
    start(&good, 200, "{\"id\":1}");
    start(&bad, 503, "");
    snprintf(urls, sizeof urls, "http://127.0.0.1:1, %s, %s", bad.server.url, good.server.url);
    struct schema_http *h = open_at(urls, nothing);
    assert_int_equal(schema_http_register(h, "s", "\"int\"", &id, &err), KS_OK);
    assert_int_equal(bad.requests, 1);
    /* The one that answered is asked first. */
    assert_int_equal(schema_http_register(h, "s", "\"int\"", &id, &err), KS_OK);
    assert_int_equal(bad.requests, 1);
    good.code = 0;
    assert_int_equal(schema_http_register(h, "s", "\"int\"", &id, &err), KS_ERR_RETRIABLE);
    schema_http_close(h);
    http_server_stop(&good.server);
    http_server_stop(&bad.server);
}

static void test_register__no_answer(void **state)
{
    struct ks_error err;
    uint32_t id;
    struct schema_http *h = open_at("http://user:secret@127.0.0.1:1", nothing);
    assert_int_equal(schema_http_register(h, "s", "\"int\"", &id, &err), KS_ERR_RETRIABLE);
    assert_non_null(strstr(err.message, "http://127.0.0.1:1"));
    assert_null(strstr(err.message, "secret"));
    schema_http_close(h);
}

static void test_register__basic_auth(void **state)
{
    struct registry r;
    struct ks_error err;
    uint32_t id;
    start(&r, 200, "{\"id\":1}");
    struct ks_config_entry entries[] = {{"basic.auth.credentials.source", "USER_INFO"},
                                        {"basic.auth.user.info", "jo:pa:ss"},
                                        {"schema.registry.url", r.server.url}};
    struct schema_http *h;
    assert_int_equal(schema_http_open(&(struct ks_config){entries, 3}, &h, &err), KS_OK);
    assert_int_equal(schema_http_register(h, "s", "\"int\"", &id, &err), KS_OK);
    assert_non_null(strstr(r.last.headers, "Authorization: Basic am86cGE6c3M="));
    schema_http_close(h);
    http_server_stop(&r.server);
}

static void test_register__bearer_token(void **state)
{
    struct registry r;
    struct ks_error err;
    uint32_t id;
    start(&r, 200, "{\"id\":1}");
    struct ks_config_entry entries[] = {{"bearer.auth.credentials.source", "STATIC_TOKEN"},
                                        {"bearer.auth.token", "a-token"},
                                        {"schema.registry.url", r.server.url}};
    struct schema_http *h;
    assert_int_equal(schema_http_open(&(struct ks_config){entries, 3}, &h, &err), KS_OK);
    assert_int_equal(schema_http_register(h, "s", "\"int\"", &id, &err), KS_OK);
    assert_non_null(strstr(r.last.headers, "Authorization: Bearer a-token\r\n"));
    schema_http_close(h);
    http_server_stop(&r.server);
}

static void test_get__schema(void **state)
{
    struct registry r;
    struct ks_error err;
    char *json = NULL;
    start(&r, 200, "{\"schema\":\"\\\"long\\\"\"}");
    struct schema_http *h = open_at(r.server.url, nothing);
    assert_int_equal(schema_http_get(h, 9, &json, &err), KS_OK);
    assert_string_equal(json, "\"long\"");
    assert_string_equal(r.last.path, "/schemas/ids/9");
    assert_string_equal(r.last.method, "GET");
    free(json);
    r.code = 404;
    r.body = "{\"error_code\":40403,\"message\":\"Schema not found\"}";
    assert_int_equal(schema_http_get(h, 9, &json, &err), KS_ERR_DATA);
    assert_non_null(strstr(err.message, "40403"));
    schema_http_close(h);
    http_server_stop(&r.server);
}

static void test_open__refusals(void **state)
{
    static const struct {
        struct ks_config_entry entries[2];
        const char *message;
    } cases[] = {
        {{{"schema.registry.url", ""}, {"z", ""}}, "empty"},
        {{{"schema.registry.url", "registry:8081"}, {"z", ""}}, "http://"},
        {{{"basic.auth.credentials.source", "SASL_INHERIT"}, {"schema.registry.url", "http://h"}},
         "SASL_INHERIT"},
        {{{"basic.auth.credentials.source", "USER_INFO"}, {"schema.registry.url", "http://h"}},
         "basic.auth.user.info"},
        {{{"bearer.auth.credentials.source", "STATIC_TOKEN"}, {"schema.registry.url", "http://h"}},
         "bearer.auth.token"},
        {{{"schema.registry.ssl.ca.location", "/nowhere.pem"},
          {"schema.registry.url", "https://h"}},
         "schema.registry.ssl.ca.location: cannot read /nowhere.pem"},
        {{{"schema.registry.ssl.truststore.location", "/a.jks"},
          {"schema.registry.url", "https://h"}},
         "schema.registry.ssl.truststore.type=PEM"},
        {{{"schema.registry.ssl.certificate.location", "/dev/null"},
          {"schema.registry.url", "https://h"}},
         "go together"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct schema_http *h;
        struct ks_error err;
        struct ks_config config = {cases[i].entries, 2};
        assert_int_equal(schema_http_open(&config, &h, &err), KS_ERR_FATAL);
        assert_non_null(strstr(err.message, cases[i].message));
    }
}

static void test_parse__bad_answers(void **state)
{
    static const char *const ids[] = {
        "",   "[]",         "{\"id\":0}", "{\"id\":-1}", "{\"id\":\"1\"}", "{\"id\":2147483648}",
        "{}", "{\"id\":1}}"};
    struct ks_error err;
    uint32_t id = 3;
    char *json = NULL;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        assert_int_equal(schema_http_parse_id("x", ids[i], strlen(ids[i]), &id, &err),
                         KS_ERR_RETRIABLE);
    assert_int_equal(id, 3);
    assert_int_equal(schema_http_parse_schema("x", "{\"schema\":1}", 12, &json, &err),
                     KS_ERR_RETRIABLE);
    static const char proto[] = "{\"schemaType\":\"PROTOBUF\",\"schema\":\"\"}";
    assert_int_equal(schema_http_parse_schema("x", proto, sizeof proto - 1, &json, &err),
                     KS_ERR_DATA);
    assert_non_null(strstr(err.message, "PROTOBUF"));
    static const char linked[] = "{\"schema\":\"\\\"int\\\"\",\"references\":[{\"name\":\"x\"}]}";
    assert_int_equal(schema_http_parse_schema("x", linked, sizeof linked - 1, &json, &err),
                     KS_ERR_DATA);
    assert_int_equal(registry_refusal("x", 500, "<html>", 6, &err), KS_ERR_RETRIABLE);
    assert_null(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_register__request_and_answer),
        cmocka_unit_test(test_register__lookup_only),
        cmocka_unit_test(test_register__refused),
        cmocka_unit_test(test_register__next_url),
        cmocka_unit_test(test_register__no_answer),
        cmocka_unit_test(test_register__basic_auth),
        cmocka_unit_test(test_register__bearer_token),
        cmocka_unit_test(test_get__schema),
        cmocka_unit_test(test_open__refusals),
        cmocka_unit_test(test_parse__bad_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
