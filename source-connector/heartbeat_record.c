#include "heartbeat_record.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/avro.h"

/* Cells of heartbeat.avsc in its order, and of one item of `offsets`. */
enum { CLUSTER, TICK, TS_MS, DDL_SEQ, OFFSETS, CELLS };
enum { ITEM, TOPIC, PARTITION, OFFSET, ITEM_CELLS };

struct heartbeat_encoder {
    struct ks_avro_schema *schema;
    struct ks_avro_encoder *encoder;
    struct ks_cell *items;
    size_t item_cap;
};

struct heartbeat_encoder *heartbeat_encoder_new(void)
{
    struct heartbeat_encoder *e = xcalloc(1, sizeof(*e));
    struct ks_error err;
    if (ks_avro_schema_parse(heartbeat_value_avsc, strlen(heartbeat_value_avsc), &e->schema,
                             &err) ||
        ks_avro_encoder_new(e->schema, &e->encoder, &err))
        abort(); /* the schema is part of the program */
    assert(ks_avro_encoder_cells(e->encoder) == CELLS);
    return e;
}

void heartbeat_encoder_free(struct heartbeat_encoder *e)
{
    if (!e)
        return;
    ks_avro_encoder_free(e->encoder);
    ks_avro_schema_free(e->schema);
    free(e->items);
    free(e);
}

static struct ks_cell number(int64_t value)
{
    return (struct ks_cell){.kind = KS_CELL_INT, .u.i = value};
}

static struct ks_cell text(const char *value)
{
    return (struct ks_cell){
        .kind = KS_CELL_BYTES, .count = (uint32_t)strlen(value), .u.data = value};
}

void heartbeat_encode(struct heartbeat_encoder *e, const struct heartbeat_record *record,
                      struct ks_buf *out)
{
    struct ks_cell cells[CELLS];
    struct ks_error err;
    if (e->item_cap < record->offset_count) {
        e->item_cap = record->offset_count * 2;
        e->items = xrealloc(e->items, e->item_cap * ITEM_CELLS * sizeof(*e->items));
    }
    for (size_t i = 0; i < record->offset_count; i++) {
        struct ks_cell *item = e->items + i * ITEM_CELLS;
        item[ITEM] = (struct ks_cell){.kind = KS_CELL_RECORD};
        item[TOPIC] = text(record->offsets[i].topic);
        item[PARTITION] = number(record->offsets[i].partition);
        item[OFFSET] = number(record->offsets[i].offset);
    }
    cells[CLUSTER] = text(record->cluster);
    cells[TICK] = number((int64_t)record->tick);
    cells[TS_MS] = number(record->ts_ms);
    cells[DDL_SEQ] = number(record->ddl_seq);
    cells[OFFSETS] = (struct ks_cell){
        .kind = KS_CELL_ARRAY, .count = (uint32_t)record->offset_count, .u.items = e->items};
    if (ks_avro_encode(e->encoder, cells, out, &err))
        abort(); /* the cells are those of the schema above */
}
