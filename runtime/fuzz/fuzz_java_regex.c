/* Three lines: an expression, a replacement, a topic. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "java_regex.h"

/* A match may take milliseconds by its limits: short input keeps the fuzzer quick. */
#define INPUT_MAX_BYTES 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct java_regex *re;
    struct ks_error err;
    if (size > INPUT_MAX_BYTES)
        return 0;
    char *pattern = strndup((const char *)data, size), *rest = pattern;
    strsep(&rest, "\n");
    char *replacement = rest ? strsep(&rest, "\n") : NULL;
    if (rest && java_regex_new(pattern, &re, &err) == KS_OK) {
        struct ks_buf out = {0};
        char *fault = java_regex_replacement_fault(re, replacement);
        java_regex_matches(re, rest);
        if (!fault)
            java_regex_replace_first(re, rest, replacement, &out);
        ks_buf_release(&out);
        free(fault);
        java_regex_free(re);
    }
    free(pattern);
    return 0;
}
