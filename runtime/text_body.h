/* Avro bodies that are one string or bytes value: how raw bytes and text cross the plugin ABI. */
#ifndef RUNTIME_TEXT_BODY_H
#define RUNTIME_TEXT_BODY_H

#include "kitestream/error.h"
#include "kitestream/record.h"
#include "kitestream/sdk/buf.h"

/* Appends the body of such a value. */
void text_body_add(struct ks_buf *out, struct ks_slice text);
/* *ret points into `body`. Errors: DATA when its length is not that of the content. */
enum ks_status text_body_content(struct ks_slice body, struct ks_slice *ret, struct ks_error *err);

#endif
