/* Protobuf wire format. In: untrusted bytes from the MQ, etcd or a server; out: fields as slices
 * into them. Numbers are checked against the bytes that are left before anything is read, nesting
 * is the caller's (a WIRE_LEN field is walked with a new walker), so no input can recurse or
 * overrun. */
#include "proto_wire.h"

#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "fixed-width fields are copied as they are: little-endian machines only"
#endif

#define VARINT_MAX_BYTES 10
#define FIELD_NUMBER_MAX ((1u << 29) - 1)

struct wire wire_of(const void *data, size_t len)
{
    const uint8_t *p = data;
    return (struct wire){.p = p, .end = len ? p + len : p};
}

static bool fail(struct wire *w)
{
    w->bad = true;
    w->p = w->end;
    return false;
}

bool wire_varint(struct wire *w, uint64_t *ret)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < VARINT_MAX_BYTES && w->p < w->end; i++) {
        uint8_t byte = *w->p++;
        /* The tenth byte holds bit 63 alone. */
        if (i == VARINT_MAX_BYTES - 1 && byte > 1)
            return fail(w);
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *ret = value;
            return true;
        }
    }
    return fail(w);
}

static bool read_fixed(struct wire *w, size_t size, uint64_t *ret)
{
    if ((size_t)(w->end - w->p) < size)
        return fail(w);
    uint64_t value = 0;
    memcpy(&value, w->p, size);
    w->p += size;
    *ret = value;
    return true;
}

static bool read_bytes(struct wire *w, struct wire_field *ret)
{
    uint64_t len;
    if (!wire_varint(w, &len))
        return false;
    if (len > (size_t)(w->end - w->p))
        return fail(w);
    ret->data = w->p;
    ret->len = (size_t)len;
    w->p += len;
    return true;
}

bool wire_next(struct wire *w, struct wire_field *ret)
{
    uint64_t tag;
    if (w->bad || w->p == w->end || !wire_varint(w, &tag))
        return false;
    if (tag >> 3 == 0 || tag >> 3 > FIELD_NUMBER_MAX)
        return fail(w);
    struct wire_field field = {.number = (uint32_t)(tag >> 3), .type = (enum wire_type)(tag & 7)};
    bool ok;
    switch (field.type) {
    case WIRE_VARINT:
        ok = wire_varint(w, &field.value);
        break;
    case WIRE_I64:
        ok = read_fixed(w, 8, &field.value);
        break;
    case WIRE_LEN:
        ok = read_bytes(w, &field);
        break;
    case WIRE_I32:
        ok = read_fixed(w, 4, &field.value);
        break;
    default:
        ok = fail(w);
        break;
    }
    if (ok)
        *ret = field;
    return ok;
}

size_t wire_count_varints(const uint8_t *data, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += data[i] < 0x80;
    return count;
}

void wire_put_varint(struct ks_buf *out, uint64_t value)
{
    uint8_t *p = ks_buf_reserve(out, VARINT_MAX_BYTES);
    size_t len = 0;
    while (value >= 0x80) {
        p[len++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    p[len++] = (uint8_t)value;
    out->len += len;
}

void wire_put_tag(struct ks_buf *out, uint32_t number, enum wire_type type)
{
    wire_put_varint(out, (uint64_t)number << 3 | (uint64_t)type);
}

void wire_put_uint(struct ks_buf *out, uint32_t number, uint64_t value)
{
    wire_put_tag(out, number, WIRE_VARINT);
    wire_put_varint(out, value);
}

void wire_put_int(struct ks_buf *out, uint32_t number, int64_t value)
{
    wire_put_uint(out, number, (uint64_t)value);
}

void wire_put_bytes(struct ks_buf *out, uint32_t number, const void *data, size_t len)
{
    wire_put_tag(out, number, WIRE_LEN);
    wire_put_varint(out, len);
    ks_buf_add(out, data, len);
}

void wire_put_str(struct ks_buf *out, uint32_t number, const char *str)
{
    wire_put_bytes(out, number, str, strlen(str));
}

size_t wire_varint_size(uint64_t value)
{
    size_t size = 1;
    while (value >>= 7)
        size++;
    return size;
}
