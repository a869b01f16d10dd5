/* Bodies from anywhere, read with fixed pairs of schemas (first byte below 0x80) or with fuzzed
 * ones (writer NUL reader NUL body). What was decoded is encoded again and must decode to the same.
 */
#include <stdlib.h>
#include <string.h>

#include "kitestream/sdk/avro.h"

/* Schemas with ' for ". */
static const char EVERYTHING[] =
    "{'type':'record','name':'R','fields':["
    "{'name':'b','type':'boolean'},"
    "{'name':'i','type':'int'},"
    "{'name':'l','type':['null','long']},"
    "{'name':'f','type':'float'},"
    "{'name':'d','type':'double'},"
    "{'name':'y','type':['bytes','null']},"
    "{'name':'s','type':'string'},"
    "{'name':'x','type':{'type':'fixed','name':'X','size':3}},"
    "{'name':'e','type':{'type':'enum','name':'E','symbols':['A','B','C']}},"
    "{'name':'v','type':{'type':'array','items':'float'}},"
    "{'name':'t','type':{'type':'array','items':['null','string']}},"
    "{'name':'m','type':{'type':'map','values':{'type':'array','items':'long'}}},"
    "{'name':'r','type':['null',{'type':'record','name':'I','fields':["
    "{'name':'p','type':'int'},"
    "{'name':'q','type':{'type':'array','items':'float'}}]}]},"
    "{'name':'rs','type':{'type':'array','items':'I'}},"
    "{'name':'n','type':{'type':'array','items':'null'}}]}";
static const char NARROWER[] =
    "{'type':'record','name':'R','fields':["
    "{'name':'i','type':'double'},"
    "{'name':'y','type':['null','string']},"
    "{'name':'e','type':{'type':'enum','name':'E','symbols':['C','A'],'default':'A'}},"
    "{'name':'new','type':['string','null'],'default':'added'},"
    "{'name':'v','type':{'type':'array','items':'double'}},"
    "{'name':'rs','type':{'type':'array','items':{'type':'record','name':'I','fields':["
    "{'name':'z','type':{'type':'array','items':'float'},'default':[1,2]},"
    "{'name':'p','type':['null','float']}]}}}]}";
static const char UNIONS[] =
    "{'type':'record','name':'R','fields':["
    "{'name':'u','type':['int','string','null',{'type':'array','items':'long'}]},"
    "{'name':'l','type':{'type':'record','name':'L','fields':["
    "{'name':'next','type':['null','L']}]}},"
    "{'name':'a','type':{'type':'array','items':['int','float']}}]}";
static const char UNIONS_READ[] = "{'type':'record','name':'R','fields':["
                                  "{'name':'u','type':['null','double']},"
                                  "{'name':'a','type':{'type':'array','items':'float'}}]}";

static const struct {
    const char *writer, *reader;
} PAIRS[] = {{EVERYTHING, EVERYTHING}, {EVERYTHING, NARROWER}, {UNIONS, UNIONS_READ}};

static struct ks_avro_schema *parse(const char *json, size_t len)
{
    struct ks_avro_schema *schema = NULL;
    return ks_avro_schema_parse(json, len, &schema, NULL) ? NULL : schema;
}

static struct ks_avro_schema *parse_quoted(const char *text)
{
    char json[4096];
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        json[i] = text[i] == '\'' ? '"' : text[i];
    struct ks_avro_schema *schema = parse(json, len);
    if (!schema)
        abort();
    return schema;
}

/* Decoded cells encode, and the canonical bytes read back as themselves. */
static void encode_again(const struct ks_avro_schema *reader, const struct ks_cell *cells,
                         struct ks_arena *arena)
{
    struct ks_avro_encoder *enc;
    struct ks_avro_decoder *dec;
    struct ks_buf one = {0}, two = {0};
    if (ks_avro_encoder_new(reader, &enc, NULL) || ks_avro_decoder_new(reader, reader, &dec, NULL))
        abort();
    struct ks_cell *again = calloc(ks_avro_decoder_cells(dec) + 1, sizeof *again);
    if (ks_avro_encode(enc, cells, &one, NULL) ||
        ks_avro_decode(dec, (struct ks_slice){one.data, one.len}, again, arena, NULL) ||
        ks_avro_encode(enc, again, &two, NULL) || one.len != two.len ||
        memcmp(one.data, two.data, one.len) != 0)
        abort();
    free(again);
    ks_buf_release(&one);
    ks_buf_release(&two);
    ks_avro_encoder_free(enc);
    ks_avro_decoder_free(dec);
}

static void decode(const struct ks_avro_schema *writer, const struct ks_avro_schema *reader,
                   struct ks_slice body)
{
    struct ks_avro_decoder *dec;
    struct ks_error err;
    struct ks_buf text = {0};
    bool printed = !ks_avro_to_json(writer, body, &text, &err);
    ks_buf_release(&text);
    if (ks_avro_decoder_new(writer, reader, &dec, &err))
        return;
    struct ks_arena arena = {0};
    struct ks_cell *cells = calloc(ks_avro_decoder_cells(dec) + 1, sizeof *cells);
    if (!ks_avro_decode(dec, body, cells, &arena, &err)) {
        /* Printing visits every node and may find more at fault, never less. */
        encode_again(reader, cells, &arena);
    } else if (printed && writer == reader) {
        abort();
    }
    free(cells);
    ks_arena_release(&arena);
    ks_avro_decoder_free(dec);
}

static void fuzzed_schemas(const char *text, size_t size)
{
    const char *separator = memchr(text, 0, size);
    if (!separator)
        return;
    const char *reader_json = separator + 1, *end = text + size;
    separator = memchr(reader_json, 0, (size_t)(end - reader_json));
    if (!separator)
        return;
    const char *body = separator + 1;
    struct ks_avro_schema *writer = parse(text, (size_t)(reader_json - 1 - text));
    struct ks_avro_schema *reader = parse(reader_json, (size_t)(body - 1 - reader_json));
    if (writer && reader)
        decode(writer, reader, (struct ks_slice){body, (size_t)(end - body)});
    ks_avro_schema_free(writer);
    ks_avro_schema_free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ks_avro_schema *writers[3], *readers[3]; /* parsed once, for speed */
    for (int i = 0; i < 3 && !writers[i]; i++) {
        writers[i] = parse_quoted(PAIRS[i].writer);
        readers[i] = parse_quoted(PAIRS[i].reader);
    }
    if (size == 0)
        return 0;
    if (data[0] >= 0x80) {
        fuzzed_schemas((const char *)data + 1, size - 1);
        return 0;
    }
    int pair = data[0] % 3;
    decode(writers[pair], pair == 0 ? writers[0] : readers[pair],
           (struct ks_slice){data + 1, size - 1});
    return 0;
}
