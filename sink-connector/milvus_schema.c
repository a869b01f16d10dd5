#include "milvus_schema.h"

#include "default_value.h"

MilvusMeta__KeyValuePair **milvus_pairs(const struct ddl_kv *kvs, size_t count,
                                        struct ks_arena *arena)
{
    MilvusMeta__KeyValuePair **list = ks_arena_zalloc(arena, count * sizeof(*list));
    for (size_t i = 0; i < count; i++) {
        list[i] = ks_arena_alloc(arena, sizeof(*list[i]));
        milvus_meta__key_value_pair__init(list[i]);
        list[i]->key = (char *)kvs[i].key;
        list[i]->value = (char *)kvs[i].value;
    }
    return list;
}

/* NULL: the default value is none. */
static MilvusMeta__FieldSchema *field_message(const struct ddl_field *from, struct ks_arena *arena)
{
    MilvusMeta__FieldSchema *to = ks_arena_alloc(arena, sizeof(*to));
    milvus_meta__field_schema__init(to);
    to->name = (char *)from->name;
    to->description = (char *)from->description;
    to->data_type = (MilvusMeta__DataType)from->type;
    to->element_type = (MilvusMeta__DataType)from->element_type;
    to->is_primary_key = from->is_primary_key;
    to->is_partition_key = from->is_partition_key;
    to->is_clustering_key = from->is_clustering_key;
    to->nullable = from->nullable;
    to->is_function_output = from->is_function_output;
    to->type_params = milvus_pairs(from->type_params, from->type_param_count, arena);
    to->n_type_params = from->type_param_count;
    if (from->default_value) {
        to->default_value = ks_arena_alloc(arena, sizeof(*to->default_value));
        if (!default_value_read(from->default_value, from->type, arena, to->default_value))
            return NULL;
    }
    return to;
}

static MilvusMeta__FunctionSchema *function_message(const struct ddl_function *from,
                                                    struct ks_arena *arena)
{
    MilvusMeta__FunctionSchema *to = ks_arena_alloc(arena, sizeof(*to));
    milvus_meta__function_schema__init(to);
    to->name = (char *)from->name;
    to->description = (char *)from->description;
    to->type = (MilvusMeta__FunctionType)from->type;
    to->input_field_names = (char **)from->inputs;
    to->n_input_field_names = from->input_count;
    to->output_field_names = (char **)from->outputs;
    to->n_output_field_names = from->output_count;
    to->params = milvus_pairs(from->params, from->param_count, arena);
    to->n_params = from->param_count;
    return to;
}

MilvusMeta__CollectionSchema *milvus_schema_message(const char *name,
                                                    const struct ddl_schema *schema,
                                                    struct ks_arena *arena,
                                                    const char **ret_bad_field)
{
    MilvusMeta__CollectionSchema *to = ks_arena_alloc(arena, sizeof(*to));
    milvus_meta__collection_schema__init(to);
    to->name = (char *)name;
    to->description = (char *)schema->description;
    to->enable_dynamic_field = schema->enable_dynamic_field;
    to->fields = ks_arena_zalloc(arena, schema->field_count * sizeof(*to->fields));
    for (size_t i = 0; i < schema->field_count; i++) {
        if (schema->fields[i].is_dynamic)
            continue;
        MilvusMeta__FieldSchema *field = field_message(&schema->fields[i], arena);
        if (!field) {
            *ret_bad_field = schema->fields[i].name;
            return NULL;
        }
        to->fields[to->n_fields++] = field;
    }
    to->functions = ks_arena_zalloc(arena, schema->function_count * sizeof(*to->functions));
    to->n_functions = schema->function_count;
    for (size_t i = 0; i < schema->function_count; i++)
        to->functions[i] = function_message(&schema->functions[i], arena);
    return to;
}
