/* What a registry answers: the first byte chooses the parser. */
#include <stdlib.h>

#include "registry_client.h"
#include "schema_http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ks_error err;
    uint32_t id;
    char *json = NULL;
    if (size == 0)
        return 0;
    const char *body = (const char *)data + 1;
    switch (data[0] % 3) {
    case 0:
        if (schema_http_parse_id("fuzz", body, size - 1, &id, &err) == KS_OK && id == 0)
            abort();
        break;
    case 1:
        schema_http_parse_schema("fuzz", body, size - 1, &json, &err);
        free(json);
        break;
    default:
        registry_refusal("fuzz", 400 + data[0], body, size - 1, &err);
    }
    return 0;
}
