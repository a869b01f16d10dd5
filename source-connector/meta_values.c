/* Values of Milvus' etcd keys. In: protobuf bytes; out: plain structs in the caller's arena. The
 * generic protobuf library is good enough here: metadata changes are rare. */
#include "meta_values.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kitestream/sdk/util.h"
#include "meta_unpack.h"
#include "milvus_meta.pb-c.h"
#include "proto_wire.h"
#include "schema_values.h"

static enum ks_status not_a(struct ks_error *err, const char *message)
{
    return ks_error_set(err, KS_ERR_DATA, "the value does not decode as %s", message);
}

/* ---- fields, functions ---- */

enum ks_status meta_decode_field(struct ks_slice value, struct ks_arena *arena,
                                 struct ddl_field *ret, bool *ret_gone, struct ks_error *err)
{
    MilvusMeta__FieldSchema *field = meta_unpack(&milvus_meta__field_schema__descriptor, value);
    if (!field)
        return not_a(err, "FieldSchema");
    *ret = schema_field(field, arena);
    *ret_gone = field->state != MILVUS_META__FIELD_STATE__FieldCreated;
    milvus_meta__field_schema__free_unpacked(field, NULL);
    return KS_OK;
}

enum ks_status meta_decode_function(struct ks_slice value, struct ks_arena *arena,
                                    struct ddl_function *ret, struct ks_error *err)
{
    MilvusMeta__FunctionSchema *function =
        meta_unpack(&milvus_meta__function_schema__descriptor, value);
    if (!function)
        return not_a(err, "FunctionSchema");
    *ret = schema_function(function, arena);
    milvus_meta__function_schema__free_unpacked(function, NULL);
    return KS_OK;
}

/* ---- databases, collections, partitions, aliases ---- */

static enum meta_state state_of(int state)
{
    /* Collections, partitions and aliases number their states alike. */
    return state == MILVUS_META__COLLECTION_STATE__CollectionCreated    ? META_STATE_CREATED
           : state == MILVUS_META__COLLECTION_STATE__CollectionCreating ? META_STATE_CREATING
                                                                        : META_STATE_GONE;
}

enum ks_status meta_decode_database(struct ks_slice value, struct ks_arena *arena,
                                    struct meta_database_value *ret, struct ks_error *err)
{
    MilvusMeta__DatabaseInfo *db = meta_unpack(&milvus_meta__database_info__descriptor, value);
    if (!db)
        return not_a(err, "DatabaseInfo");
    enum meta_state state = META_STATE_GONE;
    if (db->state == MILVUS_META__DATABASE_STATE__DatabaseCreated)
        state = META_STATE_CREATED;
    else if (db->state == MILVUS_META__DATABASE_STATE__DatabaseCreating ||
             db->state == MILVUS_META__DATABASE_STATE__DatabaseUnknown)
        state = META_STATE_CREATING;
    *ret = (struct meta_database_value){
        .state = state,
        .name = schema_text(db->name, arena),
        .properties = schema_pairs(db->properties, db->n_properties, arena),
        .property_count = db->n_properties,
    };
    milvus_meta__database_info__free_unpacked(db, NULL);
    return KS_OK;
}

/* Kafka's message ID is the offset, eight bytes little-endian. */
static int64_t start_offset(const MilvusMeta__CollectionInfo *info, const char *pchannel)
{
    for (size_t i = 0; i < info->n_start_positions; i++) {
        const MilvusMeta__KeyDataPair *position = info->start_positions[i];
        if (strcmp(position->key, pchannel) != 0 || position->data.len != 8)
            continue;
        uint64_t offset = 0;
        for (size_t byte = 8; byte-- > 0;)
            offset = offset << 8 | position->data.data[byte];
        return (int64_t)offset < 0 ? -1 : (int64_t)offset;
    }
    return -1;
}

static void copy_channels(struct ks_arena *arena, const MilvusMeta__CollectionInfo *info,
                          struct meta_collection_value *to)
{
    struct meta_channel *channels =
        ks_arena_zalloc(arena, info->n_physical_channel_names * sizeof(*channels));
    for (size_t i = 0; i < info->n_physical_channel_names; i++) {
        const char *name = info->physical_channel_names[i];
        channels[i] = (struct meta_channel){schema_text(name, arena), start_offset(info, name)};
    }
    to->channels = channels;
    to->channel_count = info->n_physical_channel_names;
}

/* What collections before 2.1 keep inside their own value. */
static void copy_old_layout(struct ks_arena *arena, const MilvusMeta__CollectionInfo *info,
                            struct ddl_schema *to)
{
    const MilvusMeta__CollectionSchema *schema = info->schema;
    if (schema && schema->n_fields > 0) {
        struct ddl_field *fields = ks_arena_zalloc(arena, schema->n_fields * sizeof(*fields));
        for (size_t i = 0; i < schema->n_fields; i++)
            fields[i] = schema_field(schema->fields[i], arena);
        to->fields = fields;
        to->field_count = schema->n_fields;
    }
    if (schema && schema->n_functions > 0) {
        struct ddl_function *functions =
            ks_arena_zalloc(arena, schema->n_functions * sizeof(*functions));
        for (size_t i = 0; i < schema->n_functions; i++)
            functions[i] = schema_function(schema->functions[i], arena);
        to->functions = functions;
        to->function_count = schema->n_functions;
    }
    size_t count = info->n_partitionids < info->n_partitionnames ? info->n_partitionids
                                                                 : info->n_partitionnames;
    struct ddl_named *partitions = ks_arena_zalloc(arena, count * sizeof(*partitions));
    for (size_t i = 0; i < count; i++)
        partitions[i] =
            (struct ddl_named){info->partitionids[i], schema_text(info->partitionnames[i], arena)};
    to->partitions = partitions;
    to->partition_count = count;
}

enum ks_status meta_decode_collection(struct ks_slice value, struct ks_arena *arena,
                                      struct meta_collection_value *ret, struct ks_error *err)
{
    MilvusMeta__CollectionInfo *info =
        meta_unpack(&milvus_meta__collection_info__descriptor, value);
    if (!info)
        return not_a(err, "CollectionInfo");
    const MilvusMeta__CollectionSchema *schema = info->schema;
    *ret = (struct meta_collection_value){
        .state = state_of((int)info->state),
        .create_tick = info->create_time,
        .schema =
            {
                .name = schema_text(schema ? schema->name : "", arena),
                .description = schema_text(schema ? schema->description : "", arena),
                .auto_id = schema && schema->autoid,
                .enable_dynamic_field = schema && schema->enable_dynamic_field,
                .shards = info->shards_num,
                .consistency_level = (int32_t)info->consistency_level,
                .properties = schema_pairs(info->properties, info->n_properties, arena),
                .property_count = info->n_properties,
            },
    };
    copy_old_layout(arena, info, &ret->schema);
    copy_channels(arena, info, ret);
    milvus_meta__collection_info__free_unpacked(info, NULL);
    return KS_OK;
}

enum ks_status meta_decode_partition(struct ks_slice value, struct ks_arena *arena,
                                     struct meta_partition_value *ret, struct ks_error *err)
{
    MilvusMeta__PartitionInfo *info = meta_unpack(&milvus_meta__partition_info__descriptor, value);
    if (!info)
        return not_a(err, "PartitionInfo");
    *ret = (struct meta_partition_value){
        .state = state_of((int)info->state),
        .name = schema_text(info->partitionname, arena),
        .create_tick = info->partition_created_timestamp,
    };
    milvus_meta__partition_info__free_unpacked(info, NULL);
    return KS_OK;
}

static enum ks_status decode_old_alias(struct ks_slice value, enum meta_state *ret_state,
                                       int64_t *ret_collection_id, struct ks_error *err)
{
    MilvusMeta__CollectionInfo *info =
        meta_unpack(&milvus_meta__collection_info__descriptor, value);
    if (!info)
        return not_a(err, "CollectionInfo");
    *ret_state = META_STATE_CREATED;
    *ret_collection_id = info->id;
    milvus_meta__collection_info__free_unpacked(info, NULL);
    return KS_OK;
}

enum ks_status meta_decode_alias(enum meta_kind kind, struct ks_slice value,
                                 enum meta_state *ret_state, int64_t *ret_collection_id,
                                 struct ks_error *err)
{
    if (kind == META_OLD_ALIAS)
        return decode_old_alias(value, ret_state, ret_collection_id, err);
    MilvusMeta__AliasInfo *info = meta_unpack(&milvus_meta__alias_info__descriptor, value);
    if (!info)
        return not_a(err, "AliasInfo");
    *ret_state = state_of((int)info->state);
    *ret_collection_id = info->collection_id;
    milvus_meta__alias_info__free_unpacked(info, NULL);
    return KS_OK;
}

/* ---- indexes, loads, imports ---- */

enum ks_status meta_decode_index(struct ks_slice value, struct ks_arena *arena,
                                 struct meta_index_value *ret, struct ks_error *err)
{
    MilvusMeta__FieldIndex *index = meta_unpack(&milvus_meta__field_index__descriptor, value);
    if (!index || !index->index_info) {
        milvus_meta__field_index__free_unpacked(index, NULL);
        return not_a(err, "FieldIndex");
    }
    const MilvusMeta__IndexInfo *info = index->index_info;
    /* What the user gave is what makes the same index again; Milvus may have resolved it further.
     */
    bool user = info->n_user_index_params > 0;
    *ret = (struct meta_index_value){
        .deleted = index->deleted,
        .create_tick = index->create_time,
        .index =
            {
                .name = schema_text(info->index_name, arena),
                .id = info->indexid,
                .field_id = info->fieldid,
                .params =
                    user ? schema_pairs(info->user_index_params, info->n_user_index_params, arena)
                         : schema_pairs(info->index_params, info->n_index_params, arena),
                .param_count = user ? info->n_user_index_params : info->n_index_params,
            },
    };
    milvus_meta__field_index__free_unpacked(index, NULL);
    return KS_OK;
}

static void set_load(struct meta_load_value *ret, MilvusMeta__LoadStatus status, int32_t replicas)
{
    ret->present =
        status == MILVUS_META__LOAD_STATUS__Loading || status == MILVUS_META__LOAD_STATUS__Loaded;
    ret->loaded = status == MILVUS_META__LOAD_STATUS__Loaded;
    ret->replicas = replicas;
}

enum ks_status meta_decode_load(enum meta_kind kind, struct ks_slice value,
                                struct meta_load_value *ret, struct ks_error *err)
{
    *ret = (struct meta_load_value){0};
    if (kind == META_PARTITION_LOAD) {
        MilvusMeta__PartitionLoadInfo *info =
            meta_unpack(&milvus_meta__partition_load_info__descriptor, value);
        if (!info)
            return not_a(err, "PartitionLoadInfo");
        set_load(ret, info->status, info->replica_number);
        milvus_meta__partition_load_info__free_unpacked(info, NULL);
        return KS_OK;
    }
    MilvusMeta__CollectionLoadInfo *info =
        meta_unpack(&milvus_meta__collection_load_info__descriptor, value);
    if (!info)
        return not_a(err, "CollectionLoadInfo");
    set_load(ret, info->status, info->replica_number);
    ret->by_partition = info->load_type == MILVUS_META__LOAD_TYPE__LoadPartition;
    milvus_meta__collection_load_info__free_unpacked(info, NULL);
    return KS_OK;
}

bool meta_segment_has_rows(struct ks_slice value)
{
    enum { STATE = 6, GROWING = 2, FLUSHING = 5 };
    struct wire wire = wire_of(value.data, value.len);
    struct wire_field field;
    uint64_t state = 0;
    while (wire_next(&wire, &field))
        if (field.number == STATE && field.type == WIRE_VARINT)
            state = field.value;
    return state >= GROWING && state <= FLUSHING;
}

int64_t meta_import_collection(struct ks_slice value, bool (*known)(void *arg, int64_t id),
                               void *arg)
{
    struct wire wire = wire_of(value.data, value.len);
    struct wire_field field;
    while (wire_next(&wire, &field))
        if (field.type == WIRE_VARINT && field.value > 1 && known(arg, (int64_t)field.value))
            return (int64_t)field.value;
    return 0;
}
