#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../schema_differs.h"

enum { FIELDS = 4 };

/* id, v (dim 8), name (max_length 64), $meta. */
struct sample {
    struct ddl_kv params[FIELDS][1];
    struct ddl_field fields[FIELDS + 1];
    struct ddl_schema schema;
};

static void make(struct sample *s)
{
    *s = (struct sample){
        .params = {[1] = {{"dim", "8"}}, [2] = {{"max_length", "64"}}},
        .fields =
            {
                {.name = "id", .type = MILVUS_INT64, .is_primary_key = true},
                {.name = "v", .type = MILVUS_FLOAT_VECTOR},
                {.name = "name", .type = MILVUS_VARCHAR},
                {.name = "$meta", .type = MILVUS_JSON, .is_dynamic = true},
            },
    };
    for (int i = 1; i <= 2; i++) {
        s->fields[i].type_params = s->params[i];
        s->fields[i].type_param_count = 1;
    }
    s->schema = (struct ddl_schema){
        .fields = s->fields, .field_count = FIELDS, .enable_dynamic_field = true};
}

static void assert_equal(const struct sample *source, const struct sample *target)
{
    char text[200] = "";
    assert_false(schema_differs(&source->schema, &target->schema, text, sizeof(text)));
    assert_string_equal(text, "");
}

static void assert_differs(const struct sample *source, const struct sample *target,
                           const char *expected)
{
    char text[200];
    assert_true(schema_differs(&source->schema, &target->schema, text, sizeof(text)));
    assert_string_equal(text, expected);
}

static void test_schema_differs__equal(void **state)
{
    struct sample s, t;
    make(&s);
    make(&t);
    assert_equal(&s, &t);
    /* Order, IDs, autoID of the source and the target's own dynamic field mean nothing. */
    struct ddl_field swap = t.fields[0];
    t.fields[0] = t.fields[2];
    t.fields[2] = swap;
    t.fields[1].id = 107;
    s.fields[0].auto_id = s.schema.auto_id = true;
    assert_equal(&s, &t);
    make(&s);
    s.schema.field_count = 3;
    s.schema.enable_dynamic_field = false;
    assert_equal(&s, &t);
}

static void test_schema_differs__types(void **state)
{
    struct sample s, t;
    make(&s);
    make(&t);
    t.fields[0].type = MILVUS_VARCHAR;
    assert_differs(&s, &t, "field id is Int64 at the source and VarChar at the target");
    make(&t);
    s.fields[2].type = t.fields[2].type = MILVUS_ARRAY;
    s.fields[2].element_type = MILVUS_INT64;
    t.fields[2].element_type = MILVUS_FLOAT;
    assert_differs(&s, &t,
                   "field name has elements of Int64 at the source and Float at the target");
}

static void test_schema_differs__parameters(void **state)
{
    struct sample s, t;
    make(&s);
    make(&t);
    t.params[1][0].value = "16";
    assert_differs(&s, &t, "field v has dim 8 at the source and 16 at the target");
    make(&t);
    t.fields[2].type_param_count = 0;
    assert_differs(&s, &t, "field name has max_length 64 at the source and (none) at the target");
    make(&t);
    t.params[2][0] = (struct ddl_kv){"mmap.enabled", "true"};
    s.fields[2].type_param_count = 0;
    assert_equal(&s, &t); /* not one that rows depend on */
}

static void test_schema_differs__roles(void **state)
{
    struct sample s, t;
    make(&s);
    make(&t);
    t.fields[0].is_primary_key = false;
    assert_differs(&s, &t, "field id is the primary key on one side only");
    make(&t);
    t.fields[2].is_partition_key = true;
    assert_differs(&s, &t, "field name is the partition key on one side only");
    make(&t);
    t.fields[1].is_function_output = true;
    assert_differs(&s, &t, "field v is made by a function on one side only");
    make(&t);
    t.fields[0].auto_id = true;
    assert_differs(&s, &t, "field id makes its own values at the target (auto_id)");
}

static void test_schema_differs__nulls(void **state)
{
    struct sample s, t;
    make(&s);
    make(&t);
    t.fields[2].nullable = true;
    assert_equal(&s, &t);
    assert_differs(&t, &s, "field name is nullable on one side only");
}

static void test_schema_differs__fields_of_one_side(void **state)
{
    struct sample s, t;
    make(&s);
    make(&t);
    t.fields[2].name = "title";
    assert_differs(&s, &t, "the target has no field name");
    make(&t);
    t.fields[FIELDS] = (struct ddl_field){.name = "more", .type = MILVUS_INT64};
    t.schema.field_count++;
    assert_differs(&s, &t, "the source has no field more, which the target requires");
    t.fields[FIELDS].default_value = "1";
    assert_equal(&s, &t);
    make(&t);
    t.schema.enable_dynamic_field = false;
    assert_differs(&s, &t, "the target has no dynamic field");
}

/* ---- indexes ---- */

static const struct ddl_kv hnsw[] = {{"index_type", "HNSW"}, {"metric_type", "L2"}, {"M", "8"}};
static const struct ddl_index wanted = {
    .name = "i", .field = "v", .params = hnsw, .param_count = 3};

static void assert_index_differs(const struct milvus_index *target, const char *expected)
{
    char text[200] = "";
    assert_int_equal(index_differs(&wanted, target, text, sizeof(text)), expected[0] != '\0');
    assert_string_equal(text, expected);
}

static void test_index_differs(void **state)
{
    const struct ddl_kv other[] = {{"index_type", "HNSW"}, {"metric_type", "IP"}};
    const struct ddl_kv reshaped[] = {{"index_type", "HNSW"}, {"params", "{\"M\":8}"}};
    assert_index_differs(&(struct milvus_index){"i", "v", hnsw, 3}, "");
    assert_index_differs(&(struct milvus_index){"i", "v", reshaped, 2}, "");
    assert_index_differs(&(struct milvus_index){"i", "v", other, 2},
                         "index i of the target has metric_type IP, at the source it is L2");
    assert_index_differs(&(struct milvus_index){"j", "v", hnsw, 3},
                         "index j of the target has name j, at the source it is i");
    assert_index_differs(&(struct milvus_index){"i", "w", hnsw, 3},
                         "index i of the target has field w, at the source it is v");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_differs__equal),
        cmocka_unit_test(test_schema_differs__types),
        cmocka_unit_test(test_schema_differs__parameters),
        cmocka_unit_test(test_schema_differs__roles),
        cmocka_unit_test(test_schema_differs__nulls),
        cmocka_unit_test(test_schema_differs__fields_of_one_side),
        cmocka_unit_test(test_index_differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
