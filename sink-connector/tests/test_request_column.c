/* What is written by hand is read by protobuf-c: rows of a real Milvus 2.5, and random ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "../request_column.h"
#include "helper_columns.h"
#include "milvus_answers.h"
#include "milvus_api.pb-c.h"

static int setup(void **state)
{
    static struct ks_arena arena;
    arena = (struct ks_arena){0};
    *state = &arena;
    return 0;
}

static int teardown(void **state)
{
    ks_arena_release(*state);
    return 0;
}

/* ---- recorded rows ---- */

/* The target's schema, as its own answer tells it. */
static const struct ddl_schema *described(const json_t *line, struct ks_arena *arena)
{
    size_t len;
    uint8_t *bytes =
        columns_base64(json_string_value(json_object_get(line, "schema")), &len, arena);
    struct milvus_collection *c = ks_arena_zalloc(arena, sizeof(*c));
    MilvusApi__DescribeCollectionResponse answer = MILVUS_API__DESCRIBE_COLLECTION_RESPONSE__INIT;
    answer.schema = milvus_meta__collection_schema__unpack(NULL, len, bytes);
    assert_non_null(answer.schema);
    size_t size = milvus_api__describe_collection_response__get_packed_size(&answer);
    uint8_t *packed = ks_arena_alloc(arena, size);
    milvus_api__describe_collection_response__pack(&answer, packed);
    milvus_meta__collection_schema__free_unpacked(answer.schema, NULL);
    struct milvus_answer a = milvus_read_collection((struct ks_slice){packed, size}, arena, c);
    assert_int_equal(a.outcome, MILVUS_OK);
    return &c->schema;
}

static const struct ddl_field *find_field(const struct ddl_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->field_count; i++)
        if (strcmp(schema->fields[i].name, name) == 0)
            return &schema->fields[i];
    return NULL;
}

/* Milvus' own bytes without what the proxy adds, in protobuf-c's order. */
static void assert_same_column(MilvusRows__FieldData *theirs, const struct ddl_field *field,
                               struct ks_arena *arena)
{
    size_t bad, count = columns_rows(theirs);
    struct ks_error err;
    struct request_column column = {
        .field = field, .cells = columns_cells(theirs, count, arena), .count = count};
    struct ks_buf out = {0};
    if (request_column_measure(&column, &bad, &err))
        fail_msg("%s", err.message);
    request_column_write(&column, &out);
    assert_int_equal(out.len, request_column_size(&column));
    MilvusRows__FieldData *ours = milvus_rows__field_data__unpack(NULL, out.len, out.data);
    assert_non_null(ours);
    theirs->field_id = 0;
    size_t size = milvus_rows__field_data__get_packed_size(theirs);
    assert_int_equal(milvus_rows__field_data__get_packed_size(ours), size);
    uint8_t *a = ks_arena_alloc(arena, size), *b = ks_arena_alloc(arena, size);
    milvus_rows__field_data__pack(theirs, a);
    milvus_rows__field_data__pack(ours, b);
    assert_memory_equal(a, b, size);
    milvus_rows__field_data__free_unpacked(ours, NULL);
    ks_buf_release(&out);
}

static size_t check_line(const json_t *line, struct ks_arena *arena)
{
    const struct ddl_schema *schema = described(line, arena);
    const json_t *columns = json_object_get(line, "columns");
    size_t checked = 0;
    for (size_t i = 0; i < json_array_size(columns); i++) {
        size_t len;
        uint8_t *bytes = columns_base64(json_string_value(json_array_get(columns, i)), &len, arena);
        MilvusRows__FieldData *column = milvus_rows__field_data__unpack(NULL, len, bytes);
        assert_non_null(column);
        const struct ddl_field *field = find_field(schema, column->field_name);
        if (field) { /* not the row ID and the timestamp */
            assert_same_column(column, field, arena);
            checked++;
        }
        milvus_rows__field_data__free_unpacked(column, NULL);
    }
    return checked;
}

static void test_request_column_write__equals_milvus_2_5(void **state)
{
    struct ks_arena *arena = *state;
    FILE *file = fopen("golden/rows-2.5.jsonl", "r");
    static char text[65536];
    size_t checked = 0;
    assert_non_null(file);
    while (fgets(text, sizeof(text), file)) {
        json_t *line = json_loads(text, 0, NULL);
        assert_non_null(line);
        checked += check_line(line, arena);
        json_decref(line);
    }
    fclose(file);
    assert_true(checked > 25);
}

/* ---- random rows ---- */

static void check_random(enum milvus_type type, enum milvus_type element, bool nullable,
                         struct ks_arena *arena)
{
    static const struct ddl_kv dim = {"dim", "16"};
    struct ddl_field field = {
        .name = "f",
        .type = type,
        .element_type = element,
        .nullable = nullable,
        .type_params = &dim,
        .type_param_count = 1,
    };
    size_t bad, count = (size_t)(1 + rand() % 40);
    struct ks_error err;
    struct request_column column = {
        .field = &field, .cells = columns_random(&field, count, arena), .count = count};
    struct ks_buf out = {0};
    if (request_column_measure(&column, &bad, &err))
        fail_msg("%s", err.message);
    request_column_write(&column, &out);
    if (out.len != request_column_size(&column))
        fail_msg("type %d[%d]: wrong size", (int)type, (int)element);
    MilvusRows__FieldData *data = milvus_rows__field_data__unpack(NULL, out.len, out.data);
    assert_non_null(data);
    assert_int_equal(data->type, type);
    assert_int_equal(data->n_valid_data, nullable ? count : 0);
    const struct ks_cell **cells = columns_cells(data, count, arena);
    for (size_t i = 0; i < count; i++)
        if (!columns_equal(field.type, column.cells[i], cells[i]))
            fail_msg("type %d row %zu differs", (int)type, i);
    milvus_rows__field_data__free_unpacked(data, NULL);
    ks_buf_release(&out);
}

static void test_request_column_write__random_rows_of_all_types(void **state)
{
    struct ks_arena *arena = *state;
    static const enum milvus_type scalars[] = {MILVUS_BOOL,   MILVUS_INT8,   MILVUS_INT16,
                                               MILVUS_INT32,  MILVUS_INT64,  MILVUS_FLOAT,
                                               MILVUS_DOUBLE, MILVUS_VARCHAR};
    static const enum milvus_type others[] = {
        MILVUS_JSON,           MILVUS_BINARY_VECTOR,   MILVUS_FLOAT_VECTOR,
        MILVUS_FLOAT16_VECTOR, MILVUS_BFLOAT16_VECTOR, MILVUS_SPARSE_FLOAT_VECTOR,
        MILVUS_INT8_VECTOR};
    srand(1);
    for (int round = 0; round < 100; round++) {
        for (size_t i = 0; i < sizeof(scalars) / sizeof(*scalars); i++) {
            check_random(scalars[i], MILVUS_NONE, round % 2, arena);
            check_random(MILVUS_ARRAY, scalars[i], round % 2, arena);
        }
        for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
            check_random(others[i], MILVUS_NONE, round % 2, arena);
        ks_arena_reset(arena, 0);
    }
}

/* ---- values that do not fit ---- */

static const struct ddl_kv dim4 = {"dim", "4"};

static void assert_bad(const struct ddl_field *field, const struct ks_cell *cell)
{
    const struct ks_cell *cells[] = {NULL, cell};
    struct request_column column = {.field = field, .cells = cells, .count = 2};
    struct ks_error err;
    size_t bad = 9;
    assert_int_equal(request_column_measure(&column, &bad, &err), KS_ERR_DATA);
    assert_int_equal(bad, 1);
    assert_non_null(strstr(err.message, field->name));
}

static void test_request_column_measure__vectors_of_another_size(void **state)
{
    static const float floats[5];
    struct ddl_field field = {.name = "vec", .type_params = &dim4, .type_param_count = 1};
    struct ks_cell cell = {.kind = KS_CELL_FLOATS, .count = 5, .u.data = floats};
    field.type = MILVUS_FLOAT_VECTOR;
    assert_bad(&field, &cell);
    cell.kind = KS_CELL_BYTES;
    assert_bad(&field, &cell);
    field.type = MILVUS_INT8_VECTOR;
    assert_bad(&field, &cell);
    field.type = MILVUS_FLOAT16_VECTOR;
    assert_bad(&field, &cell);
}

/* vector.encoding=bytes of the source. */
static void test_request_column_write__float_vectors_as_bytes(void **state)
{
    static const float floats[] = {1.5f, -2.0f, 0.0f, 1e-20f};
    const struct ddl_field field = {
        .name = "vec", .type = MILVUS_FLOAT_VECTOR, .type_params = &dim4, .type_param_count = 1};
    const struct ks_cell cells[] = {
        {.kind = KS_CELL_FLOATS, .count = 4, .u.data = floats},
        {.kind = KS_CELL_BYTES, .count = sizeof floats, .u.data = floats}};
    struct ks_buf out[2] = {{0}, {0}};
    for (int i = 0; i < 2; i++) {
        const struct ks_cell *list[] = {&cells[i], &cells[1]};
        struct request_column column = {.field = &field, .cells = list, .count = 2};
        struct ks_error err;
        size_t bad;
        assert_int_equal(request_column_measure(&column, &bad, &err), KS_OK);
        request_column_write(&column, &out[i]);
    }
    assert_int_equal(out[0].len, out[1].len);
    assert_memory_equal(out[0].data, out[1].data, out[0].len);
    ks_buf_release(&out[0]);
    ks_buf_release(&out[1]);
}

static void test_request_column_measure__scalars_of_another_type(void **state)
{
    struct ddl_field field = {.name = "scalar", .type = MILVUS_INT64};
    struct ks_cell cell = {.kind = KS_CELL_FLOAT};
    assert_bad(&field, &cell);
    field.type = MILVUS_VARCHAR;
    assert_bad(&field, &cell);
    field.type = MILVUS_ARRAY;
    field.element_type = MILVUS_INT32;
    assert_bad(&field, &cell);
    cell = (struct ks_cell){.kind = KS_CELL_FLOATS};
    assert_bad(&field, &cell);
    struct ks_cell item = {.kind = KS_CELL_BYTES};
    cell = (struct ks_cell){.kind = KS_CELL_ARRAY, .count = 1, .u.items = &item};
    assert_bad(&field, &cell);
}

static void test_request_column_measure__broken_sparse_vectors(void **state)
{
    static const float values[2];
    struct ddl_field field = {.name = "sparse", .type = MILVUS_SPARSE_FLOAT_VECTOR};
    struct ks_cell items[] = {{.kind = KS_CELL_INT, .u.i = 1}, {.kind = KS_CELL_INT, .u.i = 5}};
    struct ks_cell cells[] = {
        {.kind = KS_CELL_RECORD},
        {.kind = KS_CELL_ARRAY, .count = 2, .u.items = items},
        {.kind = KS_CELL_FLOATS, .count = 1, .u.data = values},
    };
    assert_bad(&field, cells);
    cells[2].count = 2;
    items[1].u.i = UINT32_MAX;
    assert_bad(&field, cells);
    items[1].u.i = -1;
    assert_bad(&field, cells);
    items[1] = (struct ks_cell){.kind = KS_CELL_BYTES};
    assert_bad(&field, cells);
    cells[0].kind = KS_CELL_BYTES;
    assert_bad(&field, cells);
}

static void test_request_column_measure__fields_that_cannot_be_written(void **state)
{
    static const struct ddl_kv bad_dim = {"dim", "4x"};
    const struct ks_cell *cells[] = {NULL};
    struct ddl_field field = {.name = "odd", .type = (enum milvus_type)24};
    struct request_column column = {.field = &field, .cells = cells, .count = 1};
    struct ks_error err;
    size_t bad;
    assert_int_equal(request_column_measure(&column, &bad, &err), KS_ERR_DATA);
    assert_non_null(strstr(err.message, "type 24"));
    field.type = MILVUS_FLOAT_VECTOR;
    assert_int_equal(request_column_measure(&column, &bad, &err), KS_ERR_DATA);
    assert_non_null(strstr(err.message, "dimension"));
    field.type_params = &bad_dim;
    field.type_param_count = 1;
    assert_int_equal(request_column_measure(&column, &bad, &err), KS_ERR_DATA);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_request_column_write__equals_milvus_2_5),
        TEST(test_request_column_write__random_rows_of_all_types),
        TEST(test_request_column_measure__vectors_of_another_size),
        TEST(test_request_column_write__float_vectors_as_bytes),
        TEST(test_request_column_measure__scalars_of_another_type),
        TEST(test_request_column_measure__broken_sparse_vectors),
        TEST(test_request_column_measure__fields_that_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
