/* One row of an Array or sparse vector column in, cells out; next: column_cursor hands them to the
 * encoder. The item cells live in the caller's scratch arena until the row is encoded; there are
 * never more of them than bytes in the row. */
#include "column_items.h"

#include <string.h>

#include "utf8_check.h"
#include "wire_gather.h"

static struct ks_cell array_of(struct ks_cell *items, size_t count)
{
    return (struct ks_cell){.kind = KS_CELL_ARRAY, .count = (uint32_t)count, .u.items = items};
}

static bool integers(enum milvus_type type, struct ks_slice values, struct ks_arena *scratch,
                     struct ks_cell *ret)
{
    struct ks_slice packed;
    if (!wire_gather_packed(values, 1, WIRE_VARINT, scratch, &packed))
        return false;
    size_t count = wire_count_varints(packed.data, packed.len);
    struct ks_cell *items = ks_arena_alloc(scratch, count * sizeof *items);
    struct wire w = wire_of(packed.data, packed.len);
    for (size_t i = 0; i < count; i++) {
        uint64_t value;
        if (!wire_varint(&w, &value))
            return false;
        items[i].count = 0;
        items[i].kind = type == MILVUS_BOOL ? KS_CELL_BOOL : KS_CELL_INT;
        items[i].u.i = type == MILVUS_BOOL    ? value != 0
                       : type == MILVUS_INT64 ? (int64_t)value
                                              : (int32_t)value;
    }
    *ret = array_of(items, count);
    return w.p == w.end;
}

static bool floats(struct ks_slice values, struct ks_arena *scratch, struct ks_cell *ret)
{
    struct ks_slice packed;
    if (!wire_gather_packed(values, 1, WIRE_I32, scratch, &packed) || packed.len % 4 != 0)
        return false;
    *ret = (struct ks_cell){
        .kind = KS_CELL_FLOATS, .count = (uint32_t)(packed.len / 4), .u.data = packed.data};
    return true;
}

static bool doubles(struct ks_slice values, struct ks_arena *scratch, struct ks_cell *ret)
{
    struct ks_slice packed;
    if (!wire_gather_packed(values, 1, WIRE_I64, scratch, &packed) || packed.len % 8 != 0)
        return false;
    size_t count = packed.len / 8;
    struct ks_cell *items = ks_arena_alloc(scratch, count * sizeof *items);
    for (size_t i = 0; i < count; i++) {
        items[i] = (struct ks_cell){.kind = KS_CELL_DOUBLE};
        memcpy(&items[i].u.d, (const uint8_t *)packed.data + i * 8, 8);
    }
    *ret = array_of(items, count);
    return true;
}

static bool texts(struct ks_slice values, struct ks_arena *scratch, struct ks_cell *ret)
{
    size_t count = 0;
    struct wire_field f;
    struct wire w = wire_of(values.data, values.len);
    while (wire_next(&w, &f))
        count += f.number == 1 && f.type == WIRE_LEN;
    if (w.bad)
        return false;
    struct ks_cell *items = ks_arena_alloc(scratch, count * sizeof *items);
    *ret = array_of(items, count);
    w = wire_of(values.data, values.len);
    while (wire_next(&w, &f)) {
        if (f.number != 1 || f.type != WIRE_LEN)
            continue;
        if (!utf8_check(f.data, f.len))
            return false;
        *items++ =
            (struct ks_cell){.kind = KS_CELL_BYTES, .count = (uint32_t)f.len, .u.data = f.data};
    }
    return true;
}

bool column_items_array(enum milvus_type element_type, struct ks_slice scalar_field,
                        struct ks_arena *scratch, struct ks_cell *ret)
{
    struct ks_slice values;
    uint32_t member = milvus_scalar_member(element_type);
    if (!wire_gather_message(scalar_field, member, scratch, &values))
        return false;
    switch (element_type) {
    case MILVUS_FLOAT:
        return floats(values, scratch, ret);
    case MILVUS_DOUBLE:
        return doubles(values, scratch, ret);
    case MILVUS_VARCHAR:
        return texts(values, scratch, ret);
    default:
        return integers(element_type, values, scratch, ret);
    }
}

bool column_items_sparse(struct ks_slice pairs, struct ks_arena *scratch, struct ks_cell *ret)
{
    if (pairs.len % 8 != 0)
        return false;
    size_t count = pairs.len / 8;
    struct ks_cell *indices = ks_arena_alloc(scratch, count * sizeof *indices);
    uint8_t *values = ks_arena_alloc(scratch, count * 4);
    const uint8_t *p = pairs.data;
    for (size_t i = 0; i < count; i++, p += 8) {
        uint32_t index;
        memcpy(&index, p, 4);
        memcpy(values + i * 4, p + 4, 4);
        indices[i] = (struct ks_cell){.kind = KS_CELL_INT, .u.i = index};
    }
    ret[0] = (struct ks_cell){.kind = KS_CELL_RECORD};
    ret[1] = array_of(indices, count);
    ret[2] = (struct ks_cell){.kind = KS_CELL_FLOATS, .count = (uint32_t)count, .u.data = values};
    return true;
}
