/* Source partitions as connectors give them: a key is made or refused, and a key's own partition
 * gives the same key. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "offset_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    memcpy(text, data, size);
    text[size] = '\0';
    struct ks_buf key = {0}, again = {0};
    struct ks_error err;
    if (offset_store_key("c", text, &key, &err) == KS_OK) {
        json_t *array = json_loads(ks_buf_str(&key), 0, NULL);
        char *partition = json_dumps(json_array_get(array, 1), JSON_COMPACT);
        if (!partition || offset_store_key("c", partition, &again, &err) != KS_OK ||
            strcmp(ks_buf_str(&key), ks_buf_str(&again)) != 0)
            abort();
        free(partition);
        json_decref(array);
    }
    ks_buf_release(&key);
    ks_buf_release(&again);
    free(text);
    return 0;
}
