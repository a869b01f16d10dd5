/* Avro's bytes: zig-zag numbers both ways, and a reader that never passes the end. Reading
 * functions return false and set reader->fault, a fixed text; the caller adds path and position. */
#ifndef SDK_AVRO_WIRE_H
#define SDK_AVRO_WIRE_H

#include <string.h>

#include "avro_schema.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "Float vectors are copied as they are: big-endian machines need a byte swap here"
#endif

#define AVRO_VARINT_MAX 10
/* Nested values of recursive types; the stack of a task thread bears far more. */
#define AVRO_DATA_DEPTH_MAX 256
/* Items that take no bytes cannot be capped by the bytes left. */
#define AVRO_EMPTY_ITEMS_MAX 65536

struct avro_reader {
    const uint8_t *start, *p, *end;
    const char *fault;
    uint32_t empty_items; /* seen so far */
};

struct avro_block {
    uint64_t count;
    const uint8_t *end; /* as its size claims; NULL if the block has no size */
};

static inline uint8_t *avro_put_long(uint8_t *p, int64_t value)
{
    uint64_t zigzag = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
    while (zigzag >= 0x80) {
        *p++ = (uint8_t)(zigzag | 0x80);
        zigzag >>= 7;
    }
    *p++ = (uint8_t)zigzag;
    return p;
}

static inline struct avro_reader avro_reader_of(struct ks_slice body)
{
    static const uint8_t empty[1];
    const uint8_t *data = body.data ? body.data : empty;
    size_t len = body.data ? body.len : 0;
    return (struct avro_reader){.start = data, .p = data, .end = data + len};
}

static inline size_t avro_left(const struct avro_reader *r)
{
    return (size_t)(r->end - r->p);
}

static inline bool avro_fault(struct avro_reader *r, const char *fault)
{
    r->fault = fault;
    return false;
}

bool avro_read_varint(struct avro_reader *r, uint64_t *ret);

static inline bool avro_read_long(struct avro_reader *r, int64_t *ret)
{
    uint64_t raw;
    if (r->p < r->end && *r->p < 0x80)
        raw = *r->p++;
    else if (!avro_read_varint(r, &raw))
        return false;
    *ret = (int64_t)((raw >> 1) ^ (0 - (raw & 1)));
    return true;
}

static inline bool avro_read_int(struct avro_reader *r, int64_t *ret)
{
    if (!avro_read_long(r, ret))
        return false;
    if (*ret < INT32_MIN || *ret > INT32_MAX)
        return avro_fault(r, "an int does not fit 32 bits");
    return true;
}

static inline bool avro_read_raw(struct avro_reader *r, size_t len, const uint8_t **ret)
{
    if (avro_left(r) < len)
        return avro_fault(r, "the body ends too early");
    *ret = r->p;
    r->p += len;
    return true;
}

/* The bytes of a string or bytes value. */
static inline bool avro_read_bytes(struct avro_reader *r, const uint8_t **ret, uint32_t *ret_len)
{
    int64_t len;
    if (!avro_read_long(r, &len))
        return false;
    if (len < 0 || (uint64_t)len > avro_left(r) || len > UINT32_MAX)
        return avro_fault(r, "a length is negative or beyond the end of the body");
    *ret = r->p;
    *ret_len = (uint32_t)len;
    r->p += len;
    return true;
}

bool avro_read_boolean(struct avro_reader *r, bool *ret);

/* An index below count, of a branch or a symbol. */
static inline bool avro_read_index(struct avro_reader *r, size_t count, uint32_t *ret)
{
    int64_t index;
    if (!avro_read_long(r, &index))
        return false;
    if (index < 0 || (uint64_t)index >= count)
        return avro_fault(r, "no such branch or symbol");
    *ret = (uint32_t)index;
    return true;
}

/* The head of the next block of an array or map; count 0 ends it. Refuses more items than the bytes
 * left can hold. */
bool avro_block_open(struct avro_reader *r, uint32_t item_min_bytes, struct avro_block *ret);
/* After the block's items: they must be as long as its size claimed. */
bool avro_block_close(struct avro_reader *r, const struct avro_block *block);

/* Passes over one value. */
bool avro_skip_value(struct avro_reader *r, const struct ks_avro_schema *schema, int depth);

/* Map entries begin with a key, which takes at least one byte. */
static inline uint32_t avro_item_min_bytes(const struct ks_avro_schema *schema)
{
    return schema->items->min_bytes + (schema->type == KS_AVRO_MAP ? 1u : 0u);
}

#endif
