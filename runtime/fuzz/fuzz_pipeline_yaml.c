/* Any bytes as a pipeline file: parse, walk what came out, release. */
#include <stdlib.h>
#include <string.h>

#include "pipeline_yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pipeline_file file;
    struct ks_error err;
    if (pipeline_file_parse("fuzz.yaml", (const char *)data, size, &file, &err) != KS_OK) {
        if (strncmp(err.message, "fuzz.yaml:", 10) != 0)
            abort();
        return 0;
    }
    for (size_t i = 0; i < file.count; i++) {
        const struct pipeline_connector *c = &file.connectors[i];
        const char *name = string_map_get(&c->config, "name");
        if (!name || strcmp(name, c->name) != 0 || pipeline_connector_line(c, "name") < 1 ||
            !string_map_get(&c->config, "connector.class"))
            abort();
    }
    pipeline_file_release(&file);
    return 0;
}
