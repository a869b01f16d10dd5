/* Any bytes as a properties file; the first line is the key that is looked for. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "properties.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, '\n', size);
    if (!end)
        return 0;
    char *key = strndup((const char *)data, (size_t)(end - data));
    size_t rest = size - (size_t)(end + 1 - data);
    free(properties_get((const char *)end + 1, rest, key));
    free(key);
    return 0;
}
