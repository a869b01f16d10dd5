#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "ddl.h"
#include "kitestream/sdk/avro.h"

static struct ddl_codec *codec;

static int make(void **state)
{
    codec = ddl_codec_new();
    return 0;
}

static int unmake(void **state)
{
    ddl_codec_free(codec);
    return 0;
}

static const struct ddl_kv PARAMS[] = {{"dim", "8"}, {"mmap.enabled", "true"}};
static const char *const NAMES[] = {"a", "päng"};
static const struct ddl_field FIELDS[] = {
    {.id = 100,
     .name = "pk",
     .type = MILVUS_VARCHAR,
     .is_primary_key = true,
     .auto_id = true,
     .description = "the key",
     .type_params = PARAMS,
     .type_param_count = 2},
    {.id = 101,
     .name = "tags",
     .type = MILVUS_ARRAY,
     .element_type = MILVUS_INT16,
     .description = "",
     .nullable = true,
     .default_value = "[1]"},
    {.id = 102,
     .name = "$meta",
     .type = MILVUS_JSON,
     .description = "",
     .is_dynamic = true,
     .is_partition_key = true,
     .is_clustering_key = true,
     .is_function_output = true},
};
static const struct ddl_function FUNCTIONS[] = {
    {.name = "bm25",
     .id = 7,
     .type = 1,
     .description = "f",
     .inputs = NAMES,
     .input_count = 2,
     .outputs = NAMES,
     .output_count = 1,
     .params = PARAMS,
     .param_count = 1},
};
static const struct ddl_named PARTITIONS[] = {{10, "_default"}, {11, "p"}};
static const struct ddl_schema SCHEMA = {
    .name = "c",
    .description = "text",
    .auto_id = true,
    .enable_dynamic_field = true,
    .shards = 2,
    .num_partitions = 16,
    .consistency_level = 2,
    .partitions = PARTITIONS,
    .partition_count = 2,
    .properties = PARAMS,
    .property_count = 1,
    .fields = FIELDS,
    .field_count = 3,
    .functions = FUNCTIONS,
    .function_count = 1,
};
static const struct ddl_index INDEX = {
    .name = "i", .id = 5, .field = "v", .field_id = 102, .params = PARAMS, .param_count = 2};
static const struct ddl_load LOAD = {3};
static const struct ks_topic_partition AFTER[] = {{"t.a", 0, 5}, {"t.a", 1, 1000000000000}};

static struct ddl full(void)
{
    return (struct ddl){
        .kind = DDL_RENAME_COLLECTION,
        .seq = 12,
        .tick = 470618365618290694u,
        .ts_ms = 1795271000000,
        .cluster = "src",
        .revision = 2712,
        .db = "shop",
        .db_id = 9,
        .collection = "c",
        .collection_id = 470618364833431573,
        .old_db = "default",
        .old_collection = "b",
        .partition = "p",
        .partition_id = 11,
        .partitions = NAMES,
        .partition_count = 2,
        .alias = "al",
        .topic = "t.shop.c",
        .snapshot = true,
        .schema = &SCHEMA,
        .index = &INDEX,
        .load = &LOAD,
        .properties = PARAMS,
        .property_count = 2,
        .collections = NAMES,
        .collection_count = 1,
        .reason = "why",
        .after = AFTER,
        .after_count = 2,
    };
}

static struct ddl *decode(struct ks_buf *buf, struct ks_arena *arena)
{
    struct ddl *ddl = NULL;
    struct ks_error err;
    struct ks_slice body = {buf->data, buf->len};
    if (ddl_decode(codec, ddl_value_avsc, body, arena, &ddl, &err) != KS_OK)
        fail_msg("%s", err.message);
    return ddl;
}

static void test_ddl_encode__comes_back_whole(void **state)
{
    struct ddl ddl = full();
    struct ks_buf buf = {0}, again = {0};
    struct ks_arena arena = {0};
    ddl_encode(codec, &ddl, &buf);
    struct ddl *back = decode(&buf, &arena);
    assert_int_equal(back->kind, ddl.kind);
    assert_int_equal(back->seq, 12);
    assert_true(back->tick == ddl.tick);
    assert_string_equal(back->old_collection, "b");
    assert_int_equal(back->partition_id, 11);
    assert_string_equal(back->partitions[1], "päng");
    assert_true(back->snapshot);
    assert_true(ddl_schema_equal(back->schema, &SCHEMA));
    assert_int_equal(back->schema->partition_count, 2);
    assert_int_equal(back->schema->partitions[1].id, 11);
    assert_string_equal(back->schema->fields[1].default_value, "[1]");
    assert_null(back->schema->fields[0].default_value);
    assert_true(ddl_index_equal(back->index, &INDEX));
    assert_int_equal(back->load->replicas, 3);
    assert_string_equal(back->properties[1].key, "mmap.enabled");
    assert_int_equal(back->after_count, 2);
    assert_true(back->after[1].offset == 1000000000000);
    /* Nothing is lost: encoded again it is the same record. */
    ddl_encode(codec, back, &again);
    assert_int_equal(again.len, buf.len);
    assert_memory_equal(again.data, buf.data, buf.len);
    ks_buf_release(&buf);
    ks_buf_release(&again);
    ks_arena_release(&arena);
}

static void test_ddl_encode__absent_parts_are_null(void **state)
{
    struct ddl ddl = {.kind = DDL_DROP_DATABASE, .seq = 1, .cluster = "src", .db = "shop"};
    struct ks_buf buf = {0}, text = {0};
    struct ks_arena arena = {0};
    struct ks_avro_schema *schema;
    ddl_encode(codec, &ddl, &buf);
    assert_int_equal(ks_avro_schema_parse(ddl_value_avsc, strlen(ddl_value_avsc), &schema, NULL),
                     KS_OK);
    assert_int_equal(ks_avro_to_json(schema, (struct ks_slice){buf.data, buf.len}, &text, NULL),
                     KS_OK);
    json_t *json = json_loads(ks_buf_str(&text), 0, NULL);
    assert_non_null(json);
    static const char *const NULLS[] = {"collection", "collection_id", "partition_id", "schema",
                                        "index",      "load",          "properties",   "reason"};
    for (size_t i = 0; i < sizeof NULLS / sizeof *NULLS; i++)
        assert_true(json_is_null(json_object_get(json, NULLS[i])));
    assert_string_equal(json_string_value(json_object_get(json, "kind")), "drop_database");
    struct ddl *back = decode(&buf, &arena);
    assert_null(back->collection);
    assert_null(back->schema);
    assert_int_equal(back->property_count, 0);
    json_decref(json);
    ks_avro_schema_free(schema);
    ks_buf_release(&buf);
    ks_buf_release(&text);
    ks_arena_release(&arena);
}

static void test_ddl_encode__every_kind_and_level(void **state)
{
    struct ks_arena arena = {0};
    for (int kind = 0; kind < DDL_KIND_COUNT; kind++) {
        for (int32_t level = 0; level < 7; level++) {
            struct ddl_schema schema = SCHEMA;
            schema.consistency_level = level;
            struct ddl ddl = {
                .kind = (enum ddl_kind)kind, .cluster = "", .db = "", .schema = &schema};
            struct ks_buf buf = {0};
            ddl_encode(codec, &ddl, &buf);
            struct ddl *back = decode(&buf, &arena);
            assert_int_equal(back->kind, kind);
            assert_int_equal(back->schema->consistency_level, level);
            ks_buf_release(&buf);
        }
    }
    ks_arena_release(&arena);
}

/* The schema of our own DDL topic with one field taken away, as an older Kitestream wrote it. */
static char *older_schema(void)
{
    json_t *json = json_loads(ddl_value_avsc, 0, NULL);
    json_t *fields = json_object_get(json, "fields"), *field;
    size_t i;
    json_array_foreach(fields, i, field)
    {
        if (strcmp(json_string_value(json_object_get(field, "name")), "reason") == 0)
            break;
    }
    json_array_remove(fields, i);
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

static void test_ddl_decode__reads_what_an_older_version_wrote(void **state)
{
    char *older = older_schema();
    struct ks_avro_schema *schema;
    struct ks_buf buf = {0};
    struct ks_arena arena = {0};
    struct ks_error err;
    struct ddl *ddl = NULL;
    const char *json = "{\"seq\":3,\"tick\":4,\"ts_ms\":5,\"kind\":\"sharpen\",\"cluster\":\"c\","
                       "\"revision\":6,\"db\":\"d\",\"db_id\":7,\"collection\":null,"
                       "\"collection_id\":null,\"old_db\":null,\"old_collection\":null,"
                       "\"partition\":null,\"partition_id\":null,\"partitions\":null,"
                       "\"alias\":null,\"topic\":null,\"snapshot\":false,\"schema\":null,"
                       "\"index\":null,\"load\":null,\"properties\":null,\"collections\":null,"
                       "\"after\":[]}";
    assert_int_equal(ks_avro_schema_parse(older, strlen(older), &schema, &err), KS_OK);
    if (ks_avro_from_json(schema, json, strlen(json), &buf, &err) != KS_OK)
        fail_msg("%s", err.message);
    struct ks_slice body = {buf.data, buf.len};
    for (int twice = 0; twice < 2; twice++) {
        assert_int_equal(ddl_decode(codec, older, body, &arena, &ddl, &err), KS_OK);
        assert_int_equal(ddl->seq, 3);
        assert_null(ddl->reason);
        assert_int_equal(ddl->kind, DDL_KIND_COUNT); /* a kind of the future */
    }
    ks_avro_schema_free(schema);
    free(older);
    ks_buf_release(&buf);
    ks_arena_release(&arena);
}

static void test_ddl_decode__rejects_what_it_cannot_read(void **state)
{
    struct ddl ddl = full();
    struct ks_buf buf = {0};
    struct ks_arena arena = {0};
    struct ddl *back = NULL;
    struct ks_error err;
    ddl_encode(codec, &ddl, &buf);
    for (size_t len = 0; len < buf.len; len++) {
        struct ks_slice body = {buf.data, len};
        assert_int_equal(ddl_decode(codec, ddl_value_avsc, body, &arena, &back, &err), KS_ERR_DATA);
        assert_null(back);
    }
    struct ks_slice body = {buf.data, buf.len};
    assert_int_equal(ddl_decode(codec, "{", body, &arena, &back, &err), KS_ERR_DATA);
    assert_non_null(strstr(err.message, "DDL"));
    assert_int_equal(ddl_decode(codec, "\"string\"", body, &arena, &back, &err), KS_ERR_DATA);
    ks_buf_release(&buf);
    ks_arena_release(&arena);
}

static void test_ddl_encode_key__is_the_cluster(void **state)
{
    struct ks_buf buf = {0};
    ddl_encode_key(codec, "src", &buf);
    assert_int_equal(buf.len, 4);
    assert_memory_equal(buf.data, "\x06src", 4);
    ks_buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ddl_encode__comes_back_whole),
        cmocka_unit_test(test_ddl_encode__absent_parts_are_null),
        cmocka_unit_test(test_ddl_encode__every_kind_and_level),
        cmocka_unit_test(test_ddl_decode__reads_what_an_older_version_wrote),
        cmocka_unit_test(test_ddl_decode__rejects_what_it_cannot_read),
        cmocka_unit_test(test_ddl_encode_key__is_the_cluster),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
