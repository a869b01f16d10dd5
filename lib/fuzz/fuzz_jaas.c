/* Arbitrary text as sasl.jaas.config. */
#include "jaas.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *text = malloc(len + 1);
    memcpy(text, data, len);
    text[len] = '\0';
    struct jaas jaas;
    struct ks_error err;
    if (jaas_parse(text, &jaas, &err) == KS_OK) {
        for (size_t i = 0; i < jaas.option_count; i++)
            if (!jaas.options[i].value || !jaas_get(&jaas, jaas.options[i].name))
                abort();
        jaas_release(&jaas);
    }
    free(text);
    return 0;
}
