/* Connect's JSON schema in, an Avro schema (JSON) out; once for each text. Next: json_converter has
 * it parsed and interned. Connect repeats a struct wherever it is used, Avro refers to it by name:
 * structs of one name with the same content become one type, others get a name of their own. */
#include <stdlib.h>
#include <string.h>

#include "connect_schema.h"
#include "kitestream/sdk/util.h"

#define DEPTH_MAX 64
#define TEXT_MAX ((size_t)1024 * 1024)

struct schema_reader {
    json_t *structs; /* Avro name -> the Connect struct that has it */
    size_t renamed;
    struct ks_error *err;
};

static json_t *node_avro(struct schema_reader *r, const json_t *json, int depth);

static void set(json_t *object, const char *key, json_t *take_value)
{
    if (json_object_set_new(object, key, take_value) != 0)
        abort(); /* out of memory */
}

/* For return. */
static void *fail(struct schema_reader *r, const char *what, const char *name)
{
    ks_error_set(r->err, KS_ERR_DATA, "%s%s%.200s%s", what, name ? " \"" : "", name ? name : "",
                 name ? "\"" : "");
    return NULL;
}

static const char *text_of(const json_t *json, const char *member)
{
    return json_string_value(json_object_get(json, member));
}

static json_t *typed(const char *type)
{
    json_t *object = json_object();
    set(object, "type", json_string(type));
    return object;
}

static json_t *copy_of(const json_t *json)
{
    json_t *copy = json_deep_copy(json);
    if (!copy)
        abort(); /* out of memory */
    return copy;
}

/* ---- parameters ---- */

static bool is_property(const char *parameter)
{
    return strncmp(parameter, "milvus.", 7) == 0 || strcmp(parameter, "logicalType") == 0 ||
           strcmp(parameter, "dimensions") == 0 || strcmp(parameter, "elementType") == 0;
}

/* The reverse of connect_schema_write's. Those of others stay together, as texts: they may have any
 * name, Avro's own words too. */
static void add_parameters(json_t *type, const json_t *connect)
{
    const char *name;
    json_t *value, *others = json_object();
    json_object_foreach(json_object_get(connect, "parameters"), name, value)
    {
        const char *text = json_string_value(value);
        json_t *parsed = text && is_property(name) ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
        if (text)
            set(is_property(name) ? type : others, name, parsed ? parsed : json_string(text));
    }
    if (json_object_size(others) > 0)
        set(type, "connect.parameters", others);
    else
        json_decref(others);
}

static void add_attributes(json_t *type, const json_t *connect)
{
    const char *name = text_of(connect, "name");
    const json_t *version = json_object_get(connect, "version");
    if (name)
        set(type, "connect.name", json_string(name));
    if (json_is_integer(version))
        set(type, "connect.version", json_integer(json_integer_value(version)));
    add_parameters(type, connect);
}

/* ---- structs ---- */

/* Avro's names are letters, digits, `_` and dots between parts that begin with no digit. */
static void add_legal_name(struct ks_buf *out, const char *name)
{
    bool first = true;
    for (; *name; name++) {
        bool digit = *name >= '0' && *name <= '9', dot = *name == '.' && !first && name[1];
        bool letter = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z');
        if (first && digit)
            ks_buf_add_byte(out, '_');
        ks_buf_add_byte(out, digit || letter || dot ? (uint8_t)*name : '_');
        first = dot;
    }
    if (out->len == 0)
        ks_buf_add_str(out, "ConnectDefault");
}

static bool same_struct(const json_t *a, const json_t *b)
{
    static const char *const members[] = {"fields", "name", "version", "parameters"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const json_t *of_a = json_object_get(a, members[i]), *of_b = json_object_get(b, members[i]);
        if (of_a != of_b && !json_equal(of_a, of_b))
            return false;
    }
    return true;
}

/* Gives the struct a name. True if the type of that name is defined already. */
static bool name_struct(struct schema_reader *r, const json_t *connect, struct ks_buf *name)
{
    const char *given = text_of(connect, "name");
    add_legal_name(name, given ? given : "");
    const json_t *other = json_object_get(r->structs, ks_buf_str(name));
    if (other && same_struct(other, connect))
        return true;
    size_t len = name->len;
    while (json_object_get(r->structs, ks_buf_str(name))) {
        name->len = len;
        ks_buf_printf(name, "_%zu", ++r->renamed + 1);
    }
    set(r->structs, ks_buf_str(name), json_incref((json_t *)connect));
    return false;
}

/* Bytes in a default are base64 here and characters in Avro: such a default is left out. */
static bool has_default(const json_t *connect)
{
    const json_t *value = json_object_get(connect, "default");
    const char *type = text_of(connect, "type");
    return value && !json_is_null(value) && strcmp(type, "bytes") != 0;
}

static json_t *nullable(json_t *take_type, bool null_first)
{
    json_t *branches = json_array();
    if (null_first)
        json_array_append_new(branches, json_string("null"));
    json_array_append_new(branches, take_type);
    if (!null_first)
        json_array_append_new(branches, json_string("null"));
    return branches;
}

static json_t *field_avro(struct schema_reader *r, const json_t *connect, int depth)
{
    const char *name = text_of(connect, "field"), *doc = text_of(connect, "doc");
    json_t *type = name ? node_avro(r, connect, depth + 1) : fail(r, "a field has no name", NULL);
    if (!type)
        return NULL;
    json_t *field = json_object();
    bool defaulted = has_default(connect),
         optional = json_is_true(json_object_get(connect, "optional"));
    set(field, "name", json_string(name));
    set(field, "type", optional ? nullable(type, !defaulted) : type);
    if (doc)
        set(field, "doc", json_string(doc));
    if (defaulted)
        set(field, "default", copy_of(json_object_get(connect, "default")));
    else if (optional)
        set(field, "default", json_null());
    return field;
}

static bool add_fields(struct schema_reader *r, json_t *fields, const json_t *connect, int depth)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(connect, "fields"), i, one)
    {
        json_t *field = field_avro(r, one, depth);
        if (!field)
            return false;
        json_array_append_new(fields, field);
    }
    return json_is_array(json_object_get(connect, "fields")) ||
           fail(r, "a struct has no fields", NULL);
}

static json_t *struct_avro(struct schema_reader *r, const json_t *connect, int depth)
{
    struct ks_buf name = {0};
    json_t *record;
    if (name_struct(r, connect, &name)) {
        record = json_string(ks_buf_str(&name));
        ks_buf_release(&name);
        return record;
    }
    json_t *fields = json_array();
    const char *doc = text_of(connect, "field") ? NULL : text_of(connect, "doc");
    record = typed("record");
    set(record, "name", json_string(ks_buf_str(&name)));
    set(record, "fields", fields);
    add_attributes(record, connect);
    if (doc)
        set(record, "doc", json_string(doc));
    ks_buf_release(&name);
    if (add_fields(r, fields, connect, depth))
        return record;
    json_decref(record);
    return NULL;
}

/* ---- other types ---- */

static json_t *items_avro(struct schema_reader *r, const json_t *connect, const char *member,
                          int depth)
{
    const json_t *items = json_object_get(connect, member);
    json_t *type = items ? node_avro(r, items, depth + 1) : fail(r, "a type has no", member);
    if (type && json_is_true(json_object_get(items, "optional")))
        return nullable(type, true);
    return type;
}

static json_t *container_avro(struct schema_reader *r, const json_t *connect, bool map, int depth)
{
    const char *keys = text_of(json_object_get(connect, "keys"), "type");
    if (map && (!keys || strcmp(keys, "string") != 0))
        return fail(r, "only maps whose keys are strings can be read; this one has keys of type",
                    keys ? keys : "(none)");
    json_t *items = items_avro(r, connect, map ? "values" : "items", depth);
    if (!items)
        return NULL;
    json_t *type = typed(map ? "map" : "array");
    set(type, map ? "values" : "items", items);
    return type;
}

static json_t *simple_avro(struct schema_reader *r, const char *type)
{
    static const char *const names[][2] = {
        {"boolean", "boolean"}, {"int8", "int"},      {"int16", "int"},     {"int32", "int"},
        {"int64", "long"},      {"float", "float"},   {"double", "double"}, {"float32", "float"},
        {"float64", "double"},  {"string", "string"}, {"bytes", "bytes"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(type, names[i][0]) != 0)
            continue;
        json_t *avro = typed(names[i][1]);
        if (strcmp(type, "int8") == 0 || strcmp(type, "int16") == 0)
            set(avro, "connect.type", json_string(type));
        return avro;
    }
    return fail(r, "unknown type", type);
}

static json_t *node_avro(struct schema_reader *r, const json_t *json, int depth)
{
    const char *type = text_of(json, "type");
    if (!type)
        return fail(r, "a type has no name", NULL);
    if (depth > DEPTH_MAX)
        return fail(r, "nested too deep", NULL);
    if (strcmp(type, "struct") == 0)
        return struct_avro(r, json, depth);
    bool map = strcmp(type, "map") == 0;
    json_t *avro = map || strcmp(type, "array") == 0 ? container_avro(r, json, map, depth)
                                                     : simple_avro(r, type);
    if (avro)
        add_attributes(avro, json);
    return avro;
}

enum ks_status connect_schema_read(const char *json, size_t len, struct ks_buf *out,
                                   bool *ret_optional, struct ks_error *err)
{
    json_error_t bad;
    json_t *connect = len > TEXT_MAX ? NULL : json_loadb(json, len, JSON_REJECT_DUPLICATES, &bad);
    if (len > TEXT_MAX)
        return ks_error_set(err, KS_ERR_DATA, "schema: %zu bytes, at most %zu are taken", len,
                            TEXT_MAX);
    if (!connect)
        return ks_error_set(err, KS_ERR_DATA, "schema: not a JSON object: %s at byte %d", bad.text,
                            bad.position);
    struct schema_reader r = {.structs = json_object(), .err = err};
    json_t *avro = node_avro(&r, connect, 0);
    if (avro) {
        char *text = json_dumps(avro, JSON_COMPACT | JSON_REAL_PRECISION(17));
        if (!text)
            abort(); /* out of memory */
        ks_buf_add_str(out, text);
        free(text);
        *ret_optional = json_is_true(json_object_get(connect, "optional"));
    } else {
        ks_error_prefix(err, "schema");
    }
    enum ks_status status = avro ? KS_OK : KS_ERR_DATA;
    json_decref(avro);
    json_decref(r.structs);
    json_decref(connect);
    return status;
}
