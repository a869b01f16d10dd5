/* A DDL as the cells of its Avro record. In: struct ddl; out: cells that point into it. Next:
 * ddl_codec, which encodes them. */
#include <string.h>

#include "ddl_cells.h"

const char *const ddl_consistency_names[DDL_CONSISTENCY_COUNT] = {
    "Strong", "Session", "Bounded", "Eventually", "Customized",
};

static struct ks_cell number(int64_t value)
{
    return (struct ks_cell){.kind = KS_CELL_INT, .u.i = value};
}

static struct ks_cell truth(bool value)
{
    return (struct ks_cell){.kind = KS_CELL_BOOL, .u.i = value};
}

static struct ks_cell text(const char *value)
{
    if (!value)
        value = "";
    return (struct ks_cell){
        .kind = KS_CELL_BYTES, .count = (uint32_t)strlen(value), .u.data = value};
}

static struct ks_cell text_or_null(const char *value)
{
    return value ? text(value) : (struct ks_cell){.kind = KS_CELL_NULL};
}

static struct ks_cell number_or_null(int64_t value)
{
    return value ? number(value) : (struct ks_cell){.kind = KS_CELL_NULL};
}

static struct ks_cell array(const struct ks_cell *items, size_t count)
{
    return (struct ks_cell){.kind = KS_CELL_ARRAY, .count = (uint32_t)count, .u.items = items};
}

static struct ks_cell *items(struct ks_arena *arena, size_t count, size_t cells)
{
    struct ks_cell *list = ks_arena_zalloc(arena, count * cells * sizeof(*list));
    for (size_t i = 0; i < count; i++)
        list[i * cells].kind = KS_CELL_RECORD;
    return list;
}

static struct ks_cell kv_cell(struct ks_arena *arena, const struct ddl_kv *kvs, size_t count)
{
    struct ks_cell *list = items(arena, count, KV_CELLS);
    for (size_t i = 0; i < count; i++) {
        list[i * KV_CELLS + KV_KEY] = text(kvs[i].key);
        list[i * KV_CELLS + KV_VALUE] = text(kvs[i].value);
    }
    return array(list, count);
}

static struct ks_cell names_cell(struct ks_arena *arena, const char *const *names, size_t count)
{
    struct ks_cell *list = ks_arena_zalloc(arena, count * sizeof(*list));
    for (size_t i = 0; i < count; i++)
        list[i] = text(names[i]);
    return array(list, count);
}

static struct ks_cell fields_cell(struct ks_arena *arena, const struct ddl_field *fields,
                                  size_t count)
{
    struct ks_cell *list = items(arena, count, FIELD_CELLS);
    for (size_t i = 0; i < count; i++) {
        struct ks_cell *cell = list + i * FIELD_CELLS;
        const struct ddl_field *f = &fields[i];
        cell[FIELD_ID] = number(f->id);
        cell[FIELD_NAME] = text(f->name);
        cell[FIELD_TYPE] = text(milvus_type_name(f->type));
        if (f->element_type != MILVUS_NONE)
            cell[FIELD_ELEMENT_TYPE] = text(milvus_type_name(f->element_type));
        cell[FIELD_PRIMARY_KEY] = truth(f->is_primary_key);
        cell[FIELD_AUTO_ID] = truth(f->auto_id);
        cell[FIELD_PARTITION_KEY] = truth(f->is_partition_key);
        cell[FIELD_CLUSTERING_KEY] = truth(f->is_clustering_key);
        cell[FIELD_DYNAMIC] = truth(f->is_dynamic);
        cell[FIELD_NULLABLE] = truth(f->nullable);
        cell[FIELD_FUNCTION_OUTPUT] = truth(f->is_function_output);
        cell[FIELD_DESCRIPTION] = text(f->description);
        cell[FIELD_DEFAULT] = text_or_null(f->default_value);
        cell[FIELD_PARAMS] = kv_cell(arena, f->type_params, f->type_param_count);
    }
    return array(list, count);
}

static struct ks_cell functions_cell(struct ks_arena *arena, const struct ddl_function *functions,
                                     size_t count)
{
    struct ks_cell *list = items(arena, count, FUNCTION_CELLS);
    for (size_t i = 0; i < count; i++) {
        struct ks_cell *cell = list + i * FUNCTION_CELLS;
        const struct ddl_function *f = &functions[i];
        cell[FUNCTION_NAME] = text(f->name);
        cell[FUNCTION_ID] = number(f->id);
        cell[FUNCTION_TYPE] = number(f->type);
        cell[FUNCTION_DESCRIPTION] = text(f->description);
        cell[FUNCTION_INPUTS] = names_cell(arena, f->inputs, f->input_count);
        cell[FUNCTION_OUTPUTS] = names_cell(arena, f->outputs, f->output_count);
        cell[FUNCTION_PARAMS] = kv_cell(arena, f->params, f->param_count);
    }
    return array(list, count);
}

static struct ks_cell partitions_cell(struct ks_arena *arena, const struct ddl_named *partitions,
                                      size_t count)
{
    struct ks_cell *list = items(arena, count, REF_CELLS);
    for (size_t i = 0; i < count; i++) {
        list[i * REF_CELLS + REF_NAME] = text(partitions[i].name);
        list[i * REF_CELLS + REF_ID] = number(partitions[i].id);
    }
    return array(list, count);
}

static void set_schema(struct ks_cell *cells, struct ks_arena *arena, const struct ddl_schema *s)
{
    int64_t partitions = s->num_partitions > INT32_MAX ? INT32_MAX : s->num_partitions;
    bool named = s->consistency_level >= 0 && s->consistency_level < DDL_CONSISTENCY_COUNT;
    cells[SCHEMA].kind = KS_CELL_RECORD;
    cells[SCHEMA_NAME] = text(s->name);
    cells[SCHEMA_DESCRIPTION] = text(s->description);
    cells[SCHEMA_AUTO_ID] = truth(s->auto_id);
    cells[SCHEMA_DYNAMIC] = truth(s->enable_dynamic_field);
    cells[SCHEMA_SHARDS] = number(s->shards);
    cells[SCHEMA_NUM_PARTITIONS] = number_or_null(partitions);
    cells[SCHEMA_CONSISTENCY] = text(named ? ddl_consistency_names[s->consistency_level]
                                           : ks_arena_printf(arena, "%d", s->consistency_level));
    cells[SCHEMA_PARTITIONS] = partitions_cell(arena, s->partitions, s->partition_count);
    cells[SCHEMA_PROPERTIES] = kv_cell(arena, s->properties, s->property_count);
    cells[SCHEMA_FIELDS] = fields_cell(arena, s->fields, s->field_count);
    cells[SCHEMA_FUNCTIONS] = functions_cell(arena, s->functions, s->function_count);
}

static void set_index(struct ks_cell *cells, struct ks_arena *arena, const struct ddl_index *index)
{
    cells[INDEX].kind = KS_CELL_RECORD;
    cells[INDEX_NAME] = text(index->name);
    cells[INDEX_ID] = number(index->id);
    cells[INDEX_FIELD] = text(index->field);
    cells[INDEX_FIELD_ID] = number(index->field_id);
    cells[INDEX_PARAMS] = kv_cell(arena, index->params, index->param_count);
}

static void set_load(struct ks_cell *cells, const struct ddl_load *load)
{
    cells[LOAD].kind = KS_CELL_RECORD;
    cells[LOAD_REPLICAS] = number(load->replicas);
    cells[LOAD_GROUPS] = array(NULL, 0);
    cells[LOAD_FIELDS] = array(NULL, 0);
}

static struct ks_cell after_cell(struct ks_arena *arena, const struct ks_topic_partition *after,
                                 size_t count)
{
    struct ks_cell *list = items(arena, count, POSITION_CELLS);
    for (size_t i = 0; i < count; i++) {
        list[i * POSITION_CELLS + POSITION_TOPIC] = text(after[i].topic);
        list[i * POSITION_CELLS + POSITION_PARTITION] = number(after[i].partition);
        list[i * POSITION_CELLS + POSITION_OFFSET] = number(after[i].offset);
    }
    return array(list, count);
}

static bool tells_properties(enum ddl_kind kind)
{
    return kind == DDL_ALTER_DATABASE || kind == DDL_ALTER_COLLECTION ||
           kind == DDL_CREATE_DATABASE || kind == DDL_CREATE_COLLECTION;
}

void ddl_to_cells(const struct ddl *ddl, struct ks_arena *arena, struct ks_cell cells[CELLS])
{
    memset(cells, 0, CELLS * sizeof(*cells));
    cells[SEQ] = number(ddl->seq);
    cells[TICK] = number((int64_t)ddl->tick);
    cells[TS_MS] = number(ddl->ts_ms);
    cells[KIND] = text(ddl_kind_name(ddl->kind));
    cells[CLUSTER] = text(ddl->cluster);
    cells[REVISION] = number(ddl->revision);
    cells[DB] = text(ddl->db);
    cells[DB_ID] = number(ddl->db_id);
    cells[COLLECTION] = text_or_null(ddl->collection);
    cells[COLLECTION_ID] = number_or_null(ddl->collection_id);
    cells[OLD_DB] = text_or_null(ddl->old_db);
    cells[OLD_COLLECTION] = text_or_null(ddl->old_collection);
    cells[PARTITION] = text_or_null(ddl->partition);
    cells[PARTITION_ID] = number_or_null(ddl->partition_id);
    if (ddl->partition_count > 0)
        cells[PARTITIONS] = names_cell(arena, ddl->partitions, ddl->partition_count);
    cells[ALIAS] = text_or_null(ddl->alias);
    cells[TOPIC] = text_or_null(ddl->topic);
    cells[SNAPSHOT] = truth(ddl->snapshot);
    if (ddl->schema)
        set_schema(cells, arena, ddl->schema);
    if (ddl->index)
        set_index(cells, arena, ddl->index);
    if (ddl->load)
        set_load(cells, ddl->load);
    if (ddl->property_count > 0 || tells_properties(ddl->kind))
        cells[PROPERTIES] = kv_cell(arena, ddl->properties, ddl->property_count);
    if (ddl->collection_count > 0)
        cells[COLLECTIONS] = names_cell(arena, ddl->collections, ddl->collection_count);
    cells[REASON] = text_or_null(ddl->reason);
    cells[AFTER] = after_cell(arena, ddl->after, ddl->after_count);
}
