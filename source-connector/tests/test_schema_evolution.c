/* What a newer Milvus may do to a collection that has rows: fields added, nullable made true,
 * lengths and descriptions changed. On recorded collections: every new version of their schemas can
 * read what the ones before wrote, keys stay as they are, and a reader of the stream goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../sdk/avro_compatible.h"
#include "change_decode.h"
#include "change_schema.h"
#include "converters.h"
#include "helper_golden.h"
#include "helper_host.h"
#include "helper_schema.h"
#include "kitestream/sdk/util.h"
#include "row_events.h"

#define VERSIONS 6
#define FIELDS_MAX 64

static const struct ddl_kv longer[] = {{"max_length", "4096"}}, dim4[] = {{"dim", "4"}};

/* One collection through its life. */
struct life {
    struct ddl_schema schemas[VERSIONS];
    struct ddl_field fields[VERSIONS][FIELDS_MAX];
};

static struct ddl_field *add_field(struct ddl_schema *schema, struct ddl_field *fields,
                                   const char *name, enum milvus_type type)
{
    struct ddl_field *field = &fields[schema->field_count++];
    assert_true(schema->field_count < FIELDS_MAX);
    *field = (struct ddl_field){
        .id = 900 + (int64_t)schema->field_count, .name = name, .type = type, .nullable = true};
    return field;
}

/* What version `v` changes in the one before. */
static void alter(size_t v, struct ddl_schema *schema, struct ddl_field *fields)
{
    switch (v) {
    case 1: /* a field is added; Milvus wants it nullable, perhaps with a default */
        add_field(schema, fields, "added", MILVUS_INT64)->default_value = "7";
        break;
    case 2: /* nullable made true */
        for (size_t i = 0; i < schema->field_count; i++)
            fields[i].nullable |= !fields[i].is_primary_key;
        break;
    case 3: /* every VarChar longer, every description another */
        for (size_t i = 0; i < schema->field_count; i++) {
            fields[i].description = "as it is now";
            if (fields[i].type != MILVUS_VARCHAR)
                continue;
            fields[i].type_params = longer;
            fields[i].type_param_count = 1;
        }
        break;
    case 4: { /* dynamic fields are switched on, if they were off */
        for (size_t i = 0; i < schema->field_count; i++)
            if (fields[i].is_dynamic)
                return;
        struct ddl_field *meta = add_field(schema, fields, "$meta", MILVUS_JSON);
        meta->is_dynamic = true;
        break;
    }
    default: { /* a vector and a field of text */
        struct ddl_field *vector = add_field(schema, fields, "more", MILVUS_FLOAT_VECTOR);
        vector->type_params = dim4;
        vector->type_param_count = 1;
        add_field(schema, fields, "text_added", MILVUS_VARCHAR);
    }
    }
}

static void live(struct life *life, const struct ddl_schema *first)
{
    for (size_t v = 0; v < VERSIONS; v++) {
        const struct ddl_schema *before = v ? &life->schemas[v - 1] : first;
        assert_true(before->field_count < FIELDS_MAX);
        life->schemas[v] = *before;
        memcpy(life->fields[v], before->fields, before->field_count * sizeof *before->fields);
        life->schemas[v].fields = life->fields[v];
        if (v > 0)
            alter(v, &life->schemas[v], life->fields[v]);
    }
}

/* ---- schemas ---- */

static const struct change_options shapes[] = {{.tombstones = true}, {.flat = true}};

static void on_fault(void *arg, const char *kind, const char *place, const char *text)
{
    print_error("%s %s: %s\n", kind, place, text);
}

static void assert_backward(const char *newer, const char *older)
{
    struct ks_avro_schema *reader, *writer;
    struct ks_error err;
    bool can = false;
    assert_int_equal(ks_avro_schema_parse(newer, strlen(newer), &reader, &err), KS_OK);
    assert_int_equal(ks_avro_schema_parse(older, strlen(older), &writer, &err), KS_OK);
    assert_int_equal(avro_can_read(reader, writer, on_fault, NULL, &can, &err), KS_OK);
    assert_true(can);
    ks_avro_schema_free(reader);
    ks_avro_schema_free(writer);
}

static void check_versions(const struct life *life, const struct change_options *shape)
{
    struct catalogue_collection coll = {.id = 1, .db = "db", .name = "c", .topic = "t.db.c"};
    char *values[VERSIONS], *keys[VERSIONS];
    struct ks_error err;
    size_t different = 0;
    for (size_t v = 0; v < VERSIONS; v++) {
        coll.schema = &life->schemas[v];
        assert_int_equal(change_schema_value(&coll, shape, &values[v], &err), KS_OK);
        assert_int_equal(change_schema_key(&coll, false, &keys[v], &err), KS_OK);
        assert_string_equal(keys[v], keys[0]);
        for (size_t before = 0; before < v; before++)
            assert_backward(values[v], values[before]);
        different += v > 0 && strcmp(values[v], values[v - 1]) != 0;
    }
    assert_true(different >= VERSIONS - 2); /* $meta may have been there */
    for (size_t v = 0; v < VERSIONS; v++) {
        free(values[v]);
        free(keys[v]);
    }
}

static void test_schemas__each_version_reads_all_before(void **state)
{
    json_t *lines = golden_load(GOLDEN_25);
    size_t collections = 0;
    for (size_t i = 0; i < json_array_size(lines); i++) {
        struct ks_arena arena = {0};
        struct life life;
        const json_t *rows =
            json_object_get(json_object_get(json_array_get(lines, i), "expect"), "insert");
        const char *name = rows ? golden_str(rows, "collection_name") : NULL;
        if (name) {
            live(&life, schema_golden_25(lines, name, &arena));
            for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
                check_versions(&life, &shapes[s]);
            collections++;
        }
        ks_arena_release(&arena);
    }
    assert_true(collections > 5);
    json_decref(lines);
}

/* ---- rows ---- */

static enum ks_status schema_intern(struct ks_task *task, const char *json, size_t len,
                                    const struct ks_schema **ret, struct ks_error *err)
{
    return schema_cache_intern((struct schema_cache *)task, json, len, ret, err);
}

static const char *schema_json(const struct ks_schema *schema)
{
    return schema->json;
}

/* The reader of one topic, across all versions. */
struct reader {
    struct ks_task_host host;
    struct change_decoder *decoder;
    struct ks_arena arena;
    size_t rows, added; /* with the field of version 1 */
};

static void read_row(struct reader *r, const struct ks_record *record,
                     const struct ddl_schema *schema)
{
    struct change_row row;
    struct ks_error err;
    if (change_decode(r->decoder, record, &r->arena, &row, &err) != KS_OK)
        fail_msg("%s", err.message);
    if (!row.cells)
        return;
    for (size_t i = 0; i < schema->field_count; i++)
        assert_non_null(change_row_cell(&row, schema->fields[i].name));
    const struct ks_cell *added = change_row_cell(&row, "added");
    r->added += added != NULL;
    if (added) /* the recorded record has no such column: its default counts */
        assert_true(added->kind == KS_CELL_INT && added->u.i == 7);
    r->rows++;
}

static void write_version(struct reader *r, const struct change_options *shape, const json_t *line,
                          const struct ddl_schema *schema)
{
    struct ks_error err;
    struct change_encoder *encoder;
    struct change_batch batch = {0};
    struct change_options options = *shape;
    const json_t *rows = json_object_get(json_object_get(line, "expect"), "insert");
    const struct catalogue_collection coll = {.id = golden_int(rows, "collection_id"),
                                              .db = "db1",
                                              .name = golden_str(rows, "collection_name"),
                                              .topic = "t.db1.c",
                                              .schema = schema};
    options.prefix = "t";
    options.version = "1";
    options.cluster = "cl";
    struct ks_slice value = golden_base64(golden_str(line, "value_b64"));
    struct mq_record record = {.offset = golden_int(line, "offset")}, *list = &record;
    assert_int_equal(mq_record_decode(value, false, &record, &err), KS_OK);
    if (change_encoder_new(&r->host, &options, &coll, &encoder, &err) != KS_OK ||
        row_events_add(encoder, &coll, golden_str(line, "topic"), &list, 1, &batch, &err) != KS_OK)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < batch.batch.record_count; i++)
        read_row(r, &batch.batch.records[i], schema);
    change_encoder_free(encoder);
    change_batch_release(&batch);
    free((void *)value.data);
}

static void read_through(const struct change_options *shape, json_t *lines)
{
    struct schema_cache *schemas = schema_cache_new();
    struct reader r = {.host = {.task = (struct ks_task *)schemas,
                                .schema_intern = schema_intern,
                                .schema_json = schema_json}};
    r.decoder = change_decoder_new(&r.host);
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        const json_t *rows = json_object_get(json_object_get(line, "expect"), "insert");
        struct ks_arena arena = {0};
        struct life life;
        /* Rows as blobs are from before there was any evolution: each must have the schema's size.
         */
        if (!rows || strcmp(golden_str(rows, "collection_name"), "rows") == 0)
            continue;
        live(&life, schema_golden_25(lines, golden_str(rows, "collection_name"), &arena));
        for (size_t v = 0; v < VERSIONS; v++)
            write_version(&r, shape, line, &life.schemas[v]);
        ks_arena_release(&arena);
    }
    assert_true(r.rows > 100);
    assert_int_equal(r.added, r.rows / VERSIONS * (VERSIONS - 1));
    change_decoder_free(r.decoder);
    ks_arena_release(&r.arena);
    schema_cache_free(schemas);
}

static void test_rows__the_reader_goes_on(void **state)
{
    json_t *lines = golden_load(GOLDEN_25);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        read_through(&shapes[s], lines);
    json_decref(lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schemas__each_version_reads_all_before),
        cmocka_unit_test(test_rows__the_reader_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
