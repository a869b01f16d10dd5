/* Digits in, MQ records out, and what row_events makes of them as text. */
#include "helper_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "helper_golden.h"
#include "proto_wire.h"

static const struct ddl_field fields[] = {
    {.id = 100, .name = "id", .type = MILVUS_INT64, .is_primary_key = true, .description = ""},
    {.id = 101, .name = "v", .type = MILVUS_INT32, .description = ""},
};
static const struct ddl_schema schema = {
    .name = "c", .description = "", .fields = fields, .field_count = 2};

void made_rows_init(struct made_rows *t, const struct change_options *options)
{
    *t = (struct made_rows){0};
    test_host_init(&t->host);
    t->partition = (struct catalogue_partition){.id = 7, .name = "now"};
    t->coll = (struct catalogue_collection){.id = 1,
                                            .db = "db",
                                            .name = "c",
                                            .created_as = "db.c",
                                            .topic = "t.db.c",
                                            .schema = &schema,
                                            .partitions = &t->partition,
                                            .ddl_seq = 12};
    if (change_encoder_new(&t->host.host, options, &t->coll, &t->enc, &t->err))
        fail_msg("%s", t->err.message);
}

void made_rows_clear(struct made_rows *t)
{
    for (size_t i = 0; i < t->count; i++) {
        ks_buf_release(&t->values[i]);
        t->values[i] = (struct ks_buf){0};
    }
    t->count = 0;
    change_batch_release(&t->batch);
    t->batch = (struct change_batch){0};
}

void made_rows_release(struct made_rows *t)
{
    made_rows_clear(t);
    change_encoder_free(t->enc);
    test_host_release(&t->host);
}

/* Packed varints of small numbers, as LEN field `number` of a message in `out`. */
static void put_packed(struct ks_buf *out, uint32_t number, const char *digits)
{
    struct ks_buf packed = {0};
    for (; *digits; digits++)
        ks_buf_add_byte(&packed, (uint8_t)(*digits - '0'));
    wire_put_bytes(out, number, packed.data, packed.len);
    ks_buf_release(&packed);
}

static void wrap(struct ks_buf *out, uint32_t number, struct ks_buf *inner)
{
    wire_put_bytes(out, number, inner->data, inner->len);
    ks_buf_release(inner);
    *inner = (struct ks_buf){0};
}

static void put_column(struct ks_buf *out, int64_t id, uint32_t member, const char *digits)
{
    struct ks_buf array = {0}, scalars = {0}, data = {0};
    put_packed(&array, 1, digits);
    wrap(&scalars, member, &array);
    wire_put_int(&data, 5, id);
    wrap(&data, 3, &scalars);
    wrap(out, 13, &data);
}

void made_rows_add(struct made_rows *t, enum mq_kind kind, int64_t partition, const char *keys,
                   const char *values)
{
    struct ks_buf *value = &t->values[t->count];
    struct mq_record *rec = &t->records[t->count];
    if (kind == MQ_INSERT) {
        put_column(value, 100, 3, keys);
        put_column(value, 101, 2, values);
        wire_put_uint(value, 15, 1);
    } else {
        put_packed(value, 9, keys);
    }
    *rec = (struct mq_record){.kind = kind,
                              .offset = (int64_t)(10 + t->count),
                              .begin_tick = 99u << 18,
                              .end_tick = 99u << 18,
                              .collection_id = 1,
                              .partition_id = partition,
                              .partition_name = {"then", 4},
                              .row_count = (uint32_t)strlen(keys),
                              .value = {value->data, value->len}};
    t->list[t->count++] = rec;
}

enum ks_status made_rows_run(struct made_rows *t)
{
    return row_events_add(t->enc, &t->coll, "ch", t->list, t->count, &t->batch, &t->err);
}

void made_rows_check(struct made_rows *t, const char *want)
{
    struct ks_buf got = {0};
    for (size_t i = 0; i < t->batch.batch.record_count; i++) {
        json_t *key = test_host_key(&t->batch.batch.records[i]),
               *value = test_host_value(&t->batch.batch.records[i]);
        const json_t *source = json_object_get(value, "source");
        if (value)
            ks_buf_printf(&got, " %s%d@%d.%d", golden_str(value, "op"), (int)golden_int(key, "id"),
                          (int)golden_int(source, "offset"), (int)golden_int(source, "row"));
        else
            ks_buf_printf(&got, " -%d", (int)golden_int(key, "id"));
        json_decref(key);
        json_decref(value);
    }
    assert_string_equal(ks_buf_str(&got), want);
    ks_buf_release(&got);
}
