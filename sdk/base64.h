/* Base64 (RFC 4648, padded), for bytes in JSON. */
#ifndef SDK_BASE64_H
#define SDK_BASE64_H

#include "kitestream/sdk/buf.h"

void base64_encode(struct ks_buf *out, const uint8_t *data, size_t len);
/* Appends the bytes; false, and `out` unchanged, if the text is not padded base64. */
bool base64_decode(struct ks_buf *out, const char *text, size_t len);

#endif
