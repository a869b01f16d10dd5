#include "schema_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "../../sdk/avro_normal.h"
#include "helper_schema_topic.h"
#include "kitestream/sdk/avro.h"
#include "kitestream/sdk/util.h"

static struct schema_store *open_store(void)
{
    struct worker_config worker = {.schema_topic = (char *)(uintptr_t) "schemas"};
    struct schema_store *store;
    struct ks_error err;
    assert_int_equal(schema_store_open(&worker, &store, &err), KS_OK);
    return store;
}

static int clear(void **state)
{
    topic_clear();
    return 0;
}

static uint32_t put(struct schema_store *store, const char *subject, const char *schema)
{
    uint32_t id = 0;
    struct ks_error err;
    assert_int_equal(schema_store_register(store, subject, schema, &id, &err), KS_OK);
    return id;
}

static uint64_t fingerprint(const char *json)
{
    struct ks_avro_schema *schema;
    struct ks_error err;
    assert_int_equal(ks_avro_schema_parse(json, strlen(json), &schema, &err), KS_OK);
    uint64_t found = ks_avro_schema_fingerprint(schema);
    ks_avro_schema_free(schema);
    return found;
}

static uint64_t schema_meaning(const char *json)
{
    struct ks_avro_schema *schema;
    struct ks_error err;
    assert_int_equal(ks_avro_schema_parse(json, strlen(json), &schema, &err), KS_OK);
    uint64_t found = avro_normal_fingerprint(schema);
    ks_avro_schema_free(schema);
    return found;
}

static json_int_t version_of(size_t record)
{
    json_t *value = json_loads(topic.list[record].value, 0, NULL);
    json_int_t version = json_integer_value(json_object_get(value, "version"));
    json_decref(value);
    return version;
}

static void test_register__idempotent(void **state)
{
    struct schema_store *store = open_store();
    uint32_t id = put(store, "t-value", "\"string\"");
    assert_true(id > 0 && id <= INT32_MAX);
    assert_int_equal(put(store, "t-value", "\"string\""), id);
    assert_int_equal(put(store, "t-value", "{\"type\": \"string\"}"),
                     put(store, "t-value", "{\"type\":\"string\"}"));
    assert_int_equal(put(store, "u-value", "\"string\""), id);
    struct ks_error err;
    const char *json;
    assert_int_equal(schema_store_get(store, id, &json, &err), KS_OK);
    assert_string_equal(json, "\"string\"");
    assert_int_equal(version_of(0), 1);
    schema_store_close(store);
}

static void test_register__record_is_like_confluents(void **state)
{
    struct schema_store *store = open_store();
    uint32_t id = put(store, "t-key", "\"long\"");
    json_t *key = json_loads(topic.list[0].key, 0, NULL);
    json_t *value = json_loads(topic.list[0].value, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(key, "keytype")), "SCHEMA");
    assert_string_equal(json_string_value(json_object_get(key, "subject")), "t-key");
    assert_int_equal(json_integer_value(json_object_get(key, "version")), 1);
    assert_int_equal(json_integer_value(json_object_get(value, "id")), id);
    assert_string_equal(json_string_value(json_object_get(value, "schema")), "\"long\"");
    assert_true(json_is_false(json_object_get(value, "deleted")));
    json_decref(key);
    json_decref(value);
    put(store, "t-key", "\"int\"");
    assert_int_equal(version_of(1), 2);
    schema_store_close(store);
}

static void test_register__two_workers_agree(void **state)
{
    struct schema_store *a = open_store(), *b = open_store();
    assert_int_equal(put(a, "t-value", "\"string\""), put(b, "t-value", "\"string\""));
    schema_store_close(a);
    schema_store_close(b);
    struct schema_store *later = open_store();
    struct ks_error err;
    const char *json;
    assert_int_equal(schema_store_get(later, put(later, "t-value", "\"string\""), &json, &err),
                     KS_OK);
    assert_int_equal(topic.count, 2);
    schema_store_close(later);
}

/* Another schema that takes the id first. */
static void other_record(uint32_t id, char *key, char *value, size_t size)
{
    snprintf(key, size,
             "{\"keytype\":\"SCHEMA\",\"subject\":\"o\",\"version\":1,\"magic\":1,\"id\":%u}", id);
    snprintf(value, size,
             "{\"subject\":\"o\",\"version\":1,\"id\":%u,\"schema\":\"\\\"double\\\"\","
             "\"deleted\":false}",
             id);
}

static void test_register__collision(void **state)
{
    char key[256], value[256];
    uint32_t wanted = schema_store_first_id(fingerprint("\"string\""));
    other_record(wanted, key, value, sizeof key);
    topic_append(key, value);
    struct schema_store *store = open_store();
    assert_int_equal(put(store, "t-value", "\"string\""), schema_store_next_id(wanted));
    struct ks_error err;
    const char *json;
    assert_int_equal(schema_store_get(store, wanted, &json, &err), KS_OK);
    assert_string_equal(json, "\"double\"");
    schema_store_close(store);
}

static void test_register__collision_at_the_same_moment(void **state)
{
    char key[256], value[256];
    uint32_t wanted = schema_store_first_id(fingerprint("\"string\""));
    other_record(wanted, key, value, sizeof key);
    struct schema_store *store = open_store();
    topic.before_put[0] = key;
    topic.before_put[1] = value;
    assert_int_equal(put(store, "t-value", "\"string\""), schema_store_next_id(wanted));
    /* Whoever reads the log sees the same. */
    struct schema_store *other = open_store();
    struct ks_error err;
    const char *json;
    assert_int_equal(schema_store_get(other, wanted, &json, &err), KS_OK);
    assert_string_equal(json, "\"double\"");
    assert_int_equal(schema_store_get(other, schema_store_next_id(wanted), &json, &err), KS_OK);
    assert_string_equal(json, "\"string\"");
    schema_store_close(store);
    schema_store_close(other);
}

static void test_register__failures(void **state)
{
    struct schema_store *store = open_store();
    struct ks_error err;
    uint32_t id = 9;
    assert_int_equal(schema_store_register(store, "t", "{\"type\":\"nonsense\"}", &id, &err),
                     KS_ERR_DATA);
    topic.put_status = KS_ERR_RETRIABLE;
    assert_int_equal(schema_store_register(store, "t", "\"int\"", &id, &err), KS_ERR_RETRIABLE);
    assert_int_equal(id, 9);
    assert_non_null(strstr(err.message, "brokers are away"));
    schema_store_close(store);
}

static void test_get__unknown_id(void **state)
{
    struct schema_store *store = open_store();
    struct ks_error err;
    const char *json;
    assert_int_equal(schema_store_get(store, 5, &json, &err), KS_ERR_DATA);
    /* It is looked for again: the writer may have been faster than the reader. */
    char key[256], value[256];
    other_record(5, key, value, sizeof key);
    topic_append(key, value);
    assert_int_equal(schema_store_get(store, 5, &json, &err), KS_OK);
    schema_store_close(store);
}

static void test_list__spellings_mean_the_same(void **state)
{
    struct schema_store *store = open_store();
    uint32_t id = put(store, "t-value", "{\"type\":\"string\"}");
    uint64_t meaning = schema_meaning("\"string\"");
    struct stored_version *list;
    const struct schema_wanted wanted = {.subject = "t-value", .meaning = &meaning};
    assert_int_equal(schema_store_list(store, &wanted, &list), 1);
    assert_int_equal(list[0].id, id);
    assert_int_equal(schema_store_max_id(store), id);
    free(list);
    schema_store_close(store);
}

/* What another worker wrote is there after a refresh. */
static void test_refresh__reads_on(void **state)
{
    struct schema_store *a = open_store(), *b = open_store();
    struct stored_version *list;
    struct ks_error err;
    put(a, "t-value", "\"string\"");
    const struct schema_wanted wanted = {.subject = "t-value"};
    assert_int_equal(schema_store_list(b, &wanted, &list), 0);
    assert_int_equal(schema_store_refresh(b, &err), KS_OK);
    assert_int_equal(schema_store_list(b, &wanted, &list), 1);
    assert_string_equal(list[0].json, "\"string\"");
    free(list);
    topic.sync_status = KS_ERR_RETRIABLE;
    assert_int_equal(schema_store_refresh(b, &err), KS_ERR_RETRIABLE);
    schema_store_close(a);
    schema_store_close(b);
}

static void test_read__bad_records_are_ignored(void **state)
{
    topic_append("{\"keytype\":\"CONFIG\"}", "{}");
    topic_append("no json", "{}");
    topic_append("{\"keytype\":\"SCHEMA\"}", NULL);
    topic_append("{\"keytype\":\"SCHEMA\"}", "[]");
    topic_append("{\"keytype\":\"SCHEMA\"}",
                 "{\"subject\":\"s\",\"version\":1,\"id\":0,\"schema\":\"1\"}");
    topic_append("{\"keytype\":\"SCHEMA\"}",
                 "{\"subject\":\"s\",\"version\":1,\"id\":3,\"schema\":\"{\"}");
    struct schema_store *store = open_store();
    struct ks_error err;
    const char *json;
    assert_int_equal(schema_store_get(store, 3, &json, &err), KS_ERR_DATA);
    schema_store_close(store);
}

static void test_ids__stay_in_range(void **state)
{
    assert_int_equal(schema_store_first_id(0), 1);
    assert_int_equal(schema_store_next_id(INT32_MAX), 1);
    assert_true(schema_store_first_id(UINT64_MAX) <= INT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_register__idempotent, clear),
        cmocka_unit_test_teardown(test_register__record_is_like_confluents, clear),
        cmocka_unit_test_teardown(test_register__two_workers_agree, clear),
        cmocka_unit_test_teardown(test_register__collision, clear),
        cmocka_unit_test_teardown(test_register__collision_at_the_same_moment, clear),
        cmocka_unit_test_teardown(test_register__failures, clear),
        cmocka_unit_test_teardown(test_get__unknown_id, clear),
        cmocka_unit_test_teardown(test_list__spellings_mean_the_same, clear),
        cmocka_unit_test_teardown(test_refresh__reads_on, clear),
        cmocka_unit_test_teardown(test_read__bad_records_are_ignored, clear),
        cmocka_unit_test(test_ids__stay_in_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
