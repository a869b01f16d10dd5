#include "helper_avro.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void require(enum ks_status status, const struct ks_error *err)
{
    if (status)
        fail_msg("%s", err->message);
}

char *json_of(const char *quoted)
{
    char *json = strdup(quoted);
    for (char *p = json; *p; p++) {
        if (*p == '\'')
            *p = '"';
    }
    return json;
}

static enum ks_status parse(const char *quoted, struct ks_avro_schema **ret, struct ks_error *err)
{
    char *json = json_of(quoted);
    enum ks_status status = ks_avro_schema_parse(json, strlen(json), ret, err);
    free(json);
    return status;
}

struct ks_avro_schema *schema_of(const char *quoted)
{
    struct ks_avro_schema *schema = NULL;
    struct ks_error err = {0};
    require(parse(quoted, &schema, &err), &err);
    return schema;
}

void body_of(const char *schema, const char *quoted, struct ks_buf *out)
{
    struct ks_avro_schema *parsed = schema_of(schema);
    struct ks_error err = {0};
    char *json = json_of(quoted);
    require(ks_avro_from_json(parsed, json, strlen(json), out, &err), &err);
    free(json);
    ks_avro_schema_free(parsed);
}

struct ks_avro_encoder *encoder_of(const char *quoted)
{
    struct ks_avro_schema *schema = schema_of(quoted);
    struct ks_avro_encoder *enc = NULL;
    struct ks_error err = {0};
    require(ks_avro_encoder_new(schema, &enc, &err), &err);
    ks_avro_schema_free(schema); /* the plan keeps what it needs */
    return enc;
}

struct ks_avro_decoder *decoder_of(const char *writer, const char *reader)
{
    struct ks_avro_schema *from = schema_of(writer), *to = schema_of(reader);
    struct ks_avro_decoder *dec = NULL;
    struct ks_error err = {0};
    require(ks_avro_decoder_new(from, to, &dec, &err), &err);
    ks_avro_schema_free(from);
    ks_avro_schema_free(to);
    return dec;
}

struct row row_of(const char *writer, const char *reader, struct ks_slice body)
{
    struct row row = {.dec = decoder_of(writer, reader)};
    row.cells = calloc(ks_avro_decoder_cells(row.dec) + 1, sizeof *row.cells);
    row.status = ks_avro_decode(row.dec, body, row.cells, &row.arena, &row.err);
    return row;
}

void row_release(struct row *row)
{
    ks_avro_decoder_free(row->dec);
    ks_arena_release(&row->arena);
    free(row->cells);
}

void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is not in '%s'", part, text);
}

void assert_schema_refused(const char *quoted, const char *part)
{
    struct ks_avro_schema *schema = NULL;
    struct ks_error err = {0};
    assert_int_equal(parse(quoted, &schema, &err), KS_ERR_DATA);
    assert_null(schema);
    assert_contains(err.message, part);
}
