#include "helper_avro.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void require(enum ks_status status, const struct ks_error *err)
{
    if (status)
        fail_msg("%s", err->message);
}

struct ks_avro_schema *schema_of(const char *json)
{
    struct ks_avro_schema *schema = NULL;
    struct ks_error err = {0};
    require(ks_avro_schema_parse(json, strlen(json), &schema, &err), &err);
    return schema;
}

void body_of(const char *schema_json, const char *json, struct ks_buf *out)
{
    struct ks_avro_schema *schema = schema_of(schema_json);
    struct ks_error err = {0};
    require(ks_avro_from_json(schema, json, strlen(json), out, &err), &err);
    ks_avro_schema_free(schema);
}

struct ks_avro_encoder *encoder_of(const char *json)
{
    struct ks_avro_schema *schema = schema_of(json);
    struct ks_avro_encoder *enc = NULL;
    struct ks_error err = {0};
    require(ks_avro_encoder_new(schema, &enc, &err), &err);
    ks_avro_schema_free(schema); /* the plan keeps what it needs */
    return enc;
}

struct ks_avro_decoder *decoder_of(const char *writer_json, const char *reader_json)
{
    struct ks_avro_schema *writer = schema_of(writer_json), *reader = schema_of(reader_json);
    struct ks_avro_decoder *dec = NULL;
    struct ks_error err = {0};
    require(ks_avro_decoder_new(writer, reader, &dec, &err), &err);
    ks_avro_schema_free(writer);
    ks_avro_schema_free(reader);
    return dec;
}

void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in \"%s\"", part, text);
}

void assert_schema_refused(const char *json, const char *part)
{
    struct ks_avro_schema *schema = NULL;
    struct ks_error err = {0};
    assert_int_equal(ks_avro_schema_parse(json, strlen(json), &schema, &err), KS_ERR_DATA);
    assert_null(schema);
    assert_contains(err.message, part);
}
