/* JSON text for a fixed schema (first byte below 0x80), or for a fuzzed one (schema NUL text). What
 * is taken must print, and what was printed must read back as the same text. */
#include <stdlib.h>
#include <string.h>

#include "kitestream/sdk/avro.h"

static const char FIXED[] =
    "{\"type\":\"record\",\"name\":\"R\",\"fields\":["
    "{\"name\":\"l\",\"type\":[\"null\",\"long\",\"string\"],\"default\":null},"
    "{\"name\":\"f\",\"type\":\"float\",\"default\":0.5},"
    "{\"name\":\"d\",\"type\":\"double\",\"default\":0},"
    "{\"name\":\"y\",\"type\":\"bytes\",\"default\":\"\\u00ff\"},"
    "{\"name\":\"m\",\"type\":{\"type\":\"map\",\"values\":\"boolean\"},\"default\":{}},"
    "{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]},"
    "\"default\":\"A\"},"
    "{\"name\":\"kids\",\"type\":{\"type\":\"array\",\"items\":\"R\"},\"default\":[]}]}";

static void round_trip(const struct ks_avro_schema *schema, const char *text, size_t len)
{
    struct ks_buf body = {0}, printed = {0}, again = {0}, reprinted = {0};
    struct ks_error err;
    if (!ks_avro_from_json(schema, text, len, &body, &err) &&
        !ks_avro_to_json(schema, (struct ks_slice){body.data, body.len}, &printed, &err)) {
        /* A map may print keys in any order, and a union may prefer an earlier branch for a text
         * such as "NaN"; from the second print on nothing moves. */
        if (ks_avro_from_json(schema, (const char *)printed.data, printed.len, &again, &err) ||
            ks_avro_to_json_exact(schema, (struct ks_slice){again.data, again.len}, &reprinted,
                                  &err) ||
            printed.len != reprinted.len)
            abort();
    }
    ks_buf_release(&body);
    ks_buf_release(&printed);
    ks_buf_release(&again);
    ks_buf_release(&reprinted);
}

static void fuzzed_schema(const char *text, size_t size)
{
    struct ks_avro_schema *schema;
    const char *json = memchr(text, 0, size);
    if (!json || ks_avro_schema_parse(text, (size_t)(json - text), &schema, NULL))
        return;
    json++;
    round_trip(schema, json, size - (size_t)(json - text));
    ks_avro_schema_free(schema);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ks_avro_schema *fixed; /* parsed once, for speed */
    if (!fixed && ks_avro_schema_parse(FIXED, strlen(FIXED), &fixed, NULL))
        abort();
    if (size == 0)
        return 0;
    if (data[0] >= 0x80)
        fuzzed_schema((const char *)data + 1, size - 1);
    else
        round_trip(fixed, (const char *)data + 1, size - 1);
    return 0;
}
