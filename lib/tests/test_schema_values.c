#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../schema_values.h"

static MilvusMeta__KeyValuePair dim = {
    PROTOBUF_C_MESSAGE_INIT(&milvus_meta__key_value_pair__descriptor), "dim", "8"};

static void test_schema_field__is_a_copy(void **state)
{
    char name[] = "v";
    MilvusMeta__KeyValuePair *params[] = {&dim};
    MilvusMeta__ValueField value = MILVUS_META__VALUE_FIELD__INIT;
    MilvusMeta__FieldSchema from = MILVUS_META__FIELD_SCHEMA__INIT;
    struct ks_arena arena = {0};
    value.data_case = MILVUS_META__VALUE_FIELD__DATA_LONG_DATA;
    value.long_data = 7;
    from.fieldid = 101;
    from.name = name;
    from.data_type = (MilvusMeta__DataType)MILVUS_INT64;
    from.nullable = from.is_partition_key = true;
    from.type_params = params;
    from.n_type_params = 1;
    from.default_value = &value;
    struct ddl_field field = schema_field(&from, &arena);
    name[0] = 'x';
    assert_int_equal(field.id, 101);
    assert_string_equal(field.name, "v");
    assert_int_equal(field.type, MILVUS_INT64);
    assert_true(field.nullable && field.is_partition_key);
    assert_false(field.is_primary_key || field.auto_id || field.is_dynamic);
    assert_string_equal(field.description, "");
    assert_string_equal(field.default_value, "7");
    assert_string_equal(ddl_kv_get(field.type_params, field.type_param_count, "dim"), "8");
    from.default_value = NULL;
    assert_null(schema_field(&from, &arena).default_value);
    ks_arena_release(&arena);
}

static void test_schema_function__is_a_copy(void **state)
{
    char in[] = "text", out[] = "sparse";
    char *inputs[] = {in}, *outputs[] = {out};
    MilvusMeta__KeyValuePair *params[] = {&dim};
    MilvusMeta__FunctionSchema from = MILVUS_META__FUNCTION_SCHEMA__INIT;
    struct ks_arena arena = {0};
    from.id = 3;
    from.input_field_names = inputs;
    from.output_field_names = outputs;
    from.params = params;
    from.n_input_field_names = from.n_output_field_names = from.n_params = 1;
    struct ddl_function function = schema_function(&from, &arena);
    in[0] = out[0] = 'x';
    assert_int_equal(function.id, 3);
    assert_int_equal(function.input_count, 1);
    assert_string_equal(function.inputs[0], "text");
    assert_int_equal(function.output_count, 1);
    assert_string_equal(function.outputs[0], "sparse");
    assert_string_equal(ddl_kv_get(function.params, function.param_count, "dim"), "8");
    ks_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_field__is_a_copy),
        cmocka_unit_test(test_schema_function__is_a_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
