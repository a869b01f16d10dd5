/* An Avro body to one line of JSON. In: a body from anywhere and the schema it was written with;
 * out: text for people (`kitestream tail`) and for JsonConverter. Values that take no bytes could
 * make a short body print for ever, so nodes and output are bounded by the length of the body. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "avro_from_json.h"
#include "avro_trail.h"
#include "avro_wire.h"
#include "base64.h"
#include "kitestream/sdk/util.h"
#include "number_text.h"
#include "utf8.h"

#define SPARE_NODES ((size_t)1024 * 1024)
#define SPARE_TEXT_BYTES ((size_t)64 * 1024 * 1024)
#define NODES_PER_BYTE 64
#define TEXT_PER_BYTE 64

struct printer {
    struct avro_reader r;
    struct ks_buf *out;
    size_t nodes_left, text_end;
    bool exact; /* what JSON cannot hold is an error, not a likeness */
    struct avro_trail trail;
};

static bool print_node(struct printer *p, const struct ks_avro_schema *schema, int depth);

static void print_escaped(struct ks_buf *out, uint8_t byte)
{
    switch (byte) {
    case '"':
        ks_buf_add_str(out, "\\\"");
        return;
    case '\\':
        ks_buf_add_str(out, "\\\\");
        return;
    case '\n':
        ks_buf_add_str(out, "\\n");
        return;
    case '\t':
        ks_buf_add_str(out, "\\t");
        return;
    case '\r':
        ks_buf_add_str(out, "\\r");
        return;
    default:
        ks_buf_printf(out, "\\u%04x", byte);
    }
}

/* False if the text is not UTF-8; then each bad byte is shown as U+FFFD. */
static bool print_string(struct ks_buf *out, const uint8_t *text, size_t len)
{
    bool valid = true;
    ks_buf_add_byte(out, '"');
    size_t run = 0, i = 0;
    while (i < len) {
        size_t character = utf8_character(text + i, len - i);
        bool plain = character > 0 && text[i] >= 0x20 && text[i] != '"' && text[i] != '\\';
        if (plain) {
            i += character;
            continue;
        }
        ks_buf_add(out, text + run, i - run);
        if (character)
            print_escaped(out, text[i]);
        else
            ks_buf_add_str(out, "\xEF\xBF\xBD");
        valid &= character > 0;
        run = ++i;
    }
    ks_buf_add(out, text + run, len - run);
    ks_buf_add_byte(out, '"');
    return valid;
}

static bool print_data(struct printer *p, const uint8_t *text, size_t len)
{
    return print_string(p->out, text, len) || !p->exact ||
           avro_fault(&p->r, "a string is not UTF-8, which JSON cannot hold");
}

static void print_text(struct ks_buf *out, const char *text)
{
    print_string(out, (const uint8_t *)text, strlen(text));
}

static void print_base64(struct ks_buf *out, const uint8_t *data, size_t len)
{
    ks_buf_add_byte(out, '"');
    base64_encode(out, data, len);
    ks_buf_add_byte(out, '"');
}

static void print_real(struct ks_buf *out, double value, bool is_float)
{
    char text[NUMBER_TEXT_MAX];
    if (isnan(value))
        ks_buf_add_str(out, "\"NaN\"");
    else if (isinf(value))
        ks_buf_add_str(out, value < 0 ? "\"-Infinity\"" : "\"Infinity\"");
    else
        ks_buf_add(out, text,
                   is_float ? number_from_float(text, (float)value)
                            : number_from_double(text, value));
}

static void print_long(struct ks_buf *out, int64_t value)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%lld", (long long)value);
    ks_buf_add(out, text, (size_t)len);
}

static bool print_number(struct printer *p, const struct ks_avro_schema *schema)
{
    const uint8_t *raw;
    int64_t value;
    if (schema->type == KS_AVRO_INT || schema->type == KS_AVRO_LONG) {
        bool ok = schema->type == KS_AVRO_INT ? avro_read_int(&p->r, &value)
                                              : avro_read_long(&p->r, &value);
        if (ok)
            print_long(p->out, value);
        return ok;
    }
    if (!avro_read_raw(&p->r, schema->min_bytes, &raw))
        return false;
    float narrow;
    double wide;
    if (schema->type == KS_AVRO_FLOAT) {
        memcpy(&narrow, raw, sizeof narrow);
        wide = (double)narrow;
    } else {
        memcpy(&wide, raw, sizeof wide);
    }
    print_real(p->out, wide, schema->type == KS_AVRO_FLOAT);
    return true;
}

static bool print_bytes(struct printer *p, const struct ks_avro_schema *schema)
{
    const uint8_t *data;
    uint32_t len = schema->fixed_bytes;
    bool ok = schema->type == KS_AVRO_FIXED ? avro_read_raw(&p->r, len, &data)
                                            : avro_read_bytes(&p->r, &data, &len);
    if (!ok)
        return false;
    if (schema->type == KS_AVRO_STRING)
        return print_data(p, data, len);
    print_base64(p->out, data, len);
    return true;
}

static bool print_entry(struct printer *p, const struct ks_avro_schema *schema, uint64_t index,
                        int depth)
{
    if (index)
        ks_buf_add_byte(p->out, ',');
    if (schema->type == KS_AVRO_MAP) {
        const uint8_t *key;
        uint32_t len;
        if (!avro_read_bytes(&p->r, &key, &len) || !print_data(p, key, len))
            return false;
        ks_buf_add_byte(p->out, ':');
    }
    if (print_node(p, schema->items, depth + 1))
        return true;
    avro_trail_index(&p->trail, index);
    return false;
}

static bool print_items(struct printer *p, const struct ks_avro_schema *schema, int depth)
{
    uint64_t index = 0;
    ks_buf_add_byte(p->out, schema->type == KS_AVRO_MAP ? '{' : '[');
    for (;;) {
        struct avro_block block;
        if (!avro_block_open(&p->r, avro_item_min_bytes(schema), &block))
            return false;
        for (uint64_t i = 0; i < block.count; i++) {
            if (!print_entry(p, schema, index++, depth))
                return false;
        }
        if (!avro_block_close(&p->r, &block))
            return false;
        if (block.count == 0)
            break;
    }
    ks_buf_add_byte(p->out, schema->type == KS_AVRO_MAP ? '}' : ']');
    return true;
}

static bool print_record(struct printer *p, const struct ks_avro_schema *schema, int depth)
{
    ks_buf_add_byte(p->out, '{');
    for (size_t i = 0; i < schema->count; i++) {
        if (i)
            ks_buf_add_byte(p->out, ',');
        print_text(p->out, schema->fields[i].name);
        ks_buf_add_byte(p->out, ':');
        if (!print_node(p, schema->fields[i].schema, depth + 1)) {
            avro_trail_name(&p->trail, schema->fields[i].name);
            return false;
        }
    }
    ks_buf_add_byte(p->out, '}');
    return true;
}

static bool print_chosen(struct printer *p, const struct ks_avro_schema *schema, int depth)
{
    uint32_t index;
    if (!avro_read_index(&p->r, schema->count, &index))
        return false;
    if (schema->type == KS_AVRO_UNION)
        return print_node(p, schema->branches[index], depth + 1);
    print_text(p->out, schema->symbols[index]);
    return true;
}

static bool print_node(struct printer *p, const struct ks_avro_schema *schema, int depth)
{
    bool value;
    if (depth > AVRO_DATA_DEPTH_MAX)
        return avro_fault(&p->r, "values are nested too deep");
    if (p->nodes_left-- == 0 || p->out->len > p->text_end) {
        p->nodes_left = 0;
        return avro_fault(&p->r, "too many values without content");
    }
    switch (schema->type) {
    case KS_AVRO_NULL:
        ks_buf_add_str(p->out, "null");
        return true;
    case KS_AVRO_BOOLEAN:
        if (!avro_read_boolean(&p->r, &value))
            return false;
        ks_buf_add_str(p->out, value ? "true" : "false");
        return true;
    case KS_AVRO_INT:
    case KS_AVRO_LONG:
    case KS_AVRO_FLOAT:
    case KS_AVRO_DOUBLE:
        return print_number(p, schema);
    case KS_AVRO_BYTES:
    case KS_AVRO_STRING:
    case KS_AVRO_FIXED:
        return print_bytes(p, schema);
    case KS_AVRO_ENUM:
    case KS_AVRO_UNION:
        return print_chosen(p, schema, depth);
    case KS_AVRO_ARRAY:
    case KS_AVRO_MAP:
        return print_items(p, schema, depth);
    case KS_AVRO_RECORD:
        return print_record(p, schema, depth);
    }
    return avro_fault(&p->r, "unknown type");
}

static enum ks_status print(const struct ks_avro_schema *schema, struct ks_slice body, bool exact,
                            struct ks_buf *out, struct ks_error *err)
{
    size_t start = out->len;
    struct printer p = {.r = avro_reader_of(body), .out = out, .exact = exact};
    p.nodes_left = SPARE_NODES + body.len * NODES_PER_BYTE;
    p.text_end = start + SPARE_TEXT_BYTES + body.len * TEXT_PER_BYTE;
    bool ok = print_node(&p, schema, 0);
    if (ok && p.r.p != p.r.end)
        ok = avro_fault(&p.r, "bytes are left over");
    if (ok)
        return KS_OK;
    out->len = start;
    return avro_trail_report(&p.trail, &p.r, err);
}

enum ks_status ks_avro_to_json(const struct ks_avro_schema *schema, struct ks_slice body,
                               struct ks_buf *out, struct ks_error *err)
{
    return print(schema, body, false, out, err);
}

enum ks_status ks_avro_to_json_exact(const struct ks_avro_schema *schema, struct ks_slice body,
                                     struct ks_buf *out, struct ks_error *err)
{
    return print(schema, body, true, out, err);
}

enum ks_status ks_avro_default_to_json(const struct ks_avro_field *field, struct ks_buf *out,
                                       struct ks_error *err)
{
    struct ks_buf body = {0};
    size_t budget = AVRO_DEFAULT_NODES_MAX;
    json_t *value = json_loads(field->default_json, JSON_DECODE_ANY, NULL);
    enum ks_status status = avro_encode_default(field->schema, value, &budget, &body, err);
    if (!status)
        status = print(field->schema, (struct ks_slice){body.data, body.len}, true, out, err);
    ks_buf_release(&body);
    json_decref(value);
    return status;
}
