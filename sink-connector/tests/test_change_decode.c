#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper_changes.h"

static int setup(void **state)
{
    static struct changes changes;
    changes_open(&changes);
    *state = &changes;
    return 0;
}

static int teardown(void **state)
{
    changes_close(*state);
    return 0;
}

static void assert_slice(struct ks_slice slice, const char *text)
{
    assert_int_equal(slice.len, strlen(text));
    assert_memory_equal(slice.data, text, slice.len);
}

static void assert_text_cell(const struct ks_cell *cell, const char *text)
{
    assert_non_null(cell);
    assert_int_equal(cell->kind, KS_CELL_BYTES);
    assert_slice((struct ks_slice){cell->u.data, cell->count}, text);
}

/* ---- envelopes ---- */

static void test_change_decode__envelope_of_a_create(void **state)
{
    const struct change_row *row = changes_row(
        *state, "all-envelope", 'c', "{\"id\":7,\"x_y\":3,\"s\":\"text\",\"_meta\":\"{}\"}");
    assert_int_equal(row->op, CHANGE_CREATE);
    assert_string_equal(row->topic, "t");
    assert_int_equal(row->partition, 2);
    assert_int_equal(row->offset, 77);
    assert_int_equal(row->collection_id, 5);
    assert_int_equal(row->partition_id, 6);
    assert_slice(row->partition_name, "p1");
    assert_int_equal(row->tick, 8);
    assert_int_equal(row->ddl_seq, 9);
    assert_false(row->pk_is_string);
    assert_int_equal(row->pk_int, 7);
    assert_true(row->bytes > 0);
}

static void test_change_decode__fields_are_found_by_their_milvus_names(void **state)
{
    const struct change_row *row = changes_row(
        *state, "all-envelope", 'c', "{\"id\":7,\"x_y\":3,\"s\":\"text\",\"_meta\":\"{}\"}");
    assert_int_equal(change_row_cell(row, "x-y")->u.i, 3);
    assert_text_cell(change_row_cell(row, "s"), "text");
    assert_text_cell(change_row_cell(row, "$meta"), "{}");
    assert_int_equal(change_row_cell(row, "i32")->kind, KS_CELL_NULL);
    assert_null(change_row_cell(row, "x_y"));
    assert_null(change_row_cell(row, "nope"));
    assert_int_equal(change_layout_cell(row->layout, "_meta"), -1);
}

static void test_change_decode__other_operations(void **state)
{
    assert_int_equal(changes_row(*state, "all-envelope", 'r', "{\"id\":1}")->op, CHANGE_CREATE);
    assert_int_equal(changes_row(*state, "all-envelope", 'u', "{\"id\":1}")->op, CHANGE_UPDATE);
}

/* Of a source with upsert.op=c; `op`: NULL for no header. */
static enum ks_status decode_as_create(struct changes *c, const char *op, struct change_row *row)
{
    struct ks_record record = changes_envelope(c, "all-envelope", 'c', "{\"id\":1}");
    struct ks_header header = {"__op", {op, 1}};
    const char *json = c->host.schema_json(record.value_schema);
    record.value_schema = changes_schema_of(
        c, ks_arena_printf(&c->arena, "{\"milvus.upsert_op\":\"c\",%s", json + 1));
    record.headers = &header;
    record.header_count = op != NULL;
    return change_decode(c->decoder, &record, &c->arena, row, &c->err);
}

static void test_change_decode__a_create_that_may_be_an_upsert(void **state)
{
    struct change_row row;
    assert_int_equal(decode_as_create(*state, "c", &row), KS_OK);
    assert_int_equal(row.op, CHANGE_CREATE);
    assert_int_equal(decode_as_create(*state, "u", &row), KS_OK);
    assert_int_equal(row.op, CHANGE_UPDATE);
    assert_int_equal(decode_as_create(*state, NULL, &row), KS_OK);
    assert_int_equal(row.op, CHANGE_UPDATE);
    assert_int_equal(decode_as_create(*state, "x", &row), KS_ERR_DATA);
}

static void test_change_decode__delete_has_its_key_in_before(void **state)
{
    const struct change_row *row = changes_row(*state, "all-envelope", 'd', "{\"id\":-4}");
    assert_int_equal(row->op, CHANGE_DELETE);
    assert_int_equal(row->pk_int, -4);
    assert_null(row->cells);
    assert_null(change_row_cell(row, "id"));
}

static void test_change_decode__text_keys(void **state)
{
    const struct change_row *row =
        changes_row(*state, "strings-envelope", 'c', "{\"k\":\"a\",\"v\":[1,2,3,4]}");
    assert_true(row->pk_is_string);
    assert_slice(row->pk_str, "a");
    assert_int_equal(change_row_cell(row, "v")->kind, KS_CELL_FLOATS);
    assert_slice(changes_row(*state, "strings-envelope", 'd', "{\"k\":\"b\"}")->pk_str, "b");
}

static void test_change_decode__tombstone(void **state)
{
    struct changes *c = *state;
    struct ks_record record = {.topic = "t", .partition = 1, .offset = 5};
    struct change_row row;
    assert_int_equal(change_decode(c->decoder, &record, &c->arena, &row, &c->err), KS_OK);
    assert_int_equal(row.op, CHANGE_TOMBSTONE);
    assert_int_equal(row.offset, 5);
}

static void assert_bad(struct changes *c, const struct ks_record *record, const char *text)
{
    struct change_row row;
    assert_int_equal(change_decode(c->decoder, record, &c->arena, &row, &c->err), KS_ERR_DATA);
    if (!strstr(c->err.message, text))
        fail_msg("'%s' lacks '%s'", c->err.message, text);
}

static void test_change_decode__bad_envelopes(void **state)
{
    struct changes *c = *state;
    struct ks_record record = changes_envelope(c, "all-envelope", 'x', "{\"id\":1}");
    assert_bad(c, &record, "t partition 2 offset 77: op is 'x'");
    record = changes_envelope(c, "all-envelope", 'c', "null");
    assert_bad(c, &record, "after is null");
    record = changes_envelope(c, "all-envelope", 'd', "null");
    assert_bad(c, &record, "before is null");
    record = changes_envelope(c, "all-envelope", 'c', "{\"id\":1}");
    record.value.len--;
    assert_bad(c, &record, "t partition 2 offset 77");
    record.value_schema = NULL;
    assert_bad(c, &record, "has no schema");
}

#define KEY "{\"type\":\"long\",\"milvus.primary_key\":true}"
#define RECORD(name, fields) "{\"type\":\"record\",\"name\":\"" name "\",\"fields\":[" fields "]}"
#define FIELD(name, type) "{\"name\":\"" name "\",\"type\":" type "}"
#define SOURCE(tick)                                                                               \
    RECORD("S", FIELD("collection_id", "\"long\"") "," FIELD("partition", "\"string\"") "," FIELD( \
                    "partition_id", "\"long\"") "," FIELD("tick", tick) "," FIELD("ddl_seq",       \
                                                                                  "\"long\""))
#define ENVELOPE(before, source, op)                                                               \
    RECORD("E",                                                                                    \
           FIELD("before", before) "," FIELD("after", RECORD("V", FIELD("id", KEY))) "," FIELD(    \
               "source", source) "," FIELD("op", op))
#define BEFORE(key) RECORD("B", FIELD(key, KEY))

/* Schemas come from whoever wrote the topic. */
static void test_change_decode__foreign_schemas(void **state)
{
    static const struct {
        const char *schema, *error;
    } cases[] = {
        {RECORD("V", FIELD("id", "\"long\"")), "milvus.primary_key"},
        {"\"long\"", "not a record"},
        {ENVELOPE(BEFORE("id"), RECORD("S", FIELD("tick", "\"long\"")), "\"string\""),
         "no source.collection_id"},
        {ENVELOPE(BEFORE("no"), SOURCE("\"long\""), "\"string\""), "lacks the primary key"},
        {ENVELOPE(BEFORE("id"), SOURCE("\"string\""), "\"string\""), "other types"},
        {ENVELOPE(BEFORE("id"), SOURCE("\"long\""), "\"long\""), "other types"},
        {ENVELOPE(BEFORE("id"), SOURCE("\"long\""), "\"null\""), "other types"},
    };
    struct changes *c = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct ks_record record = {
            .topic = "t",
            .value = {"\0\0\0\0\0\0\0\0\0", 8},
            .value_schema = changes_schema_of(c, cases[i].schema),
        };
        struct change_row row;
        while (record.value.len > 0 && /* as many zeros as the schema takes */
               change_decode(c->decoder, &record, &c->arena, &row, &c->err) == KS_ERR_DATA &&
               !strstr(c->err.message, cases[i].error))
            record.value.len--;
        assert_bad(c, &record, cases[i].error);
    }
}

/* A collection may have fields of these names. */
static void test_change_decode__flat_row_with_fields_called_after_and_source(void **state)
{
    struct changes *c = *state;
    struct ks_header headers[] = {
        {"__op", {"c", 1}},
        {"__source.collection_id", {"5", 1}},
        {"__source.partition_id", {"6", 1}},
        {"__source.ddl_seq", {"9", 1}},
        {"__source.tick", {"8", 1}},
    };
    struct ks_record record = {
        .topic = "t",
        .value_schema = changes_schema_of(
            c, RECORD("V", FIELD("id", KEY) "," FIELD("after", "\"long\"") "," FIELD("source",
                                                                                     "\"long\""))),
        .headers = headers,
        .header_count = 5,
    };
    struct change_row row;
    record.value = changes_body(c, record.value_schema, "{\"id\":1,\"after\":2,\"source\":3}");
    assert_int_equal(change_decode(c->decoder, &record, &c->arena, &row, &c->err), KS_OK);
    assert_int_equal(change_row_cell(&row, "after")->u.i, 2);
}

/* ---- flat rows ---- */

static const struct ks_header flat_headers[] = {
    {"__op", {"u", 1}},
    {"__source.collection_id", {"449", 3}},
    {"__source.partition_id", {"-1", 2}},
    {"__source.partition", {"p\xc3\xa9", 3}},
    {"__source.ddl_seq", {"12", 2}},
    {"__source.tick", {"456163777273135107", 18}},
};
enum { FLAT_HEADERS = sizeof(flat_headers) / sizeof(*flat_headers) };

static struct ks_record flat_record(struct changes *c, const char *schema, const char *image)
{
    const struct ks_schema *handle = changes_schema(c, schema);
    return (struct ks_record){
        .topic = "flat",
        .value = changes_body(c, handle, image),
        .value_schema = handle,
        .headers = flat_headers,
        .header_count = FLAT_HEADERS,
    };
}

static void test_change_decode__flat_row(void **state)
{
    struct changes *c = *state;
    struct ks_record record = flat_record(c, "all-flat", "{\"id\":3,\"i64\":4}");
    struct change_row row;
    assert_int_equal(change_decode(c->decoder, &record, &c->arena, &row, &c->err), KS_OK);
    assert_int_equal(row.op, CHANGE_UPDATE);
    assert_int_equal(row.pk_int, 3);
    assert_int_equal(row.collection_id, 449);
    assert_int_equal(row.partition_id, -1);
    assert_slice(row.partition_name, "p\xc3\xa9");
    assert_int_equal(row.ddl_seq, 12);
    assert_int_equal(row.tick, 456163777273135107);
    assert_int_equal(change_row_cell(&row, "i64")->u.i, 4);
}

/* The tombstone is the delete: its key comes from the record's key, of either shape. */
static void test_change_decode__flat_deletes(void **state)
{
    static const struct {
        const char *schema, *json, *text;
    } cases[] = {
        {"all-key", "{\"id\":31}", NULL},
        {"strings-key", "{\"k\":\"x\"}", "x"},
        {"strings-key-primitive", "\"y\"", "y"},
    };
    struct changes *c = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct ks_schema *schema = changes_schema(c, cases[i].schema);
        struct ks_record record = {
            .topic = "flat",
            .key = changes_body(c, schema, cases[i].json),
            .key_schema = schema,
            .headers = flat_headers,
            .header_count = FLAT_HEADERS,
        };
        struct change_row row;
        assert_int_equal(change_decode(c->decoder, &record, &c->arena, &row, &c->err), KS_OK);
        assert_int_equal(row.op, CHANGE_DELETE);
        assert_null(row.cells);
        assert_int_equal(row.collection_id, 449);
        if (cases[i].text)
            assert_slice(row.pk_str, cases[i].text);
        else
            assert_int_equal(row.pk_int, 31);
    }
}

static void test_change_decode__flat_row_without_its_headers(void **state)
{
    struct changes *c = *state;
    struct ks_record record = flat_record(c, "all-flat", "{\"id\":3}");
    record.header_count = 0;
    assert_bad(c, &record, "header __op is missing");
    record.header_count = FLAT_HEADERS - 1;
    assert_bad(c, &record, "header __source.tick is missing");
}

static void test_change_decode__bad_numbers_in_headers(void **state)
{
    static const char *const numbers[] = {"", "x", "1x", "123456789012345678901234567890"};
    struct changes *c = *state;
    struct ks_record record = flat_record(c, "all-flat", "{\"id\":3}");
    struct ks_header headers[FLAT_HEADERS];
    record.headers = headers;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        memcpy(headers, flat_headers, sizeof(headers));
        headers[1].value = (struct ks_slice){numbers[i], strlen(numbers[i])};
        assert_bad(c, &record, "__source.collection_id is missing or not a number");
    }
}

static void test_change_decode__flat_delete_without_an_avro_key(void **state)
{
    struct changes *c = *state;
    struct ks_record record = {
        .topic = "flat", .key = {"k", 1}, .headers = flat_headers, .header_count = FLAT_HEADERS};
    assert_bad(c, &record, "the key has no schema");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_change_decode__envelope_of_a_create),
        TEST(test_change_decode__fields_are_found_by_their_milvus_names),
        TEST(test_change_decode__other_operations),
        TEST(test_change_decode__a_create_that_may_be_an_upsert),
        TEST(test_change_decode__delete_has_its_key_in_before),
        TEST(test_change_decode__text_keys),
        TEST(test_change_decode__tombstone),
        TEST(test_change_decode__bad_envelopes),
        TEST(test_change_decode__foreign_schemas),
        TEST(test_change_decode__flat_row_with_fields_called_after_and_source),
        TEST(test_change_decode__flat_row),
        TEST(test_change_decode__flat_deletes),
        TEST(test_change_decode__flat_row_without_its_headers),
        TEST(test_change_decode__bad_numbers_in_headers),
        TEST(test_change_decode__flat_delete_without_an_avro_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
