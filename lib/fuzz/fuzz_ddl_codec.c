/* Any bytes as a DDL record: what decodes must encode to a record that decodes to the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ddl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ddl_codec *codec;
    if (!codec)
        codec = ddl_codec_new();
    struct ks_arena arena = {0};
    struct ks_buf once = {0}, twice = {0};
    struct ddl *ddl;
    struct ks_error err;
    struct ks_slice body = {data, size};
    if (ddl_decode(codec, ddl_value_avsc, body, &arena, &ddl, &err) == KS_OK) {
        ddl_encode(codec, ddl, &once);
        body = (struct ks_slice){once.data, once.len};
        if (ddl_decode(codec, ddl_value_avsc, body, &arena, &ddl, &err) != KS_OK)
            abort();
        ddl_encode(codec, ddl, &twice);
        if (once.len != twice.len || memcmp(once.data, twice.data, once.len) != 0)
            abort();
    }
    ks_buf_release(&once);
    ks_buf_release(&twice);
    ks_arena_release(&arena);
    return 0;
}
