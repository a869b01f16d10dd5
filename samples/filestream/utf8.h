/* Text for Avro strings, which must be UTF-8. */
#ifndef FILESTREAM_UTF8_H
#define FILESTREAM_UTF8_H

#include "kitestream/sdk/buf.h"

/* Appends the bytes; what is not UTF-8 becomes U+FFFD, one for each bad byte. */
void utf8_append(struct ks_buf *out, const uint8_t *text, size_t len);

#endif
