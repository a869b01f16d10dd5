/* Schema text from anywhere: parse it, walk it, make plans of it. */
#include <stdlib.h>

#include "kitestream/sdk/avro.h"

static void walk(const struct ks_avro_schema *schema)
{
    if (!ks_avro_schema_fingerprint(schema) && ks_avro_schema_prop(schema, "logicalType"))
        abort();
    for (size_t i = 0; i < ks_avro_schema_count(schema); i++) {
        const struct ks_avro_field *field = ks_avro_schema_field(schema, i);
        if (field && !ks_avro_schema_name(schema))
            abort();
        ks_avro_schema_branch(schema, i);
        ks_avro_schema_symbol(schema, i);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ks_avro_schema *schema;
    struct ks_error err;
    if (ks_avro_schema_parse((const char *)data, size, &schema, &err))
        return 0;
    walk(schema);
    struct ks_avro_encoder *enc = NULL;
    struct ks_avro_decoder *dec = NULL;
    bool has_plan = !ks_avro_encoder_new(schema, &enc, &err);
    /* What can be written as a row can be read as one. */
    if (ks_avro_decoder_new(schema, schema, &dec, &err) != (has_plan ? KS_OK : KS_ERR_DATA))
        abort();
    ks_avro_encoder_free(enc);
    ks_avro_decoder_free(dec);
    ks_avro_schema_free(schema);
    return 0;
}
