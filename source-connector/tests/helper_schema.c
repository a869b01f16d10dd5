/* The two ways in which the recordings write a schema in, struct ddl_schema out. */
#include "helper_schema.h"

#include <string.h>

#include "helper_golden.h"

static enum milvus_type type_of(const json_t *object, const char *key)
{
    const char *name = golden_str(object, key);
    return *name ? milvus_type_of(name, strlen(name)) : MILVUS_NONE;
}

static bool flag(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

/* proto3 JSON: {"long_data": "42"}; of 64-bit numbers only. */
static const char *default_of(const json_t *field)
{
    return json_string_value(json_object_get(json_object_get(field, "default_value"), "long_data"));
}

static void take_proto_field(const json_t *from, struct ks_arena *arena, struct ddl_field *field)
{
    const json_t *params = json_object_get(from, "type_params");
    size_t count = json_array_size(params);
    struct ddl_kv *kvs = ks_arena_zalloc(arena, (count + 1) * sizeof *kvs);
    for (size_t i = 0; i < count; i++) {
        kvs[i].key = golden_str(json_array_get(params, i), "key");
        kvs[i].value = golden_str(json_array_get(params, i), "value");
    }
    *field = (struct ddl_field){
        .id = golden_int(from, "fieldID"),
        .name = golden_str(from, "name"),
        .type = type_of(from, "data_type"),
        .element_type = type_of(from, "element_type"),
        .is_primary_key = flag(from, "is_primary_key"),
        .auto_id = flag(from, "autoID"),
        .is_partition_key = flag(from, "is_partition_key"),
        .is_dynamic = flag(from, "is_dynamic"),
        .nullable = flag(from, "nullable"),
        .is_function_output = flag(from, "is_function_output"),
        .description = golden_str(from, "description"),
        .default_value = default_of(from),
        .type_params = kvs,
        .type_param_count = count,
    };
}

static const struct ddl_schema *schema_of_proto(const json_t *from, struct ks_arena *arena)
{
    struct ddl_schema *schema = ks_arena_zalloc(arena, sizeof *schema);
    const json_t *fields = json_object_get(from, "fields");
    struct ddl_field *list = ks_arena_zalloc(arena, json_array_size(fields) * sizeof *list);
    schema->name = golden_str(from, "name");
    schema->description = golden_str(from, "description");
    schema->enable_dynamic_field = flag(from, "enable_dynamic_field");
    schema->fields = list;
    for (size_t i = 0; i < json_array_size(fields); i++)
        if (golden_int(json_array_get(fields, i), "fieldID") >= 100)
            take_proto_field(json_array_get(fields, i), arena, &list[schema->field_count++]);
    return schema;
}

static const struct ddl_schema *schema_of_rows(void)
{
    static const struct ddl_kv dim = {"dim", "1"};
    static const struct ddl_field fields[] = {
        {.id = 100, .name = "id", .type = MILVUS_INT64, .is_primary_key = true, .description = ""},
        {.id = 101,
         .name = "v",
         .type = MILVUS_FLOAT_VECTOR,
         .description = "",
         .type_params = &dim,
         .type_param_count = 1},
    };
    static const struct ddl_schema rows = {
        .name = "rows", .description = "", .fields = fields, .field_count = 2};
    return &rows;
}

const struct ddl_schema *schema_golden_25(json_t *lines, const char *collection,
                                          struct ks_arena *arena)
{
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *expect = json_object_get(json_array_get(lines, i), "expect");
        const json_t *schema = json_object_get(expect, "schema");
        if (schema && strcmp(golden_str(schema, "name"), collection) == 0)
            return schema_of_proto(schema, arena);
    }
    return strcmp(collection, "rows") == 0 ? schema_of_rows() : NULL;
}

static void take_event_field(json_t *from, struct ks_arena *arena, struct ddl_field *field)
{
    json_t *params = json_object_get(from, "params");
    struct ddl_kv *kvs = ks_arena_zalloc(arena, (json_object_size(params) + 1) * sizeof *kvs);
    size_t count = 0;
    const char *key;
    json_t *value;
    json_object_foreach(params, key, value)
    {
        kvs[count].key = key;
        kvs[count++].value = json_string_value(value);
    }
    *field = (struct ddl_field){
        .id = golden_int(from, "id"),
        .name = golden_str(from, "name"),
        .type = type_of(from, "type"),
        .element_type = type_of(from, "element"),
        .is_primary_key = flag(from, "pk"),
        .auto_id = flag(from, "auto_id"),
        .is_partition_key = flag(from, "partition_key"),
        .is_dynamic = flag(from, "dynamic"),
        .description = "",
        .type_params = kvs,
        .type_param_count = count,
    };
}

const struct ddl_schema *schema_of_event(const json_t *event, struct ks_arena *arena)
{
    struct ddl_schema *schema = ks_arena_zalloc(arena, sizeof *schema);
    const json_t *fields = json_object_get(event, "fields");
    struct ddl_field *list = ks_arena_zalloc(arena, json_array_size(fields) * sizeof *list);
    schema->name = golden_str(event, "collection");
    schema->description = "";
    schema->fields = list;
    schema->field_count = json_array_size(fields);
    for (size_t i = 0; i < schema->field_count; i++)
        take_event_field(json_array_get(fields, i), arena, &list[i]);
    return schema;
}
