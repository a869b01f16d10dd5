/* Avro nodes in, Connect's JSON schema out; once for each schema, so a tree is built. Next:
 * json_converter puts the text in front of each payload. */
#include <stdlib.h>
#include <string.h>

#include "connect_schema.h"
#include "kitestream/sdk/util.h"

#define DEPTH_MAX 64
#define NODES_MAX 100000

/* Connect repeats a type wherever it is used, which can multiply: nodes are counted. */
struct schema_writer {
    size_t nodes_left;
    struct ks_error *err;
};

static json_t *node_json(struct schema_writer *w, const struct ks_avro_schema *node, int depth);

static void set(json_t *object, const char *key, json_t *take_value)
{
    if (json_object_set_new(object, key, take_value) != 0)
        abort(); /* out of memory */
}

static json_t *parse(const char *json)
{
    return json_loads(json, JSON_DECODE_ANY, NULL);
}

/* The type behind [null, T], [T, null] or [T]; NULL for a union that Connect does not have. */
static const struct ks_avro_schema *plain_type(const struct ks_avro_schema *node, bool *ret_null)
{
    const struct ks_avro_schema *plain = node;
    *ret_null = false;
    if (ks_avro_schema_type(node) != KS_AVRO_UNION)
        return node;
    size_t others = 0;
    for (size_t i = 0; i < ks_avro_schema_count(node); i++) {
        const struct ks_avro_schema *branch = ks_avro_schema_branch(node, i);
        if (ks_avro_schema_type(branch) == KS_AVRO_NULL) {
            *ret_null = true;
        } else {
            plain = branch;
            others++;
        }
    }
    return others == 1 ? plain : NULL;
}

/* ---- names and parameters ---- */

static bool is_own_member(const char *prop)
{
    static const char *const names[] = {
        "connect.name", "connect.version", "connect.type", "connect.parameters", "connect.doc",
        "doc",          "default"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(prop, names[i]) == 0)
            return true;
    return false;
}

/* A string is its own text unless that text would be read as another JSON value. */
static json_t *parameter_text(const char *json)
{
    json_t *value = parse(json);
    json_t *read = json_is_string(value) ? parse(json_string_value(value)) : NULL;
    bool own_text = json_is_string(value) && !read;
    json_decref(read);
    if (own_text)
        return value;
    json_decref(value);
    return json_string(json);
}

static void add_parameters(json_t *object, const struct ks_avro_schema *node)
{
    const char *given = ks_avro_schema_prop(node, "connect.parameters"), *name;
    json_t *parameters = given ? parse(given) : NULL;
    if (!json_is_object(parameters)) {
        json_decref(parameters);
        parameters = json_object();
    }
    for (size_t i = 0; (name = ks_avro_schema_prop_name(node, i)); i++)
        if (!is_own_member(name))
            set(parameters, name, parameter_text(ks_avro_schema_prop(node, name)));
    if (json_object_size(parameters) > 0)
        set(object, "parameters", parameters);
    else
        json_decref(parameters);
}

/* Records, enums and fixed are called as in Avro where Connect has no other name for them. */
static void add_name(json_t *object, const struct ks_avro_schema *node)
{
    const char *given = ks_avro_schema_prop(node, "connect.name");
    json_t *name = given ? parse(given) : NULL;
    if (!name && ks_avro_schema_name(node))
        name = json_string(ks_avro_schema_name(node));
    if (name)
        set(object, "name", name);
    const char *version = ks_avro_schema_prop(node, "connect.version");
    if (version)
        set(object, "version", parse(version));
}

static void add_doc(json_t *object, const struct ks_avro_schema *node)
{
    const char *doc = ks_avro_schema_prop(node, "connect.doc");
    if (!doc)
        doc = ks_avro_schema_prop(node, "doc");
    if (doc)
        set(object, "doc", parse(doc));
}

/* ---- types ---- */

static const char *int_type(const struct ks_avro_schema *node)
{
    const char *small = ks_avro_schema_prop(node, "connect.type");
    if (small && strcmp(small, "\"int8\"") == 0)
        return "int8";
    return small && strcmp(small, "\"int16\"") == 0 ? "int16" : "int32";
}

static const char *type_name(const struct ks_avro_schema *node)
{
    switch (ks_avro_schema_type(node)) {
    case KS_AVRO_BOOLEAN:
        return "boolean";
    case KS_AVRO_INT:
        return int_type(node);
    case KS_AVRO_LONG:
        return "int64";
    case KS_AVRO_FLOAT:
        return "float";
    case KS_AVRO_DOUBLE:
        return "double";
    case KS_AVRO_BYTES:
    case KS_AVRO_FIXED:
        return "bytes";
    case KS_AVRO_STRING:
    case KS_AVRO_ENUM:
        return "string";
    case KS_AVRO_ARRAY:
        return "array";
    case KS_AVRO_MAP:
        return "map";
    case KS_AVRO_RECORD:
        return "struct";
    case KS_AVRO_NULL:
    case KS_AVRO_UNION:
        break;
    }
    return NULL;
}

static enum ks_status add_default(json_t *object, const struct ks_avro_field *field,
                                  struct ks_error *err)
{
    struct ks_buf text = {0};
    if (!field->default_json || strcmp(field->default_json, "null") == 0)
        return KS_OK;
    enum ks_status status = ks_avro_default_to_json(field, &text, err);
    if (status == KS_OK)
        set(object, "default", parse(ks_buf_str(&text)));
    ks_buf_release(&text);
    return status;
}

static enum ks_status add_field(struct schema_writer *w, json_t *fields,
                                const struct ks_avro_field *field, int depth)
{
    json_t *json = node_json(w, field->schema, depth + 1);
    if (!json)
        return KS_ERR_DATA;
    json_array_append_new(fields, json);
    set(json, "field", json_string(field->name));
    if (field->doc)
        set(json, "doc", json_string(field->doc));
    return add_default(json, field, w->err);
}

static enum ks_status add_content(struct schema_writer *w, json_t *object,
                                  const struct ks_avro_schema *node, int depth)
{
    enum ks_avro_type type = ks_avro_schema_type(node);
    enum ks_status status = KS_OK;
    if (type == KS_AVRO_RECORD) {
        json_t *fields = json_array();
        set(object, "fields", fields);
        for (size_t i = 0; i < ks_avro_schema_count(node) && status == KS_OK; i++)
            status = add_field(w, fields, ks_avro_schema_field(node, i), depth);
        return status;
    }
    if (type != KS_AVRO_ARRAY && type != KS_AVRO_MAP)
        return KS_OK;
    json_t *items = node_json(w, ks_avro_schema_items(node), depth + 1);
    if (!items)
        return KS_ERR_DATA;
    if (type == KS_AVRO_MAP)
        set(object, "keys", json_pack("{s:s,s:b}", "type", "string", "optional", 0));
    set(object, type == KS_AVRO_MAP ? "values" : "items", items);
    return KS_OK;
}

static json_t *node_json(struct schema_writer *w, const struct ks_avro_schema *node, int depth)
{
    bool optional;
    const struct ks_avro_schema *plain = plain_type(node, &optional);
    const char *type = plain ? type_name(plain) : NULL;
    if (!type || depth > DEPTH_MAX || w->nodes_left-- == 0) {
        ks_error_set(w->err, KS_ERR_DATA,
                     "Connect's JSON schemas have no %s: use AvroConverter, or JsonConverter with "
                     "schemas.enable=false",
                     type ? "types that refer to themselves" : "unions of several types");
        return NULL;
    }
    json_t *object = json_object();
    set(object, "type", json_string(type));
    if (add_content(w, object, plain, depth) != KS_OK) {
        json_decref(object);
        return NULL;
    }
    set(object, "optional", json_boolean(optional));
    add_name(object, plain);
    add_doc(object, plain);
    add_parameters(object, plain);
    return object;
}

enum ks_status connect_schema_write(const struct ks_avro_schema *avro, struct ks_buf *out,
                                    struct ks_error *err)
{
    struct schema_writer w = {.nodes_left = NODES_MAX, .err = err};
    json_t *json = node_json(&w, avro, 0);
    if (!json)
        return KS_ERR_DATA;
    char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(17));
    if (!text)
        abort(); /* out of memory */
    ks_buf_add_str(out, text);
    free(text);
    json_decref(json);
    return KS_OK;
}
