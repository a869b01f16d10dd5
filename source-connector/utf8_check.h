/* Is this text UTF-8? Avro strings must be, and readers in other languages stop at one that is not.
 */
#ifndef SOURCE_UTF8_CHECK_H
#define SOURCE_UTF8_CHECK_H

#include <stdbool.h>
#include <stddef.h>

bool utf8_check(const void *data, size_t len);

#endif
