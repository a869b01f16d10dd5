/* A growing byte buffer. In: bytes and text piece by piece; out: one block of memory. Every encoder
 * of the project writes into one. Growth doubles, so a buffer that is reset and reused soon stops
 * allocating. */
#include "kitestream/sdk/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 64

static void out_of_memory(void)
{
    fputs("kitestream: out of memory\n", stderr);
    abort();
}

void ks_buf_release(struct ks_buf *buf)
{
    free(buf->data);
    *buf = (struct ks_buf){0};
}

void ks_buf_reset(struct ks_buf *buf)
{
    buf->len = 0;
}

static void grow_to(struct ks_buf *buf, size_t need)
{
    size_t cap = buf->cap > SIZE_MAX / 2 ? need : buf->cap * 2;
    if (cap < need)
        cap = need;
    if (cap < FIRST_CAP)
        cap = FIRST_CAP;
    uint8_t *data = realloc(buf->data, cap);
    if (!data)
        out_of_memory();
    buf->data = data;
    buf->cap = cap;
}

uint8_t *ks_buf_reserve(struct ks_buf *buf, size_t len)
{
    if (len > SIZE_MAX - buf->len)
        out_of_memory();
    if (buf->cap - buf->len < len || !buf->data)
        grow_to(buf, buf->len + len);
    return buf->data + buf->len;
}

void ks_buf_add(struct ks_buf *buf, const void *data, size_t len)
{
    if (len == 0)
        return;
    memcpy(ks_buf_reserve(buf, len), data, len);
    buf->len += len;
}

void ks_buf_add_byte(struct ks_buf *buf, uint8_t byte)
{
    *ks_buf_reserve(buf, 1) = byte;
    buf->len++;
}

void ks_buf_add_str(struct ks_buf *buf, const char *str)
{
    ks_buf_add(buf, str, strlen(str));
}

void ks_buf_printf(struct ks_buf *buf, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    char *room = (char *)ks_buf_reserve(buf, 1);
    size_t space = buf->cap - buf->len;
    int len = vsnprintf(room, space, fmt, args);
    va_end(args);
    if (len >= 0 && (size_t)len >= space) {
        room = (char *)ks_buf_reserve(buf, (size_t)len + 1);
        len = vsnprintf(room, (size_t)len + 1, fmt, again);
    }
    va_end(again);
    if (len > 0)
        buf->len += (size_t)len;
}

const char *ks_buf_str(struct ks_buf *buf)
{
    *ks_buf_reserve(buf, 1) = '\0';
    return (const char *)buf->data;
}

char *ks_buf_take_str(struct ks_buf *buf)
{
    ks_buf_str(buf);
    char *text = (char *)buf->data;
    *buf = (struct ks_buf){0};
    return text;
}
