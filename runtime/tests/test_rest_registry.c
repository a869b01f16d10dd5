#include "rest_registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper_rest.h"
#include "helper_schema_topic.h"
#include "schema_desk.h"

#define TYPE "application/vnd.schemaregistry.v1+json"
#define V1                                                                                         \
    "{\"type\":\"record\",\"name\":\"a.Value\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"}]}"
#define V2                                                                                         \
    "{\"type\":\"record\",\"name\":\"a.Value\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"},"   \
    "{\"name\":\"t\",\"type\":[\"null\",\"string\"],\"default\":null}]}"
/* V1 as another library writes it. */
#define V1_AGAIN                                                                                   \
    "{\"type\":\"record\",\"name\":\"Value\",\"namespace\":\"a\",\"fields\":[{\"type\":"           \
    "{\"type\":\"long\"},\"name\":\"id\"}]}"
#define NO_DEFAULT                                                                                 \
    "{\"type\":\"record\",\"name\":\"a.Value\",\"fields\":[{\"name\":\"n\",\"type\":\"long\"}]}"

static const struct worker_config worker = {.schema_topic = (char *)(uintptr_t) "schemas"};
static struct rest_context ctx = {.worker = &worker};

static void write_record(const char *subject, int version, int id, const char *schema)
{
    json_t *json = json_pack("{s:s, s:i, s:i, s:s}", "subject", subject, "version", version, "id",
                             id, "schema", schema);
    char *value = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    topic_append("{\"keytype\":\"SCHEMA\"}", value);
    free(value);
}

static int open_desk(void **state)
{
    ctx.schemas = schema_desk_new(&worker);
    write_record("a-value", 1, 11, V1);
    write_record("a-value", 2, 12, V2);
    write_record("b/c-value", 1, 11, V1);
    return 0;
}

static int close_desk(void **state)
{
    schema_desk_free(ctx.schemas);
    topic_clear();
    return 0;
}

/* ---- one request ---- */

static char *schema_body(const char *schema)
{
    json_t *json = json_pack("{s:s}", "schema", schema);
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

/* json: what the answer is, compact; NULL: any. */
static void expect_body(const char *method, const char *path, const char *body, int status,
                        const char *json)
{
    struct rest_response res;
    assert_int_equal(helper_rest(&ctx, method, path, body, &res), status);
    char *text = res.json ? json_dumps(res.json, JSON_COMPACT | JSON_ENCODE_ANY)
                          : strdup(ks_buf_str(&res.text));
    if (json && strcmp(text, json) != 0)
        fail_msg("%s %s: %s, not %s", method, path, text, json);
    assert_string_equal(res.type, TYPE);
    free(text);
    rest_response_release(&res);
}

static void expect_get(const char *path, const char *json)
{
    expect_body("GET", path, NULL, 200, json);
}

static void expect_post(const char *path, const char *schema, const char *json)
{
    char *body = schema_body(schema);
    expect_body("POST", path, body, 200, json);
    free(body);
}

static void expect_error_of_body(const char *method, const char *path, const char *body, int code)
{
    struct rest_response res;
    int status = code < 1000 ? code : code / 100;
    if (helper_rest(&ctx, method, path, body, &res) != status ||
        json_integer_value(json_object_get(res.json, "error_code")) != code)
        fail_msg("%s %s: %d, %s", method, path, res.status, json_dumps(res.json, JSON_COMPACT));
    assert_true(strlen(json_string_value(json_object_get(res.json, "message"))) > 0);
    assert_string_equal(res.type, TYPE);
    rest_response_release(&res);
}

static void expect_error(const char *path, int code)
{
    expect_error_of_body("GET", path, NULL, code);
}

static void expect_post_error(const char *path, const char *schema, int code)
{
    char *body = schema_body(schema);
    expect_error_of_body("POST", path, body, code);
    free(body);
}

/* V1 in a JSON text. */
#define V1_TEXT                                                                                    \
    "{\\\"type\\\":\\\"record\\\",\\\"name\\\":\\\"a.Value\\\",\\\"fields\\\":[{\\\"name\\\":"     \
    "\\\"id\\\",\\\"type\\\":\\\"long\\\"}]}"
#define V1_VERSION(SUBJECT)                                                                        \
    "{\"subject\":\"" SUBJECT "\",\"version\":1,\"id\":11,\"schema\":\"" V1_TEXT "\"}"

/* ---- tests ---- */

static void test_schemas__by_id(void **state)
{
    expect_get("/schemas/ids/11", "{\"schema\":\"" V1_TEXT "\"}");
    expect_get("/schemas/ids/11?subject=a-value&fetchMaxId=true",
               "{\"schema\":\"" V1_TEXT "\",\"maxId\":12}");
    expect_get("/schemas/ids/11/schema", V1);
    expect_get("/schemas/ids/11/subjects", "[\"a-value\",\"b/c-value\"]");
    expect_get("/schemas/ids/11/versions/", "[{\"subject\":\"a-value\",\"version\":1},"
                                            "{\"subject\":\"b/c-value\",\"version\":1}]");
    expect_get("/schemas/types", "[\"AVRO\"]");
    static const char *const bad[] = {"13", "0", "-11", "11x", "x", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char path[64];
        snprintf(path, sizeof path, "/schemas/ids/%s", bad[i]);
        expect_error(path, REGISTRY_NO_SCHEMA);
    }
    expect_error("/schemas/ids/13/schema", REGISTRY_NO_SCHEMA);
    expect_error("/schemas/ids/13/subjects", REGISTRY_NO_SCHEMA);
    expect_error("/schemas/ids/13/versions", REGISTRY_NO_SCHEMA);
}

static void test_schemas__all(void **state)
{
    expect_get("/schemas?subjectPrefix=b", "[" V1_VERSION("b/c-value") "]");
    expect_get("/schemas?limit=1", "[" V1_VERSION("a-value") "]");
    expect_get("/schemas?latestOnly=true&offset=1", "[" V1_VERSION("b/c-value") "]");
    expect_get("/schemas?offset=3", "[]");
    expect_get("/schemas?offset=-1&limit=0", "[]");
    expect_error("/schemas?limit=all", REGISTRY_BAD_REQUEST);
    expect_error("/schemas?offset=", REGISTRY_BAD_REQUEST);
}

static void test_subjects__list(void **state)
{
    expect_get("/subjects", "[\"a-value\",\"b/c-value\"]");
    expect_get("/subjects/", "[\"a-value\",\"b/c-value\"]");
    expect_get("/subjects?subjectPrefix=:*:", "[\"a-value\",\"b/c-value\"]");
    expect_get("/subjects?subjectPrefix=:*:b&deleted=true", "[\"b/c-value\"]");
    expect_get("/subjects?deletedOnly=true", "[]");
    expect_get("/subjects?offset=1&limit=5", "[\"b/c-value\"]");
}

static void test_subjects__versions(void **state)
{
    expect_get("/subjects/a-value/versions", "[1,2]");
    expect_get("/subjects/b%2Fc-value/versions/1", V1_VERSION("b/c-value"));
    expect_get("/subjects/b%2Fc-value/versions/latest", V1_VERSION("b/c-value"));
    expect_get("/subjects/b%2Fc-value/versions/-1", V1_VERSION("b/c-value"));
    expect_get("/subjects/a-value/versions/latest/schema", V2);
    expect_get("/subjects/a-value/versions/1/referencedby", "[]");
    expect_error("/subjects/none/versions", REGISTRY_NO_SUBJECT);
    expect_error("/subjects/none/versions/latest", REGISTRY_NO_SUBJECT);
    expect_error("/subjects/none/versions/1/referencedby", REGISTRY_NO_SUBJECT);
    expect_error("/subjects/a-value/versions/3", REGISTRY_NO_VERSION);
    expect_error("/subjects/a-value/versions/3/schema", REGISTRY_NO_VERSION);
    expect_error("/subjects/a-value/versions/0", REGISTRY_BAD_VERSION);
    expect_error("/subjects/a-value/versions/first", REGISTRY_BAD_VERSION);
    expect_error("/subjects/a-value/versions/2147483648", REGISTRY_BAD_VERSION);
}

static void test_subjects__look_up(void **state)
{
    expect_post("/subjects/a-value", V1, V1_VERSION("a-value"));
    expect_post("/subjects/a-value?normalize=true", V1_AGAIN, V1_VERSION("a-value"));
    expect_post_error("/subjects/b%2Fc-value", V2, REGISTRY_NO_SCHEMA);
    expect_post_error("/subjects/none", V2, REGISTRY_NO_SUBJECT);
}

static void test_subjects__register(void **state)
{
    expect_post("/subjects/a-value/versions", V1, "{\"id\":11}");
    expect_post("/subjects/a-value/versions", V1_AGAIN, "{\"id\":11}");
    expect_post("/subjects/a-value/versions", V2, "{\"id\":12}");
    expect_post_error("/subjects/b%2Fc-value/versions", V2, REGISTRY_NOT_PERMITTED);
    expect_post_error("/subjects/none/versions", V1, REGISTRY_NOT_PERMITTED);
}

static void test_body__that_holds_no_schema(void **state)
{
    static const struct {
        const char *body;
        int code;
    } cases[] = {
        {"", 400},
        {"{", 400},
        {"[]", 400},
        {"{}", REGISTRY_BAD_SCHEMA},
        {"{\"schema\":\"\"}", REGISTRY_BAD_SCHEMA},
        {"{\"schema\":{\"type\":\"int\"}}", REGISTRY_BAD_SCHEMA},
        {"{\"schema\":\"{\\\"type\\\":\\\"nope\\\"}\"}", REGISTRY_BAD_SCHEMA},
        {"{\"schema\":\"int\",\"schemaType\":\"PROTOBUF\"}", REGISTRY_BAD_SCHEMA},
        {"{\"schema\":\"\\\"int\\\"\",\"references\":[{}]}", REGISTRY_BAD_SCHEMA},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_error_of_body("POST", "/subjects/a-value", cases[i].body, cases[i].code);
        expect_error_of_body("POST", "/subjects/a-value/versions", cases[i].body, cases[i].code);
        expect_error_of_body("POST", "/compatibility/subjects/a-value/versions/1", cases[i].body,
                             cases[i].code);
    }
    expect_body("POST", "/subjects/a-value/versions",
                "{\"schema\":\"" V1_TEXT "\",\"schemaType\":\"AVRO\",\"references\":[]}", 200,
                "{\"id\":11}");
}

static void test_compatibility(void **state)
{
    const char *latest = "/compatibility/subjects/b%2Fc-value/versions/latest";
    expect_post(latest, V2, "{\"is_compatible\":true}");
    expect_post("/compatibility/subjects/a-value/versions", V1, "{\"is_compatible\":true}");
    expect_post("/compatibility/subjects/a-value/versions?verbose=true", V1,
                "{\"is_compatible\":true,\"messages\":[]}");
    expect_post(latest, NO_DEFAULT, "{\"is_compatible\":false}");
    expect_post("/compatibility/subjects/a-value/versions/1?verbose=true", NO_DEFAULT,
                "{\"is_compatible\":false,\"messages\":[\"READER_FIELD_MISSING_DEFAULT_VALUE at n: "
                "it was not written and has no default\"]}");
    expect_post_error("/compatibility/subjects/none/versions/latest", V1, REGISTRY_NO_SUBJECT);
    expect_post_error("/compatibility/subjects/a-value/versions/7", V1, REGISTRY_NO_VERSION);
    expect_post_error("/compatibility/subjects/a-value/versions/x", V1, REGISTRY_BAD_VERSION);
}

static void test_rules__are_fixed(void **state)
{
    expect_get("/config", "{\"compatibilityLevel\":\"BACKWARD\"}");
    expect_get("/config/a-value?defaultToGlobal=true", "{\"compatibilityLevel\":\"BACKWARD\"}");
    expect_get("/mode", "{\"mode\":\"READONLY\"}");
    expect_get("/mode/a-value", "{\"mode\":\"READONLY\"}");
    static const char *const writes[][2] = {
        {"PUT", "/config"},
        {"DELETE", "/config"},
        {"PUT", "/config/a-value"},
        {"DELETE", "/config/a-value"},
        {"PUT", "/mode"},
        {"PUT", "/mode/a-value"},
        {"DELETE", "/mode/a-value"},
        {"DELETE", "/subjects/a-value"},
        {"DELETE", "/subjects/a-value/versions/1"},
    };
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++)
        expect_error_of_body(writes[i][0], writes[i][1], NULL, REGISTRY_NOT_PERMITTED);
}

static void test_find__what_another_worker_wrote_just_now(void **state)
{
    expect_error("/schemas/ids/13", REGISTRY_NO_SCHEMA);
    write_record("new-value", 1, 13, "\"int\"");
    expect_get("/schemas/ids/13", "{\"schema\":\"\\\"int\\\"\"}");
    write_record("new-value", 2, 14, "\"long\"");
    expect_get("/subjects/new-value/versions/2/schema", "\"long\"");
    write_record("newer-value", 1, 13, "\"int\"");
    expect_post("/subjects/newer-value/versions", "\"int\"", "{\"id\":13}");
    size_t synced = topic.synced;
    expect_get("/schemas/ids/13", "{\"schema\":\"\\\"int\\\"\"}");
    assert_int_equal(topic.synced, synced);
}

static void test_find__kafka_is_away(void **state)
{
    topic.open_status = KS_ERR_RETRIABLE;
    expect_error("/subjects", REGISTRY_NO_STORE);
    topic.open_status = KS_OK;
    expect_get("/subjects", "[\"a-value\",\"b/c-value\"]");
    topic.sync_status = KS_ERR_RETRIABLE;
    expect_get("/subjects", "[\"a-value\",\"b/c-value\"]");
    expect_error("/schemas/ids/13", REGISTRY_NO_STORE);
}

static void expect_allowed(const char *path, const char *allow)
{
    struct rest_response res;
    assert_int_equal(helper_rest(&ctx, "PATCH", path, "{}", &res), 405);
    assert_string_equal(res.allow, allow);
    rest_response_release(&res);
}

static void test_routes__methods(void **state)
{
    expect_allowed("/subjects", "HEAD, GET, OPTIONS");
    expect_allowed("/subjects/a-value", "DELETE, POST, OPTIONS");
    expect_allowed("/subjects/a-value/versions", "HEAD, POST, GET, OPTIONS");
    expect_allowed("/config", "HEAD, DELETE, GET, OPTIONS, PUT");
    expect_body("HEAD", "/subjects", NULL, 200, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_schemas__by_id, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(test_schemas__all, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(test_subjects__list, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(test_subjects__versions, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(test_subjects__look_up, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(test_subjects__register, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(test_body__that_holds_no_schema, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(test_compatibility, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(test_rules__are_fixed, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(test_find__what_another_worker_wrote_just_now, open_desk,
                                        close_desk),
        cmocka_unit_test_setup_teardown(test_find__kafka_is_away, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(test_routes__methods, open_desk, close_desk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
