/* Kafka message in, a line of JSON for a person (or jq) out. Next: tail writes it. */
#include "tail_format.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "converters.h"
#include "kitestream/sdk/util.h"

struct tail_format {
    const struct worker_config *worker;
    bool value_only;
    struct schema_cache *schemas;
    struct converter *keys, *values; /* NULL until needed */
    const struct ks_schema *bytes;
    struct ks_arena arena;
};

struct tail_format *tail_format_new(const struct worker_config *worker, bool value_only)
{
    struct tail_format *f = xcalloc(1, sizeof *f);
    f->worker = worker;
    f->value_only = value_only;
    f->schemas = schema_cache_new();
    return f;
}

void tail_format_free(struct tail_format *f)
{
    if (!f)
        return;
    converter_close(f->keys);
    converter_close(f->values);
    schema_cache_free(f->schemas);
    ks_arena_release(&f->arena);
    free(f);
}

/* The worker's converter of this place, whatever its class: its registry options count. */
static enum ks_status get_converter(struct tail_format *f, bool is_key, struct converter **ret,
                                    struct ks_error *err)
{
    struct converter **place = is_key ? &f->keys : &f->values;
    struct ks_config_entry avro = {is_key ? "key.converter" : "value.converter",
                                   "io.confluent.connect.avro.AvroConverter"};
    struct ks_config config = {&avro, 1};
    enum ks_status status = KS_OK;
    if (!*place)
        status = converter_open(f->worker, &config, is_key, f->schemas, place, err);
    if (status == KS_OK)
        *ret = *place;
    return status;
}

static enum ks_status add_avro(struct tail_format *f, struct ks_slice bytes, bool is_key,
                               struct ks_buf *out, struct ks_error *err)
{
    struct converter *converter;
    struct ks_record none = {0};
    struct ks_slice body;
    const struct ks_schema *schema;
    enum ks_status status = get_converter(f, is_key, &converter, err);
    if (status == KS_OK)
        status = converter_to_record(converter, &none, bytes, &f->arena, &body, &schema, err);
    return status == KS_OK ? ks_avro_to_json(schema->schema, body, out, err) : status;
}

static bool add_dumped(struct ks_buf *out, json_t *take_json)
{
    char *text = take_json ? json_dumps(take_json, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    if (text)
        ks_buf_add_str(out, text);
    free(text);
    json_decref(take_json);
    return text != NULL;
}

static void add_base64(struct tail_format *f, struct ks_slice bytes, struct ks_buf *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *p = bytes.data;
    ks_buf_add_byte(out, '"');
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t group = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
                         (left > 2 ? p[i + 2] : 0);
        for (unsigned k = 0; k < 4; k++)
            ks_buf_add_byte(out, k <= left ? (uint8_t)digits[group >> (18 - 6 * k) & 63] : '=');
    }
    ks_buf_add_byte(out, '"');
}

static enum ks_status add_bytes(struct tail_format *f, struct ks_slice bytes, bool is_key,
                                struct ks_buf *out, struct ks_error *err)
{
    const char *text = bytes.data;
    if (!bytes.data) {
        ks_buf_add_str(out, "null");
        return KS_OK;
    }
    if (bytes.len >= 5 && text[0] == 0) {
        size_t start = out->len;
        enum ks_status status = add_avro(f, bytes, is_key, out, err);
        if (status != KS_ERR_DATA)
            return status;
        out->len = start;
        add_base64(f, bytes, out);
        return status;
    }
    bool structured = bytes.len > 0 && (text[0] == '{' || text[0] == '[');
    if (structured && add_dumped(out, json_loadb(text, bytes.len, 0, NULL)))
        return KS_OK;
    if (!add_dumped(out, json_stringn(text, bytes.len)))
        add_base64(f, bytes, out);
    return KS_OK;
}

static void add_place(const rd_kafka_message_t *message, struct ks_buf *out)
{
    ks_buf_printf(out, "{\"topic\":\"%s\",\"partition\":%d,\"offset\":%lld,\"timestamp\":%lld",
                  rd_kafka_topic_name(message->rkt), (int)message->partition,
                  (long long)message->offset, (long long)rd_kafka_message_timestamp(message, NULL));
}

enum ks_status tail_format_line(struct tail_format *f, const rd_kafka_message_t *message,
                                struct ks_buf *out, struct ks_error *err)
{
    size_t start = out->len;
    enum ks_status key_status = KS_OK, status;
    ks_arena_reset(&f->arena, 1 << 16);
    if (!f->value_only) {
        add_place(message, out);
        ks_buf_add_str(out, ",\"key\":");
        key_status =
            add_bytes(f, (struct ks_slice){message->key, message->key_len}, true, out, err);
        ks_buf_add_str(out, ",\"value\":");
    }
    status = add_bytes(f, (struct ks_slice){message->payload, message->len}, false, out, err);
    if (!f->value_only)
        ks_buf_add_byte(out, '}');
    ks_buf_add_byte(out, '\n');
    if (key_status != KS_OK && key_status != KS_ERR_DATA)
        status = key_status;
    if (status != KS_OK && status != KS_ERR_DATA)
        out->len = start;
    return status == KS_OK ? key_status : status;
}
