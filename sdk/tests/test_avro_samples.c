/* The published samples of the stream, whose bodies an independent Avro wrote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "helper_avro.h"

#include <cmocka.h>

#define SCHEMAS KITESTREAM_SOURCE_DIR "/schemas/"

static char *read_text(const char *folder, const char *name, const char *extension)
{
    char path[1024];
    snprintf(path, sizeof path, "%s%s%s", folder, name, extension);
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("cannot open %s", path);
    struct ks_buf text = {0};
    size_t got;
    do {
        got = fread(ks_buf_reserve(&text, 4096), 1, 4096, file);
        text.len += got;
    } while (got > 0);
    fclose(file);
    return ks_buf_take_str(&text);
}

/* The body of a sample, through our own base64 reading. */
static void body_of_sample(const json_t *sample, struct ks_buf *out)
{
    char *text = json_dumps(json_object_get(sample, "body"), JSON_ENCODE_ANY);
    struct ks_buf framed = {0};
    body_of("'bytes'", text, &framed);
    struct row row = row_of("'bytes'", "'bytes'", slice_of(&framed));
    ks_buf_add(out, row.cells[0].u.data, row.cells[0].count);
    row_release(&row);
    ks_buf_release(&framed);
    free(text);
}

static void check_sample(const struct ks_avro_schema *schema, const json_t *sample)
{
    struct ks_buf body = {0}, text = {0}, again = {0}, rewritten = {0};
    struct ks_arena arena = {0};
    struct ks_avro_encoder *enc;
    struct ks_avro_decoder *dec;
    struct ks_error err;
    body_of_sample(sample, &body);

    assert_int_equal(ks_avro_to_json(schema, slice_of(&body), &text, &err), KS_OK);
    json_t *printed = json_loads(ks_buf_str(&text), 0, NULL);
    assert_true(json_equal(printed, json_object_get(sample, "value")));
    json_decref(printed);

    char *value = json_dumps(json_object_get(sample, "value"), 0);
    if (ks_avro_from_json(schema, value, strlen(value), &again, &err))
        fail_msg("%s", err.message);
    assert_int_equal(again.len, body.len);
    assert_memory_equal(again.data, body.data, body.len);
    free(value);

    assert_int_equal(ks_avro_encoder_new(schema, &enc, &err), KS_OK);
    assert_int_equal(ks_avro_decoder_new(schema, schema, &dec, &err), KS_OK);
    struct ks_cell *cells = calloc(ks_avro_decoder_cells(dec), sizeof *cells);
    assert_int_equal(ks_avro_decode(dec, slice_of(&body), cells, &arena, &err), KS_OK);
    assert_int_equal(ks_avro_encode(enc, cells, &rewritten, &err), KS_OK);
    assert_int_equal(rewritten.len, body.len);
    assert_memory_equal(rewritten.data, body.data, body.len);

    free(cells);
    ks_avro_encoder_free(enc);
    ks_avro_decoder_free(dec);
    ks_arena_release(&arena);
    ks_buf_release(&body);
    ks_buf_release(&text);
    ks_buf_release(&again);
    ks_buf_release(&rewritten);
}

static size_t check_samples(const char *name)
{
    char *json = read_text(SCHEMAS, name, ".avsc"),
         *lines = read_text(SCHEMAS "samples/", name, ".jsonl");
    struct ks_avro_schema *schema;
    struct ks_error err;
    if (ks_avro_schema_parse(json, strlen(json), &schema, &err))
        fail_msg("%s: %s", name, err.message);
    size_t count = 0;
    for (char *line = strtok(lines, "\n"); line; line = strtok(NULL, "\n"), count++) {
        json_t *sample = json_loads(line, 0, NULL);
        assert_non_null(sample);
        check_sample(schema, sample);
        json_decref(sample);
    }
    ks_avro_schema_free(schema);
    free(json);
    free(lines);
    return count;
}

static void test_samples__ddl(void **state)
{
    assert_true(check_samples("ddl") >= 10);
}

static void test_samples__heartbeat(void **state)
{
    assert_true(check_samples("heartbeat") >= 2);
}

static void test_samples__key(void **state)
{
    assert_true(check_samples("key") >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples__ddl),
        cmocka_unit_test(test_samples__heartbeat),
        cmocka_unit_test(test_samples__key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
