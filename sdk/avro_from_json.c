/* JSON to an Avro body. In: text of people, tests and JsonConverter, or the default of a field;
 * out: a body appended to a buffer. A union takes the first branch that the value fits; trying
 * branches and filling defaults in can multiply, so one budget of nodes and bytes bounds the whole
 * call. */
#include "avro_from_json.h"

#include <math.h>
#include <string.h>

#include "avro_wire.h"
#include "base64.h"
#include "kitestream/sdk/util.h"
#include "mem.h"

struct place {
    const struct place *up;
    const char *name; /* NULL: item `index` of an array */
    size_t index;
    int depth;
};

struct json_writer {
    struct ks_buf *out;
    struct ks_error *err; /* NULL while a branch is only tried */
    size_t budget;
    bool as_default;
};

static enum ks_status write_node(struct json_writer *w, const struct ks_avro_schema *schema,
                                 const json_t *json, const struct place *place);

static void add_place(struct ks_buf *text, const struct place *place)
{
    if (place->up)
        add_place(text, place->up);
    if (place->name)
        ks_buf_printf(text, "%s%.100s", text->len ? "." : "", place->name);
    else if (place->up)
        ks_buf_printf(text, "[%zu]", place->index);
}

static enum ks_status fail(struct json_writer *w, const struct place *place, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static enum ks_status fail(struct json_writer *w, const struct place *place, const char *fmt, ...)
{
    if (!w->err)
        return KS_ERR_DATA;
    char what[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    struct ks_buf text = {0};
    add_place(&text, place);
    ks_error_set(w->err, KS_ERR_DATA, "%.300s%s%s", ks_buf_str(&text), text.len ? ": " : "", what);
    ks_buf_release(&text);
    return KS_ERR_DATA;
}

static const char *json_kind(const json_t *json)
{
    static const char *const kinds[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a string",
        [JSON_INTEGER] = "a number", [JSON_REAL] = "a number",  [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",      [JSON_NULL] = "null",
    };
    return kinds[json_typeof(json)];
}

static enum ks_status misfit(struct json_writer *w, const struct ks_avro_schema *schema,
                             const json_t *json, const struct place *place)
{
    return fail(w, place, "%s is not %s", json_kind(json), avro_schema_label(schema));
}

static bool spend(struct json_writer *w, size_t cost)
{
    if (cost > w->budget)
        return false;
    w->budget -= cost;
    return true;
}

static void put_long(struct json_writer *w, int64_t value)
{
    uint8_t *p = ks_buf_reserve(w->out, AVRO_VARINT_MAX);
    w->out->len += (size_t)(avro_put_long(p, value) - p);
}

static void put_bytes(struct json_writer *w, const void *data, size_t len)
{
    put_long(w, (int64_t)len);
    ks_buf_add(w->out, data, len);
}

/* ---- numbers ---- */

static enum ks_status write_integer(struct json_writer *w, const struct ks_avro_schema *schema,
                                    const json_t *json, const struct place *place)
{
    if (!json_is_integer(json))
        return misfit(w, schema, json, place);
    json_int_t value = json_integer_value(json);
    if (schema->type == KS_AVRO_INT && (value < INT32_MIN || value > INT32_MAX))
        return fail(w, place, "%lld does not fit an int", (long long)value);
    put_long(w, value);
    return KS_OK;
}

/* JSON has no NaN and no infinity; they come as strings. */
static bool number_of(const json_t *json, double *ret)
{
    if (json_is_number(json)) {
        *ret = json_number_value(json);
        return true;
    }
    const char *text = json_string_value(json);
    if (!text)
        return false;
    if (strcmp(text, "NaN") == 0)
        *ret = NAN;
    else if (strcmp(text, "Infinity") == 0)
        *ret = INFINITY;
    else if (strcmp(text, "-Infinity") == 0)
        *ret = -INFINITY;
    else
        return false;
    return true;
}

static enum ks_status write_real(struct json_writer *w, const struct ks_avro_schema *schema,
                                 const json_t *json, const struct place *place)
{
    double value;
    if (!number_of(json, &value))
        return misfit(w, schema, json, place);
    if (schema->type == KS_AVRO_DOUBLE) {
        ks_buf_add(w->out, &value, sizeof value);
        return KS_OK;
    }
    /* The shortest text of the greatest float is a little above it. */
    float narrow = (float)value;
    if (isfinite(value) && isinf(narrow))
        return fail(w, place, "%g does not fit a float", value);
    ks_buf_add(w->out, &narrow, sizeof narrow);
    return KS_OK;
}

/* ---- bytes ---- */

/* Avro's defaults: one code point for each byte. False if one is above 255. */
static bool add_code_points(struct ks_buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)text[i];
        if (byte >= 0x80) {
            if (byte > 0xC3)
                return false;
            byte = (uint8_t)((byte & 3) << 6 | ((uint8_t)text[++i] & 0x3F));
        }
        ks_buf_add_byte(out, byte);
    }
    return true;
}

static enum ks_status write_bytes(struct json_writer *w, const struct ks_avro_schema *schema,
                                  const json_t *json, const struct place *place)
{
    const char *text = json_string_value(json);
    if (!text)
        return misfit(w, schema, json, place);
    struct ks_buf raw = {0};
    size_t len = json_string_length(json);
    bool ok = w->as_default ? add_code_points(&raw, text, len) : base64_decode(&raw, text, len);
    enum ks_status status = KS_OK;
    if (!ok)
        status = fail(w, place,
                      w->as_default ? "a character above U+00FF is not a byte"
                                    : "the string is not base64");
    else if (schema->type == KS_AVRO_BYTES)
        put_bytes(w, raw.data, raw.len);
    else if (raw.len == schema->fixed_bytes)
        ks_buf_add(w->out, raw.data, raw.len);
    else
        status =
            fail(w, place, "%zu bytes, but %s has %u", raw.len, schema->name, schema->fixed_bytes);
    ks_buf_release(&raw);
    return status;
}

static enum ks_status write_enum(struct json_writer *w, const struct ks_avro_schema *schema,
                                 const json_t *json, const struct place *place)
{
    const char *symbol = json_string_value(json);
    for (size_t i = 0; symbol && i < schema->count; i++) {
        if (!spend(w, 1))
            break;
        if (strcmp(symbol, schema->symbols[i]) == 0) {
            put_long(w, (int64_t)i);
            return KS_OK;
        }
    }
    return symbol ? fail(w, place, "\"%.100s\" is not a symbol of %s", symbol, schema->name)
                  : misfit(w, schema, json, place);
}

/* ---- arrays, maps, records, unions ---- */

static enum ks_status write_array(struct json_writer *w, const struct ks_avro_schema *schema,
                                  const json_t *json, const struct place *place)
{
    if (!json_is_array(json))
        return misfit(w, schema, json, place);
    size_t count = json_array_size(json);
    if (count)
        put_long(w, (int64_t)count);
    for (size_t i = 0; i < count; i++) {
        struct place inner = {place, NULL, i, place->depth + 1};
        enum ks_status status = write_node(w, schema->items, json_array_get(json, i), &inner);
        if (status)
            return status;
    }
    put_long(w, 0);
    return KS_OK;
}

static enum ks_status write_map(struct json_writer *w, const struct ks_avro_schema *schema,
                                const json_t *json, const struct place *place)
{
    if (!json_is_object(json))
        return misfit(w, schema, json, place);
    if (json_object_size(json))
        put_long(w, (int64_t)json_object_size(json));
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)json, key, value)
    {
        struct place inner = {place, key, 0, place->depth + 1};
        if (!spend(w, strlen(key)))
            return fail(w, &inner, "too large once defaults and branches are filled in");
        put_bytes(w, key, strlen(key));
        enum ks_status status = write_node(w, schema->items, value, &inner);
        if (status)
            return status;
    }
    put_long(w, 0);
    return KS_OK;
}

static enum ks_status write_default(struct json_writer *w, const struct ks_avro_schema *record,
                                    size_t i, const struct place *place)
{
    if (!record->more[i].default_value)
        return fail(w, place, "missing, and it has no default");
    bool was_default = w->as_default;
    w->as_default = true;
    enum ks_status status =
        write_node(w, record->fields[i].schema, record->more[i].default_value, place);
    w->as_default = was_default;
    return status;
}

static const char *unknown_member(const struct ks_avro_schema *record, const json_t *json)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)json, key, value)
    {
        size_t i = 0;
        while (i < record->count && strcmp(record->fields[i].name, key) != 0)
            i++;
        if (i == record->count)
            return key;
    }
    return NULL;
}

static enum ks_status write_record(struct json_writer *w, const struct ks_avro_schema *schema,
                                   const json_t *json, const struct place *place)
{
    if (!json_is_object(json))
        return misfit(w, schema, json, place);
    size_t matched = 0;
    for (size_t i = 0; i < schema->count; i++) {
        struct place inner = {place, schema->fields[i].name, 0, place->depth + 1};
        const json_t *value = json_object_get(json, inner.name);
        matched += value != NULL;
        enum ks_status status = value ? write_node(w, schema->fields[i].schema, value, &inner)
                                      : write_default(w, schema, i, &inner);
        if (status)
            return status;
    }
    if (matched == json_object_size(json))
        return KS_OK;
    if (!w->err || !spend(w, schema->count * json_object_size(json)))
        return fail(w, place, "it has members that %s has not", schema->name);
    return fail(w, place, "%s has no field \"%.100s\"", schema->name, unknown_member(schema, json));
}

static enum ks_status try_branch(struct json_writer *w, const struct ks_avro_schema *schema,
                                 size_t branch, const json_t *json, const struct place *place)
{
    struct place inner = *place;
    inner.depth++;
    put_long(w, (int64_t)branch);
    return write_node(w, schema->branches[branch], json, &inner);
}

/* The only branch that could take the value, so that its own message is the one to show. */
static bool single_candidate(const struct ks_avro_schema *schema, const json_t *json, size_t *ret)
{
    size_t candidates = 0;
    for (size_t i = 0; i < schema->count; i++) {
        if ((schema->branches[i]->type == KS_AVRO_NULL) == json_is_null(json)) {
            *ret = i;
            candidates++;
        }
    }
    return candidates == 1;
}

static enum ks_status write_union(struct json_writer *w, const struct ks_avro_schema *schema,
                                  const json_t *json, const struct place *place)
{
    size_t branch, start = w->out->len;
    if (single_candidate(schema, json, &branch))
        return try_branch(w, schema, branch, json, place);
    struct ks_error *err = w->err;
    w->err = NULL;
    enum ks_status status = KS_ERR_DATA;
    for (size_t i = 0; i < schema->count && status; i++) {
        w->out->len = start;
        status = try_branch(w, schema, i, json, place);
    }
    w->err = err;
    return status ? fail(w, place, "%s fits no branch of the union", json_kind(json)) : KS_OK;
}

static enum ks_status write_node(struct json_writer *w, const struct ks_avro_schema *schema,
                                 const json_t *json, const struct place *place)
{
    if (!spend(w, 1 + json_string_length(json)))
        return fail(w, place, "too large once defaults and branches are filled in");
    if (place->depth > AVRO_DATA_DEPTH_MAX)
        return fail(w, place, "nested too deep");
    switch (schema->type) {
    case KS_AVRO_NULL:
        return json_is_null(json) ? KS_OK : misfit(w, schema, json, place);
    case KS_AVRO_BOOLEAN:
        if (!json_is_boolean(json))
            return misfit(w, schema, json, place);
        ks_buf_add_byte(w->out, json_is_true(json));
        return KS_OK;
    case KS_AVRO_INT:
    case KS_AVRO_LONG:
        return write_integer(w, schema, json, place);
    case KS_AVRO_FLOAT:
    case KS_AVRO_DOUBLE:
        return write_real(w, schema, json, place);
    case KS_AVRO_STRING:
        if (!json_is_string(json))
            return misfit(w, schema, json, place);
        put_bytes(w, json_string_value(json), json_string_length(json));
        return KS_OK;
    case KS_AVRO_BYTES:
    case KS_AVRO_FIXED:
        return write_bytes(w, schema, json, place);
    case KS_AVRO_ENUM:
        return write_enum(w, schema, json, place);
    case KS_AVRO_ARRAY:
        return write_array(w, schema, json, place);
    case KS_AVRO_MAP:
        return write_map(w, schema, json, place);
    case KS_AVRO_RECORD:
        return write_record(w, schema, json, place);
    case KS_AVRO_UNION:
        return write_union(w, schema, json, place);
    }
    return KS_ERR_DATA;
}

enum ks_status avro_encode_default(const struct ks_avro_schema *schema, const json_t *value,
                                   size_t *budget, struct ks_buf *out, struct ks_error *err)
{
    struct json_writer w = {.out = out, .err = err, .budget = *budget, .as_default = true};
    enum ks_status status = write_node(&w, schema, value, &(struct place){0});
    *budget = w.budget;
    return status;
}

enum ks_status ks_avro_from_json(const struct ks_avro_schema *schema, const char *json, size_t len,
                                 struct ks_buf *out, struct ks_error *err)
{
    json_error_t bad;
    json_t *value =
        json_loadb(json, len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &bad);
    if (!value)
        return ks_error_set(err, KS_ERR_DATA, "not JSON: %s at line %d, column %d", bad.text,
                            bad.line, bad.column);
    size_t start = out->len;
    struct ks_error unheard;
    struct json_writer w = {.out = out, .err = err ? err : &unheard};
    w.budget = AVRO_DEFAULT_NODES_MAX + len * 256;
    enum ks_status status = write_node(&w, schema, value, &(struct place){0});
    if (status)
        out->len = start;
    json_decref(value);
    return status;
}
