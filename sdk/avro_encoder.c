/* Rows of cells to Avro bodies. In: a schema, once; then a row of cells for each record, from a
 * source connector; out: the body, appended to a buffer, on its way to a Kafka record. This is the
 * row path: the schema becomes one small instruction a cell, and nothing is allocated or formatted
 * unless the row is refused. A refused row leaves the buffer as it was. */
#include <stdlib.h>

#include "avro_layout.h"
#include "avro_trail.h"
#include "avro_wire.h"
#include "kitestream/sdk/util.h"
#include "mem.h"

/* Branch index and one number. */
#define SMALL_BYTES ((size_t)2 * AVRO_VARINT_MAX)

enum op_code {
    OP_NULL,
    OP_BOOLEAN,
    OP_INT,
    OP_LONG,
    OP_FLOAT,
    OP_DOUBLE,
    OP_BYTES,
    OP_FIXED,
    OP_ENUM,
    OP_FLOATS,
    OP_ARRAY,
    OP_MAP,
    OP_RECORD,
};

struct op {
    uint8_t code;
    uint8_t has_branch, null_branch, value_branch; /* branch bytes as written */
    uint8_t takes_null;
    uint32_t size; /* RECORD: cells of it; FIXED: bytes; ENUM: symbols; arrays: cells of an item */
    const struct program *items;
};

struct program {
    const struct op *ops;
    size_t count;
    const struct avro_layout *layout;
};

struct ks_avro_encoder {
    struct ks_arena arena;
    const struct ks_avro_schema *schema; /* holds a reference */
    const struct avro_layout *layout;
    const struct program *program;
};

struct writer {
    struct ks_buf *out;
    uint8_t *p, *end;
    const char *fault;
    struct avro_trail trail;
};

/* ---- compiling ---- */

static enum op_code code_of(const struct ks_avro_schema *type)
{
    static const enum op_code codes[] = {
        [KS_AVRO_NULL] = OP_NULL,     [KS_AVRO_BOOLEAN] = OP_BOOLEAN, [KS_AVRO_INT] = OP_INT,
        [KS_AVRO_LONG] = OP_LONG,     [KS_AVRO_FLOAT] = OP_FLOAT,     [KS_AVRO_DOUBLE] = OP_DOUBLE,
        [KS_AVRO_BYTES] = OP_BYTES,   [KS_AVRO_STRING] = OP_BYTES,    [KS_AVRO_FIXED] = OP_FIXED,
        [KS_AVRO_ENUM] = OP_ENUM,     [KS_AVRO_ARRAY] = OP_ARRAY,     [KS_AVRO_MAP] = OP_MAP,
        [KS_AVRO_RECORD] = OP_RECORD,
    };
    return avro_is_float_array(type) ? OP_FLOATS : codes[type->type];
}

static const struct program *compile(struct ks_arena *arena, const struct avro_layout *layout);

static struct op compile_op(struct ks_arena *arena, const struct avro_cell_def *def)
{
    struct op op = {.code = (uint8_t)code_of(def->type)};
    op.has_branch = def->nullable != AVRO_PLAIN;
    op.null_branch = def->nullable == AVRO_NULL_SECOND ? 2 : 0;
    op.value_branch = def->nullable == AVRO_NULL_FIRST ? 2 : 0;
    op.takes_null = def->nullable == AVRO_NULL_FIRST || def->nullable == AVRO_NULL_SECOND;
    op.size = 1;
    if (op.code == OP_RECORD)
        op.size = def->span;
    else if (op.code == OP_FIXED)
        op.size = def->type->fixed_bytes;
    else if (op.code == OP_ENUM)
        op.size = (uint32_t)def->type->count;
    else if (def->items) {
        op.size = (uint32_t)avro_item_cells(def);
        op.items = compile(arena, def->items);
    }
    return op;
}

static const struct program *compile(struct ks_arena *arena, const struct avro_layout *layout)
{
    struct op *ops = ks_arena_alloc(arena, layout->count * sizeof *ops);
    for (size_t i = 0; i < layout->count; i++)
        ops[i] = compile_op(arena, &layout->defs[i]);
    struct program *program = ks_arena_alloc(arena, sizeof *program);
    *program = (struct program){ops, layout->count, layout};
    return program;
}

enum ks_status ks_avro_encoder_new(const struct ks_avro_schema *schema,
                                   struct ks_avro_encoder **ret, struct ks_error *err)
{
    struct ks_avro_encoder *enc = mem_calloc(1, sizeof *enc);
    enc->arena.chunk_bytes = 4096;
    enc->schema = avro_schema_ref(schema);
    enum ks_status status = avro_layout_new(schema, &enc->arena, &enc->layout, err);
    if (status) {
        ks_avro_encoder_free(enc);
        return status;
    }
    enc->program = compile(&enc->arena, enc->layout);
    *ret = enc;
    return KS_OK;
}

void ks_avro_encoder_free(struct ks_avro_encoder *enc)
{
    if (!enc)
        return;
    avro_schema_unref(enc->schema);
    ks_arena_release(&enc->arena);
    free(enc);
}

size_t ks_avro_encoder_cells(const struct ks_avro_encoder *enc)
{
    return enc->layout->count;
}

int ks_avro_encoder_cell(const struct ks_avro_encoder *enc, const char *path)
{
    return avro_layout_cell(enc->layout, path);
}

size_t ks_avro_encoder_item_cells(const struct ks_avro_encoder *enc, const char *path)
{
    return avro_layout_item_cells(enc->layout, path);
}

/* ---- running ---- */

static void make_room(struct writer *w, size_t len)
{
    size_t written = (size_t)(w->p - w->out->data) - w->out->len;
    w->p = ks_buf_reserve(w->out, written + len) + written;
    w->end = w->out->data + w->out->cap;
}

static inline void need(struct writer *w, size_t len)
{
    if ((size_t)(w->end - w->p) < len)
        make_room(w, len);
}

static inline void put_raw(struct writer *w, const void *data, size_t len)
{
    need(w, len + SMALL_BYTES);
    if (len)
        memcpy(w->p, data, len);
    w->p += len;
}

static bool refuse(struct writer *w, const char *fault)
{
    w->fault = fault;
    return false;
}

static bool put_integer(struct writer *w, const struct op *op, const struct ks_cell *cell)
{
    if (cell->kind != KS_CELL_INT)
        return refuse(w, "the cell is not an integer");
    int64_t value = cell->u.i;
    if (op->code == OP_INT && (value < INT32_MIN || value > INT32_MAX))
        return refuse(w, "the value does not fit an int of 32 bits");
    if (op->code == OP_ENUM && (value < 0 || value >= op->size))
        return refuse(w, "the enum has no symbol with that index");
    w->p = avro_put_long(w->p, value);
    return true;
}

static bool put_bytes(struct writer *w, const struct op *op, const struct ks_cell *cell)
{
    if (cell->kind != KS_CELL_BYTES)
        return refuse(w, "the cell is not bytes or text");
    if (op->code == OP_BYTES)
        w->p = avro_put_long(w->p, cell->count);
    else if (cell->count != op->size)
        return refuse(w, "not as many bytes as the fixed type has");
    put_raw(w, cell->u.data, cell->count);
    return true;
}

static bool put_floats(struct writer *w, const struct ks_cell *cell)
{
    if (cell->count) {
        w->p = avro_put_long(w->p, cell->count);
        put_raw(w, cell->u.data, (size_t)cell->count * sizeof(float));
    }
    *w->p++ = 0;
    return true;
}

static bool run(struct writer *w, const struct program *program, const struct ks_cell *cells);

static bool put_item(struct writer *w, const struct op *op, const struct ks_cell *item)
{
    if (op->code == OP_MAP) {
        need(w, SMALL_BYTES);
        if (!put_bytes(w, &(struct op){.code = OP_BYTES}, item))
            return false;
        item++;
    }
    return run(w, op->items, item);
}

static bool put_items(struct writer *w, const struct op *op, const struct ks_cell *cell)
{
    if (cell->kind != KS_CELL_ARRAY)
        return refuse(w, "the cell is not an array of items");
    if (cell->count)
        w->p = avro_put_long(w->p, cell->count);
    for (uint32_t i = 0; i < cell->count; i++) {
        if (!put_item(w, op, cell->u.items + (size_t)i * op->size)) {
            avro_trail_index(&w->trail, i);
            return false;
        }
    }
    need(w, SMALL_BYTES);
    *w->p++ = 0;
    return true;
}

static bool put_value(struct writer *w, const struct op *op, const struct ks_cell *cell)
{
    switch ((enum op_code)op->code) {
    case OP_NULL:
        return cell->kind == KS_CELL_NULL || refuse(w, "the cell is not null, but its type is");
    case OP_BOOLEAN:
        if (cell->kind != KS_CELL_BOOL)
            return refuse(w, "the cell is not a boolean");
        *w->p++ = cell->u.i != 0;
        return true;
    case OP_INT:
    case OP_LONG:
    case OP_ENUM:
        return put_integer(w, op, cell);
    case OP_FLOAT:
        if (cell->kind != KS_CELL_FLOAT)
            return refuse(w, "the cell is not a float");
        memcpy(w->p, &cell->u.f, sizeof cell->u.f);
        w->p += sizeof cell->u.f;
        return true;
    case OP_DOUBLE:
        if (cell->kind != KS_CELL_DOUBLE)
            return refuse(w, "the cell is not a double");
        memcpy(w->p, &cell->u.d, sizeof cell->u.d);
        w->p += sizeof cell->u.d;
        return true;
    case OP_BYTES:
    case OP_FIXED:
        return put_bytes(w, op, cell);
    case OP_FLOATS:
        return cell->kind == KS_CELL_FLOATS ? put_floats(w, cell) : put_items(w, op, cell);
    case OP_ARRAY:
    case OP_MAP:
        return put_items(w, op, cell);
    case OP_RECORD:
        return cell->kind == KS_CELL_RECORD || refuse(w, "the cell is not a record");
    }
    return refuse(w, "unknown instruction");
}

/* Writes cell i; *ret_next is the cell to go on with. */
static inline bool put_cell(struct writer *w, const struct op *op, const struct ks_cell *cell,
                            size_t *ret_cells)
{
    need(w, SMALL_BYTES);
    *ret_cells = 1;
    if (cell->kind == KS_CELL_NULL && op->code != OP_NULL) {
        if (!op->takes_null)
            return refuse(w, "null, but the type is not nullable");
        *w->p++ = op->null_branch;
        *ret_cells = op->code == OP_RECORD ? op->size : 1;
        return true;
    }
    if (op->has_branch)
        *w->p++ = op->value_branch;
    if (cell->kind == KS_CELL_RAW) {
        put_raw(w, cell->u.data, cell->count);
        *ret_cells = op->code == OP_RECORD ? op->size : 1;
        return true;
    }
    return put_value(w, op, cell);
}

static bool run(struct writer *w, const struct program *program, const struct ks_cell *cells)
{
    size_t step;
    for (size_t i = 0; i < program->count; i += step) {
        if (!put_cell(w, &program->ops[i], &cells[i], &step)) {
            avro_layout_trail(program->layout, i, &w->trail);
            return false;
        }
    }
    return true;
}

enum ks_status ks_avro_encode(const struct ks_avro_encoder *enc, const struct ks_cell *cells,
                              struct ks_buf *out, struct ks_error *err)
{
    uint8_t *start = ks_buf_reserve(out, SMALL_BYTES);
    struct writer w; /* not zeroed whole: the trail is large */
    w.out = out;
    w.p = start;
    w.end = out->data + out->cap;
    w.trail.used = 0;
    if (run(&w, enc->program, cells)) {
        out->len = (size_t)(w.p - out->data);
        return KS_OK;
    }
    return ks_error_set(err, KS_ERR_DATA, "%.*s%s%s", (int)w.trail.used, avro_trail_text(&w.trail),
                        w.trail.used ? ": " : "", w.fault);
}
