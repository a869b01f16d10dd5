/* The client and the requests against a real Milvus, host:port in KITESTREAM_TARGET; skipped
 * without. What it writes stays in collections called KITESTREAM_LIVE_NAME…, for
 * integration-tests/test_milvus_client.py to read with another client and drop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../milvus_client.h"
#include "../request_build.h"
#include "clock.h"
#include "helper_changes.h"

enum { DEADLINE_MS = 30000 };

struct live {
    struct milvus_client *client;
    struct changes changes;
    char name[128];
    struct milvus_collection collection; /* as the target describes it */
};

static void name_of(struct live *l, const char *suffix)
{
    const char *name = getenv("KITESTREAM_LIVE_NAME");
    snprintf(l->name, sizeof(l->name), "%s%s", name ? name : "kitestream_live", suffix);
}

static int setup(void **state)
{
    static struct live live;
    struct ks_error err;
    struct milvus_options options = {
        .uri = getenv("KITESTREAM_TARGET"),
        .token = getenv("KITESTREAM_TARGET_TOKEN"),
    };
    *state = NULL;
    if (!options.uri)
        return 0;
    live = (struct live){0};
    if (milvus_client_open(&options, &live.client, &err))
        fail_msg("%s", err.message);
    changes_open(&live.changes);
    *state = &live;
    return 0;
}

static int teardown(void **state)
{
    struct live *l = *state;
    if (l) {
        milvus_client_close(l->client);
        changes_close(&l->changes);
    }
    return 0;
}

static struct live *live_of(void **state)
{
    if (!*state)
        skip();
    return *state;
}

static void assert_outcome(struct milvus_answer a, enum milvus_outcome outcome)
{
    if (a.outcome != outcome)
        fail_msg("outcome %d instead of %d, code %d: %s", (int)a.outcome, (int)outcome, (int)a.code,
                 a.message);
}

static void assert_ok(struct milvus_answer a)
{
    assert_outcome(a, MILVUS_OK);
}

static const struct ddl_kv dims[] = {{"dim", "4"}, {"dim", "16"}};
static const struct ddl_kv lengths[] = {{"max_length", "64"}, {"max_capacity", "16"}};
static const struct ddl_kv float_index[] = {
    {"index_type", "HNSW"}, {"metric_type", "L2"}, {"params", "{\"M\":8,\"efConstruction\":64}"}};
static const struct ddl_kv binary_index[] = {
    {"index_type", "BIN_FLAT"}, {"metric_type", "HAMMING"}, {"params", "{}"}};

static void create(struct live *l, const struct ddl_field *fields, size_t count, bool dynamic)
{
    struct ddl_schema schema = {
        .name = l->name,
        .description = "",
        .enable_dynamic_field = dynamic,
        .shards = 1,
        .consistency_level = 2,
        .fields = fields,
        .field_count = count,
    };
    assert_ok(milvus_drop_collection(l->client, "default", l->name, DEADLINE_MS));
    assert_ok(
        milvus_create_collection(l->client, "default", l->name, &schema, NULL, 0, DEADLINE_MS));
    assert_ok(milvus_describe_collection(l->client, "default", l->name, DEADLINE_MS,
                                         &l->changes.arena, &l->collection));
}

static void load(struct live *l, const char *field, const struct ddl_kv *params)
{
    struct ddl_index index = {.name = "vector", .field = field, .params = params, .param_count = 3};
    enum milvus_load_state load = MILVUS_NOT_LOADED;
    int64_t end_ms = clock_mono_ms() + 2 * DEADLINE_MS;
    assert_ok(milvus_create_index(l->client, "default", l->name, &index, DEADLINE_MS));
    assert_ok(milvus_load(l->client, "default", l->name, NULL, 0, 1, DEADLINE_MS));
    while (load != MILVUS_LOADED && clock_mono_ms() < end_ms)
        assert_ok(milvus_load_state(l->client, "default", l->name, NULL, DEADLINE_MS, &load));
    assert_int_equal(load, MILVUS_LOADED);
}

static void assert_count(struct live *l, int64_t expected)
{
    int64_t count = -1;
    assert_ok(milvus_count(l->client, "default", l->name, DEADLINE_MS, &count));
    assert_int_equal(count, expected);
}

static struct milvus_answer send_rows(struct live *l, enum write_kind kind,
                                      const struct change_row *const *rows, size_t count)
{
    static const char *const methods[] = {"Insert", "Upsert", "Delete"};
    struct request_target target = {
        .db = "default", .collection = l->name, .schema = &l->collection.schema};
    struct write_step step = {
        .kind = kind, .rows = (const struct change_row **)rows, .row_count = count};
    struct ks_buf request = {0};
    struct ks_error err;
    size_t bad;
    if (request_build(&step, &target, &l->changes.arena, &request, &bad, &err))
        fail_msg("%s", err.message);
    struct milvus_answer a =
        milvus_write(l->client, methods[kind], "default",
                     (struct ks_slice){request.data, request.len}, DEADLINE_MS);
    ks_buf_release(&request);
    return a;
}

/* ---- rows ---- */

#define ARRAY(n, e)                                                                                \
    {                                                                                              \
        .name = n, .type = MILVUS_ARRAY, .element_type = e, .description = "",                     \
        .type_params = lengths, .type_param_count = 2                                              \
    }
#define SCALAR(n, t)                                                                               \
    {                                                                                              \
        .name = n, .type = t, .description = ""                                                    \
    }

static const struct ddl_field all_fields[] = {
    {.name = "id",
     .type = MILVUS_INT64,
     .is_primary_key = true,
     .auto_id = true,
     .description = ""},
    SCALAR("b", MILVUS_BOOL),
    SCALAR("i8", MILVUS_INT8),
    SCALAR("i16", MILVUS_INT16),
    SCALAR("i32", MILVUS_INT32),
    SCALAR("i64", MILVUS_INT64),
    SCALAR("f", MILVUS_FLOAT),
    SCALAR("d", MILVUS_DOUBLE),
    {.name = "s",
     .type = MILVUS_VARCHAR,
     .description = "",
     .type_params = lengths,
     .type_param_count = 1},
    SCALAR("j", MILVUS_JSON),
    ARRAY("ab", MILVUS_BOOL),
    ARRAY("ai8", MILVUS_INT8),
    ARRAY("ai16", MILVUS_INT16),
    ARRAY("ai32", MILVUS_INT32),
    ARRAY("ai64", MILVUS_INT64),
    ARRAY("af", MILVUS_FLOAT),
    ARRAY("ad", MILVUS_DOUBLE),
    ARRAY("as", MILVUS_VARCHAR),
    {.name = "fv",
     .type = MILVUS_FLOAT_VECTOR,
     .description = "",
     .type_params = dims,
     .type_param_count = 1},
};

/* `n` goes into every value, so that a row shows from which change it comes. */
static const struct change_row *all_row(struct live *l, char op, int id, int n)
{
    return changes_row(
        &l->changes, "all-envelope", op,
        ks_arena_printf(
            &l->changes.arena,
            "{\"id\":%d,\"b\":%s,\"i8\":%d,\"i16\":%d,\"i32\":%d,\"i64\":%d000000000,"
            "\"f\":%d.5,\"d\":%d.25,\"s\":\"text %d \xc3\xa9\",\"j\":\"{\\\"n\\\": %d}\","
            "\"ab\":[true,false],\"ai8\":[%d,1],\"ai16\":[%d],\"ai32\":[],\"ai64\":[%d,%d],"
            "\"af\":[%d.5],\"ad\":[0.1,%d.25],\"as\":[\"\",\"x%d\"],\"fv\":[%d,2,3,4],"
            "\"_meta\":\"{\\\"extra\\\": %d}\"}",
            id, n % 2 ? "true" : "false", n, n, n, n, n, n, n, n, n, n, n, -n, n, n, n, n, n));
}

static void test_request__rows_of_every_type_that_2_3_has(void **state)
{
    struct live *l = live_of(state);
    const struct change_row *rows[3];
    name_of(l, "_all");
    create(l, all_fields, sizeof(all_fields) / sizeof(*all_fields), true);
    for (int i = 0; i < 3; i++)
        rows[i] = all_row(l, 'c', i + 1, -(i + 1));
    assert_ok(send_rows(l, WRITE_INSERT, rows, 3));
    rows[0] = all_row(l, 'u', 2, 22);
    rows[1] = all_row(l, 'u', 4, 4);
    assert_ok(send_rows(l, WRITE_UPSERT, rows, 2));
    rows[0] = changes_row(&l->changes, "all-envelope", 'd', "{\"id\":3}");
    rows[1] = changes_row(&l->changes, "all-envelope", 'd', "{\"id\":99}");
    assert_ok(send_rows(l, WRITE_DELETE, rows, 2));
    load(l, "fv", float_index);
    assert_count(l, 3);
}

static void test_request__binary_vectors(void **state)
{
    static const struct ddl_field fields[] = {
        {.name = "id", .type = MILVUS_INT64, .is_primary_key = true, .description = ""},
        {.name = "bv",
         .type = MILVUS_BINARY_VECTOR,
         .description = "",
         .type_params = dims + 1,
         .type_param_count = 1},
    };
    struct live *l = live_of(state);
    name_of(l, "_binary");
    create(l, fields, 2, false);
    const struct change_row *rows[] = {
        changes_row(&l->changes, "all-envelope", 'c', "{\"id\":1,\"bv\":\"AQI=\"}"),
        changes_row(&l->changes, "all-envelope", 'c', "{\"id\":2,\"bv\":\"/wA=\"}"),
    };
    assert_ok(send_rows(l, WRITE_INSERT, rows, 2));
    load(l, "bv", binary_index);
    assert_count(l, 2);
}

static const struct ddl_field text_fields[] = {
    {.name = "k",
     .type = MILVUS_VARCHAR,
     .is_primary_key = true,
     .description = "",
     .type_params = lengths,
     .type_param_count = 1},
    {.name = "v",
     .type = MILVUS_FLOAT_VECTOR,
     .description = "",
     .type_params = dims,
     .type_param_count = 1},
};

static const struct change_row *text_row(struct live *l, char op, const char *key_json)
{
    return changes_row(&l->changes, "strings-envelope", op,
                       ks_arena_printf(&l->changes.arena, "{\"k\":%s,\"v\":%s}", key_json,
                                       op == 'd' ? "null" : "[1,2,3,4]"));
}

/* The expression of a delete must find each key whatever stands in it. */
static void test_request__deletes_of_odd_texts(void **state)
{
    static const char *const keys[] = {
        "\"plain\"",
        "\"say \\\"hi\\\"\"",
        "\"back\\\\slash\\\\\"",
        "\"line\\nbreak\"",
        "\"return\\r\"",
        "\"tab\\t\"",
        "\"it's\"",
        "\"{k}\"",
        "\"100%\"",
        "\"\xc3\xa9\xf0\x9f\x98\x80\"",
        "\"\\\\n\"",
        "\"] or k in [\"",
        "\"\\u0001\\u001f\"",
        "\"\\\\u0041\"",
        "\" \"",
        "\"\"",
    };
    enum { KEYS = sizeof(keys) / sizeof(*keys) };
    struct live *l = live_of(state);
    const struct change_row *rows[KEYS];
    name_of(l, "_text");
    create(l, text_fields, 2, false);
    for (size_t i = 0; i < KEYS; i++)
        rows[i] = text_row(l, 'c', keys[i]);
    assert_ok(send_rows(l, WRITE_INSERT, rows, KEYS));
    load(l, "v", float_index);
    assert_count(l, KEYS);
    for (size_t i = 0; i < KEYS; i++) {
        rows[i] = text_row(l, 'd', keys[i]);
        assert_ok(send_rows(l, WRITE_DELETE, &rows[i], 1));
        assert_count(l, (int64_t)(KEYS - i - 1));
    }
}

static void test_request__values_that_the_target_refuses(void **state)
{
    struct live *l = live_of(state);
    char json[128];
    name_of(l, "_refused");
    create(l, text_fields, 2, false);
    memset(json, 'x', sizeof(json));
    json[0] = json[sizeof(json) - 2] = '"';
    json[sizeof(json) - 1] = '\0';
    const struct change_row *row = text_row(l, 'c', json); /* longer than max_length */
    assert_outcome(send_rows(l, WRITE_INSERT, &row, 1), MILVUS_REFUSED);
    row = text_row(l, 'c', "\"a\"");
    l->collection.schema.fields = &text_fields[0]; /* a column is missing */
    l->collection.schema.field_count = 1;
    assert_outcome(send_rows(l, WRITE_INSERT, &row, 1), MILVUS_REFUSED);
    assert_ok(milvus_drop_collection(l->client, "default", l->name, DEADLINE_MS));
    assert_outcome(send_rows(l, WRITE_INSERT, &row, 1), MILVUS_NOT_FOUND);
    assert_outcome(send_rows(l, WRITE_DELETE, &row, 1), MILVUS_NOT_FOUND);
}

/* ---- metadata: what 2.3.5 answers to what is repeated or contradicts ---- */

static struct ddl_schema text_schema(struct live *l)
{
    return (struct ddl_schema){.name = l->name,
                               .description = "",
                               .shards = 1,
                               .consistency_level = 2,
                               .fields = text_fields,
                               .field_count = 2};
}

static void test_ddl__collections(void **state)
{
    static const struct ddl_kv one = {"kitestream.source", "c/1"},
                               two = {"kitestream.source", "c/2"};
    struct live *l = live_of(state);
    struct milvus_client *c = l->client;
    struct milvus_collection seen;
    int64_t ms = DEADLINE_MS;
    name_of(l, "_ddl");
    struct ddl_schema schema = text_schema(l);
    assert_ok(milvus_drop_collection(c, "default", l->name, ms));
    assert_outcome(milvus_describe_collection(c, "default", l->name, ms, &l->changes.arena, &seen),
                   MILVUS_NOT_FOUND);
    assert_ok(milvus_create_collection(c, "default", l->name, &schema, &one, 1, ms));
    assert_ok(milvus_create_collection(c, "default", l->name, &schema, &one, 1, ms));
    assert_outcome(milvus_create_collection(c, "default", l->name, &schema, &two, 1, ms),
                   MILVUS_EXISTS);
    assert_ok(milvus_alter_collection(c, "default", l->name, &two, 1, ms));
    assert_ok(milvus_describe_collection(c, "default", l->name, ms, &l->changes.arena, &seen));
    assert_string_equal(ddl_kv_get(seen.schema.properties, seen.schema.property_count, one.key),
                        "c/2");
    /* This version knows no removal. */
    assert_outcome(milvus_remove_properties(c, "default", l->name, &one.key, 1, ms),
                   MILVUS_REFUSED);
    assert_ok(milvus_describe_collection(c, "default", l->name, ms, &l->changes.arena, &seen));
    assert_string_equal(ddl_kv_get(seen.schema.properties, seen.schema.property_count, one.key),
                        "c/2");
    assert_outcome(milvus_rename_collection(c, "default", "no_such_collection", "default", "x", ms),
                   MILVUS_NOT_FOUND);
    assert_outcome(milvus_rename_collection(c, "default", l->name, "default", l->name, ms),
                   MILVUS_EXISTS);
    assert_ok(milvus_drop_collection(c, "default", l->name, ms));
}

static void test_ddl__partitions(void **state)
{
    static const char *const absent[] = {"absent"}, *const there[] = {"p"};
    struct live *l = live_of(state);
    struct milvus_client *c = l->client;
    int64_t ms = DEADLINE_MS;
    name_of(l, "_ddl");
    create(l, text_fields, 2, false);
    assert_ok(milvus_create_partition(c, "default", l->name, "p", ms));
    assert_ok(milvus_create_partition(c, "default", l->name, "p", ms));
    load(l, "v", float_index);
    assert_outcome(milvus_drop_partition(c, "default", l->name, "p", ms), MILVUS_REFUSED);
    assert_ok(milvus_release(c, "default", l->name, there, 1, ms));
    assert_ok(milvus_drop_partition(c, "default", l->name, "p", ms));
    assert_ok(milvus_drop_partition(c, "default", l->name, "p", ms));
    assert_outcome(milvus_release(c, "default", l->name, absent, 1, ms), MILVUS_NOT_FOUND);
    assert_ok(milvus_drop_collection(c, "default", l->name, ms));
}

static void test_ddl__indexes_and_loads(void **state)
{
    static const struct ddl_kv other[] = {{"index_type", "HNSW"},
                                          {"metric_type", "IP"},
                                          {"params", "{\"M\":8,\"efConstruction\":64}"}};
    static const struct ddl_index wanted = {
        .name = "vector", .field = "v", .params = float_index, .param_count = 3};
    static const struct ddl_index different = {
        .name = "vector", .field = "v", .params = other, .param_count = 3};
    static const struct ddl_index absent = {.name = "absent", .field = "k"};
    struct live *l = live_of(state);
    struct milvus_client *c = l->client;
    struct milvus_index *seen;
    size_t count;
    int64_t ms = DEADLINE_MS;
    name_of(l, "_ddl");
    create(l, text_fields, 2, false);
    assert_ok(milvus_describe_indexes(c, "default", l->name, ms, &l->changes.arena, &seen, &count));
    assert_int_equal(count, 0);
    struct milvus_answer a = milvus_load(c, "default", l->name, NULL, 0, 1, ms);
    assert_int_equal(a.code, 700);
    load(l, "v", float_index);
    assert_ok(milvus_create_index(c, "default", l->name, &wanted, ms));
    assert_outcome(milvus_create_index(c, "default", l->name, &different, ms), MILVUS_EXISTS);
    assert_ok(milvus_describe_indexes(c, "default", l->name, ms, &l->changes.arena, &seen, &count));
    assert_int_equal(count, 1);
    assert_true(ddl_kvs_equal(seen[0].params, seen[0].param_count, float_index, 3));
    assert_ok(milvus_load(c, "default", l->name, NULL, 0, 1, ms));
    assert_int_equal(milvus_load(c, "default", l->name, NULL, 0, 2, ms).code, 1100);
    assert_outcome(milvus_drop_index(c, "default", l->name, &wanted, ms), MILVUS_REFUSED);
    assert_ok(milvus_release(c, "default", l->name, NULL, 0, ms));
    assert_ok(milvus_release(c, "default", l->name, NULL, 0, ms));
    assert_ok(milvus_drop_index(c, "default", l->name, &wanted, ms));
    assert_ok(milvus_drop_index(c, "default", l->name, &wanted, ms));
    assert_ok(milvus_drop_index(c, "default", l->name, &absent, ms));
    assert_ok(milvus_drop_collection(c, "default", l->name, ms));
}

static void test_ddl__aliases(void **state)
{
    struct live *l = live_of(state);
    struct milvus_client *c = l->client;
    struct milvus_collection seen;
    const char *collection;
    char other[160], alias[160], renamed[160];
    int64_t ms = DEADLINE_MS;
    name_of(l, "_ddl");
    snprintf(other, sizeof(other), "%s2", l->name);
    snprintf(alias, sizeof(alias), "%s_alias", l->name);
    snprintf(renamed, sizeof(renamed), "%s3", l->name);
    struct ddl_schema schema = text_schema(l);
    create(l, text_fields, 2, false);
    assert_ok(milvus_create_collection(c, "default", other, &schema, NULL, 0, ms));
    assert_ok(milvus_create_alias(c, "default", l->name, alias, false, ms));
    assert_ok(milvus_create_alias(c, "default", l->name, alias, false, ms));
    assert_outcome(milvus_create_alias(c, "default", other, alias, false, ms), MILVUS_EXISTS);
    assert_ok(milvus_describe_alias(c, "default", alias, ms, &l->changes.arena, &collection));
    assert_string_equal(collection, l->name);
    assert_ok(milvus_describe_collection(c, "default", alias, ms, &l->changes.arena, &seen));
    assert_string_equal(seen.schema.name, l->name);
    assert_ok(milvus_rename_collection(c, "default", l->name, "default", renamed, ms));
    assert_ok(milvus_describe_alias(c, "default", alias, ms, &l->changes.arena, &collection));
    assert_string_equal(collection, renamed);
    assert_ok(milvus_create_alias(c, "default", other, alias, true, ms));
    assert_ok(milvus_drop_alias(c, "default", alias, ms));
    assert_ok(milvus_drop_alias(c, "default", alias, ms));
    assert_ok(milvus_describe_alias(c, "default", alias, ms, &l->changes.arena, &collection));
    assert_null(collection);
    assert_ok(milvus_drop_collection(c, "default", renamed, ms));
    assert_ok(milvus_drop_collection(c, "default", other, ms));
}

static bool has_database(struct live *l, const char *name)
{
    const char *const *names;
    size_t count;
    assert_ok(milvus_list_databases(l->client, DEADLINE_MS, &l->changes.arena, &names, &count));
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static void test_ddl__databases(void **state)
{
    struct live *l = live_of(state);
    struct milvus_client *c = l->client;
    int64_t ms = DEADLINE_MS;
    name_of(l, "_db");
    struct ddl_schema schema = text_schema(l);
    assert_ok(milvus_create_database(c, l->name, NULL, 0, ms));
    assert_outcome(milvus_create_database(c, l->name, NULL, 0, ms), MILVUS_EXISTS);
    assert_true(has_database(l, l->name));
    assert_ok(milvus_create_collection(c, l->name, "inside", &schema, NULL, 0, ms));
    assert_outcome(milvus_drop_database(c, l->name, ms), MILVUS_REFUSED);
    assert_ok(milvus_drop_collection(c, l->name, "inside", ms));
    assert_ok(milvus_drop_database(c, l->name, ms));
    assert_ok(milvus_drop_database(c, l->name, ms));
    assert_false(has_database(l, l->name));
}

static void test_milvus_connect__version(void **state)
{
    struct live *l = live_of(state);
    char version[64] = "";
    assert_ok(milvus_connect(l->client, DEADLINE_MS, version, sizeof(version)));
    assert_int_equal(version[0], 'v');
}

static void test_milvus_write__odd_requests(void **state)
{
    struct live *l = live_of(state);
    struct milvus_answer a =
        milvus_write(l->client, "NoSuchMethod", "", (struct ks_slice){"", 0}, DEADLINE_MS);
    assert_outcome(a, MILVUS_REFUSED);
    assert_int_equal(a.code, 10);
    a = milvus_write(l->client, "Insert", "", (struct ks_slice){"\xff\xff", 2}, DEADLINE_MS);
    assert_outcome(a, MILVUS_REFUSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_request__rows_of_every_type_that_2_3_has),
        TEST(test_request__binary_vectors),
        TEST(test_request__deletes_of_odd_texts),
        TEST(test_request__values_that_the_target_refuses),
        TEST(test_ddl__collections),
        TEST(test_ddl__partitions),
        TEST(test_ddl__indexes_and_loads),
        TEST(test_ddl__aliases),
        TEST(test_ddl__databases),
        TEST(test_milvus_connect__version),
        TEST(test_milvus_write__odd_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
