/* Avro bodies to rows of cells. In: a body from Kafka, which may be anything; out: cells that point
 * into it, to a sink connector. This is the row path: a program made by avro_resolve.c is run, and
 * only items of arrays take memory, from the batch's arena. Lengths and counts are believed only as
 * far as there are bytes behind them, and cells of items only in proportion to the body. */
#include <stdlib.h>

#include "avro_plan.h"
#include "avro_wire.h"
#include "kitestream/sdk/util.h"
#include "mem.h"

/* Items whose fields take no bytes, or come from defaults, cost more memory than body. */
#define SPARE_CELLS ((size_t)1024 * 1024)
#define CELLS_PER_BYTE 32

struct ks_avro_decoder {
    struct ks_arena arena;
    const struct ks_avro_schema *writer, *reader; /* hold references */
    const struct avro_layout *layout;
    const struct avro_program *program;
};

struct run {
    struct avro_reader r;
    struct ks_arena *arena;
    size_t cells_left;
    struct avro_trail trail;
};

static bool run_program(struct run *run, const struct avro_program *program, struct ks_cell *cells);

/* ---- values without parts ---- */

static bool read_float(struct run *run, struct ks_cell *cell)
{
    const uint8_t *raw;
    if (!avro_read_raw(&run->r, sizeof(float), &raw))
        return false;
    cell->kind = KS_CELL_FLOAT;
    memcpy(&cell->u.f, raw, sizeof(float));
    return true;
}

static bool read_double(struct run *run, struct ks_cell *cell)
{
    const uint8_t *raw;
    if (!avro_read_raw(&run->r, sizeof(double), &raw))
        return false;
    cell->kind = KS_CELL_DOUBLE;
    memcpy(&cell->u.d, raw, sizeof(double));
    return true;
}

static bool read_boolean(struct run *run, struct ks_cell *cell)
{
    bool value;
    if (!avro_read_boolean(&run->r, &value))
        return false;
    cell->kind = KS_CELL_BOOL;
    cell->u.i = value;
    return true;
}

static bool read_promoted(struct run *run, enum avro_op_code code, struct ks_cell *cell)
{
    int64_t value = 0;
    bool is_int = code == AVRO_OP_INT_TO_FLOAT || code == AVRO_OP_INT_TO_DOUBLE;
    if (code == AVRO_OP_FLOAT_TO_DOUBLE) {
        if (!read_float(run, cell))
            return false;
        cell->kind = KS_CELL_DOUBLE;
        cell->u.d = (double)cell->u.f;
        return true;
    }
    if (is_int ? !avro_read_int(&run->r, &value) : !avro_read_long(&run->r, &value))
        return false;
    if (code == AVRO_OP_INT_TO_FLOAT || code == AVRO_OP_LONG_TO_FLOAT) {
        cell->kind = KS_CELL_FLOAT;
        cell->u.f = (float)value;
    } else {
        cell->kind = KS_CELL_DOUBLE;
        cell->u.d = (double)value;
    }
    return true;
}

static bool read_enum(struct run *run, const struct avro_op *op, struct ks_cell *cell)
{
    uint32_t index;
    if (!avro_read_index(&run->r, op->count, &index))
        return false;
    if (op->u.symbols[index] < 0)
        return avro_fault(&run->r, "the reader's enum has no such symbol and no default");
    cell->kind = KS_CELL_INT;
    cell->u.i = op->u.symbols[index];
    return true;
}

static bool read_fixed(struct run *run, const struct avro_op *op, struct ks_cell *cell)
{
    const uint8_t *raw;
    if (!avro_read_raw(&run->r, op->count, &raw))
        return false;
    cell->kind = KS_CELL_BYTES;
    cell->count = op->count;
    cell->u.data = raw;
    return true;
}

static inline bool read_bytes(struct run *run, struct ks_cell *cell)
{
    const uint8_t *raw;
    if (!avro_read_bytes(&run->r, &raw, &cell->count))
        return false;
    cell->kind = KS_CELL_BYTES;
    cell->u.data = raw;
    return true;
}

/* ---- arrays of floats ---- */

/* Appends `count` floats to those the cell has: the rare array in several blocks is put together in
 * the arena. *cap is in floats; 0 while the cell still points into the body. */
static bool append_floats(struct run *run, struct ks_cell *cell, size_t *cap, const void *floats,
                          size_t count)
{
    if (count > UINT32_MAX - cell->count)
        return avro_fault(&run->r, "an array has too many items");
    if (cell->count + count > *cap) {
        *cap = (cell->count + count) * 2;
        float *wider = ks_arena_alloc(run->arena, *cap * sizeof *wider);
        if (cell->count)
            memcpy(wider, cell->u.data, cell->count * sizeof *wider);
        cell->u.data = wider;
    }
    memcpy((char *)cell->u.data + cell->count * sizeof(float), floats, count * sizeof(float));
    cell->count += (uint32_t)count;
    return true;
}

/* As every encoder writes a vector: one block, which stays where it is. False if it is not so; then
 * nothing has been read. */
static inline bool read_one_block(struct run *run, struct ks_cell *cell)
{
    struct avro_reader ahead = run->r;
    int64_t count;
    if (!avro_read_long(&ahead, &count) || count <= 0 || count > UINT32_MAX ||
        avro_left(&ahead) / sizeof(float) < (uint64_t)count)
        return false;
    const uint8_t *floats = ahead.p;
    ahead.p += (size_t)count * sizeof(float);
    if (ahead.p == ahead.end || *ahead.p != 0)
        return false;
    *cell = (struct ks_cell){KS_CELL_FLOATS, (uint32_t)count, {.data = floats}};
    run->r.p = ahead.p + 1;
    return true;
}

static bool read_floats(struct run *run, struct ks_cell *cell)
{
    if (read_one_block(run, cell))
        return true;
    struct avro_block block;
    const uint8_t *raw;
    size_t cap = 0;
    *cell = (struct ks_cell){.kind = KS_CELL_FLOATS, .u.data = run->r.p}; /* never NULL */
    for (;;) {
        if (!avro_block_open(&run->r, sizeof(float), &block))
            return false;
        if (block.count == 0)
            return avro_block_close(&run->r, &block);
        if (!avro_read_raw(&run->r, block.count * sizeof(float), &raw) ||
            !avro_block_close(&run->r, &block))
            return false;
        if (cell->count == 0 && block.count <= UINT32_MAX) {
            cell->count = (uint32_t)block.count;
            cell->u.data = raw;
        } else if (!append_floats(run, cell, &cap, raw, block.count)) {
            return false;
        }
    }
}

/* Items that are written as something else than plain floats. */
static bool gather_floats(struct run *run, const struct avro_op *op, struct ks_cell *cell)
{
    struct avro_block block;
    size_t cap = 0;
    *cell = (struct ks_cell){.kind = KS_CELL_FLOATS, .u.data = run->r.p}; /* never NULL */
    do {
        if (!avro_block_open(&run->r, op->min_bytes, &block))
            return false;
        for (uint64_t i = 0; i < block.count; i++) {
            struct ks_cell item;
            if (!run_program(run, op->u.items, &item)) {
                avro_trail_index(&run->trail, cell->count);
                return false;
            }
            if (!append_floats(run, cell, &cap, &item.u.f, 1))
                return false;
        }
        if (!avro_block_close(&run->r, &block))
            return false;
    } while (block.count > 0);
    return true;
}

/* ---- other arrays, maps ---- */

/* Room for `count` more items; *cap is in items. An array in many blocks grows by doubling. */
static bool more_items(struct run *run, const struct avro_op *op, struct ks_cell *cell, size_t *cap,
                       uint64_t count)
{
    if (count > UINT32_MAX - cell->count)
        return avro_fault(&run->r, "an array has too many items");
    if (cell->count + count <= *cap)
        return true;
    size_t wanted = *cap ? (cell->count + count) * 2 : count;
    if (wanted > run->cells_left / op->count)
        return avro_fault(&run->r, "arrays have too many items");
    run->cells_left -= wanted * op->count;
    struct ks_cell *items = ks_arena_alloc(run->arena, wanted * op->count * sizeof *items);
    if (cell->count)
        memcpy(items, cell->u.items, (size_t)cell->count * op->count * sizeof *items);
    cell->u.items = items;
    *cap = wanted;
    return true;
}

static bool read_item(struct run *run, const struct avro_op *op, struct ks_cell *item)
{
    if (op->code == AVRO_OP_MAP) {
        if (!read_bytes(run, item))
            return false;
        item++;
    }
    return run_program(run, op->u.items, item);
}

static bool read_items(struct run *run, const struct avro_op *op, struct ks_cell *cell)
{
    struct avro_block block;
    size_t cap = 0;
    *cell = (struct ks_cell){.kind = KS_CELL_ARRAY};
    for (;;) {
        if (!avro_block_open(&run->r, op->min_bytes, &block))
            return false;
        if (block.count == 0)
            return avro_block_close(&run->r, &block);
        if (!more_items(run, op, cell, &cap, block.count))
            return false;
        struct ks_cell *item = (struct ks_cell *)cell->u.items + (size_t)cell->count * op->count;
        for (uint64_t i = 0; i < block.count; i++, item += op->count, cell->count++) {
            if (!read_item(run, op, item)) {
                avro_trail_index(&run->trail, cell->count);
                return false;
            }
        }
        if (!avro_block_close(&run->r, &block))
            return false;
    }
}

/* ---- the program ---- */

static bool read_value(struct run *run, const struct avro_op *op, struct ks_cell *cell)
{
    switch ((enum avro_op_code)op->code) {
    case AVRO_OP_BOOLEAN:
        return read_boolean(run, cell);
    case AVRO_OP_INT:
        cell->kind = KS_CELL_INT;
        return avro_read_int(&run->r, &cell->u.i);
    case AVRO_OP_LONG:
        cell->kind = KS_CELL_INT;
        return avro_read_long(&run->r, &cell->u.i);
    case AVRO_OP_FLOAT:
        return read_float(run, cell);
    case AVRO_OP_DOUBLE:
        return read_double(run, cell);
    case AVRO_OP_BYTES:
        return read_bytes(run, cell);
    case AVRO_OP_FIXED:
        return read_fixed(run, op, cell);
    case AVRO_OP_ENUM:
        return read_enum(run, op, cell);
    case AVRO_OP_FLOATS:
        return read_floats(run, cell);
    case AVRO_OP_GATHER:
        return gather_floats(run, op, cell);
    case AVRO_OP_ARRAY:
    case AVRO_OP_MAP:
        return read_items(run, op, cell);
    default:
        return read_promoted(run, (enum avro_op_code)op->code, cell);
    }
}

static bool run_op(struct run *run, const struct avro_op *op, struct ks_cell *cells,
                   const struct avro_op *ops, const struct avro_op **ret_next)
{
    uint32_t index;
    *ret_next = ops + op->next;
    switch ((enum avro_op_code)op->code) {
    case AVRO_OP_NULL:
        memset(&cells[op->dst], 0, op->count * sizeof *cells);
        return true;
    case AVRO_OP_RECORD:
        cells[op->dst].kind = KS_CELL_RECORD;
        return true;
    case AVRO_OP_CONST:
        memcpy(&cells[op->dst], op->u.cells, op->count * sizeof *cells);
        return true;
    case AVRO_OP_SKIP:
        return avro_skip_value(&run->r, op->u.skip, 0);
    case AVRO_OP_BRANCH:
        if (!avro_read_index(&run->r, op->count, &index))
            return false;
        *ret_next = ops + op->u.jumps[index];
        return true;
    case AVRO_OP_JUMP: /* linked past */
        return true;
    case AVRO_OP_FAULT:
        return avro_fault(&run->r, "the reader's type has no place for the branch written here");
    default:
        return read_value(run, op, &cells[op->dst]);
    }
}

static bool run_program(struct run *run, const struct avro_program *program, struct ks_cell *cells)
{
    const struct avro_op *op = program->ops, *end = op + program->count, *next;
    for (; op < end; op = next) {
        if (run_op(run, op, cells, program->ops, &next))
            continue;
        if (op->dst != AVRO_NO_CELL)
            avro_layout_trail(program->layout, op->dst, &run->trail);
        else
            avro_trail_name(&run->trail, op->name);
        return false;
    }
    return true;
}

enum ks_status avro_program_run(const struct avro_program *program, struct ks_slice body,
                                struct ks_cell *cells, struct ks_arena *arena, struct ks_error *err)
{
    struct run run; /* not zeroed whole: the trail is large */
    run.r = avro_reader_of(body);
    run.arena = arena;
    run.trail.used = 0;
    run.cells_left = SPARE_CELLS + body.len * CELLS_PER_BYTE;
    bool ok = run_program(&run, program, cells);
    if (ok && run.r.p != run.r.end)
        ok = avro_fault(&run.r, "bytes are left over");
    return ok ? KS_OK : avro_trail_report(&run.trail, &run.r, err);
}

enum ks_status ks_avro_decoder_new(const struct ks_avro_schema *writer,
                                   const struct ks_avro_schema *reader,
                                   struct ks_avro_decoder **ret, struct ks_error *err)
{
    struct ks_avro_decoder *dec = mem_calloc(1, sizeof *dec);
    dec->arena.chunk_bytes = 4096;
    dec->writer = avro_schema_ref(writer);
    dec->reader = avro_schema_ref(reader);
    enum ks_status status = avro_layout_new(reader, &dec->arena, &dec->layout, err);
    if (!status)
        status = avro_program_new(writer, dec->layout, &dec->arena, &dec->program, err);
    if (status) {
        ks_avro_decoder_free(dec);
        return status;
    }
    *ret = dec;
    return KS_OK;
}

void ks_avro_decoder_free(struct ks_avro_decoder *dec)
{
    if (!dec)
        return;
    avro_schema_unref(dec->writer);
    avro_schema_unref(dec->reader);
    ks_arena_release(&dec->arena);
    free(dec);
}

size_t ks_avro_decoder_cells(const struct ks_avro_decoder *dec)
{
    return dec->layout->count;
}

int ks_avro_decoder_cell(const struct ks_avro_decoder *dec, const char *path)
{
    return avro_layout_cell(dec->layout, path);
}

size_t ks_avro_decoder_item_cells(const struct ks_avro_decoder *dec, const char *path)
{
    return avro_layout_item_cells(dec->layout, path);
}

enum ks_status ks_avro_decode(const struct ks_avro_decoder *dec, struct ks_slice body,
                              struct ks_cell *cells, struct ks_arena *arena, struct ks_error *err)
{
    return avro_program_run(dec->program, body, cells, arena, err);
}
