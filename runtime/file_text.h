/* A small text file as one string. */
#ifndef RUNTIME_FILE_TEXT_H
#define RUNTIME_FILE_TEXT_H

#include <stddef.h>

#include "kitestream/error.h"

/* NUL-terminated (not counted); may contain NULs of its own. Owns: the caller frees it. Errors:
 * FATAL with the path's trouble, but not the path. */
enum ks_status file_text_read(const char *path, size_t max_bytes, char **ret, size_t *ret_len,
                              struct ks_error *err);

#endif
