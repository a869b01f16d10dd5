/* The cells of a decoded DDL record as a DDL. In: cells that point into the record; out: a copy in
 * the arena. A null array is an empty one. Next: the reader of the DDL topic. */
#include <stdlib.h>
#include <string.h>

#include "ddl_cells.h"

static const char *copy_text(struct ks_arena *arena, const struct ks_cell *cell)
{
    return cell->kind == KS_CELL_BYTES ? ks_arena_strndup(arena, cell->u.data, cell->count) : NULL;
}

static int64_t number_of(const struct ks_cell *cell)
{
    return cell->kind == KS_CELL_NULL ? 0 : cell->u.i;
}

static size_t count_of(const struct ks_cell *cell)
{
    return cell->kind == KS_CELL_ARRAY ? cell->count : 0;
}

static const struct ddl_kv *copy_kvs(struct ks_arena *arena, const struct ks_cell *cell,
                                     size_t *ret_count)
{
    size_t count = count_of(cell);
    struct ddl_kv *kvs = ks_arena_zalloc(arena, count * sizeof(*kvs));
    for (size_t i = 0; i < count; i++) {
        const struct ks_cell *item = cell->u.items + i * KV_CELLS;
        kvs[i] =
            (struct ddl_kv){copy_text(arena, &item[KV_KEY]), copy_text(arena, &item[KV_VALUE])};
    }
    *ret_count = count;
    return kvs;
}

static const char *const *copy_names(struct ks_arena *arena, const struct ks_cell *cell,
                                     size_t *ret_count)
{
    size_t count = count_of(cell);
    const char **names = ks_arena_zalloc(arena, count * sizeof(*names));
    for (size_t i = 0; i < count; i++)
        names[i] = copy_text(arena, &cell->u.items[i]);
    *ret_count = count;
    return names;
}

static enum milvus_type type_of(const struct ks_cell *cell)
{
    return cell->kind == KS_CELL_BYTES ? milvus_type_of(cell->u.data, cell->count) : MILVUS_NONE;
}

static const struct ddl_field *copy_fields(struct ks_arena *arena, const struct ks_cell *cell,
                                           size_t *ret_count)
{
    size_t count = count_of(cell);
    struct ddl_field *fields = ks_arena_zalloc(arena, count * sizeof(*fields));
    for (size_t i = 0; i < count; i++) {
        const struct ks_cell *item = cell->u.items + i * FIELD_CELLS;
        struct ddl_field *f = &fields[i];
        f->id = number_of(&item[FIELD_ID]);
        f->name = copy_text(arena, &item[FIELD_NAME]);
        f->type = type_of(&item[FIELD_TYPE]);
        f->element_type = type_of(&item[FIELD_ELEMENT_TYPE]);
        f->is_primary_key = number_of(&item[FIELD_PRIMARY_KEY]) != 0;
        f->auto_id = number_of(&item[FIELD_AUTO_ID]) != 0;
        f->is_partition_key = number_of(&item[FIELD_PARTITION_KEY]) != 0;
        f->is_clustering_key = number_of(&item[FIELD_CLUSTERING_KEY]) != 0;
        f->is_dynamic = number_of(&item[FIELD_DYNAMIC]) != 0;
        f->nullable = number_of(&item[FIELD_NULLABLE]) != 0;
        f->is_function_output = number_of(&item[FIELD_FUNCTION_OUTPUT]) != 0;
        f->description = copy_text(arena, &item[FIELD_DESCRIPTION]);
        f->default_value = copy_text(arena, &item[FIELD_DEFAULT]);
        f->type_params = copy_kvs(arena, &item[FIELD_PARAMS], &f->type_param_count);
    }
    *ret_count = count;
    return fields;
}

static const struct ddl_function *copy_functions(struct ks_arena *arena, const struct ks_cell *cell,
                                                 size_t *ret_count)
{
    size_t count = count_of(cell);
    struct ddl_function *functions = ks_arena_zalloc(arena, count * sizeof(*functions));
    for (size_t i = 0; i < count; i++) {
        const struct ks_cell *item = cell->u.items + i * FUNCTION_CELLS;
        struct ddl_function *f = &functions[i];
        f->name = copy_text(arena, &item[FUNCTION_NAME]);
        f->id = number_of(&item[FUNCTION_ID]);
        f->type = (int32_t)number_of(&item[FUNCTION_TYPE]);
        f->description = copy_text(arena, &item[FUNCTION_DESCRIPTION]);
        f->inputs = copy_names(arena, &item[FUNCTION_INPUTS], &f->input_count);
        f->outputs = copy_names(arena, &item[FUNCTION_OUTPUTS], &f->output_count);
        f->params = copy_kvs(arena, &item[FUNCTION_PARAMS], &f->param_count);
    }
    *ret_count = count;
    return functions;
}

static int32_t consistency_of(const char *name)
{
    for (int32_t level = 0; level < DDL_CONSISTENCY_COUNT; level++)
        if (strcmp(ddl_consistency_names[level], name) == 0)
            return level;
    return (int32_t)strtol(name, NULL, 10);
}

static const struct ddl_named *copy_partitions(struct ks_arena *arena, const struct ks_cell *cell,
                                               size_t *ret_count)
{
    size_t count = count_of(cell);
    struct ddl_named *partitions = ks_arena_zalloc(arena, count * sizeof(*partitions));
    for (size_t i = 0; i < count; i++) {
        const struct ks_cell *item = cell->u.items + i * REF_CELLS;
        partitions[i] =
            (struct ddl_named){number_of(&item[REF_ID]), copy_text(arena, &item[REF_NAME])};
    }
    *ret_count = count;
    return partitions;
}

static const struct ddl_schema *copy_schema(struct ks_arena *arena, const struct ks_cell *cells)
{
    if (cells[SCHEMA].kind == KS_CELL_NULL)
        return NULL;
    struct ddl_schema *s = ks_arena_zalloc(arena, sizeof(*s));
    s->name = copy_text(arena, &cells[SCHEMA_NAME]);
    s->description = copy_text(arena, &cells[SCHEMA_DESCRIPTION]);
    s->auto_id = number_of(&cells[SCHEMA_AUTO_ID]) != 0;
    s->enable_dynamic_field = number_of(&cells[SCHEMA_DYNAMIC]) != 0;
    s->shards = (int32_t)number_of(&cells[SCHEMA_SHARDS]);
    s->num_partitions = number_of(&cells[SCHEMA_NUM_PARTITIONS]);
    s->consistency_level = consistency_of(copy_text(arena, &cells[SCHEMA_CONSISTENCY]));
    s->partitions = copy_partitions(arena, &cells[SCHEMA_PARTITIONS], &s->partition_count);
    s->properties = copy_kvs(arena, &cells[SCHEMA_PROPERTIES], &s->property_count);
    s->fields = copy_fields(arena, &cells[SCHEMA_FIELDS], &s->field_count);
    s->functions = copy_functions(arena, &cells[SCHEMA_FUNCTIONS], &s->function_count);
    return s;
}

static const struct ddl_index *copy_index(struct ks_arena *arena, const struct ks_cell *cells)
{
    if (cells[INDEX].kind == KS_CELL_NULL)
        return NULL;
    struct ddl_index *index = ks_arena_zalloc(arena, sizeof(*index));
    index->name = copy_text(arena, &cells[INDEX_NAME]);
    index->id = number_of(&cells[INDEX_ID]);
    index->field = copy_text(arena, &cells[INDEX_FIELD]);
    index->field_id = number_of(&cells[INDEX_FIELD_ID]);
    index->params = copy_kvs(arena, &cells[INDEX_PARAMS], &index->param_count);
    return index;
}

static const struct ddl_load *copy_load(struct ks_arena *arena, const struct ks_cell *cells)
{
    if (cells[LOAD].kind == KS_CELL_NULL)
        return NULL;
    struct ddl_load *load = ks_arena_zalloc(arena, sizeof(*load));
    load->replicas = (int32_t)number_of(&cells[LOAD_REPLICAS]);
    return load;
}

static const struct ks_topic_partition *copy_after(struct ks_arena *arena,
                                                   const struct ks_cell *cell, size_t *ret_count)
{
    size_t count = count_of(cell);
    struct ks_topic_partition *after = ks_arena_zalloc(arena, count * sizeof(*after));
    for (size_t i = 0; i < count; i++) {
        const struct ks_cell *item = cell->u.items + i * POSITION_CELLS;
        after[i].topic = copy_text(arena, &item[POSITION_TOPIC]);
        after[i].partition = (int32_t)number_of(&item[POSITION_PARTITION]);
        after[i].offset = number_of(&item[POSITION_OFFSET]);
    }
    *ret_count = count;
    return after;
}

struct ddl *ddl_of_cells(const struct ks_cell cells[CELLS], struct ks_arena *arena)
{
    struct ddl *ddl = ks_arena_zalloc(arena, sizeof(*ddl));
    int kind = ddl_kind_of(cells[KIND].u.data, cells[KIND].count);
    ddl->kind = kind < 0 ? DDL_KIND_COUNT : (enum ddl_kind)kind;
    ddl->seq = number_of(&cells[SEQ]);
    ddl->tick = (uint64_t)number_of(&cells[TICK]);
    ddl->ts_ms = number_of(&cells[TS_MS]);
    ddl->cluster = copy_text(arena, &cells[CLUSTER]);
    ddl->revision = number_of(&cells[REVISION]);
    ddl->db = copy_text(arena, &cells[DB]);
    ddl->db_id = number_of(&cells[DB_ID]);
    ddl->collection = copy_text(arena, &cells[COLLECTION]);
    ddl->collection_id = number_of(&cells[COLLECTION_ID]);
    ddl->old_db = copy_text(arena, &cells[OLD_DB]);
    ddl->old_collection = copy_text(arena, &cells[OLD_COLLECTION]);
    ddl->partition = copy_text(arena, &cells[PARTITION]);
    ddl->partition_id = number_of(&cells[PARTITION_ID]);
    ddl->partitions = copy_names(arena, &cells[PARTITIONS], &ddl->partition_count);
    ddl->alias = copy_text(arena, &cells[ALIAS]);
    ddl->topic = copy_text(arena, &cells[TOPIC]);
    ddl->snapshot = number_of(&cells[SNAPSHOT]) != 0;
    ddl->schema = copy_schema(arena, cells);
    ddl->index = copy_index(arena, cells);
    ddl->load = copy_load(arena, cells);
    ddl->properties = copy_kvs(arena, &cells[PROPERTIES], &ddl->property_count);
    ddl->collections = copy_names(arena, &cells[COLLECTIONS], &ddl->collection_count);
    ddl->reason = copy_text(arena, &cells[REASON]);
    ddl->after = copy_after(arena, &cells[AFTER], &ddl->after_count);
    return ddl;
}
