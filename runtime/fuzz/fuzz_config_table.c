/* Records of the config topic: lines of the input are key, value, key, value, … */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config_store.h"
#include "log.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    log_init(KS_LOG_ERROR, false);
    return 0;
}

static struct ks_slice next_line(const uint8_t **data, size_t *size)
{
    const uint8_t *end = memchr(*data, '\n', *size);
    struct ks_slice line = {*data, end ? (size_t)(end - *data) : *size};
    *data += line.len + (end ? 1 : 0);
    *size -= line.len + (end ? 1 : 0);
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config_store *store = config_store_new(NULL, NULL);
    for (int64_t offset = 0; size > 0; offset++) {
        struct ks_slice key = next_line(&data, &size);
        struct ks_slice value = size > 0 ? next_line(&data, &size) : (struct ks_slice){0};
        /* An empty line is a tombstone. */
        config_store_apply(store, key, value.len ? value : (struct ks_slice){0}, offset);
    }
    char **names;
    size_t count = config_store_names(store, &names);
    for (size_t i = 0; i < count; i++) {
        struct connector_config config;
        if (!config_store_get(store, names[i], &config))
            abort();
        connector_config_release(&config);
    }
    free(names);
    config_store_close(store);
    return 0;
}
