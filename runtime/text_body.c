/* Text in, length and text out, and back. Next: the converters. */
#include "text_body.h"

#include "kitestream/sdk/util.h"

void text_body_add(struct ks_buf *out, struct ks_slice text)
{
    uint64_t zigzag = (uint64_t)text.len << 1;
    for (; zigzag >= 0x80; zigzag >>= 7)
        ks_buf_add_byte(out, (uint8_t)(zigzag | 0x80));
    ks_buf_add_byte(out, (uint8_t)zigzag);
    ks_buf_add(out, text.data, text.len);
}

enum ks_status text_body_content(struct ks_slice body, struct ks_slice *ret, struct ks_error *err)
{
    const uint8_t *p = body.data, *end = p + body.len;
    uint64_t zigzag = 0;
    for (unsigned shift = 0; p < end && shift < 63; shift += 7) {
        uint8_t byte = *p++;
        zigzag |= (uint64_t)(byte & 0x7F) << shift;
        if (byte & 0x80)
            continue;
        if ((zigzag & 1) || zigzag >> 1 != (uint64_t)(end - p))
            break;
        *ret = (struct ks_slice){p, (size_t)(end - p)};
        return KS_OK;
    }
    return ks_error_set(err, KS_ERR_DATA, "the Avro body is not one string or bytes value");
}
