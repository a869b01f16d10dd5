/* From a schema to the cells of a row. In: a schema; out: one definition a cell, in pre-order, to
 * the encoder and the decoder. What a flat row cannot hold is refused here, with its path. */
#include "avro_layout.h"

#include <stdlib.h>
#include <string.h>

#include "kitestream/sdk/util.h"
#include "mem.h"

struct around {
    const struct around *up;
    const struct ks_avro_schema *record;
};

/* One plan, items of arrays included. */
struct plan {
    struct ks_arena *arena;
    size_t cells_left;
    const char *fault;
    struct avro_trail trail;
};

/* One layout of it. */
struct builder {
    struct plan *plan;
    struct avro_cell_def *defs;
    size_t count, cap;
};

static bool build_items(struct builder *b, struct avro_cell_def *def, const struct around *around);

static bool refuse(struct builder *b, const char *why)
{
    b->plan->fault = why;
    return false;
}

/* What a union comes down to; false if it has more than one branch besides null. */
static bool unwrap(const struct ks_avro_schema *schema, struct avro_cell_def *def)
{
    def->type = schema;
    def->nullable = AVRO_PLAIN;
    if (schema->type != KS_AVRO_UNION)
        return true;
    if (schema->count > 2)
        return false;
    bool null_first = schema->branches[0]->type == KS_AVRO_NULL;
    if (schema->count == 1) {
        def->type = schema->branches[0];
        def->nullable = AVRO_ONE_BRANCH;
        return true;
    }
    if (!null_first && schema->branches[1]->type != KS_AVRO_NULL)
        return false;
    def->type = schema->branches[null_first ? 1 : 0];
    def->nullable = null_first ? AVRO_NULL_FIRST : AVRO_NULL_SECOND;
    return true;
}

static bool is_inside(const struct around *around, const struct ks_avro_schema *record)
{
    for (; around; around = around->up) {
        if (around->record == record)
            return true;
    }
    return false;
}

static bool build_node(struct builder *b, const struct ks_avro_schema *schema, const char *name,
                       uint32_t parent, const struct around *around);

static bool build_fields(struct builder *b, const struct ks_avro_schema *record, uint32_t parent,
                         const struct around *around)
{
    if (is_inside(around, record))
        return refuse(b, "a recursive type has no fixed number of cells");
    struct around inner = {around, record};
    for (size_t i = 0; i < record->count; i++) {
        const struct ks_avro_field *field = &record->fields[i];
        if (!build_node(b, field->schema, field->name, parent, &inner)) {
            avro_trail_name(&b->plan->trail, field->name);
            return false;
        }
    }
    return true;
}

static bool build_node(struct builder *b, const struct ks_avro_schema *schema, const char *name,
                       uint32_t parent, const struct around *around)
{
    uint32_t index = (uint32_t)b->count;
    struct avro_cell_def def = {.name = name, .parent = parent};
    if (b->plan->cells_left == 0)
        return refuse(b, "the schema has too many cells for a plan");
    if (!unwrap(schema, &def))
        return refuse(b, "a union other than [null, T], [T, null] or [T] has no cell");
    b->plan->cells_left--;
    b->defs = mem_grow(b->defs, b->count, &b->cap, sizeof *b->defs);
    b->defs[b->count++] = def;
    bool ok = true;
    if (def.type->type == KS_AVRO_RECORD)
        ok = build_fields(b, def.type, index, around);
    else if (def.type->items)
        ok = build_items(b, &b->defs[index], around);
    b->defs[index].span = (uint32_t)b->count - index;
    return ok;
}

static const struct avro_layout *build(struct plan *plan, const struct ks_avro_schema *schema,
                                       bool is_item, const struct around *around)
{
    struct builder b = {.plan = plan};
    bool root_record = !is_item && schema->type == KS_AVRO_RECORD;
    struct avro_layout *layout = NULL;
    if (root_record ? build_fields(&b, schema, AVRO_NO_PARENT, around)
                    : build_node(&b, schema, "", AVRO_NO_PARENT, around)) {
        layout = ks_arena_alloc(plan->arena, sizeof *layout);
        layout->defs = ks_arena_copy(plan->arena, b.defs, b.count * sizeof *b.defs);
        layout->count = b.count;
        layout->root_record = root_record;
        layout->schema = schema;
    }
    free(b.defs);
    return layout;
}

static bool build_items(struct builder *b, struct avro_cell_def *def, const struct around *around)
{
    def->items = build(b->plan, def->type->items, true, around);
    if (!def->items)
        avro_trail_name(&b->plan->trail, "[]");
    return def->items != NULL;
}

enum ks_status avro_layout_new(const struct ks_avro_schema *schema, struct ks_arena *arena,
                               const struct avro_layout **ret, struct ks_error *err)
{
    struct plan plan = {.arena = arena, .cells_left = AVRO_CELLS_MAX};
    const struct avro_layout *layout = build(&plan, schema, false, NULL);
    if (!layout)
        return ks_error_set(err, KS_ERR_DATA, "%.*s%s%s", (int)plan.trail.used,
                            avro_trail_text(&plan.trail), plan.trail.used ? ": " : "", plan.fault);
    *ret = layout;
    return KS_OK;
}

/* The field `name` of the record at `record`, AVRO_NO_PARENT for the root's; count if none. */
static size_t find_field(const struct avro_layout *layout, uint32_t record, const char *name,
                         size_t len)
{
    size_t first = record == AVRO_NO_PARENT ? 0 : record + 1;
    size_t end = record == AVRO_NO_PARENT ? layout->count : record + layout->defs[record].span;
    for (size_t i = first; i < end; i += layout->defs[i].span) {
        if (strncmp(layout->defs[i].name, name, len) == 0 && layout->defs[i].name[len] == '\0')
            return i;
    }
    return layout->count;
}

/* Follows `path`; *layout becomes that of the innermost item the path goes into. */
static int find(const struct avro_layout **layout, const char *path)
{
    uint32_t at = (*layout)->root_record ? AVRO_NO_PARENT : 0;
    for (const char *start = path; *path;) {
        if (strncmp(path, "[]", 2) == 0) {
            if (at == AVRO_NO_PARENT || !(*layout)->defs[at].items)
                return -1;
            *layout = (*layout)->defs[at].items;
            at = 0;
            path += 2;
        } else {
            path += path > start && *path == '.';
            size_t len = strcspn(path, ".[");
            size_t found = find_field(*layout, at, path, len);
            if (len == 0 || found == (*layout)->count)
                return -1;
            at = (uint32_t)found;
            path += len;
        }
    }
    return at == AVRO_NO_PARENT ? -1 : (int)at;
}

int avro_layout_cell(const struct avro_layout *layout, const char *path)
{
    return find(&layout, path);
}

size_t avro_layout_item_cells(const struct avro_layout *layout, const char *path)
{
    int at = find(&layout, path);
    return at < 0 || !layout->defs[at].items ? 0 : avro_item_cells(&layout->defs[at]);
}

void avro_layout_trail(const struct avro_layout *layout, size_t index, struct avro_trail *trail)
{
    for (size_t at = index; at != AVRO_NO_PARENT; at = layout->defs[at].parent)
        avro_trail_name(trail, layout->defs[at].name);
}
