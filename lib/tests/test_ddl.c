#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "ddl.h"

static void test_ddl_kind_of__is_the_inverse_of_the_name(void **state)
{
    for (int kind = 0; kind < DDL_KIND_COUNT; kind++) {
        const char *name = ddl_kind_name((enum ddl_kind)kind);
        assert_int_equal(ddl_kind_of(name, strlen(name)), kind);
    }
    assert_int_equal(ddl_kind_of("create", 6), -1);
    assert_int_equal(ddl_kind_of("", 0), -1);
    assert_string_equal(ddl_kind_name(DDL_KIND_COUNT), "unknown");
}

static void test_milvus_type_of__is_the_inverse_of_the_name(void **state)
{
    for (int type = 1; type < 300; type++) {
        const char *name = milvus_type_name((enum milvus_type)type);
        if (strcmp(name, "Unknown") != 0)
            assert_int_equal(milvus_type_of(name, strlen(name)), type);
    }
    assert_string_equal(milvus_type_name(MILVUS_SPARSE_FLOAT_VECTOR), "SparseFloatVector");
    assert_int_equal(milvus_type_of("Vector", 6), MILVUS_NONE);
}

static void test_ddl_gates_rows__only_what_a_row_depends_on(void **state)
{
    assert_true(ddl_gates_rows(DDL_CREATE_PARTITION));
    assert_true(ddl_gates_rows(DDL_ALTER_DATABASE));
    assert_true(ddl_gates_rows(DDL_RENAME_COLLECTION));
    assert_false(ddl_gates_rows(DDL_CREATE_INDEX));
    assert_false(ddl_gates_rows(DDL_LOAD_COLLECTION));
    assert_false(ddl_gates_rows(DDL_ALTER_ALIAS));
    assert_false(ddl_gates_rows(DDL_FLUSH));
}

static void test_ddl_kvs_equal__ignores_the_order(void **state)
{
    struct ddl_kv a[] = {{"x", "1"}, {"y", "2"}}, b[] = {{"y", "2"}, {"x", "1"}};
    struct ddl_kv c[] = {{"x", "1"}, {"y", "3"}};
    assert_true(ddl_kvs_equal(a, 2, b, 2));
    assert_false(ddl_kvs_equal(a, 2, c, 2));
    assert_false(ddl_kvs_equal(a, 2, b, 1));
    assert_string_equal(ddl_kv_get(a, 2, "y"), "2");
    assert_null(ddl_kv_get(a, 1, "y"));
}

static void test_ddl_copy__shares_nothing_with_the_original(void **state)
{
    char text[] = "name", value[] = "8";
    struct ddl_kv kv = {text, value};
    const char *names[] = {text};
    struct ddl_named partition = {7, text};
    struct ddl_field field = {.id = 100,
                              .name = text,
                              .type = MILVUS_FLOAT_VECTOR,
                              .description = text,
                              .type_params = &kv,
                              .type_param_count = 1};
    struct ddl_function function = {.name = text,
                                    .description = text,
                                    .inputs = names,
                                    .input_count = 1,
                                    .outputs = names,
                                    .output_count = 1,
                                    .params = &kv,
                                    .param_count = 1};
    struct ddl_schema schema = {.name = text,
                                .description = text,
                                .partitions = &partition,
                                .partition_count = 1,
                                .properties = &kv,
                                .property_count = 1,
                                .fields = &field,
                                .field_count = 1,
                                .functions = &function,
                                .function_count = 1};
    struct ddl_index index = {.name = text, .field = text, .params = &kv, .param_count = 1};
    struct ddl_load load = {2};
    struct ks_topic_partition after = {text, 0, 5};
    struct ddl ddl = {.kind = DDL_CREATE_COLLECTION,
                      .cluster = text,
                      .db = text,
                      .collection = text,
                      .partitions = names,
                      .partition_count = 1,
                      .schema = &schema,
                      .index = &index,
                      .load = &load,
                      .properties = &kv,
                      .property_count = 1,
                      .after = &after,
                      .after_count = 1};
    struct ks_arena arena = {0};
    struct ddl *copy = ddl_copy(&ddl, &arena);
    memset(text, 'z', 4);
    memset(value, 'z', 1);
    assert_string_equal(copy->cluster, "name");
    assert_string_equal(copy->partitions[0], "name");
    assert_string_equal(copy->schema->partitions[0].name, "name");
    assert_string_equal(copy->schema->fields[0].type_params[0].value, "8");
    assert_string_equal(copy->schema->functions[0].outputs[0], "name");
    assert_string_equal(copy->schema->functions[0].params[0].key, "name");
    assert_string_equal(copy->index->params[0].value, "8");
    assert_string_equal(copy->properties[0].key, "name");
    assert_string_equal(copy->after[0].topic, "name");
    assert_int_equal(copy->load->replicas, 2);
    assert_null(copy->alias);
    ks_arena_release(&arena);
}

static void test_ddl_schema_equal__sees_every_member(void **state)
{
    struct ddl_kv kv = {"dim", "8"}, other_kv = {"dim", "16"};
    struct ddl_field field = {.id = 100, .name = "v", .type_params = &kv, .type_param_count = 1};
    struct ddl_schema a = {.description = "", .fields = &field, .field_count = 1}, b = a;
    assert_true(ddl_schema_equal(&a, &b));
    struct ddl_field altered = field;
    altered.type_params = &other_kv;
    b.fields = &altered;
    assert_false(ddl_schema_equal(&a, &b));
    altered = field;
    altered.default_value = "";
    assert_false(ddl_schema_equal(&a, &b)); /* a default of "" is not "no default" */
    b = a;
    b.properties = &kv;
    b.property_count = 1;
    assert_false(ddl_schema_equal(&a, &b));
    b = a;
    b.name = "renamed";
    assert_true(ddl_schema_equal(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ddl_kind_of__is_the_inverse_of_the_name),
        cmocka_unit_test(test_milvus_type_of__is_the_inverse_of_the_name),
        cmocka_unit_test(test_ddl_gates_rows__only_what_a_row_depends_on),
        cmocka_unit_test(test_ddl_kvs_equal__ignores_the_order),
        cmocka_unit_test(test_ddl_copy__shares_nothing_with_the_original),
        cmocka_unit_test(test_ddl_schema_equal__sees_every_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
