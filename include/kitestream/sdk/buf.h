/* A growing byte buffer with a named maximum. */
#ifndef KITESTREAM_SDK_BUF_H
#define KITESTREAM_SDK_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Owns: data. Zero-initialised is valid and empty. Out of memory aborts the process. */
struct ks_buf {
    uint8_t *data;
    size_t len, cap;
};

void ks_buf_release(struct ks_buf *buf);
void ks_buf_reset(struct ks_buf *buf); /* keeps the memory */
/* Room for `len` more bytes; returns where they go. The caller adds to buf->len itself. */
uint8_t *ks_buf_reserve(struct ks_buf *buf, size_t len);
void ks_buf_add(struct ks_buf *buf, const void *data, size_t len);
void ks_buf_add_byte(struct ks_buf *buf, uint8_t byte);
void ks_buf_add_str(struct ks_buf *buf, const char *str);
void ks_buf_printf(struct ks_buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* NUL-terminates (not counted in len) and returns the text; valid until the next change. */
const char *ks_buf_str(struct ks_buf *buf);
/* Hands the memory over as a NUL-terminated string; the buffer is empty afterwards. */
char *ks_buf_take_str(struct ks_buf *buf);

#endif
