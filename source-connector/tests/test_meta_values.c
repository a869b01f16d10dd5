#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "meta_values.h"
#include "milvus_meta.pb-c.h"

static struct ks_slice packed(const ProtobufCMessage *message)
{
    uint8_t *bytes = malloc(protobuf_c_message_get_packed_size(message) + 1);
    assert_non_null(bytes);
    return (struct ks_slice){bytes, protobuf_c_message_pack(message, bytes)};
}

static void release(struct ks_slice slice)
{
    free((void *)(uintptr_t)slice.data);
}

/* The JSON text of a field's default value; NULL: none. */
static void check_default(MilvusMeta__ValueField *value, const char *wanted)
{
    MilvusMeta__FieldSchema field = MILVUS_META__FIELD_SCHEMA__INIT;
    field.default_value = value;
    struct ks_slice bytes = packed(&field.base);
    struct ks_arena arena = {0};
    struct ddl_field ret;
    bool gone;
    assert_int_equal(meta_decode_field(bytes, &arena, &ret, &gone, NULL), KS_OK);
    if (wanted)
        assert_string_equal(ret.default_value, wanted);
    else
        assert_null(ret.default_value);
    ks_arena_release(&arena);
    release(bytes);
}

static void test_meta_decode_field__defaults_are_json(void **state)
{
    MilvusMeta__ValueField v = MILVUS_META__VALUE_FIELD__INIT;
    check_default(NULL, NULL);
    check_default(&v, NULL);
    v.data_case = MILVUS_META__VALUE_FIELD__DATA_BOOL_DATA;
    v.bool_data = true;
    check_default(&v, "true");
    v.data_case = MILVUS_META__VALUE_FIELD__DATA_INT_DATA;
    v.int_data = -7;
    check_default(&v, "-7");
    v.data_case = MILVUS_META__VALUE_FIELD__DATA_LONG_DATA;
    v.long_data = INT64_MIN;
    check_default(&v, "-9223372036854775808");
    v.data_case = MILVUS_META__VALUE_FIELD__DATA_FLOAT_DATA;
    v.float_data = 0.1f;
    check_default(&v, "0.1");
    v.float_data = NAN;
    check_default(&v, "\"NaN\"");
    v.data_case = MILVUS_META__VALUE_FIELD__DATA_DOUBLE_DATA;
    v.double_data = 0.1;
    check_default(&v, "0.1");
    v.double_data = DBL_MAX;
    check_default(&v, "1.7976931348623157e+308");
    v.data_case = MILVUS_META__VALUE_FIELD__DATA_STRING_DATA;
    v.string_data = (char *)(uintptr_t) "say \"\xc3\xa4\"\n";
    check_default(&v, "\"say \\\"\xc3\xa4\\\"\\n\"");
    v.data_case = MILVUS_META__VALUE_FIELD__DATA_BYTES_DATA;
    v.bytes_data = (ProtobufCBinaryData){7, (uint8_t *)(uintptr_t) "{\"a\":1}"};
    check_default(&v, "{\"a\":1}");
}

static void test_meta_decode_field__flags_and_numbers_of_the_future(void **state)
{
    MilvusMeta__FieldSchema field = MILVUS_META__FIELD_SCHEMA__INIT;
    field.fieldid = 101;
    field.nullable = field.is_clustering_key = field.is_function_output = true;
    field.data_type = (MilvusMeta__DataType)4711;
    field.state = MILVUS_META__FIELD_STATE__FieldDropping;
    struct ks_slice bytes = packed(&field.base);
    struct ks_arena arena = {0};
    struct ddl_field ret;
    bool gone = false;
    assert_int_equal(meta_decode_field(bytes, &arena, &ret, &gone, NULL), KS_OK);
    assert_true(gone);
    assert_true(ret.nullable && ret.is_clustering_key && ret.is_function_output);
    assert_int_equal(ret.type, 4711);
    ks_arena_release(&arena);
    release(bytes);
}

static void test_meta_decode_collection__kafka_positions(void **state)
{
    MilvusMeta__CollectionInfo info = MILVUS_META__COLLECTION_INFO__INIT;
    static char *channels[] = {(char *)"a", (char *)"b", (char *)"c"};
    static uint8_t five[8] = {5}, earliest[8] = {0xfe, 255, 255, 255, 255, 255, 255, 255};
    MilvusMeta__KeyDataPair first = MILVUS_META__KEY_DATA_PAIR__INIT, second = first;
    MilvusMeta__KeyDataPair *positions[] = {&first, &second};
    info.n_physical_channel_names = 3;
    info.physical_channel_names = channels;
    first.key = channels[1];
    first.data = (ProtobufCBinaryData){8, five};
    second.key = channels[2];
    second.data = (ProtobufCBinaryData){8, earliest};
    info.n_start_positions = 2;
    info.start_positions = positions;
    struct ks_slice bytes = packed(&info.base);
    struct ks_arena arena = {0};
    struct meta_collection_value ret;
    assert_int_equal(meta_decode_collection(bytes, &arena, &ret, NULL), KS_OK);
    assert_int_equal(ret.channel_count, 3);
    assert_int_equal(ret.channels[0].start_offset, -1);
    assert_int_equal(ret.channels[1].start_offset, 5);
    assert_int_equal(ret.channels[2].start_offset, -1);
    ks_arena_release(&arena);
    release(bytes);
}

static void test_meta_decode_collection__layout_before_2_1(void **state)
{
    MilvusMeta__CollectionInfo info = MILVUS_META__COLLECTION_INFO__INIT;
    MilvusMeta__CollectionSchema schema = MILVUS_META__COLLECTION_SCHEMA__INIT;
    MilvusMeta__FieldSchema field = MILVUS_META__FIELD_SCHEMA__INIT;
    MilvusMeta__FieldSchema *fields[] = {&field};
    static int64_t ids[] = {10, 11};
    static char *names[] = {(char *)"_default"};
    field.fieldid = 100;
    field.name = (char *)"pk";
    schema.n_fields = 1;
    schema.fields = fields;
    info.schema = &schema;
    info.n_partitionids = 2;
    info.partitionids = ids;
    info.n_partitionnames = 1;
    info.partitionnames = names;
    struct ks_slice bytes = packed(&info.base);
    struct ks_arena arena = {0};
    struct meta_collection_value ret;
    assert_int_equal(meta_decode_collection(bytes, &arena, &ret, NULL), KS_OK);
    assert_int_equal(ret.schema.field_count, 1);
    assert_string_equal(ret.schema.fields[0].name, "pk");
    assert_int_equal(ret.schema.partition_count, 1); /* the shorter list counts */
    assert_string_equal(ret.schema.partitions[0].name, "_default");
    ks_arena_release(&arena);
    release(bytes);
}

static void test_meta_decode_index__what_the_user_gave(void **state)
{
    MilvusMeta__FieldIndex index = MILVUS_META__FIELD_INDEX__INIT;
    MilvusMeta__IndexInfo info = MILVUS_META__INDEX_INFO__INIT;
    MilvusMeta__KeyValuePair given = MILVUS_META__KEY_VALUE_PAIR__INIT, made = given;
    MilvusMeta__KeyValuePair *user[] = {&given}, *resolved[] = {&made};
    given.key = made.key = (char *)"index_type";
    given.value = (char *)"AUTOINDEX";
    made.value = (char *)"HNSW";
    index.index_info = &info;
    info.n_index_params = 1;
    info.index_params = resolved;
    struct ks_arena arena = {0};
    struct meta_index_value ret;
    struct ks_slice bytes = packed(&index.base);
    assert_int_equal(meta_decode_index(bytes, &arena, &ret, NULL), KS_OK);
    assert_string_equal(ret.index.params[0].value, "HNSW");
    release(bytes);
    info.n_user_index_params = 1;
    info.user_index_params = user;
    bytes = packed(&index.base);
    assert_int_equal(meta_decode_index(bytes, &arena, &ret, NULL), KS_OK);
    assert_string_equal(ret.index.params[0].value, "AUTOINDEX");
    release(bytes);
    ks_arena_release(&arena);
}

static void test_meta_decode__every_kind_rejects_garbage(void **state)
{
    struct ks_slice junk = {"\xff\xff\xff", 3};
    struct ks_arena arena = {0};
    struct ks_error err;
    union {
        struct meta_database_value database;
        struct meta_collection_value collection;
        struct meta_partition_value partition;
        struct ddl_field field;
        struct ddl_function function;
        struct meta_index_value index;
        struct meta_load_value load;
        enum meta_state state;
    } ret;
    bool gone;
    int64_t id;
    assert_int_equal(meta_decode_database(junk, &arena, &ret.database, &err), KS_ERR_DATA);
    assert_int_equal(meta_decode_collection(junk, &arena, &ret.collection, &err), KS_ERR_DATA);
    assert_int_equal(meta_decode_partition(junk, &arena, &ret.partition, &err), KS_ERR_DATA);
    assert_int_equal(meta_decode_field(junk, &arena, &ret.field, &gone, &err), KS_ERR_DATA);
    assert_int_equal(meta_decode_function(junk, &arena, &ret.function, &err), KS_ERR_DATA);
    assert_int_equal(meta_decode_index(junk, &arena, &ret.index, &err), KS_ERR_DATA);
    assert_int_equal(meta_decode_load(META_LOAD, junk, &ret.load, &err), KS_ERR_DATA);
    assert_int_equal(meta_decode_load(META_PARTITION_LOAD, junk, &ret.load, &err), KS_ERR_DATA);
    assert_int_equal(meta_decode_alias(META_ALIAS, junk, &ret.state, &id, &err), KS_ERR_DATA);
    assert_int_equal(meta_decode_alias(META_OLD_ALIAS, junk, &ret.state, &id, &err), KS_ERR_DATA);
    assert_non_null(strstr(err.message, "CollectionInfo"));
    ks_arena_release(&arena);
}

static void test_meta_decode__text_must_be_utf8(void **state)
{
    MilvusMeta__CollectionInfo info = MILVUS_META__COLLECTION_INFO__INIT;
    MilvusMeta__KeyValuePair property = MILVUS_META__KEY_VALUE_PAIR__INIT;
    MilvusMeta__KeyValuePair *properties[] = {&property};
    property.key = (char *)"k";
    property.value = (char *)"\xff";
    info.n_properties = 1;
    info.properties = properties;
    struct ks_slice bytes = packed(&info.base);
    struct ks_arena arena = {0};
    struct meta_collection_value ret;
    assert_int_equal(meta_decode_collection(bytes, &arena, &ret, NULL), KS_ERR_DATA);
    ks_arena_release(&arena);
    release(bytes);
}

static bool is_seven(void *arg, int64_t id)
{
    return id == 7;
}

static void test_meta_import_collection__is_the_known_number(void **state)
{
    static const uint8_t JOB[] = {0x08, 99, 0x12, 1, 7, 0x18, 7};
    assert_int_equal(meta_import_collection((struct ks_slice){JOB, sizeof JOB}, is_seven, NULL), 7);
    assert_int_equal(meta_import_collection((struct ks_slice){JOB, 5}, is_seven, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meta_decode_field__defaults_are_json),
        cmocka_unit_test(test_meta_decode_field__flags_and_numbers_of_the_future),
        cmocka_unit_test(test_meta_decode_collection__kafka_positions),
        cmocka_unit_test(test_meta_decode_collection__layout_before_2_1),
        cmocka_unit_test(test_meta_decode_index__what_the_user_gave),
        cmocka_unit_test(test_meta_decode__every_kind_rejects_garbage),
        cmocka_unit_test(test_meta_decode__text_must_be_utf8),
        cmocka_unit_test(test_meta_import_collection__is_the_known_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
