/* One message in, one member's bytes out. The usual writer puts a member in one piece: then nothing
 * is copied. A member in several pieces (allowed by protobuf, seen from no Milvus) is joined. Next:
 * column_cursor. */
#include "wire_gather.h"

#include <string.h>

/* Bytes of an occurrence once packed; 0 with *ret_is set to false: another member. */
static size_t packed_size(const struct wire_field *f, uint32_t number, enum wire_type type,
                          bool *ret_is)
{
    *ret_is = f->number == number && (f->type == WIRE_LEN || f->type == type);
    if (!*ret_is)
        return 0;
    switch (f->type) {
    case WIRE_LEN:
        return f->len;
    case WIRE_VARINT:
        return wire_varint_size(f->value);
    case WIRE_I32:
        return 4;
    default:
        return 8;
    }
}

static void append(const struct wire_field *f, struct ks_buf *out)
{
    if (f->type == WIRE_LEN)
        ks_buf_add(out, f->data, f->len);
    else if (f->type == WIRE_VARINT)
        wire_put_varint(out, f->value);
    else
        ks_buf_add(out, &f->value, f->type == WIRE_I32 ? 4 : 8);
}

static struct ks_slice join(struct ks_slice message, uint32_t number, enum wire_type type,
                            struct ks_arena *arena)
{
    struct ks_buf joined = {0};
    struct wire w = wire_of(message.data, message.len);
    struct wire_field f;
    bool is;
    while (wire_next(&w, &f)) {
        packed_size(&f, number, type, &is);
        if (is)
            append(&f, &joined);
    }
    struct ks_slice all = {ks_arena_copy(arena, joined.data, joined.len), joined.len};
    ks_buf_release(&joined);
    return all;
}

bool wire_gather_packed(struct ks_slice message, uint32_t number, enum wire_type type,
                        struct ks_arena *arena, struct ks_slice *ret)
{
    struct ks_slice piece = {"", 0};
    size_t total = 0;
    struct wire w = wire_of(message.data, message.len);
    struct wire_field f;
    bool is;
    while (wire_next(&w, &f)) {
        total += packed_size(&f, number, type, &is);
        if (!is)
            continue;
        if (f.type == WIRE_LEN)
            piece = (struct ks_slice){f.data, f.len};
    }
    if (w.bad)
        return false;
    *ret = total == piece.len ? piece : join(message, number, type, arena);
    return true;
}

bool wire_gather_message(struct ks_slice message, uint32_t number, struct ks_arena *arena,
                         struct ks_slice *ret)
{
    return wire_gather_packed(message, number, WIRE_LEN, arena, ret);
}

bool wire_last_bytes(struct ks_slice message, uint32_t number, struct ks_slice *ret)
{
    struct ks_slice last = {"", 0};
    struct wire w = wire_of(message.data, message.len);
    struct wire_field f;
    while (wire_next(&w, &f))
        if (f.number == number && f.type == WIRE_LEN)
            last = (struct ks_slice){f.data, f.len};
    if (w.bad)
        return false;
    *ret = last;
    return true;
}
