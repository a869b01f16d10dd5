/* Whether a file has changed since it was looked at last. */
#ifndef RUNTIME_FILE_STAMP_H
#define RUNTIME_FILE_STAMP_H

#include <stdbool.h>
#include <stdint.h>

/* Zero-initialised: not looked at yet. */
struct file_stamp {
    uint64_t device, inode, size;
    int64_t changed_s, changed_ns;
    bool known;
};

/* True if it is another one than at the last call, or differs; at the first call too. A file that
 * is not there (any more) has not changed. path NULL: false. */
bool file_stamp_changed(struct file_stamp *stamp, const char *path);

#endif
