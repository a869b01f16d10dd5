#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../request_build.h"
#include "helper_changes.h"
#include "milvus_rows.pb-c.h"

enum { MAX_ROWS = 8 };

struct fixture {
    struct changes changes;
    const struct change_row *rows[MAX_ROWS];
    size_t row_count, bad_row;
    struct ks_buf out;
    struct ks_error err;
};

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){0};
    changes_open(&fixture.changes);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    changes_close(&f->changes);
    ks_buf_release(&f->out);
    return 0;
}

static void add_row(struct fixture *f, const char *schema, char op, const char *image)
{
    f->rows[f->row_count++] = changes_row(&f->changes, schema, op, image);
}

static enum ks_status build(struct fixture *f, enum write_kind kind, const char *partition,
                            const struct ddl_field *fields, size_t count)
{
    struct ddl_schema schema = {.fields = fields, .field_count = count};
    struct request_target target = {
        .db = "db2", .collection = "c2", .partition = partition, .schema = &schema};
    struct write_step step = {.kind = kind, .rows = f->rows, .row_count = f->row_count};
    ks_buf_reset(&f->out);
    return request_build(&step, &target, &f->changes.arena, &f->out, &f->bad_row, &f->err);
}

static MilvusRows__InsertRequest *built(struct fixture *f, enum write_kind kind,
                                        const char *partition, const struct ddl_field *fields,
                                        size_t count)
{
    if (build(f, kind, partition, fields, count))
        fail_msg("%s", f->err.message);
    MilvusRows__InsertRequest *r =
        milvus_rows__insert_request__unpack(NULL, f->out.len, f->out.data);
    assert_non_null(r);
    assert_int_equal(r->num_rows, f->row_count);
    return r;
}

static void assert_expr(struct fixture *f, const char *partition, const struct ddl_field *key,
                        const char *expr)
{
    if (build(f, WRITE_DELETE, partition, key, 1))
        fail_msg("%s", f->err.message);
    MilvusRows__DeleteRequest *r =
        milvus_rows__delete_request__unpack(NULL, f->out.len, f->out.data);
    assert_non_null(r);
    assert_string_equal(r->db_name, "db2");
    assert_string_equal(r->collection_name, "c2");
    assert_string_equal(r->partition_name, partition ? partition : "");
    assert_string_equal(r->expr, expr);
    milvus_rows__delete_request__free_unpacked(r, NULL);
}

#define ID                                                                                         \
    {                                                                                              \
        .name = "id", .type = MILVUS_INT64, .is_primary_key = true                                 \
    }
#define META                                                                                       \
    {                                                                                              \
        .name = "$meta", .type = MILVUS_JSON, .is_dynamic = true                                   \
    }

/* ---- inserts and upserts ---- */

static void test_request_build__columns_in_the_targets_order(void **state)
{
    static const struct ddl_field fields[] = {
        {.name = "x-y", .type = MILVUS_INT64}, {.name = "s", .type = MILVUS_VARCHAR}, ID, META};
    struct fixture *f = *state;
    add_row(f, "all-envelope", 'c',
            "{\"id\":1,\"x_y\":10,\"s\":\"a\",\"_meta\":\"{\\\"k\\\":1}\"}");
    add_row(f, "all-envelope", 'u', "{\"id\":2,\"x_y\":20,\"s\":\"\"}");
    MilvusRows__InsertRequest *r = built(f, WRITE_UPSERT, "p", fields, 4);
    assert_string_equal(r->db_name, "db2");
    assert_string_equal(r->collection_name, "c2");
    assert_string_equal(r->partition_name, "p");
    assert_int_equal(r->n_fields_data, 4);
    assert_string_equal(r->fields_data[0]->field_name, "x-y");
    assert_int_equal(r->fields_data[0]->scalars->long_data->data[1], 20);
    assert_string_equal(r->fields_data[1]->scalars->string_data->data[0], "a");
    assert_int_equal(r->fields_data[2]->scalars->long_data->data[0], 1);
    const MilvusRows__FieldData *meta = r->fields_data[3];
    assert_true(meta->is_dynamic);
    assert_memory_equal(meta->scalars->json_data->data[0].data, "{\"k\":1}", 7);
    assert_int_equal(meta->scalars->json_data->data[1].len, 2);
    milvus_rows__insert_request__free_unpacked(r, NULL);
}

/* Two writers, or one before and after a change of the schema. */
static void test_request_build__rows_of_several_schemas(void **state)
{
    static const struct ddl_field fields[] = {ID, {.name = "i64", .type = MILVUS_INT64}};
    struct fixture *f = *state;
    add_row(f, "all-envelope", 'c', "{\"id\":1,\"i64\":10}");
    add_row(f, "all-envelope", 'c', "{\"id\":2,\"i64\":20}"); /* a handle of its own */
    assert_ptr_not_equal(f->rows[0]->layout, f->rows[1]->layout);
    MilvusRows__InsertRequest *r = built(f, WRITE_INSERT, NULL, fields, 2);
    assert_int_equal(r->fields_data[1]->scalars->long_data->data[0], 10);
    assert_int_equal(r->fields_data[1]->scalars->long_data->data[1], 20);
    milvus_rows__insert_request__free_unpacked(r, NULL);
}

static void test_request_build__nulls(void **state)
{
    static const struct ddl_field fields[] = {
        ID, {.name = "n32", .type = MILVUS_INT32, .nullable = true}};
    struct fixture *f = *state;
    add_row(f, "all-envelope", 'c', "{\"id\":1}");
    add_row(f, "all-envelope", 'c', "{\"id\":2,\"n32\":-5}");
    MilvusRows__InsertRequest *r = built(f, WRITE_INSERT, NULL, fields, 2);
    const MilvusRows__FieldData *column = r->fields_data[1];
    assert_int_equal(column->n_valid_data, 2);
    assert_false(column->valid_data[0]);
    assert_true(column->valid_data[1]);
    assert_int_equal(column->scalars->int_data->n_data, 2);
    assert_int_equal(column->scalars->int_data->data[1], -5);
    assert_int_equal(r->fields_data[0]->n_valid_data, 0);
    milvus_rows__insert_request__free_unpacked(r, NULL);
}

/* The target fills them in, or computes them. */
static void test_request_build__columns_that_are_left_out(void **state)
{
    static const struct ddl_field fields[] = {
        ID,
        {.name = "bm25", .type = MILVUS_SPARSE_FLOAT_VECTOR, .is_function_output = true},
        {.name = "later", .type = MILVUS_INT64, .nullable = true},
        {.name = "given", .type = MILVUS_INT64, .default_value = "3"},
    };
    struct fixture *f = *state;
    add_row(f, "all-envelope", 'c', "{\"id\":1}");
    MilvusRows__InsertRequest *r = built(f, WRITE_INSERT, NULL, fields, 4);
    assert_int_equal(r->n_fields_data, 1);
    milvus_rows__insert_request__free_unpacked(r, NULL);
}

static void test_request_build__dynamic_field_of_the_target_only(void **state)
{
    static const struct ddl_field fields[] = {
        {.name = "k", .type = MILVUS_VARCHAR, .is_primary_key = true}, META};
    struct fixture *f = *state;
    add_row(f, "strings-envelope", 'c', "{\"k\":\"a\"}");
    MilvusRows__InsertRequest *r = built(f, WRITE_INSERT, NULL, fields, 2);
    assert_memory_equal(r->fields_data[1]->scalars->json_data->data[0].data, "{}", 2);
    milvus_rows__insert_request__free_unpacked(r, NULL);
}

static void test_request_build__bad_rows_are_named(void **state)
{
    static const struct ddl_field strict[] = {ID, {.name = "i64", .type = MILVUS_INT64}};
    static const struct ddl_field other[] = {ID, {.name = "i64", .type = MILVUS_VARCHAR}};
    struct fixture *f = *state;
    add_row(f, "all-envelope", 'c', "{\"id\":1,\"i64\":1}");
    add_row(f, "all-envelope", 'c', "{\"id\":2}");
    assert_int_equal(build(f, WRITE_INSERT, NULL, strict, 2), KS_ERR_DATA);
    assert_int_equal(f->bad_row, 1);
    assert_non_null(strstr(f->err.message, "t partition 2 offset 77: field i64 is null"));
    assert_int_equal(build(f, WRITE_INSERT, NULL, other, 2), KS_ERR_DATA);
    assert_int_equal(f->bad_row, 0);
    assert_non_null(strstr(f->err.message, "VarChar"));
}

static void test_request_build__target_without_a_key(void **state)
{
    static const struct ddl_field fields[] = {{.name = "id", .type = MILVUS_INT64}};
    struct fixture *f = *state;
    add_row(f, "all-envelope", 'c', "{\"id\":1}");
    assert_int_equal(build(f, WRITE_DELETE, NULL, fields, 1), KS_ERR_DATA);
    assert_non_null(strstr(f->err.message, "db2.c2"));
}

/* ---- deletes ---- */

static void test_request_build__delete_of_numbers(void **state)
{
    static const struct ddl_field key = ID;
    struct fixture *f = *state;
    add_row(f, "all-envelope", 'd', "{\"id\":0}");
    add_row(f, "all-envelope", 'd', "{\"id\":-17}");
    add_row(f, "all-envelope", 'd', "{\"id\":9223372036854775807}");
    add_row(f, "all-envelope", 'd', "{\"id\":-9223372036854775808}");
    assert_expr(f, "p", &key, "id in [0,-17,9223372036854775807,-9223372036854775808]");
}

static void test_request_build__delete_of_texts(void **state)
{
    static const struct ddl_field key = {
        .name = "k", .type = MILVUS_VARCHAR, .is_primary_key = true};
    struct fixture *f = *state;
    add_row(f, "strings-envelope", 'd', "{\"k\":\"a\"}");
    add_row(f, "strings-envelope", 'd', "{\"k\":\"say \\\"hi\\\" \\\\ \"}");
    add_row(f, "strings-envelope", 'd', "{\"k\":\"\"}");
    assert_expr(f, NULL, &key, "k in [\"a\",\"say \\\"hi\\\" \\\\ \",\"\"]");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_request_build__columns_in_the_targets_order),
        TEST(test_request_build__rows_of_several_schemas),
        TEST(test_request_build__nulls),
        TEST(test_request_build__columns_that_are_left_out),
        TEST(test_request_build__dynamic_field_of_the_target_only),
        TEST(test_request_build__bad_rows_are_named),
        TEST(test_request_build__target_without_a_key),
        TEST(test_request_build__delete_of_numbers),
        TEST(test_request_build__delete_of_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
