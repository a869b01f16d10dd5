/* Text into a buffer of fixed size, for reasons and statuses: cut at a whole character, since they
 * go into JSON. */
#ifndef LIB_UTF8_COPY_H
#define LIB_UTF8_COPY_H

#include <stddef.h>

/* As many whole characters as fit into cap bytes with the NUL behind them. */
void utf8_copy(char *to, size_t cap, const char *text);

#endif
