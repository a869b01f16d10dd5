#include "row_events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "helper_golden.h"
#include "helper_host.h"
#include "helper_rows.h"
#include "helper_schema.h"

static const struct change_options envelope = {
    .prefix = "t", .version = "9.8", .tombstones = true, .cluster = "cl"};

static const char *avro_name(const struct ddl_field *field)
{
    return strcmp(field->name, "$meta") == 0 ? "_meta" : field->name;
}

/* ---- golden 2.5: each record alone ---- */

static void check_source(const json_t *value, const json_t *rows, const json_t *line, size_t row)
{
    const json_t *source = json_object_get(value, "source");
    assert_string_equal(golden_str(source, "version"), "9.8");
    assert_string_equal(golden_str(source, "connector"), "milvus");
    assert_string_equal(golden_str(source, "name"), "t");
    assert_string_equal(golden_str(source, "snapshot"), "false");
    assert_string_equal(golden_str(source, "db"), "db1");
    assert_string_equal(golden_str(source, "collection"), golden_str(rows, "collection_name"));
    assert_int_equal(golden_int(source, "collection_id"), golden_int(rows, "collection_id"));
    assert_int_equal(golden_int(source, "partition_id"), golden_int(rows, "partition_id"));
    assert_string_equal(golden_str(source, "partition"), golden_str(rows, "partition_name"));
    uint64_t tick = golden_uint(json_object_get(line, "expect"), "ts");
    assert_true(golden_uint(source, "tick") == tick);
    assert_int_equal(golden_int(source, "ts_ms"), tick >> 18);
    assert_string_equal(golden_str(source, "channel"), golden_str(line, "topic"));
    assert_int_equal(golden_int(source, "offset"), golden_int(line, "offset"));
    assert_int_equal(golden_int(source, "row"), row);
    assert_int_equal(golden_int(source, "ddl_seq"), 5);
    assert_true(golden_int(value, "ts_ms") > 1700000000000);
}

static const json_t *expected_value(const json_t *insert, const struct ddl_field *field, size_t row)
{
    const json_t *columns = json_object_get(insert, "columns");
    for (size_t i = 0; i < json_array_size(columns); i++)
        if (golden_int(json_array_get(columns, i), "field_id") == field->id)
            return json_array_get(json_array_get(json_object_get(insert, "rows"), row), i);
    return NULL;
}

static void check_created(const struct ddl_schema *schema, const struct ks_record *record,
                          const json_t *insert, const json_t *line, size_t row)
{
    json_t *value = test_host_value(record), *key = test_host_key(record);
    const json_t *after = json_object_get(value, "after");
    assert_string_equal(golden_str(value, "op"), "c");
    assert_true(json_is_null(json_object_get(value, "before")));
    check_source(value, insert, line, row);
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct ddl_field *field = &schema->fields[i];
        const json_t *got = json_object_get(after, avro_name(field));
        const json_t *want = expected_value(insert, field, row);
        if (!want && field->default_value) /* a missing column of a field with a default */
            assert_int_equal(json_integer_value(got), 42);
        else if (!value_same(field, want, got))
            fail_msg("%s row %zu field %s", golden_str(line, "name"), row, field->name);
        if (field->is_primary_key)
            assert_true(json_equal(json_object_get(key, field->name), got));
    }
    json_decref(value);
    json_decref(key);
}

static void check_deleted(const struct ddl_schema *schema, const struct ks_record *record,
                          const json_t *delete, const json_t *line, size_t row)
{
    json_t *value = test_host_value(record), *key = test_host_key(record);
    const json_t *before = json_object_get(value, "before");
    assert_string_equal(golden_str(value, "op"), "d");
    assert_true(json_is_null(json_object_get(value, "after")));
    check_source(value, delete, line, row);
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct ddl_field *field = &schema->fields[i];
        const json_t *got = json_object_get(before, avro_name(field));
        const json_t *want = field->is_primary_key
                                 ? json_array_get(json_object_get(delete, "primary_keys"), row)
                                 : NULL;
        assert_true(value_same(field, want, got));
        if (field->is_primary_key)
            assert_true(json_equal(json_object_get(key, field->name), got));
    }
    json_decref(value);
    json_decref(key);
}

/* A delete is followed by its tombstone. */
static void check_batch(const struct ddl_schema *schema, const struct change_batch *batch,
                        const json_t *line, const struct mq_record *rec)
{
    const json_t *expect = json_object_get(line, "expect");
    const json_t *insert = json_object_get(expect, "insert"),
                 *delete = json_object_get(expect, "delete");
    const struct ks_record *records = batch->batch.records;
    assert_int_equal(batch->batch.record_count, (delete ? 2 : 1) * rec->row_count);
    for (size_t row = 0; row < rec->row_count; row++) {
        const struct ks_record *record = &records[delete ? 2 * row : row];
        assert_string_equal(record->topic, "t.db1.c-1");
        assert_int_equal(record->partition, -1);
        assert_int_equal(record->timestamp_ms, golden_uint(expect, "ts") >> 18);
        if (insert && json_array_size(json_object_get(insert, "rows")))
            check_created(schema, record, insert, line, row);
        if (!delete)
            continue;
        check_deleted(schema, record, delete, line, row);
        assert_null(record[1].value.data);
        assert_int_equal(record[1].key.len, record->key.len);
        assert_memory_equal(record[1].key.data, record->key.data, record->key.len);
    }
}

static size_t encode_line(json_t *lines, json_t *line)
{
    const json_t *expect = json_object_get(line, "expect");
    const json_t *rows = json_object_get(expect, "insert");
    if (!rows && !(rows = json_object_get(expect, "delete")))
        return 0;
    struct ks_arena arena = {0};
    struct test_host host;
    struct ks_error err = {0};
    test_host_init(&host);
    struct catalogue_collection coll = {
        .id = golden_int(rows, "collection_id"),
        .db = "db1",
        .name = golden_str(rows, "collection_name"),
        .topic = "t.db1.c-1",
        .schema = schema_golden_25(lines, golden_str(rows, "collection_name"), &arena),
        .ddl_seq = 5,
    };
    struct change_encoder *enc;
    if (change_encoder_new(&host.host, &envelope, &coll, &enc, &err) != KS_OK)
        fail_msg("%s", err.message);
    struct ks_slice value = golden_base64(golden_str(line, "value_b64"));
    struct mq_record rec = {.offset = golden_int(line, "offset")}, *list = &rec;
    assert_int_equal(mq_record_decode(value, false, &rec, &err), KS_OK);
    struct change_batch batch = {0};
    if (row_events_add(enc, &coll, golden_str(line, "topic"), &list, 1, &batch, &err) != KS_OK)
        fail_msg("%s", err.message);
    free((void *)value.data); /* the batch holds copies */
    check_batch(coll.schema, &batch, line, &rec);
    change_batch_release(&batch);
    change_encoder_free(enc);
    test_host_release(&host);
    ks_arena_release(&arena);
    return rec.row_count;
}

static void test_row_events_add__golden_25(void **state)
{
    json_t *lines = golden_load(GOLDEN_25);
    size_t rows = 0;
    for (size_t i = 0; i < json_array_size(lines); i++)
        rows += encode_line(lines, json_array_get(lines, i));
    assert_true(rows >= 40);
    json_decref(lines);
}

/* ---- golden 2.3.5: the whole recording, in release order ---- */

struct replay {
    struct ks_arena arena;
    struct test_host host;
    struct change_batch batch;
    json_t *events;
    struct replay_collection {
        struct catalogue_collection coll;
        struct change_encoder *enc;
    } collections[8];
    size_t collection_count;
    struct replay_record {
        struct mq_record rec;
        const char *topic;
    } records[256];
    size_t record_count;
};

static struct replay_collection *replay_collection(struct replay *r, int64_t id)
{
    for (size_t i = 0; i < r->collection_count; i++)
        if (r->collections[i].coll.id == id)
            return &r->collections[i];
    return NULL;
}

static void replay_ddl(struct replay *r)
{
    struct ks_error err = {0};
    for (size_t i = 0; i < json_array_size(r->events); i++) {
        const json_t *event = json_array_get(r->events, i);
        if (strcmp(golden_str(event, "kind"), "create_collection") != 0)
            continue;
        struct replay_collection *c = &r->collections[r->collection_count++];
        c->coll = (struct catalogue_collection){.id = golden_int(event, "collection_id"),
                                                .db = golden_str(event, "db"),
                                                .name = golden_str(event, "collection"),
                                                .topic = "t.x.y",
                                                .schema = schema_of_event(event, &r->arena)};
        if (change_encoder_new(&r->host.host, &envelope, &c->coll, &c->enc, &err) != KS_OK)
            fail_msg("%s", err.message);
    }
}

static int release_order(const void *a, const void *b)
{
    const struct replay_record *x = a, *y = b;
    if (x->rec.end_tick != y->rec.end_tick)
        return x->rec.end_tick < y->rec.end_tick ? -1 : 1;
    int topic = strcmp(x->topic, y->topic);
    if (topic)
        return topic;
    if (x->rec.kind != y->rec.kind)
        return x->rec.kind == MQ_DELETE ? -1 : 1;
    return x->rec.offset < y->rec.offset ? -1 : 1;
}

static void replay_records(struct replay *r, json_t *lines)
{
    struct ks_error err = {0};
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        struct replay_record *record = &r->records[r->record_count];
        struct ks_slice value = golden_base64(golden_str(line, "value"));
        record->topic = golden_str(line, "topic");
        record->rec.offset = golden_int(line, "offset");
        assert_int_equal(mq_record_decode(value, false, &record->rec, &err), KS_OK);
        if ((record->rec.kind == MQ_INSERT || record->rec.kind == MQ_DELETE) &&
            replay_collection(r, record->rec.collection_id))
            r->record_count++;
        else
            free((void *)value.data);
        assert_true(r->record_count < sizeof r->records / sizeof *r->records);
    }
    qsort(r->records, r->record_count, sizeof *r->records, release_order);
}

static bool same_group(const struct mq_record *a, const struct mq_record *b)
{
    return a->end_tick == b->end_tick && a->shard_name.len == b->shard_name.len &&
           memcmp(a->shard_name.data, b->shard_name.data, a->shard_name.len) == 0;
}

static void replay_groups(struct replay *r)
{
    struct ks_error err = {0};
    struct mq_record *group[256];
    for (size_t i = 0, n; i < r->record_count; i += n) {
        for (n = 0;
             i + n < r->record_count && same_group(&r->records[i].rec, &r->records[i + n].rec); n++)
            group[n] = &r->records[i + n].rec;
        struct replay_collection *c = replay_collection(r, group[0]->collection_id);
        if (row_events_add(c->enc, &c->coll, r->records[i].topic, group, n, &r->batch, &err) !=
            KS_OK)
            fail_msg("%s", err.message);
    }
}

static void check_event(struct replay *r, const json_t *event, const struct ks_record *record)
{
    json_t *value = test_host_value(record);
    const json_t *source = json_object_get(value, "source");
    const char *op = golden_str(event, "op");
    assert_string_equal(golden_str(value, "op"), op);
    assert_true(golden_uint(source, "tick") == golden_uint(event, "tick"));
    assert_string_equal(golden_str(source, "channel"), golden_str(event, "channel"));
    assert_int_equal(golden_int(source, "offset"), golden_int(event, "offset"));
    assert_int_equal(golden_int(source, "row"), golden_int(event, "row"));
    assert_int_equal(golden_int(source, "collection_id"), golden_int(event, "collection_id"));
    assert_int_equal(golden_int(source, "partition_id"), golden_int(event, "partition_id"));
    const struct ddl_schema *schema =
        replay_collection(r, golden_int(event, "collection_id"))->coll.schema;
    const json_t *row = json_object_get(value, *op == 'd' ? "before" : "after");
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct ddl_field *field = &schema->fields[i];
        const json_t *want = json_object_get(json_object_get(event, "after"), field->name);
        if (field->is_primary_key)
            want = json_object_get(event, "pk");
        if (!value_same(field, want, json_object_get(row, avro_name(field))))
            fail_msg("offset %d field %s", (int)golden_int(event, "offset"), field->name);
    }
    json_decref(value);
}

static void test_row_events_add__golden_235(void **state)
{
    static struct replay r;
    r = (struct replay){.events = golden_load(GOLDEN_235_EVENTS)};
    json_t *lines = golden_load(GOLDEN_235);
    test_host_init(&r.host);
    replay_ddl(&r);
    replay_records(&r, lines);
    replay_groups(&r);
    size_t at = 0, rows = 0;
    for (size_t i = 0; i < json_array_size(r.events); i++) {
        const json_t *event = json_array_get(r.events, i);
        if (strcmp(golden_str(event, "type"), "row") != 0)
            continue;
        assert_true(at < r.batch.batch.record_count);
        check_event(&r, event, &r.batch.batch.records[at++]);
        if (strcmp(golden_str(event, "op"), "d") == 0)
            assert_null(r.batch.batch.records[at++].value.data);
        rows++;
    }
    assert_int_equal(at, r.batch.batch.record_count);
    assert_int_equal(rows, 48);
    change_batch_release(&r.batch);
    for (size_t i = 0; i < r.record_count; i++)
        free((void *)r.records[i].rec.value.data);
    for (size_t i = 0; i < r.collection_count; i++)
        change_encoder_free(r.collections[i].enc);
    test_host_release(&r.host);
    ks_arena_release(&r.arena);
    json_decref(lines);
    json_decref(r.events);
}

/* ---- made-up groups ---- */

static void test_row_events_add__upsert_keeps_the_place_of_the_insert(void **state)
{
    struct made_rows t;
    made_rows_init(&t, &envelope);
    made_rows_add(&t, MQ_DELETE, 7, "123", NULL);
    made_rows_add(&t, MQ_INSERT, 7, "1245", "1111");
    assert_int_equal(made_rows_run(&t), KS_OK);
    made_rows_check(&t, " d3@10.2 -3 u1@11.0 u2@11.1 c4@11.2 c5@11.3");
    made_rows_release(&t);
}

static void test_row_events_add__key_held_several_times(void **state)
{
    struct made_rows t;
    made_rows_init(&t, &envelope);
    made_rows_add(&t, MQ_DELETE, -1, "1144", NULL);
    made_rows_add(&t, MQ_INSERT, 7, "11", "11");
    made_rows_add(&t, MQ_INSERT, 7, "12", "11");
    assert_int_equal(made_rows_run(&t), KS_OK);
    made_rows_check(&t, " d4@10.2 -4 d4@10.3 -4 u1@11.0 c1@11.1 c1@12.0 c2@12.1");
    made_rows_release(&t);
}

static void test_row_events_add__delete_in_another_partition_is_no_upsert(void **state)
{
    struct made_rows t;
    made_rows_init(&t, &envelope);
    made_rows_add(&t, MQ_DELETE, 8, "1", NULL);
    made_rows_add(&t, MQ_INSERT, 7, "1", "1");
    assert_int_equal(made_rows_run(&t), KS_OK);
    made_rows_check(&t, " d1@10.0 -1 c1@11.0");
    made_rows_release(&t);
}

static void test_row_events_add__upserts_as_create_without_tombstones(void **state)
{
    struct change_options options = envelope;
    options.upsert_as_create = true;
    options.tombstones = false;
    struct made_rows t;
    made_rows_init(&t, &options);
    made_rows_add(&t, MQ_DELETE, 7, "12", NULL);
    made_rows_add(&t, MQ_INSERT, 7, "1", "1");
    assert_int_equal(made_rows_run(&t), KS_OK);
    made_rows_check(&t, " d2@10.1 c1@11.0");
    made_rows_release(&t);
}

static void assert_op_header(const struct ks_record *record, const char *op)
{
    char text[64];
    assert_string_equal(test_host_header(record, "__op", text, sizeof text), op);
}

/* The envelope says `c` for both; the header, alone, and the schema say what is what. */
static void test_row_events_add__upserts_as_create_keep_the_true_op(void **state)
{
    struct change_options options = envelope;
    options.upsert_as_create = true;
    struct made_rows t;
    made_rows_init(&t, &options);
    made_rows_add(&t, MQ_DELETE, 7, "12", NULL);
    made_rows_add(&t, MQ_INSERT, 7, "13", "11");
    assert_int_equal(made_rows_run(&t), KS_OK);
    made_rows_check(&t, " d2@10.1 -2 c1@11.0 c3@11.1");
    const struct ks_record *records = t.batch.batch.records;
    assert_op_header(&records[0], "d");
    assert_int_equal(records[1].header_count, 0);
    assert_op_header(&records[2], "u");
    assert_op_header(&records[3], "c");
    assert_int_equal(records[2].header_count, 1);
    made_rows_release(&t);
}

static void test_row_events_add__partition_names(void **state)
{
    static const struct {
        int64_t id;
        const char *name;
    } cases[] = {{7, "now"}, {8, "then"}, {-1, ""}};
    for (size_t i = 0; i < 3; i++) {
        struct made_rows t;
        made_rows_init(&t, &envelope);
        made_rows_add(&t, MQ_DELETE, cases[i].id, "1", NULL);
        assert_int_equal(made_rows_run(&t), KS_OK);
        json_t *value = test_host_value(&t.batch.batch.records[0]);
        assert_string_equal(golden_str(json_object_get(value, "source"), "partition"),
                            cases[i].name);
        json_decref(value);
        made_rows_release(&t);
    }
}

static void test_row_events_add__a_bad_record_leaves_the_batch_alone(void **state)
{
    struct made_rows t;
    made_rows_init(&t, &envelope);
    made_rows_add(&t, MQ_INSERT, 7, "12", "11");
    assert_int_equal(made_rows_run(&t), KS_OK);
    size_t bytes = t.batch.value_bytes;
    made_rows_add(&t, MQ_INSERT, 7, "34", "1"); /* one value for two rows */
    assert_int_equal(made_rows_run(&t), KS_ERR_DATA);
    assert_string_equal(t.err.message, "Insert of channel ch, offset 11, collection db.c: field "
                                       "'v' (Int32): 1 values for 2 rows");
    assert_int_equal(t.batch.batch.record_count, 2);
    assert_int_equal(t.batch.value_bytes, bytes);
    made_rows_release(&t);
}

static void test_row_events_add__records_have_headroom(void **state)
{
    struct made_rows t;
    made_rows_init(&t, &envelope);
    made_rows_add(&t, MQ_INSERT, 7, "12", "34");
    made_rows_add(&t, MQ_DELETE, 7, "9", NULL);
    assert_int_equal(made_rows_run(&t), KS_OK);
    size_t bytes = 0;
    for (size_t i = 0; i < t.batch.batch.record_count; i++) {
        struct ks_record *record = &t.batch.batch.records[i];
        bytes += record->key.len + record->value.len;
        memset((uint8_t *)record->key.data - KS_RECORD_HEADROOM, 0xee, KS_RECORD_HEADROOM);
        if (record->value.data)
            memset((uint8_t *)record->value.data - KS_RECORD_HEADROOM, 0xee, KS_RECORD_HEADROOM);
    }
    assert_int_equal(t.batch.value_bytes, bytes);
    made_rows_check(&t, " d9@11.0 -9 c1@10.0 c2@10.1");
    made_rows_release(&t);
}

static void check_flat_headers(const struct ks_record *record, const char *op, const char *row)
{
    static const struct {
        const char *key, *value;
    } want[] = {
        {"__source.version", "9.8"},    {"__source.connector", "milvus"},
        {"__source.name", "t"},         {"__source.ts_ms", "99"},
        {"__source.snapshot", "false"}, {"__source.db", "db"},
        {"__source.collection", "c"},   {"__source.collection_id", "1"},
        {"__source.partition", "now"},  {"__source.partition_id", "7"},
        {"__source.tick", "25952256"},  {"__source.channel", "ch"},
        {"__source.ddl_seq", "12"},
    };
    char text[64];
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_string_equal(test_host_header(record, want[i].key, text, sizeof text),
                            want[i].value);
    assert_string_equal(test_host_header(record, "__op", text, sizeof text), op);
    assert_string_equal(test_host_header(record, "__source.row", text, sizeof text), row);
}

static void test_row_events_add__headers_of_an_envelope(void **state)
{
    struct change_options options = envelope;
    options.headers = options.upsert_as_create = true;
    struct made_rows t;
    made_rows_init(&t, &options);
    made_rows_add(&t, MQ_DELETE, 7, "15", NULL);
    made_rows_add(&t, MQ_INSERT, 7, "1", "6");
    assert_int_equal(made_rows_run(&t), KS_OK);
    made_rows_check(&t, " d5@10.1 -5 c1@11.0");
    const struct ks_record *records = t.batch.batch.records;
    check_flat_headers(&records[0], "d", "1");
    assert_int_equal(records[1].header_count, 0); /* a tombstone with __op would be a flat delete */
    check_flat_headers(&records[2], "u", "0");
    made_rows_release(&t);
}

static void test_row_events_add__flat_tells_upserts_whatever_upsert_op_says(void **state)
{
    struct change_options options = envelope;
    options.flat = options.upsert_as_create = true;
    struct made_rows t;
    made_rows_init(&t, &options);
    made_rows_add(&t, MQ_DELETE, 7, "1", NULL);
    made_rows_add(&t, MQ_INSERT, 7, "1", "6");
    assert_int_equal(made_rows_run(&t), KS_OK);
    assert_int_equal(t.batch.batch.record_count, 1);
    check_flat_headers(&t.batch.batch.records[0], "u", "0");
    made_rows_release(&t);
}

static void test_row_events_add__flat_with_primitive_key(void **state)
{
    struct change_options options = envelope;
    options.flat = options.primitive_key = true;
    struct made_rows t;
    made_rows_init(&t, &options);
    made_rows_add(&t, MQ_DELETE, 7, "15", NULL);
    made_rows_add(&t, MQ_INSERT, 7, "23", "67");
    assert_int_equal(made_rows_run(&t), KS_OK);
    assert_int_equal(t.batch.batch.record_count, 4);
    const struct ks_record *records = t.batch.batch.records;
    json_t *key = test_host_key(&records[0]), *row = test_host_value(&records[3]);
    assert_int_equal(json_integer_value(key), 1);
    assert_null(records[0].value.data);
    check_flat_headers(&records[1], "d", "1");
    check_flat_headers(&records[3], "c", "1");
    assert_int_equal(golden_int(row, "id"), 3);
    assert_int_equal(golden_int(row, "v"), 7);
    json_decref(key);
    json_decref(row);
    made_rows_release(&t);
}

static void test_change_batch_add__records_are_zeroed(void **state)
{
    struct change_batch batch = {0};
    for (int i = 0; i < 100; i++) {
        struct ks_record *record = change_batch_add(&batch);
        assert_null(record->topic);
        record->topic = "x";
    }
    assert_int_equal(batch.batch.record_count, 100);
    change_batch_release(&batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row_events_add__golden_25),
        cmocka_unit_test(test_row_events_add__golden_235),
        cmocka_unit_test(test_row_events_add__upsert_keeps_the_place_of_the_insert),
        cmocka_unit_test(test_row_events_add__key_held_several_times),
        cmocka_unit_test(test_row_events_add__delete_in_another_partition_is_no_upsert),
        cmocka_unit_test(test_row_events_add__upserts_as_create_without_tombstones),
        cmocka_unit_test(test_row_events_add__upserts_as_create_keep_the_true_op),
        cmocka_unit_test(test_row_events_add__headers_of_an_envelope),
        cmocka_unit_test(test_row_events_add__flat_tells_upserts_whatever_upsert_op_says),
        cmocka_unit_test(test_row_events_add__partition_names),
        cmocka_unit_test(test_row_events_add__a_bad_record_leaves_the_batch_alone),
        cmocka_unit_test(test_row_events_add__records_have_headroom),
        cmocka_unit_test(test_row_events_add__flat_with_primitive_key),
        cmocka_unit_test(test_change_batch_add__records_are_zeroed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
