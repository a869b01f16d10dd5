/* Any text as an option value: placeholders of the environment only, so that no input opens files.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config_def.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *value = malloc(size + 1);
    memcpy(value, data, size);
    value[size] = '\0';
    struct string_map config = {0};
    struct ks_error err;
    if (!strstr(value, "${file:")) {
        string_map_set(&config, "option", value);
        bool is_plain = !config_has_placeholder(value);
        if (config_resolve(&config, &err) == KS_OK && is_plain &&
            strcmp(string_map_get(&config, "option"), value) != 0)
            abort();
    }
    string_map_release(&config);
    free(value);
    return 0;
}
