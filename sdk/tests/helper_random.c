#include "helper_random.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 3

uint64_t random_next(struct random *r)
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t random_below(struct random *r, uint64_t limit)
{
    return random_next(r) % limit;
}

/* ---- schemas ---- */

static void add_type(struct random *r, struct ks_buf *json, int depth);

static void add_record(struct random *r, struct ks_buf *json, int depth)
{
    uint64_t fields = 1 + random_below(r, 5);
    ks_buf_printf(json, "{\"type\":\"record\",\"name\":\"ns.T%u\",\"fields\":[", r->named++);
    for (uint64_t i = 0; i < fields; i++) {
        ks_buf_printf(json, "%s{\"name\":\"f%d\",\"type\":", i ? "," : "", (int)i);
        add_type(r, json, depth + 1);
        ks_buf_add_str(json, "}");
    }
    ks_buf_add_str(json, "]}");
}

static void add_plain(struct random *r, struct ks_buf *json, int depth)
{
    static const char *const PRIMITIVES[] = {"boolean", "int",   "long",  "float",
                                             "double",  "bytes", "string"};
    uint64_t kind = random_below(r, depth < DEPTH_MAX ? 14 : 9);
    if (kind < 7) {
        ks_buf_printf(json, "\"%s\"", PRIMITIVES[kind]);
    } else if (kind == 7) {
        ks_buf_printf(json, "{\"type\":\"enum\",\"name\":\"E%u\",\"symbols\":[\"A\",\"B\",\"C\"]}",
                      r->named++);
    } else if (kind == 8) {
        ks_buf_printf(json, "{\"type\":\"fixed\",\"name\":\"F%u\",\"size\":%d}", r->named++,
                      1 + (int)random_below(r, 20));
    } else if (kind == 9) {
        ks_buf_add_str(json, "{\"type\":\"array\",\"items\":\"float\"}");
    } else if (kind < 12) {
        ks_buf_add_str(json, kind == 10 ? "{\"type\":\"array\",\"items\":"
                                        : "{\"type\":\"map\",\"values\":");
        add_type(r, json, depth + 1);
        ks_buf_add_str(json, "}");
    } else {
        add_record(r, json, depth);
    }
}

static void add_type(struct random *r, struct ks_buf *json, int depth)
{
    uint64_t nullable = random_below(r, 4);
    if (nullable > 1) {
        add_plain(r, json, depth);
        return;
    }
    ks_buf_add_str(json, nullable ? "[\"null\"," : "[");
    add_plain(r, json, depth);
    ks_buf_add_str(json, nullable ? "]" : ",\"null\"]");
}

void random_schema(struct random *r, struct ks_buf *json)
{
    add_record(r, json, 0);
}

/* ---- rows ---- */

const struct ks_avro_schema *value_type(const struct ks_avro_schema *schema)
{
    if (ks_avro_schema_type(schema) != KS_AVRO_UNION)
        return schema;
    const struct ks_avro_schema *first = ks_avro_schema_branch(schema, 0);
    return ks_avro_schema_type(first) == KS_AVRO_NULL ? ks_avro_schema_branch(schema, 1) : first;
}

size_t cells_of(const struct ks_avro_schema *schema)
{
    const struct ks_avro_schema *type = value_type(schema);
    size_t sum = 1;
    for (size_t i = 0;
         ks_avro_schema_type(type) == KS_AVRO_RECORD && i < ks_avro_schema_count(type); i++)
        sum += cells_of(ks_avro_schema_field(type, i)->schema);
    return sum;
}

/* Small and large numbers alike: their encodings differ in length. */
static int64_t random_integer(struct random *r)
{
    return (int64_t)random_next(r) >> random_below(r, 64);
}

static float random_float(struct random *r)
{
    static const float SPECIAL[] = {0.0f, -0.0f, NAN, INFINITY, -INFINITY, 1e-45f, 3.4e38f, 0.1f};
    uint32_t bits = (uint32_t)random_next(r);
    float value;
    memcpy(&value, &bits, sizeof value);
    if (random_below(r, 4) == 0)
        return SPECIAL[random_below(r, 8)];
    return isnan(value) ? 1.5f : value; /* JSON knows only one NaN */
}

static double random_double(struct random *r)
{
    uint64_t bits = random_next(r);
    double value;
    memcpy(&value, &bits, sizeof value);
    return random_below(r, 4) == 0 || isnan(value) ? (double)random_float(r) : value;
}

static struct ks_cell random_bytes(struct random *r, size_t len, bool text)
{
    char *data = ks_arena_alloc(r->arena, len + 1);
    for (size_t i = 0; i < len; i++)
        data[i] = (char)(text ? ' ' + random_below(r, 95) : random_next(r));
    return (struct ks_cell){KS_CELL_BYTES, (uint32_t)len, {.data = data}};
}

static struct ks_cell random_floats(struct random *r)
{
    size_t count = random_below(r, 20);
    char *data = (char *)ks_arena_alloc(r->arena, count * sizeof(float) + 1) + 1; /* unaligned */
    for (size_t i = 0; i < count; i++) {
        float value = random_float(r);
        memcpy(data + i * sizeof value, &value, sizeof value);
    }
    return (struct ks_cell){KS_CELL_FLOATS, (uint32_t)count, {.data = data}};
}

static size_t random_value(struct random *r, const struct ks_avro_schema *schema,
                           struct ks_cell *cell);

static struct ks_cell random_items(struct random *r, const struct ks_avro_schema *type)
{
    bool is_map = ks_avro_schema_type(type) == KS_AVRO_MAP;
    size_t count = random_below(r, 4), stride = cells_of(ks_avro_schema_items(type)) + is_map;
    struct ks_cell *items = ks_arena_zalloc(r->arena, count * stride * sizeof *items);
    for (size_t i = 0; i < count; i++) {
        struct ks_cell *item = items + i * stride;
        if (is_map) {
            char *key = ks_arena_printf(r->arena, "k%d", (int)i); /* unique */
            *item++ = (struct ks_cell){KS_CELL_BYTES, (uint32_t)strlen(key), {.data = key}};
        }
        random_value(r, ks_avro_schema_items(type), item);
    }
    return (struct ks_cell){KS_CELL_ARRAY, (uint32_t)count, {.items = items}};
}

static bool holds_floats(const struct ks_avro_schema *type)
{
    return ks_avro_schema_type(type) == KS_AVRO_ARRAY &&
           ks_avro_schema_type(ks_avro_schema_items(type)) == KS_AVRO_FLOAT;
}

static struct ks_cell random_cell(struct random *r, const struct ks_avro_schema *type)
{
    switch (ks_avro_schema_type(type)) {
    case KS_AVRO_BOOLEAN:
        return (struct ks_cell){KS_CELL_BOOL, 0, {.i = (int64_t)random_below(r, 2)}};
    case KS_AVRO_INT:
        return (struct ks_cell){KS_CELL_INT, 0, {.i = (int32_t)random_integer(r)}};
    case KS_AVRO_LONG:
        return (struct ks_cell){KS_CELL_INT, 0, {.i = random_integer(r)}};
    case KS_AVRO_ENUM:
        return (struct ks_cell){
            KS_CELL_INT, 0, {.i = (int64_t)random_below(r, ks_avro_schema_count(type))}};
    case KS_AVRO_FLOAT:
        return (struct ks_cell){KS_CELL_FLOAT, 0, {.f = random_float(r)}};
    case KS_AVRO_DOUBLE:
        return (struct ks_cell){KS_CELL_DOUBLE, 0, {.d = random_double(r)}};
    case KS_AVRO_BYTES:
        return random_bytes(r, random_below(r, 100), false);
    case KS_AVRO_STRING:
        return random_bytes(r, random_below(r, 100), true);
    case KS_AVRO_FIXED:
        return random_bytes(r, ks_avro_schema_fixed_bytes(type), false);
    case KS_AVRO_RECORD:
        return (struct ks_cell){.kind = KS_CELL_RECORD};
    default:
        return holds_floats(type) ? random_floats(r) : random_items(r, type);
    }
}

/* Returns the cells filled; those of a null record's fields stay null. */
static size_t random_value(struct random *r, const struct ks_avro_schema *schema,
                           struct ks_cell *cell)
{
    const struct ks_avro_schema *type = value_type(schema);
    size_t span = cells_of(schema);
    memset(cell, 0, span * sizeof *cell);
    if (type != schema && random_below(r, 3) == 0)
        return span;
    *cell = random_cell(r, type);
    if (cell->kind == KS_CELL_RECORD)
        random_row(r, type, cell + 1);
    return span;
}

size_t random_row(struct random *r, const struct ks_avro_schema *schema, struct ks_cell *cells)
{
    size_t done = 0;
    for (size_t i = 0; i < ks_avro_schema_count(schema); i++)
        done += random_value(r, ks_avro_schema_field(schema, i)->schema, cells + done);
    return done;
}

/* ---- comparison ---- */

static bool values_equal(const struct ks_avro_schema *schema, const struct ks_cell *a,
                         const struct ks_cell *b)
{
    const struct ks_avro_schema *type = value_type(schema);
    if (a->kind != b->kind)
        return false;
    if (a->kind == KS_CELL_NULL)
        return true;
    if (a->kind == KS_CELL_RECORD)
        return cells_equal(type, a + 1, b + 1);
    if (a->kind == KS_CELL_FLOAT)
        return memcmp(&a->u.f, &b->u.f, sizeof a->u.f) == 0;
    if (a->kind == KS_CELL_BYTES || a->kind == KS_CELL_FLOATS)
        return a->count == b->count &&
               memcmp(a->u.data, b->u.data, a->count * (a->kind == KS_CELL_FLOATS ? 4u : 1u)) == 0;
    if (a->kind != KS_CELL_ARRAY)
        return a->u.i == b->u.i; /* and doubles, bit for bit */
    if (a->count != b->count)
        return false;
    size_t key = ks_avro_schema_type(type) == KS_AVRO_MAP;
    size_t stride = cells_of(ks_avro_schema_items(type)) + key;
    for (size_t i = 0; i < a->count * stride; i += stride) {
        const struct ks_cell *x = a->u.items + i, *y = b->u.items + i;
        if (key && (x->count != y->count || memcmp(x->u.data, y->u.data, x->count) != 0))
            return false;
        if (!values_equal(ks_avro_schema_items(type), x + key, y + key))
            return false;
    }
    return true;
}

bool cells_equal(const struct ks_avro_schema *schema, const struct ks_cell *a,
                 const struct ks_cell *b)
{
    size_t done = 0;
    for (size_t i = 0; i < ks_avro_schema_count(schema); i++) {
        const struct ks_avro_schema *field = ks_avro_schema_field(schema, i)->schema;
        if (!values_equal(field, a + done, b + done))
            return false;
        done += cells_of(field);
    }
    return true;
}
