#include "schema_values.h"

#include <string.h>

#include "default_value.h"

const char *schema_text(const char *text, struct ks_arena *arena)
{
    return ks_arena_strndup(arena, text, strlen(text));
}

const char *const *schema_texts(char *const *texts, size_t count, struct ks_arena *arena)
{
    const char **copy = ks_arena_zalloc(arena, count * sizeof(*copy));
    for (size_t i = 0; i < count; i++)
        copy[i] = schema_text(texts[i], arena);
    return copy;
}

const struct ddl_kv *schema_pairs(MilvusMeta__KeyValuePair *const *kvs, size_t count,
                                  struct ks_arena *arena)
{
    struct ddl_kv *copy = ks_arena_zalloc(arena, count * sizeof(*copy));
    for (size_t i = 0; i < count; i++)
        copy[i] =
            (struct ddl_kv){schema_text(kvs[i]->key, arena), schema_text(kvs[i]->value, arena)};
    return copy;
}

struct ddl_field schema_field(const MilvusMeta__FieldSchema *from, struct ks_arena *arena)
{
    return (struct ddl_field){
        .id = from->fieldid,
        .name = schema_text(from->name, arena),
        .type = (enum milvus_type)from->data_type,
        .element_type = (enum milvus_type)from->element_type,
        .is_primary_key = from->is_primary_key,
        .auto_id = from->autoid,
        .is_partition_key = from->is_partition_key,
        .is_clustering_key = from->is_clustering_key,
        .is_dynamic = from->is_dynamic,
        .nullable = from->nullable,
        .is_function_output = from->is_function_output,
        .description = schema_text(from->description, arena),
        .default_value =
            from->default_value ? default_value_text(from->default_value, arena) : NULL,
        .type_params = schema_pairs(from->type_params, from->n_type_params, arena),
        .type_param_count = from->n_type_params,
    };
}

struct ddl_function schema_function(const MilvusMeta__FunctionSchema *from, struct ks_arena *arena)
{
    return (struct ddl_function){
        .name = schema_text(from->name, arena),
        .id = from->id,
        .type = (int32_t)from->type,
        .description = schema_text(from->description, arena),
        .inputs = schema_texts(from->input_field_names, from->n_input_field_names, arena),
        .input_count = from->n_input_field_names,
        .outputs = schema_texts(from->output_field_names, from->n_output_field_names, arena),
        .output_count = from->n_output_field_names,
        .params = schema_pairs(from->params, from->n_params, arena),
        .param_count = from->n_params,
    };
}
