/* A collection of the catalogue in, the JSON of its key and value schemas out; next: change_encode
 * registers and compiles them. Evolution is BACKWARD-compatible by construction: every field but
 * the key is nullable with default null, and the key's type cannot be altered in Milvus. */
#include "change_schema.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "kitestream/sdk/util.h"
#include "row_events.h"

static bool is_legal(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9');
}

void change_schema_name(const char *name, size_t len, struct ks_buf *out)
{
    if (len == 0 || (name[0] >= '0' && name[0] <= '9'))
        ks_buf_add_byte(out, '_');
    for (size_t i = 0; i < len; i++)
        ks_buf_add_byte(out, is_legal(name[i]) ? (uint8_t)name[i] : '_');
}

/* Each part of a topic between dots, then `.last`. */
static void add_full_name(const char *topic, const char *last, struct ks_buf *out)
{
    while (*topic) {
        size_t len = strcspn(topic, ".");
        change_schema_name(topic, len, out);
        ks_buf_add_byte(out, '.');
        topic += len + (topic[len] == '.');
    }
    ks_buf_add_str(out, last);
}

static void set_new(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0)
        abort(); /* out of memory */
}

/* A description may hold anything; what is not UTF-8 cannot stand in a schema. */
static void set_text(json_t *object, const char *key, const char *text)
{
    json_t *value = json_string(text);
    set_new(object, key, value ? value : json_string("(not UTF-8)"));
}

static void set_flag(json_t *object, const char *key, bool value)
{
    if (value)
        set_new(object, key, json_true());
}

/* ---- types ---- */

static json_t *typed(const char *type)
{
    json_t *object = json_object();
    set_text(object, "type", type);
    return object;
}

static json_t *small_int(const char *connect_type)
{
    json_t *type = typed("int");
    set_text(type, "connect.type", connect_type);
    return type;
}

static json_t *json_text(void)
{
    json_t *type = typed("string");
    set_new(type, "connect.version", json_integer(1));
    set_text(type, "connect.name", "io.debezium.data.Json");
    return type;
}

static int64_t param_int(const struct ddl_field *field, const char *key)
{
    const char *text = ddl_kv_get(field->type_params, field->type_param_count, key);
    return text ? strtoll(text, NULL, 10) : 0;
}

static json_t *vector(const struct ddl_field *field, const char *element_type, bool as_array)
{
    json_t *type = typed(as_array ? "array" : "bytes");
    if (as_array) {
        set_text(type, "items", "float");
        set_new(type, "connect.version", json_integer(1));
        set_text(type, "connect.name", "io.debezium.data.FloatVector");
    }
    set_text(type, "logicalType", "vector");
    set_new(type, "dimensions", json_integer(param_int(field, "dim")));
    set_text(type, "elementType", element_type);
    return type;
}

static json_t *field_of(const char *name, json_t *take_type)
{
    json_t *field = json_object();
    set_text(field, "name", name);
    set_new(field, "type", take_type);
    return field;
}

static json_t *array_of(const char *items)
{
    json_t *type = typed("array");
    set_text(type, "items", items);
    return type;
}

/* A record of its own for each sparse field: a second use by name could carry no properties. */
static json_t *sparse(const struct catalogue_collection *coll, const char *field_name)
{
    struct ks_buf name = {0};
    add_full_name(coll->topic, field_name, &name);
    ks_buf_add_str(&name, ".SparseVector");
    json_t *type = typed("record"), *fields = json_array();
    set_text(type, "name", ks_buf_str(&name));
    json_array_append_new(fields, field_of("indices", array_of("long")));
    json_array_append_new(fields, field_of("values", array_of("float")));
    set_new(type, "fields", fields);
    ks_buf_release(&name);
    return type;
}

static const char *primitive_name(enum milvus_type type)
{
    switch (type) {
    case MILVUS_BOOL:
        return "boolean";
    case MILVUS_INT8:
    case MILVUS_INT16:
    case MILVUS_INT32:
        return "int";
    case MILVUS_INT64:
        return "long";
    case MILVUS_FLOAT:
        return "float";
    case MILVUS_DOUBLE:
        return "double";
    case MILVUS_VARCHAR:
        return "string";
    default:
        return NULL;
    }
}

/* NULL: a type this version does not know. */
static json_t *type_of(const struct catalogue_collection *coll, const struct ddl_field *field,
                       const struct field_rules *rules, const char *avro_name)
{
    switch (field->type) {
    case MILVUS_INT8:
        return small_int("int8");
    case MILVUS_INT16:
        return small_int("int16");
    case MILVUS_JSON:
        return json_text();
    case MILVUS_ARRAY:
        return primitive_name(field->element_type) ? array_of(primitive_name(field->element_type))
                                                   : NULL;
    case MILVUS_FLOAT_VECTOR:
        return vector(field, "float32", !rules || rules->vectors != VECTORS_BYTES);
    case MILVUS_FLOAT16_VECTOR:
        return vector(field, "float16", false);
    case MILVUS_BFLOAT16_VECTOR:
        return vector(field, "bfloat16", false);
    case MILVUS_INT8_VECTOR:
        return vector(field, "int8", false);
    case MILVUS_BINARY_VECTOR:
        return vector(field, "binary", false);
    case MILVUS_SPARSE_FLOAT_VECTOR:
        return sparse(coll, avro_name);
    default:
        return primitive_name(field->type) ? typed(primitive_name(field->type)) : NULL;
    }
}

static void add_properties(json_t *type, const struct ddl_field *field, const char *avro_name)
{
    set_text(type, "milvus.type", milvus_type_name(field->type));
    set_new(type, "milvus.field_id", json_integer(field->id));
    if (strcmp(field->name, avro_name) != 0)
        set_text(type, "milvus.name", field->name);
    if (field->type == MILVUS_ARRAY)
        set_text(type, "milvus.element_type", milvus_type_name(field->element_type));
    if (param_int(field, "max_length"))
        set_new(type, "milvus.max_length", json_integer(param_int(field, "max_length")));
    if (param_int(field, "max_capacity"))
        set_new(type, "milvus.max_capacity", json_integer(param_int(field, "max_capacity")));
    set_flag(type, "milvus.primary_key", field->is_primary_key);
    set_flag(type, "milvus.auto_id", field->auto_id);
    set_flag(type, "milvus.partition_key", field->is_partition_key);
    set_flag(type, "milvus.clustering_key", field->is_clustering_key);
    set_flag(type, "milvus.dynamic", field->is_dynamic);
    set_flag(type, "milvus.nullable", field->nullable);
    set_flag(type, "milvus.function_output", field->is_function_output);
    json_t *value =
        field->default_value ? json_loads(field->default_value, JSON_DECODE_ANY, NULL) : NULL;
    if (value)
        set_new(type, "milvus.default", value);
}

/* ---- records ---- */

static enum ks_status value_field(const struct catalogue_collection *coll,
                                  const struct ddl_field *field, const struct field_rules *rules,
                                  const char *avro_name, json_t *fields, struct ks_error *err)
{
    for (size_t i = 0; i < json_array_size(fields); i++) {
        const json_t *name = json_object_get(json_array_get(fields, i), "name");
        if (strcmp(json_string_value(name), avro_name) == 0)
            return ks_error_set(err, KS_ERR_DATA,
                                "collection %s.%s: two fields would be called '%s' in Avro, one of "
                                "them is '%s'; exclude the collection or rename the field",
                                coll->db, coll->name, avro_name, field->name);
    }
    json_t *type = type_of(coll, field, rules, avro_name);
    if (!type)
        return ks_error_set(err, KS_ERR_DATA,
                            "collection %s.%s: field '%s' has type %d (elements: %d), which this "
                            "version of Kitestream does not know",
                            coll->db, coll->name, field->name, (int)field->type,
                            (int)field->element_type);
    add_properties(type, field, avro_name);
    if (rules && field_rules_mask(rules, coll->created_as, field->name))
        set_text(type, "milvus.masked", "hmac-sha256");
    if (!field->is_primary_key) {
        json_t *nullable = json_array();
        json_array_append_new(nullable, json_string("null"));
        json_array_append_new(nullable, type);
        type = nullable;
    }
    json_t *entry = field_of(avro_name, type);
    if (field->description && *field->description)
        set_text(entry, "doc", field->description);
    if (!field->is_primary_key)
        set_new(entry, "default", json_null());
    json_array_append_new(fields, entry);
    return KS_OK;
}

static json_t *record_of(const struct catalogue_collection *coll, const char *last)
{
    struct ks_buf name = {0};
    add_full_name(coll->topic, last, &name);
    json_t *record = typed("record");
    set_text(record, "name", ks_buf_str(&name));
    set_text(record, "connect.name", ks_buf_str(&name));
    ks_buf_release(&name);
    return record;
}

static enum ks_status value_record(const struct catalogue_collection *coll,
                                   const struct field_rules *rules, json_t **ret,
                                   struct ks_error *err)
{
    json_t *record = record_of(coll, "Value"), *fields = json_array();
    if (coll->schema->description && *coll->schema->description)
        set_text(record, "doc", coll->schema->description);
    set_new(record, "fields", fields);
    enum ks_status status = KS_OK;
    for (size_t i = 0; i < coll->schema->field_count && status == KS_OK; i++) {
        const struct ddl_field *field = &coll->schema->fields[i];
        struct ks_buf name = {0};
        change_schema_name(field->name, strlen(field->name), &name);
        status = value_field(coll, field, rules, ks_buf_str(&name), fields, err);
        ks_buf_release(&name);
    }
    if (status == KS_OK)
        *ret = record;
    else
        json_decref(record);
    return status;
}

static json_t *source_record(void)
{
    static const struct {
        const char *name, *type;
    } source[] = {
        {"version", "string"},    {"connector", "string"},
        {"name", "string"},       {"ts_ms", "long"},
        {"snapshot", "string"},   {"db", "string"},
        {"collection", "string"}, {"collection_id", "long"},
        {"partition", "string"},  {"partition_id", "long"},
        {"tick", "long"},         {"channel", "string"},
        {"offset", "long"},       {"row", "int"},
        {"ddl_seq", "long"},
    };
    json_t *record = typed("record"), *fields = json_array();
    set_text(record, "name", "io.kitestream.milvus.Source");
    set_text(record, "connect.name", "io.kitestream.milvus.Source");
    for (size_t i = 0; i < sizeof source / sizeof *source; i++)
        json_array_append_new(fields, field_of(source[i].name, json_string(source[i].type)));
    set_new(record, "fields", fields);
    return record;
}

static json_t *image_field(const char *name, json_t *take_type)
{
    json_t *nullable = json_array();
    json_array_append_new(nullable, json_string("null"));
    json_array_append_new(nullable, take_type);
    json_t *field = field_of(name, nullable);
    set_new(field, "default", json_null());
    return field;
}

static json_t *envelope_of(const struct catalogue_collection *coll,
                           const struct change_options *opt, json_t *take_value)
{
    json_t *record = record_of(coll, "Envelope"), *fields = json_array();
    json_t *by_name = json_incref(json_object_get(take_value, "name"));
    set_new(record, "connect.version", json_integer(2));
    if (opt->upsert_as_create)
        set_text(record, "milvus.upsert_op", "c");
    json_array_append_new(fields, image_field("before", take_value));
    json_array_append_new(fields, image_field("after", by_name));
    json_array_append_new(fields, field_of("source", source_record()));
    json_array_append_new(fields, field_of("op", json_string("string")));
    json_array_append_new(fields, image_field("ts_ms", json_string("long")));
    set_new(record, "fields", fields);
    return record;
}

static char *dump(json_t *take_schema)
{
    char *text = json_dumps(take_schema, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(take_schema);
    if (!text)
        abort(); /* out of memory */
    return text;
}

enum ks_status change_schema_value(const struct catalogue_collection *coll,
                                   const struct change_options *opt, char **ret_json,
                                   struct ks_error *err)
{
    json_t *value;
    enum ks_status status = value_record(coll, opt->fields, &value, err);
    if (status == KS_OK)
        *ret_json = dump(opt->flat ? value : envelope_of(coll, opt, value));
    return status;
}

enum ks_status change_schema_key(const struct catalogue_collection *coll, bool primitive,
                                 char **ret_json, struct ks_error *err)
{
    for (size_t i = 0; i < coll->schema->field_count; i++) {
        const struct ddl_field *field = &coll->schema->fields[i];
        if (!field->is_primary_key)
            continue;
        json_t *type = json_string(field->type == MILVUS_VARCHAR ? "string" : "long");
        if (primitive) {
            *ret_json = dump(type);
            return KS_OK;
        }
        struct ks_buf name = {0};
        change_schema_name(field->name, strlen(field->name), &name);
        json_t *record = record_of(coll, "Key"), *fields = json_array();
        json_array_append_new(fields, field_of(ks_buf_str(&name), type));
        set_new(record, "fields", fields);
        ks_buf_release(&name);
        *ret_json = dump(record);
        return KS_OK;
    }
    return ks_error_set(err, KS_ERR_DATA, "collection %s.%s has no primary key", coll->db,
                        coll->name);
}
