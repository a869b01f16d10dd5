#include "write_plan.h"

#include <stdlib.h>
#include <string.h>

/* Where the last change of a key was put. */
struct key_slot {
    const struct change_row *row; /* NULL: free */
    uint32_t step, place;
};

/* The newest step of one kind, collection and partition. */
struct group_slot {
    bool used;
    enum write_kind kind;
    int64_t collection_id;
    struct ks_slice partition;
    uint32_t step;
};

struct planner {
    const struct write_plan_options *options;
    struct ks_arena *arena;
    struct write_step *steps;
    uint32_t step_count;
    struct key_slot *keys;
    struct group_slot *groups;
    size_t mask; /* of both tables */
};

/* ---- keys ---- */

static uint64_t mix(uint64_t h)
{
    h ^= h >> 32;
    h *= 0x9e3779b97f4a7c15u;
    return h ^ (h >> 29);
}

static uint64_t hash_bytes(const void *data, size_t len)
{
    uint64_t h = 0xcbf29ce484222325u;
    const uint8_t *p = data;
    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * 0x100000001b3u;
    return h;
}

static uint64_t hash_key(const struct change_row *row)
{
    uint64_t key =
        row->pk_is_string ? hash_bytes(row->pk_str.data, row->pk_str.len) : (uint64_t)row->pk_int;
    return mix(mix(key) ^ (uint64_t)row->collection_id);
}

static bool same_bytes(struct ks_slice a, struct ks_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static bool same_key(const struct change_row *a, const struct change_row *b)
{
    return a->collection_id == b->collection_id && a->pk_is_string == b->pk_is_string &&
           (a->pk_is_string ? same_bytes(a->pk_str, b->pk_str) : a->pk_int == b->pk_int);
}

static size_t table_size(size_t count)
{
    size_t size = 8;
    while (size < count * 2)
        size *= 2;
    return size;
}

static struct key_slot *find_key(struct key_slot *keys, size_t mask, const struct change_row *row)
{
    size_t i = hash_key(row) & mask;
    while (keys[i].row && !same_key(keys[i].row, row))
        i = (i + 1) & mask;
    return &keys[i];
}

/* ---- steps ---- */

static enum write_kind kind_of(const struct planner *p, const struct change_row *row)
{
    if (row->op == CHANGE_DELETE)
        return WRITE_DELETE;
    if (row->op == CHANGE_UPDATE || p->options->always_upsert ||
        row->offset < p->options->upsert_below)
        return WRITE_UPSERT;
    return WRITE_INSERT;
}

static struct ks_slice partition_of(const struct planner *p, const struct change_row *row)
{
    if (p->options->partition_key && p->options->partition_key(p->options->arg, row->collection_id))
        return (struct ks_slice){0};
    return row->partition_name;
}

static struct group_slot *find_group(struct planner *p, enum write_kind kind,
                                     const struct change_row *row, struct ks_slice partition)
{
    uint64_t h = hash_bytes(partition.data, partition.len) ^ (uint64_t)row->collection_id;
    size_t i = mix(h + (uint64_t)kind) & p->mask;
    for (;; i = (i + 1) & p->mask) {
        struct group_slot *g = &p->groups[i];
        if (!g->used || (g->kind == kind && g->collection_id == row->collection_id &&
                         same_bytes(g->partition, partition)))
            return g;
    }
}

static bool has_room(const struct planner *p, const struct write_step *step, size_t bytes)
{
    return step->row_count < p->options->max_rows &&
           (step->row_count == 0 || step->bytes + bytes <= p->options->max_bytes);
}

static void open_step(struct planner *p, struct group_slot *g, enum write_kind kind,
                      const struct change_row *row, struct ks_slice partition)
{
    *g = (struct group_slot){true, kind, row->collection_id, partition, p->step_count};
    p->steps[p->step_count++] = (struct write_step){
        .kind = kind, .collection_id = row->collection_id, .partition_name = partition};
}

/* Puts the row into the newest step of its group, unless a later step holds a change of the same
 * key or the step is full; then into a new one at the end. Returns its place there. */
static void place_row(struct planner *p, const struct change_row *row, uint32_t *ret_step,
                      uint32_t *ret_place)
{
    enum write_kind kind = kind_of(p, row);
    struct ks_slice partition = partition_of(p, row);
    struct group_slot *g = find_group(p, kind, row, partition);
    struct key_slot *k = find_key(p->keys, p->mask, row);
    bool known = k->row != NULL, fold = known && g->used && g->step == k->step;
    if (fold && kind != WRITE_INSERT) {
        /* The last one wins: Milvus may keep both rows of a key within one Upsert. */
        p->steps[g->step].bytes += row->bytes;
    } else {
        if (!g->used || (known && g->step < k->step) ||
            !has_room(p, &p->steps[g->step], row->bytes))
            open_step(p, g, kind, row, partition);
        *k = (struct key_slot){row, g->step, (uint32_t)p->steps[g->step].row_count++};
        p->steps[g->step].bytes += row->bytes;
    }
    p->steps[g->step].changes++;
    *ret_step = g->step;
    *ret_place = k->place;
}

static void replace(struct write_plan *plan, const struct change_row **place,
                    const struct change_row *row)
{
    plan->replaced[row - plan->input] = *place;
    *place = row;
}

void write_plan_make(const struct change_row *rows, size_t count,
                     const struct write_plan_options *options, struct ks_arena *arena,
                     struct write_plan *ret)
{
    struct planner p = {.options = options, .arena = arena, .mask = table_size(count) - 1};
    uint32_t *step = ks_arena_alloc(arena, (count + 1) * sizeof(*step));
    uint32_t *place = ks_arena_alloc(arena, (count + 1) * sizeof(*place));
    p.steps = ks_arena_alloc(arena, (count + 1) * sizeof(*p.steps));
    p.keys = ks_arena_zalloc(arena, (p.mask + 1) * sizeof(*p.keys));
    p.groups = ks_arena_zalloc(arena, (p.mask + 1) * sizeof(*p.groups));
    for (size_t i = 0; i < count; i++)
        place_row(&p, &rows[i], &step[i], &place[i]);
    for (uint32_t s = 0; s < p.step_count; s++)
        p.steps[s].rows = ks_arena_zalloc(arena, p.steps[s].row_count * sizeof(*p.steps[s].rows));
    *ret = (struct write_plan){p.steps, p.step_count, rows,
                               ks_arena_alloc(arena, (count + 1) * sizeof(*ret->replaced))};
    for (size_t i = 0; i < count; i++)
        replace(ret, &p.steps[step[i]].rows[place[i]], &rows[i]);
}

const struct change_row *write_plan_replaced(const struct write_plan *plan,
                                             const struct change_row *row)
{
    return plan->replaced[row - plan->input];
}

/* ---- what happens to a step later ---- */

void write_step_to_upsert(struct write_plan *plan, struct write_step *step, struct ks_arena *arena)
{
    size_t mask = table_size(step->row_count) - 1, kept = 0;
    struct key_slot *keys = ks_arena_zalloc(arena, (mask + 1) * sizeof(*keys));
    for (size_t i = 0; i < step->row_count; i++) {
        struct key_slot *k = find_key(keys, mask, step->rows[i]);
        if (k->row) {
            replace(plan, &step->rows[k->place], step->rows[i]);
            continue;
        }
        *k = (struct key_slot){step->rows[i], 0, (uint32_t)kept};
        step->rows[kept++] = step->rows[i];
    }
    step->row_count = kept;
    step->kind = WRITE_UPSERT;
    step->repeated = true;
}

bool write_step_split(const struct write_step *step, struct ks_arena *arena,
                      struct write_step ret[2])
{
    size_t half = step->row_count / 2;
    if (step->row_count < 2)
        return false;
    ret[0] = ret[1] = *step;
    ret[0].row_count = half;
    ret[0].bytes = step->bytes / 2;
    ret[0].changes = step->changes / 2;
    ret[0].rows = ks_arena_copy(arena, step->rows, half * sizeof(*step->rows));
    ret[1].row_count = step->row_count - half;
    ret[1].bytes = step->bytes - ret[0].bytes;
    ret[1].changes = step->changes - ret[0].changes;
    ret[1].rows = ks_arena_copy(arena, step->rows + half, ret[1].row_count * sizeof(*step->rows));
    return true;
}
