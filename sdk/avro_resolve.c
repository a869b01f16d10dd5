/* Writer's schema and reader's cells to a decoder's program. In: two schemas, once for each pair;
 * out: straight code with jumps only at unions. All questions of schema evolution (fields by name
 * and alias, promotions, defaults, unions) are answered here, so that decoding a row asks none. */
#include <stdlib.h>

#include "avro_from_json.h"
#include "avro_match.h"
#include "avro_plan.h"
#include "avro_wire.h"
#include "kitestream/sdk/util.h"
#include "mem.h"

/* A writer's union is resolved branch by branch at each level, which can multiply. */
#define OPS_MAX ((size_t)256 * 1024)

/* One resolution, the programs of array items included. */
struct resolution {
    struct ks_arena *arena;
    size_t ops_left, default_budget;
    struct ks_error *err; /* NULL: nobody wants to know why */
    struct avro_trail trail;
};

/* One program of it. */
struct compiler {
    struct resolution *all;
    const struct avro_layout *layout;
    struct avro_op *ops;
    size_t count, cap;
};

static const struct avro_program *compile(struct resolution *all,
                                          const struct ks_avro_schema *writer,
                                          const struct avro_layout *reader);
static bool resolve(struct compiler *c, const struct ks_avro_schema *writer, uint32_t cell);

/* Saves the row path the jumps behind the branches of unions. */
static void link_ops(struct avro_op *ops, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t next = i + 1;
        while (next < count && ops[next].code == AVRO_OP_JUMP)
            next = ops[next].count;
        ops[i].next = (uint32_t)next;
    }
}

static bool fail(struct compiler *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static bool fail(struct compiler *c, const char *fmt, ...)
{
    if (!c->all->err)
        return false;
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    c->all->trail.used = 0;
    ks_error_set(c->all->err, KS_ERR_DATA, "%s", text);
    return false;
}

static bool too_large(const struct compiler *c)
{
    return c->all->ops_left == 0;
}

/* Appends an instruction; NULL if the program grows too large. Valid until the next one. */
static struct avro_op *emit(struct compiler *c, enum avro_op_code code, uint32_t dst)
{
    if (too_large(c)) {
        fail(c, "the schemas have too many branches for a plan");
        return NULL;
    }
    c->all->ops_left--;
    c->ops = mem_grow(c->ops, c->count, &c->cap, sizeof *c->ops);
    c->ops[c->count] = (struct avro_op){.code = code, .dst = dst, .count = 1};
    return &c->ops[c->count++];
}

/* Looking names up is work as well. */
static void spend(struct compiler *c, size_t names)
{
    size_t cost = names / 8;
    c->all->ops_left -= cost < c->all->ops_left ? cost : c->all->ops_left;
}

static bool mismatch(struct compiler *c, const struct ks_avro_schema *writer, uint32_t cell)
{
    return fail(c, "%.200s was written, %.200s is to be read", avro_schema_label(writer),
                avro_schema_label(c->layout->defs[cell].type));
}

/* ---- values without parts ---- */

static bool resolve_enum(struct compiler *c, const struct ks_avro_schema *writer, uint32_t cell)
{
    const struct ks_avro_schema *reader = c->layout->defs[cell].type;
    spend(c, writer->count + reader->count);
    struct avro_op *op = emit(c, AVRO_OP_ENUM, cell);
    if (!op)
        return false;
    op->count = (uint32_t)writer->count;
    op->u.symbols = avro_match_symbols(writer, reader, c->all->arena);
    return true;
}

static bool resolve_fixed(struct compiler *c, const struct ks_avro_schema *writer, uint32_t cell)
{
    if (writer->fixed_bytes != c->layout->defs[cell].type->fixed_bytes)
        return fail(c, "fixed of %u bytes was written, one of %u is to be read",
                    writer->fixed_bytes, c->layout->defs[cell].type->fixed_bytes);
    struct avro_op *op = emit(c, AVRO_OP_FIXED, cell);
    if (op)
        op->count = writer->fixed_bytes;
    return op != NULL;
}

/* ---- arrays, maps ---- */

static bool resolve_items(struct compiler *c, const struct ks_avro_schema *writer, uint32_t cell)
{
    const struct avro_cell_def *def = &c->layout->defs[cell];
    bool to_floats = avro_is_float_array(def->type);
    if (to_floats && writer->items->type == KS_AVRO_FLOAT)
        return emit(c, AVRO_OP_FLOATS, cell) != NULL;
    const struct avro_program *items = compile(c->all, writer->items, def->items);
    if (!items) {
        avro_trail_name(&c->all->trail, "[]");
        return false;
    }
    struct avro_op *op = emit(c, writer->type == KS_AVRO_MAP ? AVRO_OP_MAP : AVRO_OP_ARRAY, cell);
    if (!op)
        return false;
    if (to_floats)
        op->code = AVRO_OP_GATHER;
    op->count = (uint32_t)avro_item_cells(def);
    op->min_bytes = avro_item_min_bytes(writer);
    op->u.items = items;
    return true;
}

/* ---- records ---- */

static bool skip_field(struct compiler *c, const struct ks_avro_field *field)
{
    if (field->schema->min_bytes == 0)
        return true;
    struct avro_op *op = emit(c, AVRO_OP_SKIP, AVRO_NO_CELL);
    if (!op)
        return false;
    op->u.skip = field->schema;
    op->name = field->name;
    return true;
}

/* The default's cells, decoded once: the JSON goes to a body, the body through a program of its own
 * into the whole row, of which this field's cells are kept. */
static bool set_default(struct compiler *c, const struct ks_avro_schema *reader, size_t field,
                        uint32_t cell)
{
    const struct avro_cell_def *def = &c->layout->defs[cell];
    if (!reader->more[field].default_value)
        return fail(c, "it was not written and has no default");
    const struct ks_avro_schema *type = reader->fields[field].schema;
    struct compiler own = {.all = c->all, .layout = c->layout};
    struct ks_buf body = {0};
    struct ks_error unheard, *err = c->all->err ? c->all->err : &unheard;
    struct ks_cell *row = mem_calloc(c->layout->count, sizeof *row);
    bool ok = !avro_encode_default(type, reader->more[field].default_value, &c->all->default_budget,
                                   &body, err) &&
              resolve(&own, type, cell);
    if (ok) {
        link_ops(own.ops, own.count);
        struct avro_program program = {own.ops, own.count, c->layout};
        /* The cells point into the body: it must live as long as the plan. */
        struct ks_slice kept = {ks_arena_copy(c->all->arena, body.data, body.len), body.len};
        ok = !avro_program_run(&program, kept, row, c->all->arena, err);
    }
    struct avro_op *op = ok ? emit(c, AVRO_OP_CONST, cell) : NULL;
    if (op) {
        op->count = def->span;
        op->u.cells = ks_arena_copy(c->all->arena, row + cell, def->span * sizeof *row);
    }
    ks_buf_release(&body);
    free(row);
    free(own.ops);
    return op != NULL;
}

/* To the first reader's field that takes it (aliases may make that several), or past it. */
static bool resolve_field(struct compiler *c, const struct ks_avro_schema *writer, size_t w,
                          const size_t *sources, size_t reader_count, uint32_t first_cell)
{
    uint32_t cell = first_cell;
    for (size_t r = 0; r < reader_count; r++) {
        if (sources[r] == w) {
            if (resolve(c, writer->fields[w].schema, cell))
                return true;
            avro_trail_name(&c->all->trail, c->layout->defs[cell].name);
            return false;
        }
        cell += c->layout->defs[cell].span;
    }
    return skip_field(c, &writer->fields[w]);
}

static bool resolve_record(struct compiler *c, const struct ks_avro_schema *writer,
                           const struct ks_avro_schema *reader, uint32_t first_cell)
{
    spend(c, writer->count + reader->count);
    size_t *sources = avro_match_fields(writer, reader);
    bool ok = true;
    for (size_t w = 0; ok && w < writer->count; w++)
        ok = resolve_field(c, writer, w, sources, reader->count, first_cell);
    uint32_t cell = first_cell;
    for (size_t r = 0; ok && r < reader->count; r++) {
        if (sources[r] == writer->count) {
            ok = set_default(c, reader, r, cell);
            if (!ok)
                avro_trail_name(&c->all->trail, reader->fields[r].name);
        }
        cell += c->layout->defs[cell].span;
    }
    free(sources);
    return ok;
}

/* ---- unions ---- */

/* Several records in one union are told apart by name; elsewhere fields are what counts, because a
 * topic's records change their full names when the topic does. */
static bool name_excludes(const struct ks_avro_schema *writer, size_t branch,
                          const struct ks_avro_schema *reader)
{
    const char *name = writer->branches[branch]->name;
    size_t named = 0;
    for (size_t i = 0; i < writer->count; i++)
        named += writer->branches[i]->name != NULL;
    return named > 1 && name && reader->name &&
           strcmp(avro_simple_name(name), avro_simple_name(reader->name)) != 0;
}

static bool resolve_null(struct compiler *c, uint32_t cell)
{
    const struct avro_cell_def *def = &c->layout->defs[cell];
    bool takes_null = def->type->type == KS_AVRO_NULL || def->nullable == AVRO_NULL_FIRST ||
                      def->nullable == AVRO_NULL_SECOND;
    struct avro_op *op = takes_null ? emit(c, AVRO_OP_NULL, cell) : NULL;
    if (op)
        op->count = def->span;
    return op != NULL;
}

/* One branch, or an instruction that fails if it turns up after all. */
static bool resolve_branch(struct compiler *c, const struct ks_avro_schema *writer, size_t branch,
                           uint32_t cell)
{
    const struct ks_avro_schema *type = writer->branches[branch];
    struct ks_error *err = c->all->err;
    size_t start = c->count;
    c->all->err = NULL;
    bool ok = !name_excludes(writer, branch, c->layout->defs[cell].type) && resolve(c, type, cell);
    c->all->err = err;
    if (ok)
        return true;
    if (too_large(c))
        return fail(c, "the schemas have too many branches for a plan");
    c->count = start;
    c->all->trail.used = 0;
    return emit(c, AVRO_OP_FAULT, cell) != NULL;
}

static bool resolve_union(struct compiler *c, const struct ks_avro_schema *writer, uint32_t cell)
{
    uint32_t *jumps = ks_arena_alloc(c->all->arena, writer->count * sizeof *jumps);
    struct avro_op *op = emit(c, AVRO_OP_BRANCH, cell);
    if (!op)
        return false;
    op->count = (uint32_t)writer->count;
    op->u.jumps = jumps;
    size_t usable = 0;
    size_t *ends = mem_calloc(writer->count, sizeof *ends);
    bool ok = true;
    for (size_t i = 0; ok && i < writer->count; i++) {
        jumps[i] = (uint32_t)c->count;
        ok = resolve_branch(c, writer, i, cell);
        usable += ok && c->ops[c->count - 1].code != AVRO_OP_FAULT;
        ends[i] = c->count;
        ok = ok && emit(c, AVRO_OP_JUMP, cell);
    }
    for (size_t i = 0; ok && i < writer->count; i++)
        c->ops[ends[i]].count = (uint32_t)c->count;
    free(ends);
    if (ok && usable == 0)
        return fail(c, "no branch of the written union can be read as %.200s",
                    avro_schema_label(c->layout->defs[cell].type));
    return ok;
}

/* ---- any node ---- */

static bool resolve(struct compiler *c, const struct ks_avro_schema *writer, uint32_t cell)
{
    const struct ks_avro_schema *reader = c->layout->defs[cell].type;
    enum avro_op_code code;
    if (writer->type == KS_AVRO_UNION)
        return resolve_union(c, writer, cell);
    if (writer->type == KS_AVRO_NULL)
        return resolve_null(c, cell) || too_large(c) || mismatch(c, writer, cell);
    if (avro_promotion(writer->type, reader->type, &code))
        return emit(c, code, cell) != NULL;
    if (writer->type != reader->type)
        return mismatch(c, writer, cell);
    switch (writer->type) {
    case KS_AVRO_ENUM:
        return resolve_enum(c, writer, cell);
    case KS_AVRO_FIXED:
        return resolve_fixed(c, writer, cell);
    case KS_AVRO_RECORD:
        return emit(c, AVRO_OP_RECORD, cell) && resolve_record(c, writer, reader, cell + 1);
    case KS_AVRO_ARRAY:
    case KS_AVRO_MAP:
        return resolve_items(c, writer, cell);
    default:
        return mismatch(c, writer, cell);
    }
}

/* A root record has no cell of its own, so a writer's union around it cannot be told apart. */
static bool resolve_root(struct compiler *c, const struct ks_avro_schema *writer)
{
    if (!c->layout->root_record)
        return resolve(c, writer, 0);
    if (writer->type != KS_AVRO_RECORD)
        return fail(c, "%.200s was written, record %.200s is to be read", avro_schema_label(writer),
                    avro_schema_label(c->layout->schema));
    return resolve_record(c, writer, c->layout->schema, 0);
}

static const struct avro_program *compile(struct resolution *all,
                                          const struct ks_avro_schema *writer,
                                          const struct avro_layout *reader)
{
    struct compiler c = {.all = all, .layout = reader};
    struct avro_program *program = NULL;
    if (resolve_root(&c, writer)) {
        link_ops(c.ops, c.count);
        program = ks_arena_alloc(all->arena, sizeof *program);
        *program = (struct avro_program){.count = c.count, .layout = reader};
        program->ops = ks_arena_copy(all->arena, c.ops, c.count * sizeof *c.ops);
    }
    free(c.ops);
    return program;
}

enum ks_status avro_program_new(const struct ks_avro_schema *writer,
                                const struct avro_layout *reader, struct ks_arena *arena,
                                const struct avro_program **ret, struct ks_error *err)
{
    struct ks_error unheard;
    struct resolution all = {.arena = arena, .ops_left = OPS_MAX};
    all.err = err ? err : &unheard;
    all.default_budget = AVRO_DEFAULT_NODES_MAX;
    const struct avro_program *program = compile(&all, writer, reader);
    if (!program) {
        if (all.trail.used)
            ks_error_prefix(err, "%.*s", (int)all.trail.used, avro_trail_text(&all.trail));
        return KS_ERR_DATA;
    }
    *ret = program;
    return KS_OK;
}
