/* Reads a file of bounded size. In: a path from a user; out: its bytes. Next: the YAML and
 * properties readers. The size is not asked for: it would be wrong for pipes and /proc. */
#include "file_text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "kitestream/sdk/buf.h"
#include "kitestream/sdk/util.h"

#define STEP_BYTES 16384

static enum ks_status read_all(int fd, size_t max_bytes, struct ks_buf *text, struct ks_error *err)
{
    for (;;) {
        ssize_t got = read(fd, ks_buf_reserve(text, STEP_BYTES), STEP_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ks_error_set(err, KS_ERR_FATAL, "cannot read the file: %s", strerror(errno));
        if (got == 0)
            return KS_OK;
        text->len += (size_t)got;
        if (text->len > max_bytes)
            return ks_error_set(err, KS_ERR_FATAL, "the file is larger than %zu bytes", max_bytes);
    }
}

enum ks_status file_text_read(const char *path, size_t max_bytes, char **ret, size_t *ret_len,
                              struct ks_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ks_error_set(err, KS_ERR_FATAL, "cannot open the file: %s", strerror(errno));
    struct ks_buf text = {0};
    enum ks_status status = read_all(fd, max_bytes, &text, err);
    close(fd);
    if (status == KS_OK) {
        *ret_len = text.len;
        *ret = ks_buf_take_str(&text);
    }
    ks_buf_release(&text);
    return status;
}
