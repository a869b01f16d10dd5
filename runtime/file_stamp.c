/* In: a path; out: changed or not. Next: what reads certificates and passwords again. Links are
 * followed: that is how secrets are exchanged where files are mounted. */
#include "file_stamp.h"

#include <sys/stat.h>

bool file_stamp_changed(struct file_stamp *stamp, const char *path)
{
    struct stat st;
    if (!path || stat(path, &st) != 0)
        return false;
    const struct file_stamp now = {.device = st.st_dev,
                                   .inode = st.st_ino,
                                   .size = (uint64_t)st.st_size,
                                   .changed_s = st.st_mtim.tv_sec,
                                   .changed_ns = st.st_mtim.tv_nsec,
                                   .known = true};
    bool same = stamp->known && stamp->device == now.device && stamp->inode == now.inode &&
                stamp->size == now.size && stamp->changed_s == now.changed_s &&
                stamp->changed_ns == now.changed_ns;
    *stamp = now;
    return !same;
}
