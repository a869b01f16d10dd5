/* Names and deep copies of metadata changes. In: numbers and names as they stand on the DDL topic;
 * out: the other form, or a copy in the caller's arena. Used by both connectors. */
#include "ddl.h"

#include <string.h>

static const char *const kind_names[DDL_KIND_COUNT] = {
    [DDL_CREATE_DATABASE] = "create_database",
    [DDL_DROP_DATABASE] = "drop_database",
    [DDL_ALTER_DATABASE] = "alter_database",
    [DDL_CREATE_COLLECTION] = "create_collection",
    [DDL_DROP_COLLECTION] = "drop_collection",
    [DDL_RENAME_COLLECTION] = "rename_collection",
    [DDL_ALTER_COLLECTION] = "alter_collection",
    [DDL_CREATE_PARTITION] = "create_partition",
    [DDL_DROP_PARTITION] = "drop_partition",
    [DDL_CREATE_INDEX] = "create_index",
    [DDL_DROP_INDEX] = "drop_index",
    [DDL_ALTER_INDEX] = "alter_index",
    [DDL_LOAD_COLLECTION] = "load_collection",
    [DDL_RELEASE_COLLECTION] = "release_collection",
    [DDL_LOAD_PARTITIONS] = "load_partitions",
    [DDL_RELEASE_PARTITIONS] = "release_partitions",
    [DDL_CREATE_ALIAS] = "create_alias",
    [DDL_DROP_ALIAS] = "drop_alias",
    [DDL_ALTER_ALIAS] = "alter_alias",
    [DDL_FLUSH] = "flush",
    [DDL_GAP] = "gap",
};

static const struct {
    enum milvus_type type;
    const char *name;
} type_names[] = {
    {MILVUS_NONE, "None"},
    {MILVUS_BOOL, "Bool"},
    {MILVUS_INT8, "Int8"},
    {MILVUS_INT16, "Int16"},
    {MILVUS_INT32, "Int32"},
    {MILVUS_INT64, "Int64"},
    {MILVUS_FLOAT, "Float"},
    {MILVUS_DOUBLE, "Double"},
    {MILVUS_VARCHAR, "VarChar"},
    {MILVUS_ARRAY, "Array"},
    {MILVUS_JSON, "JSON"},
    {MILVUS_BINARY_VECTOR, "BinaryVector"},
    {MILVUS_FLOAT_VECTOR, "FloatVector"},
    {MILVUS_FLOAT16_VECTOR, "Float16Vector"},
    {MILVUS_BFLOAT16_VECTOR, "BFloat16Vector"},
    {MILVUS_SPARSE_FLOAT_VECTOR, "SparseFloatVector"},
    {MILVUS_INT8_VECTOR, "Int8Vector"},
};
#define TYPE_COUNT (sizeof(type_names) / sizeof(type_names[0]))

static bool is_text(const char *text, const char *name, size_t len)
{
    return strlen(text) == len && memcmp(text, name, len) == 0;
}

const char *ddl_kind_name(enum ddl_kind kind)
{
    return (unsigned)kind < DDL_KIND_COUNT ? kind_names[kind] : "unknown";
}

int ddl_kind_of(const char *name, size_t len)
{
    for (int kind = 0; kind < DDL_KIND_COUNT; kind++)
        if (is_text(kind_names[kind], name, len))
            return kind;
    return -1;
}

const char *milvus_type_name(enum milvus_type type)
{
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (type_names[i].type == type)
            return type_names[i].name;
    return "Unknown";
}

enum milvus_type milvus_type_of(const char *name, size_t len)
{
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (is_text(type_names[i].name, name, len))
            return type_names[i].type;
    return MILVUS_NONE;
}

uint32_t milvus_scalar_member(enum milvus_type type)
{
    switch (type) {
    case MILVUS_BOOL:
        return 1;
    case MILVUS_INT8:
    case MILVUS_INT16:
    case MILVUS_INT32:
        return 2;
    case MILVUS_INT64:
        return 3;
    case MILVUS_FLOAT:
        return 4;
    case MILVUS_DOUBLE:
        return 5;
    case MILVUS_VARCHAR:
        return 6;
    case MILVUS_ARRAY:
        return 8;
    case MILVUS_JSON:
        return 9;
    default:
        return 0;
    }
}

const char *ddl_kv_get(const struct ddl_kv *kvs, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(kvs[i].key, key) == 0)
            return kvs[i].value;
    return NULL;
}

bool ddl_gates_rows(enum ddl_kind kind)
{
    switch (kind) {
    case DDL_CREATE_DATABASE:
    case DDL_DROP_DATABASE:
    case DDL_ALTER_DATABASE:
    case DDL_CREATE_COLLECTION:
    case DDL_DROP_COLLECTION:
    case DDL_RENAME_COLLECTION:
    case DDL_ALTER_COLLECTION:
    case DDL_CREATE_PARTITION:
    case DDL_DROP_PARTITION:
        return true;
    default:
        return false;
    }
}

/* ---- equality ---- */

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

bool ddl_schema_has_partition_key(const struct ddl_schema *schema)
{
    for (size_t i = 0; i < schema->field_count; i++)
        if (schema->fields[i].is_partition_key)
            return true;
    return false;
}

bool ddl_kvs_equal(const struct ddl_kv *a, size_t a_count, const struct ddl_kv *b, size_t b_count)
{
    if (a_count != b_count)
        return false;
    /* Milvus does not keep the order of properties from one put to the next. */
    for (size_t i = 0; i < a_count; i++) {
        const char *other = ddl_kv_get(b, b_count, a[i].key);
        if (!other || strcmp(a[i].value, other) != 0)
            return false;
    }
    return true;
}

static bool names_equal(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return true;
}

static bool fields_equal(const struct ddl_field *a, const struct ddl_field *b)
{
    return a->id == b->id && same_text(a->name, b->name) && a->type == b->type &&
           a->element_type == b->element_type && a->is_primary_key == b->is_primary_key &&
           a->auto_id == b->auto_id && a->is_partition_key == b->is_partition_key &&
           a->is_clustering_key == b->is_clustering_key && a->is_dynamic == b->is_dynamic &&
           a->nullable == b->nullable && a->is_function_output == b->is_function_output &&
           same_text(a->description, b->description) && !a->default_value == !b->default_value &&
           same_text(a->default_value, b->default_value) &&
           ddl_kvs_equal(a->type_params, a->type_param_count, b->type_params, b->type_param_count);
}

static bool functions_equal(const struct ddl_function *a, const struct ddl_function *b)
{
    return a->id == b->id && a->type == b->type && same_text(a->name, b->name) &&
           same_text(a->description, b->description) &&
           names_equal(a->inputs, a->input_count, b->inputs, b->input_count) &&
           names_equal(a->outputs, a->output_count, b->outputs, b->output_count) &&
           ddl_kvs_equal(a->params, a->param_count, b->params, b->param_count);
}

bool ddl_schema_equal(const struct ddl_schema *a, const struct ddl_schema *b)
{
    if (a->auto_id != b->auto_id || a->enable_dynamic_field != b->enable_dynamic_field ||
        a->shards != b->shards || a->num_partitions != b->num_partitions ||
        a->consistency_level != b->consistency_level || a->field_count != b->field_count ||
        a->function_count != b->function_count || !same_text(a->description, b->description) ||
        !ddl_kvs_equal(a->properties, a->property_count, b->properties, b->property_count))
        return false;
    for (size_t i = 0; i < a->field_count; i++)
        if (!fields_equal(&a->fields[i], &b->fields[i]))
            return false;
    for (size_t i = 0; i < a->function_count; i++)
        if (!functions_equal(&a->functions[i], &b->functions[i]))
            return false;
    return true;
}

bool ddl_index_equal(const struct ddl_index *a, const struct ddl_index *b)
{
    return a->id == b->id && a->field_id == b->field_id && same_text(a->name, b->name) &&
           same_text(a->field, b->field) &&
           ddl_kvs_equal(a->params, a->param_count, b->params, b->param_count);
}

/* ---- deep copies ---- */

static const char *copy_text(struct ks_arena *arena, const char *text)
{
    return text ? ks_arena_strndup(arena, text, strlen(text)) : NULL;
}

struct ddl_kv *ddl_kvs_copy(const struct ddl_kv *kvs, size_t count, struct ks_arena *arena)
{
    struct ddl_kv *copy = ks_arena_zalloc(arena, count * sizeof(*copy));
    for (size_t i = 0; i < count; i++)
        copy[i] = (struct ddl_kv){copy_text(arena, kvs[i].key), copy_text(arena, kvs[i].value)};
    return copy;
}

static const char *const *copy_names(struct ks_arena *arena, const char *const *names, size_t count)
{
    const char **copy = ks_arena_zalloc(arena, count * sizeof(*copy));
    for (size_t i = 0; i < count; i++)
        copy[i] = copy_text(arena, names[i]);
    return copy;
}

static const struct ddl_field *copy_fields(struct ks_arena *arena, const struct ddl_field *fields,
                                           size_t count)
{
    struct ddl_field *copy = ks_arena_copy(arena, fields, count * sizeof(*copy));
    for (size_t i = 0; i < count; i++) {
        copy[i].name = copy_text(arena, fields[i].name);
        copy[i].description = copy_text(arena, fields[i].description);
        copy[i].default_value = copy_text(arena, fields[i].default_value);
        copy[i].type_params =
            ddl_kvs_copy(fields[i].type_params, fields[i].type_param_count, arena);
    }
    return copy;
}

static const struct ddl_function *copy_functions(struct ks_arena *arena,
                                                 const struct ddl_function *functions, size_t count)
{
    struct ddl_function *copy = ks_arena_copy(arena, functions, count * sizeof(*copy));
    for (size_t i = 0; i < count; i++) {
        const struct ddl_function *f = &functions[i];
        copy[i].name = copy_text(arena, f->name);
        copy[i].description = copy_text(arena, f->description);
        copy[i].inputs = copy_names(arena, f->inputs, f->input_count);
        copy[i].outputs = copy_names(arena, f->outputs, f->output_count);
        copy[i].params = ddl_kvs_copy(f->params, f->param_count, arena);
    }
    return copy;
}

struct ddl_schema *ddl_schema_copy(const struct ddl_schema *schema, struct ks_arena *arena)
{
    struct ddl_schema *copy = ks_arena_copy(arena, schema, sizeof(*schema));
    copy->name = copy_text(arena, schema->name);
    copy->description = copy_text(arena, schema->description);
    struct ddl_named *partitions =
        ks_arena_zalloc(arena, schema->partition_count * sizeof(*partitions));
    for (size_t i = 0; i < schema->partition_count; i++)
        partitions[i] = (struct ddl_named){schema->partitions[i].id,
                                           copy_text(arena, schema->partitions[i].name)};
    copy->partitions = partitions;
    copy->properties = ddl_kvs_copy(schema->properties, schema->property_count, arena);
    copy->fields = copy_fields(arena, schema->fields, schema->field_count);
    copy->functions = copy_functions(arena, schema->functions, schema->function_count);
    return copy;
}

struct ddl_index *ddl_index_copy(const struct ddl_index *index, struct ks_arena *arena)
{
    struct ddl_index *copy = ks_arena_copy(arena, index, sizeof(*index));
    copy->name = copy_text(arena, index->name);
    copy->field = copy_text(arena, index->field);
    copy->params = ddl_kvs_copy(index->params, index->param_count, arena);
    return copy;
}

static const struct ks_topic_partition *copy_positions(struct ks_arena *arena,
                                                       const struct ks_topic_partition *after,
                                                       size_t count)
{
    struct ks_topic_partition *copy = ks_arena_copy(arena, after, count * sizeof(*copy));
    for (size_t i = 0; i < count; i++)
        copy[i].topic = copy_text(arena, after[i].topic);
    return copy;
}

struct ddl *ddl_copy(const struct ddl *ddl, struct ks_arena *arena)
{
    struct ddl *copy = ks_arena_copy(arena, ddl, sizeof(*ddl));
    copy->cluster = copy_text(arena, ddl->cluster);
    copy->db = copy_text(arena, ddl->db);
    copy->collection = copy_text(arena, ddl->collection);
    copy->old_db = copy_text(arena, ddl->old_db);
    copy->old_collection = copy_text(arena, ddl->old_collection);
    copy->partition = copy_text(arena, ddl->partition);
    copy->partitions = copy_names(arena, ddl->partitions, ddl->partition_count);
    copy->alias = copy_text(arena, ddl->alias);
    copy->topic = copy_text(arena, ddl->topic);
    copy->schema = ddl->schema ? ddl_schema_copy(ddl->schema, arena) : NULL;
    copy->index = ddl->index ? ddl_index_copy(ddl->index, arena) : NULL;
    copy->load = ddl->load ? ks_arena_copy(arena, ddl->load, sizeof(*ddl->load)) : NULL;
    copy->properties = ddl_kvs_copy(ddl->properties, ddl->property_count, arena);
    copy->collections = copy_names(arena, ddl->collections, ddl->collection_count);
    copy->reason = copy_text(arena, ddl->reason);
    copy->after = copy_positions(arena, ddl->after, ddl->after_count);
    return copy;
}
