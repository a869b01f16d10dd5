/* Checked reading of Avro's bytes. In: a body from anywhere; out: numbers, borrowed bytes and block
 * heads, to the decoder and the JSON printer. Whatever the bytes claim, work and memory stay
 * proportional to the bytes that are there. */
#include "avro_wire.h"

bool avro_read_varint(struct avro_reader *r, uint64_t *ret)
{
    uint64_t raw = 0;
    const uint8_t *p = r->p;
    for (int shift = 0; shift < 7 * AVRO_VARINT_MAX; shift += 7) {
        if (p == r->end)
            return avro_fault(r, "the body ends inside a number");
        uint8_t byte = *p++;
        if (shift == 63 && byte > 1)
            break;
        raw |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            r->p = p;
            *ret = raw;
            return true;
        }
    }
    return avro_fault(r, "a number is longer than 64 bits");
}

bool avro_read_boolean(struct avro_reader *r, bool *ret)
{
    const uint8_t *byte;
    if (!avro_read_raw(r, 1, &byte))
        return false;
    if (*byte > 1)
        return avro_fault(r, "a boolean is neither 0 nor 1");
    *ret = *byte == 1;
    return true;
}

static bool read_block_size(struct avro_reader *r, struct avro_block *block)
{
    int64_t size;
    if (!avro_read_long(r, &size))
        return false;
    if (size < 0 || (uint64_t)size > avro_left(r))
        return avro_fault(r, "a block's size is negative or beyond the end of the body");
    block->end = r->p + size;
    return true;
}

bool avro_block_open(struct avro_reader *r, uint32_t item_min_bytes, struct avro_block *ret)
{
    int64_t count;
    if (!avro_read_long(r, &count))
        return false;
    *ret = (struct avro_block){.count = (uint64_t)count};
    if (count < 0) {
        ret->count = 0 - (uint64_t)count;
        if (!read_block_size(r, ret))
            return false;
    }
    if (item_min_bytes > 0) {
        if (ret->count > avro_left(r) / item_min_bytes)
            return avro_fault(r, "a block claims more items than the body can hold");
        return true;
    }
    if (ret->count > AVRO_EMPTY_ITEMS_MAX - r->empty_items)
        return avro_fault(r, "too many items without content");
    r->empty_items += (uint32_t)ret->count;
    return true;
}

bool avro_block_close(struct avro_reader *r, const struct avro_block *block)
{
    if (block->end && r->p != block->end)
        return avro_fault(r, "a block's size is not that of its items");
    return true;
}

static bool skip_items(struct avro_reader *r, const struct ks_avro_schema *schema, int depth)
{
    uint32_t min_bytes = avro_item_min_bytes(schema);
    for (;;) {
        struct avro_block block;
        if (!avro_block_open(r, min_bytes, &block))
            return false;
        if (block.count == 0)
            return avro_block_close(r, &block);
        if (block.end) {
            r->p = block.end;
            continue;
        }
        const uint8_t *key;
        uint32_t key_len;
        /* Items without content need no visit, however many there are. */
        for (uint64_t i = 0; min_bytes > 0 && i < block.count; i++) {
            if (schema->type == KS_AVRO_MAP && !avro_read_bytes(r, &key, &key_len))
                return false;
            if (!avro_skip_value(r, schema->items, depth + 1))
                return false;
        }
    }
}

static bool skip_record(struct avro_reader *r, const struct ks_avro_schema *schema, int depth)
{
    for (size_t i = 0; schema->min_bytes > 0 && i < schema->count; i++) {
        if (!avro_skip_value(r, schema->fields[i].schema, depth + 1))
            return false;
    }
    return true;
}

bool avro_skip_value(struct avro_reader *r, const struct ks_avro_schema *schema, int depth)
{
    const uint8_t *bytes;
    uint32_t number;
    int64_t value;
    bool boolean;
    if (depth > AVRO_DATA_DEPTH_MAX)
        return avro_fault(r, "values are nested too deep");
    switch (schema->type) {
    case KS_AVRO_NULL:
        return true;
    case KS_AVRO_BOOLEAN:
        return avro_read_boolean(r, &boolean);
    case KS_AVRO_INT:
        return avro_read_int(r, &value);
    case KS_AVRO_LONG:
        return avro_read_long(r, &value);
    case KS_AVRO_FLOAT:
    case KS_AVRO_DOUBLE:
    case KS_AVRO_FIXED:
        return avro_read_raw(r, schema->min_bytes, &bytes);
    case KS_AVRO_BYTES:
    case KS_AVRO_STRING:
        return avro_read_bytes(r, &bytes, &number);
    case KS_AVRO_ENUM:
        return avro_read_index(r, schema->count, &number);
    case KS_AVRO_ARRAY:
    case KS_AVRO_MAP:
        return skip_items(r, schema, depth);
    case KS_AVRO_RECORD:
        return skip_record(r, schema, depth);
    case KS_AVRO_UNION:
        return avro_read_index(r, schema->count, &number) &&
               avro_skip_value(r, schema->branches[number], depth + 1);
    }
    return avro_fault(r, "unknown type");
}
