/* Where the rows of one MQ record come from. In: the collection, and the record's place; out: the
 * source block of each row, and its headers. Next: change_encode.c. What is the same for all rows
 * is written once per MQ record, so that a row costs two numbers. */
#include "change_origin.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"

/* OP and ROW differ from row to row. */
enum change_header {
    HEADER_OP,
    HEADER_ROW,
    HEADER_VERSION,
    HEADER_CONNECTOR,
    HEADER_NAME,
    HEADER_TS_MS,
    HEADER_SNAPSHOT,
    HEADER_DB,
    HEADER_COLLECTION,
    HEADER_COLLECTION_ID,
    HEADER_PARTITION,
    HEADER_PARTITION_ID,
    HEADER_TICK,
    HEADER_CHANNEL,
    HEADER_OFFSET,
    HEADER_DDL_SEQ,
};
_Static_assert(HEADER_DDL_SEQ + 1 == CHANGE_HEADERS, "a place for each header");

void change_origin_init(struct change_origin *o, const struct change_options *opt)
{
    *o = (struct change_origin){.version = xstrdup(opt->version), .name = xstrdup(opt->prefix)};
    o->has_block = !opt->flat;
    o->header_count = opt->flat || opt->headers ? CHANGE_HEADERS : opt->upsert_as_create ? 1 : 0;
}

void change_origin_release(struct change_origin *o)
{
    ks_buf_release(&o->block);
    free(o->version);
    free(o->name);
}

/* ---- the source block ---- */

static void put_long(struct ks_buf *out, int64_t value)
{
    uint64_t zigzag = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
    for (; zigzag >= 0x80; zigzag >>= 7)
        ks_buf_add_byte(out, (uint8_t)(zigzag | 0x80));
    ks_buf_add_byte(out, (uint8_t)zigzag);
}

static void put_text(struct ks_buf *out, const char *text, size_t len)
{
    put_long(out, (int64_t)len);
    ks_buf_add(out, text, len);
}

static void put_str(struct ks_buf *out, const char *text)
{
    put_text(out, text, strlen(text));
}

/* Avro of io.kitestream.milvus.Source, in the order of change_schema.c, up to `row`. */
static void begin_block(struct change_origin *o, const struct catalogue_collection *coll,
                        const struct change_place *place)
{
    struct ks_buf *out = &o->block;
    ks_buf_reset(out);
    put_str(out, o->version);
    put_str(out, "milvus");
    put_str(out, o->name);
    put_long(out, tick_to_ms(place->tick));
    put_str(out, "false");
    put_str(out, coll->db);
    put_str(out, coll->name);
    put_long(out, coll->id);
    put_text(out, place->partition.data, place->partition.len);
    put_long(out, place->partition_id);
    put_long(out, (int64_t)place->tick);
    put_str(out, place->channel);
    put_long(out, place->offset);
    o->prefix_bytes = out->len;
}

struct ks_cell change_origin_block(struct change_origin *o, uint32_t row)
{
    struct ks_buf *out = &o->block;
    out->len = o->prefix_bytes;
    put_long(out, row);
    put_long(out, o->ddl_seq);
    return (struct ks_cell){.kind = KS_CELL_RAW, .count = (uint32_t)out->len, .u.data = out->data};
}

/* ---- headers: what a flat record does not hold, and which `c` was an upsert ---- */

static struct ks_slice number_text(struct ks_arena *arena, int64_t value)
{
    char digits[24], *end = digits + sizeof digits, *p = end;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do
        *--p = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0)
        *--p = '-';
    size_t len = (size_t)(end - p);
    return (struct ks_slice){ks_arena_copy(arena, p, len), len};
}

static struct ks_slice text_copy(struct ks_arena *arena, const char *text)
{
    return (struct ks_slice){ks_arena_copy(arena, text, strlen(text)), strlen(text)};
}

static void begin_headers(struct change_origin *o, const struct catalogue_collection *coll,
                          const struct change_place *place, struct ks_arena *arena)
{
    static const char *const keys[CHANGE_HEADERS] = {
        [HEADER_ROW] = "__source.row",
        [HEADER_VERSION] = "__source.version",
        [HEADER_CONNECTOR] = "__source.connector",
        [HEADER_NAME] = "__source.name",
        [HEADER_TS_MS] = "__source.ts_ms",
        [HEADER_SNAPSHOT] = "__source.snapshot",
        [HEADER_DB] = "__source.db",
        [HEADER_COLLECTION] = "__source.collection",
        [HEADER_COLLECTION_ID] = "__source.collection_id",
        [HEADER_PARTITION] = "__source.partition",
        [HEADER_PARTITION_ID] = "__source.partition_id",
        [HEADER_TICK] = "__source.tick",
        [HEADER_CHANNEL] = "__source.channel",
        [HEADER_OFFSET] = "__source.offset",
        [HEADER_DDL_SEQ] = "__source.ddl_seq",
    };
    struct ks_header *h = o->headers;
    for (int i = HEADER_ROW; i < CHANGE_HEADERS; i++)
        h[i].key = keys[i];
    h[HEADER_VERSION].value = text_copy(arena, o->version);
    h[HEADER_CONNECTOR].value = (struct ks_slice){"milvus", 6};
    h[HEADER_NAME].value = text_copy(arena, o->name);
    h[HEADER_TS_MS].value = number_text(arena, tick_to_ms(place->tick));
    h[HEADER_SNAPSHOT].value = (struct ks_slice){"false", 5};
    h[HEADER_DB].value = text_copy(arena, coll->db);
    h[HEADER_COLLECTION].value = text_copy(arena, coll->name);
    h[HEADER_COLLECTION_ID].value = number_text(arena, coll->id);
    h[HEADER_PARTITION].value = (struct ks_slice){
        ks_arena_copy(arena, place->partition.data, place->partition.len), place->partition.len};
    h[HEADER_PARTITION_ID].value = number_text(arena, place->partition_id);
    h[HEADER_TICK].value = number_text(arena, (int64_t)place->tick);
    h[HEADER_CHANNEL].value = text_copy(arena, place->channel);
    h[HEADER_OFFSET].value = number_text(arena, place->offset);
    h[HEADER_DDL_SEQ].value = number_text(arena, coll->ddl_seq);
}

void change_origin_mark(struct change_origin *o, char op, uint32_t row, struct ks_record *record,
                        struct ks_arena *arena)
{
    if (o->header_count == 0)
        return;
    struct ks_header *h = ks_arena_copy(arena, o->headers, o->header_count * sizeof *h);
    h[HEADER_OP] = (struct ks_header){"__op", {op == 'c' ? "c" : op == 'u' ? "u" : "d", 1}};
    if (o->header_count > HEADER_ROW)
        h[HEADER_ROW].value = number_text(arena, row);
    record->headers = h;
    record->header_count = o->header_count;
}

void change_origin_begin(struct change_origin *o, const struct catalogue_collection *coll,
                         const struct change_place *place, struct ks_arena *arena)
{
    o->ddl_seq = coll->ddl_seq;
    if (o->header_count == CHANGE_HEADERS)
        begin_headers(o, coll, place, arena);
    if (o->has_block)
        begin_block(o, coll, place);
}
