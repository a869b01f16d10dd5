/* Lines. In: a path and the position to go on at; out: one complete line after the other, and the
 * position behind it, which is what the source commits. A line without its end is not a line yet.
 */
#include "line_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kitestream/sdk/util.h"

#define STEP_BYTES (64 * 1024)

void line_reader_init(struct line_reader *r, const char *path, int64_t position)
{
    *r = (struct line_reader){.path = path, .fd = -1, .position = position};
}

void line_reader_release(struct line_reader *r)
{
    if (r->fd >= 0)
        close(r->fd);
    ks_buf_release(&r->bytes);
}

static enum ks_status open_file(struct line_reader *r, struct ks_error *err)
{
    struct stat info;
    int fd = open(r->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return ks_error_set(err, KS_ERR_RETRIABLE, "the file %s to appear", r->path);
    if (fd < 0)
        return ks_error_set(err, KS_ERR_FATAL, "cannot open %s: %s", r->path, strerror(errno));
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size < r->position) {
        close(fd);
        return ks_error_set(err, KS_ERR_RETRIABLE,
                            "the file %s to grow: it has %lld bytes, the committed position is "
                            "%lld; was it replaced?",
                            r->path, (long long)info.st_size, (long long)r->position);
    }
    r->fd = fd;
    return KS_OK;
}

static void drop_used(struct line_reader *r)
{
    memmove(r->bytes.data, r->bytes.data + r->used, r->bytes.len - r->used);
    r->bytes.len -= r->used;
    r->scanned -= r->used;
    r->used = 0;
}

enum ks_status line_reader_fill(struct line_reader *r, bool *ret_got, struct ks_error *err)
{
    *ret_got = false;
    if (r->fd < 0) {
        enum ks_status status = open_file(r, err);
        if (status != KS_OK)
            return status;
    }
    if (r->used > 0)
        drop_used(r);
    if (r->bytes.len >= LINE_MAX_BYTES)
        return ks_error_set(err, KS_ERR_FATAL, "%s: the line at position %lld has over %d bytes",
                            r->path, (long long)r->position, LINE_MAX_BYTES);
    ssize_t got = pread(r->fd, ks_buf_reserve(&r->bytes, STEP_BYTES), STEP_BYTES,
                        (off_t)(r->position + (int64_t)r->bytes.len));
    if (got < 0 && errno == EINTR)
        return KS_OK;
    if (got < 0)
        return ks_error_set(err, KS_ERR_FATAL, "cannot read %s: %s", r->path, strerror(errno));
    r->bytes.len += (size_t)got;
    *ret_got = got > 0;
    return KS_OK;
}

bool line_reader_next(struct line_reader *r, const uint8_t **ret_line, size_t *ret_len)
{
    for (; r->scanned < r->bytes.len; r->scanned++) {
        uint8_t c = r->bytes.data[r->scanned];
        if (c != '\n' && c != '\r')
            continue;
        size_t end_len = 1;
        if (c == '\r') {
            if (r->scanned + 1 == r->bytes.len)
                return false; /* the LF of a CR LF may be still to come */
            end_len += r->bytes.data[r->scanned + 1] == '\n';
        }
        *ret_line = r->bytes.data + r->used;
        *ret_len = r->scanned - r->used;
        r->scanned += end_len;
        r->position += (int64_t)(r->scanned - r->used);
        r->used = r->scanned;
        return true;
    }
    return false;
}
