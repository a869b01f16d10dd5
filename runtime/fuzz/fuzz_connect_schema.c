/* A Connect schema from somebody's record. One that is taken, and is a legal schema in Avro's eyes,
 * must be written and read back as the same. */
#include <stdlib.h>
#include <string.h>

#include "connect_schema.h"

/* False if it is refused. */
static bool rewrite(const char *text, size_t len, struct ks_buf *out)
{
    struct ks_buf avro = {0};
    struct ks_avro_schema *schema;
    struct ks_error err;
    bool optional;
    bool ok = connect_schema_read(text, len, &avro, &optional, &err) == KS_OK &&
              ks_avro_schema_parse(ks_buf_str(&avro), avro.len, &schema, &err) == KS_OK;
    if (ok) {
        if (connect_schema_write(schema, out, &err) != KS_OK)
            abort();
        ks_avro_schema_free(schema);
    }
    ks_buf_release(&avro);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ks_buf once = {0}, twice = {0};
    if (rewrite((const char *)data, size, &once)) {
        if (!rewrite(ks_buf_str(&once), once.len, &twice))
            abort();
        if (once.len != twice.len || memcmp(once.data, twice.data, once.len) != 0)
            abort();
    }
    ks_buf_release(&once);
    ks_buf_release(&twice);
    return 0;
}
