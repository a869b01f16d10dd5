/* Protobuf wire format without objects: a bounds-checked walker over bytes, and appenders.
 * Thread: values, no shared state. The walker never reads past `end` and never recurses. */
#ifndef LIB_PROTO_WIRE_H
#define LIB_PROTO_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kitestream/record.h"
#include "kitestream/sdk/buf.h"

enum wire_type { WIRE_VARINT = 0, WIRE_I64 = 1, WIRE_LEN = 2, WIRE_I32 = 5 };

struct wire {
    const uint8_t *p, *end;
    bool bad; /* set once the bytes are not well-formed; wire_next then returns false */
};

struct wire_field {
    uint32_t number;
    enum wire_type type;
    uint64_t value;      /* varint, or the fixed-width bits */
    const uint8_t *data; /* WIRE_LEN */
    size_t len;
};

struct wire wire_of(const void *data, size_t len);
/* Next field, or false at the end or when bad. Groups (3, 4) are bad. */
bool wire_next(struct wire *w, struct wire_field *ret);
/* One raw varint, for packed data. */
bool wire_varint(struct wire *w, uint64_t *ret);
/* Counts the varints in packed data without decoding them (bytes without continuation bit). */
size_t wire_count_varints(const uint8_t *data, size_t len);

void wire_put_varint(struct ks_buf *out, uint64_t value);
void wire_put_tag(struct ks_buf *out, uint32_t number, enum wire_type type);
/* Omits nothing: the caller decides whether a zero is written. */
void wire_put_uint(struct ks_buf *out, uint32_t number, uint64_t value);
void wire_put_int(struct ks_buf *out, uint32_t number, int64_t value); /* sign-extended */
void wire_put_bytes(struct ks_buf *out, uint32_t number, const void *data, size_t len);
void wire_put_str(struct ks_buf *out, uint32_t number, const char *str);
size_t wire_varint_size(uint64_t value);

#endif
