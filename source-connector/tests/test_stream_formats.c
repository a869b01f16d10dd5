/* Recorded rows of every type, those that no server here can hold among them, from the source's
 * encoder through the runtime's converters into the sink's decoder: each shape in each format. What
 * arrives is what was sent, byte by byte. Int8Vector, which no recorded Milvus had, is added to
 * them as a column that was not recorded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "change_decode.h"
#include "converters.h"
#include "helper_golden.h"
#include "helper_host.h"
#include "helper_schema.h"
#include "kitestream/sdk/util.h"
#include "proto_wire.h"
#include "row_events.h"

/* ---- a registry of one table, for writer and reader ---- */

static char *registered[64];
static size_t registered_count;

enum ks_status schema_registry_open(const struct worker_config *worker,
                                    const struct ks_config *options, struct schema_registry **ret,
                                    struct ks_error *err)
{
    *ret = (struct schema_registry *)registered;
    return KS_OK;
}

void schema_registry_close(struct schema_registry *r)
{
}

enum ks_status schema_registry_register(struct schema_registry *r, const char *subject,
                                        const char *schema_json, uint32_t *ret_id,
                                        struct ks_error *err)
{
    size_t i = 0;
    while (i < registered_count && strcmp(registered[i], schema_json) != 0)
        i++;
    if (i == registered_count) {
        assert_true(i < sizeof registered / sizeof *registered);
        registered[registered_count++] = strdup(schema_json);
    }
    *ret_id = (uint32_t)i + 1;
    return KS_OK;
}

enum ks_status schema_registry_latest(struct schema_registry *r, const char *subject,
                                      uint32_t *ret_id, const char **ret_json, struct ks_error *err)
{
    fail(); /* of use.latest.version only */
    return KS_OK;
}

enum ks_status schema_registry_get(struct schema_registry *r, uint32_t id, const char **ret_json,
                                   struct ks_error *err)
{
    assert_true(id > 0 && id <= registered_count);
    *ret_json = registered[id - 1];
    return KS_OK;
}

static void forget_registered(void)
{
    while (registered_count > 0)
        free(registered[--registered_count]);
}

/* ---- both ends ---- */

static const struct format {
    const char *class_name, *schemas_enable;
} formats[] = {{"AvroConverter", "true"}, {"JsonConverter", "true"}, {"JsonConverter", "false"}};

static const struct change_options shapes[] = {
    {.tombstones = true},
    {.tombstones = true, .primitive_key = true, .headers = true},
    {.upsert_as_create = true},
    {.flat = true},
    {.flat = true, .primitive_key = true},
};

/* A task's half: handles, and a converter for keys and one for values. */
struct end {
    struct schema_cache *schemas;
    struct converter *converters[2]; /* value, key */
};

static void end_open(struct end *end, const struct format *format)
{
    struct worker_config worker = {0};
    struct ks_error err;
    struct ks_config_entry entries[] = {
        {"key.converter", format->class_name},
        {"key.converter.schemas.enable", format->schemas_enable},
        {"value.converter", format->class_name},
        {"value.converter.schemas.enable", format->schemas_enable},
    };
    end->schemas = schema_cache_new();
    for (size_t i = 0; i < 2; i++)
        if (converter_open(&worker, &(struct ks_config){entries, 4}, i == 1, end->schemas,
                           &end->converters[i], &err) != KS_OK)
            fail_msg("%s", err.message);
}

static void end_close(struct end *end)
{
    converter_close(end->converters[0]);
    converter_close(end->converters[1]);
    schema_cache_free(end->schemas);
}

static enum ks_status schema_intern(struct ks_task *task, const char *json, size_t len,
                                    const struct ks_schema **ret, struct ks_error *err)
{
    return schema_cache_intern((struct schema_cache *)task, json, len, ret, err);
}

static const char *schema_json(const struct ks_schema *schema)
{
    return schema->json;
}

/* ---- the column that was not recorded ---- */

enum { ADDED_ID = 999, ADDED_DIM = 4 };

static const struct ddl_kv added_dim = {"dim", "4"};
static const struct ddl_field added = {.id = ADDED_ID,
                                       .name = "int8_vector",
                                       .type = MILVUS_INT8_VECTOR,
                                       .description = "",
                                       .type_params = &added_dim,
                                       .type_param_count = 1};

/* -128, -1, 0, 127, beginning elsewhere in each row. */
static void added_value(size_t row, uint8_t *ret)
{
    static const uint8_t values[ADDED_DIM] = {0x80, 0xff, 0x00, 0x7f};
    for (size_t i = 0; i < ADDED_DIM; i++)
        ret[i] = values[(row + i) % ADDED_DIM];
}

static const struct ddl_schema *added_to_schema(const struct ddl_schema *from,
                                                struct ks_arena *arena)
{
    struct ddl_schema *to = ks_arena_copy(arena, from, sizeof *from);
    struct ddl_field *fields = ks_arena_alloc(arena, (from->field_count + 1) * sizeof *fields);
    memcpy(fields, from->fields, from->field_count * sizeof *fields);
    fields[to->field_count++] = added;
    to->fields = fields;
    return to;
}

static void wrap(struct ks_buf *out, uint32_t number, struct ks_buf *inner)
{
    wire_put_bytes(out, number, inner->data, inner->len);
    ks_buf_release(inner);
}

/* One more of an InsertRequest's fields_data: as that is repeated, it may stand at the end. */
static void added_to_record(struct ks_buf *record, size_t rows)
{
    struct ks_buf vectors = {0}, values = {0}, data = {0};
    for (size_t i = 0; i < rows; i++, values.len += ADDED_DIM)
        added_value(i, ks_buf_reserve(&values, ADDED_DIM));
    wire_put_uint(&vectors, 1, ADDED_DIM);
    wrap(&vectors, 7, &values);
    wire_put_uint(&data, 1, MILVUS_INT8_VECTOR);
    wire_put_str(&data, 2, added.name);
    wrap(&data, 4, &vectors);
    wire_put_uint(&data, 5, ADDED_ID);
    wrap(record, 13, &data);
}

static void assert_added(const struct change_row *row, size_t number)
{
    uint8_t want[ADDED_DIM];
    const struct ks_cell *cell = change_row_cell(row, added.name);
    added_value(number, want);
    assert_int_equal(cell->kind, KS_CELL_BYTES);
    assert_int_equal(cell->count, ADDED_DIM);
    assert_memory_equal(cell->u.data, want, ADDED_DIM);
}

/* ---- one row ---- */

struct trip {
    struct end source, sink;
    struct ks_task_host source_host, sink_host;
    struct change_decoder *decoder;
    struct ks_arena arena;
    size_t rows;
    size_t of_line; /* rows with values of the record in hand */
    bool has_added;
};

/* Key or value, to Kafka's bytes and back. Adds the header that goes with it. */
static void convert(struct trip *t, const struct ks_record *sent, bool is_key,
                    struct ks_header *headers, struct ks_record *got)
{
    struct ks_buf scratch = {0};
    struct ks_error err;
    struct ks_slice body = is_key ? sent->key : sent->value, bytes, back;
    const struct ks_schema *schema = is_key ? sent->key_schema : sent->value_schema;
    if (converter_from_record(t->source.converters[is_key], sent->topic, body, schema, &scratch,
                              &bytes, &err) != KS_OK)
        fail_msg("%s", err.message);
    const struct ks_header *header = converter_header(t->source.converters[is_key]);
    if (header) {
        headers[got->header_count] = *header;
        headers[got->header_count++].value.data =
            ks_arena_copy(&t->arena, header->value.data, header->value.len);
    }
    if (bytes.data)
        bytes.data = ks_arena_copy(&t->arena, bytes.data, bytes.len);
    if (converter_to_record(t->sink.converters[is_key], got, bytes, &t->arena, &back, &schema,
                            &err) != KS_OK)
        fail_msg("%s", err.message);
    assert_int_equal(back.len, body.len);
    if (body.data)
        assert_memory_equal(back.data, body.data, body.len);
    *(is_key ? &got->key : &got->value) = back;
    *(is_key ? &got->key_schema : &got->value_schema) = schema;
    ks_buf_release(&scratch);
}

static void assert_text_equal(struct ks_slice a, struct ks_slice b)
{
    assert_int_equal(a.len, b.len);
    if (a.len)
        assert_memory_equal(a.data, b.data, a.len);
}

/* The bodies are equal already: what the schema says has to be as well. */
static void assert_same_row(const struct change_row *a, const struct change_row *b,
                            const struct ddl_schema *schema)
{
    assert_int_equal(a->op, b->op);
    assert_int_equal(a->collection_id, b->collection_id);
    assert_int_equal(a->partition_id, b->partition_id);
    assert_text_equal(a->partition_name, b->partition_name);
    assert_true(a->tick == b->tick);
    assert_int_equal(a->ddl_seq, b->ddl_seq);
    assert_int_equal(a->pk_is_string, b->pk_is_string);
    assert_int_equal(a->pk_int, b->pk_int);
    assert_text_equal(a->pk_str, b->pk_str);
    assert_int_equal(a->cells != NULL, b->cells != NULL);
    for (size_t i = 0; i < schema->field_count && a->cells; i++) {
        const struct ks_cell *of_a = change_row_cell(a, schema->fields[i].name),
                             *of_b = change_row_cell(b, schema->fields[i].name);
        if (!of_a || !of_b || of_a->kind != of_b->kind)
            fail_msg("field %s", schema->fields[i].name);
    }
}

static void decode(struct trip *t, const struct ks_record *record, struct change_row *ret)
{
    struct ks_error err;
    if (change_decode(t->decoder, record, &t->arena, ret, &err) != KS_OK)
        fail_msg("%s", err.message);
}

static void send(struct trip *t, const struct ks_record *sent, const struct ddl_schema *schema)
{
    struct ks_header headers[32];
    struct ks_record got = *sent;
    struct change_row a, b;
    for (size_t i = 0; i < sent->header_count; i++)
        headers[i] = sent->headers[i];
    got.headers = headers;
    convert(t, sent, true, headers, &got);
    convert(t, sent, false, headers, &got);
    decode(t, sent, &a);
    decode(t, &got, &b);
    assert_same_row(&a, &b, schema);
    if (b.cells && t->has_added)
        assert_added(&b, t->of_line++);
    t->rows++;
}

/* ---- all rows ---- */

static void encode(struct trip *t, const struct change_options *options,
                   const struct catalogue_collection *coll, const json_t *line,
                   struct change_batch *batch)
{
    struct ks_error err;
    struct change_encoder *encoder;
    struct ks_slice recorded = golden_base64(golden_str(line, "value_b64"));
    struct ks_buf value = {(uint8_t *)recorded.data, recorded.len, recorded.len};
    struct mq_record record = {.offset = golden_int(line, "offset")}, *list = &record;
    assert_int_equal(mq_record_decode(recorded, false, &record, &err), KS_OK);
    if (record.kind == MQ_INSERT && t->has_added)
        added_to_record(&value, record.row_count);
    assert_int_equal(
        mq_record_decode((struct ks_slice){value.data, value.len}, false, &record, &err), KS_OK);
    if (change_encoder_new(&t->source_host, options, coll, &encoder, &err) != KS_OK ||
        row_events_add(encoder, coll, golden_str(line, "topic"), &list, 1, batch, &err) != KS_OK)
        fail_msg("%s", err.message);
    change_encoder_free(encoder);
    ks_buf_release(&value);
}

static void send_line(struct trip *t, const struct change_options *options, json_t *lines,
                      const json_t *line)
{
    const json_t *expect = json_object_get(line, "expect");
    const json_t *rows = json_object_get(expect, "insert");
    if (!rows && !(rows = json_object_get(expect, "delete")))
        return;
    struct ks_arena arena = {0};
    struct change_batch batch = {0};
    struct catalogue_collection coll = {
        .id = golden_int(rows, "collection_id"),
        .db = "db1",
        .name = golden_str(rows, "collection_name"),
        .topic = "t.db1.c-1",
        .schema = schema_golden_25(lines, golden_str(rows, "collection_name"), &arena),
        .ddl_seq = 5,
    };
    /* A row-based record has no columns. */
    t->has_added = !json_object_get(rows, "row_based");
    t->of_line = 0;
    if (t->has_added)
        coll.schema = added_to_schema(coll.schema, &arena);
    encode(t, options, &coll, line, &batch);
    for (size_t i = 0; i < batch.batch.record_count; i++)
        send(t, &batch.batch.records[i], coll.schema);
    change_batch_release(&batch);
    ks_arena_release(&arena);
}

static void send_all(const struct change_options *shape, const struct format *format, json_t *lines)
{
    struct change_options options = *shape;
    struct trip t = {0};
    options.prefix = "t";
    options.version = "1";
    options.cluster = "cl";
    end_open(&t.source, format);
    end_open(&t.sink, format);
    t.source_host = (struct ks_task_host){.task = (struct ks_task *)t.source.schemas,
                                          .schema_intern = schema_intern,
                                          .schema_json = schema_json};
    t.sink_host = (struct ks_task_host){.schema_json = schema_json};
    t.decoder = change_decoder_new(&t.sink_host);
    for (size_t i = 0; i < json_array_size(lines); i++)
        send_line(&t, &options, lines, json_array_get(lines, i));
    assert_true(t.rows >= 40);
    change_decoder_free(t.decoder);
    ks_arena_release(&t.arena);
    end_close(&t.sink);
    end_close(&t.source);
    forget_registered();
}

static void test_stream__every_shape_in_every_format(void **state)
{
    json_t *lines = golden_load(GOLDEN_25);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (size_t f = 0; f < sizeof formats / sizeof *formats; f++)
            send_all(&shapes[s], &formats[f], lines);
    json_decref(lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream__every_shape_in_every_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
