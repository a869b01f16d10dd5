/* Complete lines of a file that may grow, or not exist yet. */
#ifndef FILESTREAM_LINE_READER_H
#define FILESTREAM_LINE_READER_H

#include <stdbool.h>

#include "kitestream/error.h"
#include "kitestream/sdk/buf.h"

#define LINE_MAX_BYTES (16 * 1024 * 1024)

/* Owns: fd and bytes. `path` is borrowed. */
struct line_reader {
    const char *path;
    int fd;           /* -1: not open (yet) */
    int64_t position; /* of the file: of the first byte in `bytes` that was not handed out */
    struct ks_buf bytes;
    size_t used;    /* of bytes: handed out */
    size_t scanned; /* of bytes: without a line end, so far */
};

void line_reader_init(struct line_reader *r, const char *path, int64_t position);
void line_reader_release(struct line_reader *r);
/* Reads on. *ret_got: something new came. Errors: RETRIABLE if the file is not there or shorter
 * than the position; FATAL if it cannot be read or a line is too long. */
enum ks_status line_reader_fill(struct line_reader *r, bool *ret_got, struct ks_error *err);
/* The next complete line without its end (LF, CR LF or CR), valid until fill. */
bool line_reader_next(struct line_reader *r, const uint8_t **ret_line, size_t *ret_len);

#endif
