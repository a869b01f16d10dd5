/* The services of a host that change_encode calls, and the way back from a record to JSON. */
#include "helper_host.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper_golden.h"
#include "kitestream/sdk/avro.h"

struct ks_schema {
    struct ks_schema *next;
    struct ks_avro_schema *avro;
    char *json;
};

struct ks_task {
    struct test_host *owner;
};

static enum ks_status schema_intern(struct ks_task *task, const char *json, size_t len,
                                    const struct ks_schema **ret, struct ks_error *err)
{
    struct ks_schema *schema = calloc(1, sizeof *schema);
    assert_non_null(schema);
    enum ks_status status = ks_avro_schema_parse(json, len, &schema->avro, err);
    if (status != KS_OK) {
        free(schema);
        return status;
    }
    schema->json = strndup(json, len);
    schema->next = task->owner->schemas;
    task->owner->schemas = schema;
    *ret = schema;
    return KS_OK;
}

static const char *schema_json(const struct ks_schema *schema)
{
    return schema->json;
}

void test_host_init(struct test_host *t)
{
    *t = (struct test_host){.host = {.abi_major = KS_ABI_MAJOR,
                                     .abi_minor = KS_ABI_MINOR,
                                     .struct_size = sizeof(struct ks_task_host),
                                     .connector_name = "test",
                                     .schema_intern = schema_intern,
                                     .schema_json = schema_json}};
    t->host.task = calloc(1, sizeof *t->host.task);
    assert_non_null(t->host.task);
    t->host.task->owner = t;
}

void test_host_release(struct test_host *t)
{
    while (t->schemas) {
        struct ks_schema *next = t->schemas->next;
        ks_avro_schema_free(t->schemas->avro);
        free(t->schemas->json);
        free(t->schemas);
        t->schemas = next;
    }
    free(t->host.task);
}

static json_t *to_json(const struct ks_schema *schema, struct ks_slice body)
{
    if (!body.data)
        return NULL;
    struct ks_buf text = {0};
    struct ks_error err = {0};
    json_error_t error;
    if (ks_avro_to_json(schema->avro, body, &text, &err) != KS_OK)
        fail_msg("%s", err.message);
    json_t *json =
        json_loadb((const char *)text.data, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (!json)
        fail_msg("%s: %s", error.text, ks_buf_str(&text));
    ks_buf_release(&text);
    return json;
}

json_t *test_host_key(const struct ks_record *record)
{
    return to_json(record->key_schema, record->key);
}

json_t *test_host_value(const struct ks_record *record)
{
    return to_json(record->value_schema, record->value);
}

const char *test_host_header(const struct ks_record *record, const char *key, char *buf, size_t cap)
{
    for (size_t i = 0; i < record->header_count; i++) {
        const struct ks_header *header = &record->headers[i];
        if (strcmp(header->key, key) != 0)
            continue;
        assert_true(header->value.len < cap);
        memcpy(buf, header->value.data, header->value.len);
        buf[header->value.len] = '\0';
        return buf;
    }
    return NULL;
}

void change_batch_release(struct change_batch *batch)
{
    free(batch->batch.records);
    ks_arena_release(&batch->arena);
    *batch = (struct change_batch){0};
}

/* ---- values ---- */

static bool same_number(const json_t *want, const json_t *got, bool single)
{
    double a = json_number_value(want), b = json_number_value(got);
    if (!json_is_number(want) || !json_is_number(got))
        return false;
    if (single) {
        a = (float)a;
        b = (float)b;
    }
    return a == b && signbit(a) == signbit(b);
}

static bool same_scalar(enum milvus_type type, const json_t *want, const json_t *got)
{
    switch (type) {
    case MILVUS_BOOL:
        return json_is_boolean(got) && json_is_true(got) == json_is_true(want);
    case MILVUS_FLOAT:
        return same_number(want, got, true);
    case MILVUS_DOUBLE:
        return same_number(want, got, false);
    case MILVUS_VARCHAR:
    case MILVUS_JSON:
        return json_is_string(want) && json_equal(want, got);
    default:
        return json_is_integer(got) &&
               json_integer_value(got) == (json_is_string(want)
                                               ? strtoll(json_string_value(want), NULL, 10)
                                               : json_integer_value(want));
    }
}

static bool same_list(enum milvus_type type, const json_t *want, const json_t *got)
{
    if (!json_is_array(want) || !json_is_array(got) ||
        json_array_size(want) != json_array_size(got))
        return false;
    for (size_t i = 0; i < json_array_size(want); i++)
        if (!same_scalar(type, json_array_get(want, i), json_array_get(got, i)))
            return false;
    return true;
}

static bool same_sparse(const json_t *want, const json_t *got)
{
    const json_t *indices = json_object_get(got, "indices"),
                 *values = json_object_get(got, "values");
    size_t count = json_array_size(want);
    if (json_array_size(indices) != count || json_array_size(values) != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *pair = json_array_get(want, i);
        if (!same_scalar(MILVUS_INT64, json_array_get(pair, 0), json_array_get(indices, i)) ||
            !same_scalar(MILVUS_FLOAT, json_array_get(pair, 1), json_array_get(values, i)))
            return false;
    }
    return true;
}

bool value_same(const struct ddl_field *field, const json_t *want, const json_t *got)
{
    if (!want || json_is_null(want))
        return json_is_null(got);
    switch (field->type) {
    case MILVUS_ARRAY:
        return same_list(field->element_type, want, got);
    case MILVUS_FLOAT_VECTOR:
        return same_list(MILVUS_FLOAT, want, got);
    case MILVUS_SPARSE_FLOAT_VECTOR:
        return same_sparse(want, got);
    case MILVUS_BINARY_VECTOR:
        return json_equal(want, got);
    case MILVUS_FLOAT16_VECTOR:
    case MILVUS_BFLOAT16_VECTOR:
        return json_equal(json_object_get(want, "b64"), got);
    default:
        return same_scalar(field->type, want, got);
    }
}
