/* Replies decoded. In: protobuf bytes from the network; out: copies in an arena. Next:
 * milvus_describe. */
#include "milvus_answers.h"

#include <stdio.h>
#include <string.h>

#include "milvus_api.pb-c.h"
#include "milvus_status.h"
#include "schema_values.h"

static const struct milvus_answer fine = {.outcome = MILVUS_OK};

static struct milvus_answer not_a(const char *message)
{
    return milvus_answer_of(MILVUS_AMBIGUOUS, "the answer does not decode as %s", message);
}

static void *unpack(const ProtobufCMessageDescriptor *type, struct ks_slice reply)
{
    return protobuf_c_message_unpack(type, NULL, reply.len, reply.data);
}

/* ---- versions ---- */

struct milvus_answer milvus_read_connect(struct ks_slice reply, char *ret_version, size_t cap)
{
    MilvusApi__ConnectResponse *r = unpack(&milvus_api__connect_response__descriptor, reply);
    if (!r)
        return not_a("ConnectResponse");
    snprintf(ret_version, cap, "%s", r->server_info ? r->server_info->build_tags : "");
    milvus_api__connect_response__free_unpacked(r, NULL);
    return fine;
}

struct milvus_answer milvus_read_version(struct ks_slice reply, char *ret_version, size_t cap)
{
    MilvusApi__GetVersionResponse *r = unpack(&milvus_api__get_version_response__descriptor, reply);
    if (!r)
        return not_a("GetVersionResponse");
    snprintf(ret_version, cap, "%s", r->version);
    milvus_api__get_version_response__free_unpacked(r, NULL);
    return fine;
}

/* ---- collections ---- */

enum { FIRST_USER_FIELD = 100 }; /* below: row ID and timestamp */

static void copy_fields(const MilvusMeta__CollectionSchema *from, struct ks_arena *arena,
                        struct ddl_schema *to)
{
    struct ddl_field *fields = ks_arena_zalloc(arena, (from->n_fields + 1) * sizeof(*fields));
    bool dynamic = false;
    for (size_t i = 0; i < from->n_fields; i++) {
        int64_t id = from->fields[i]->fieldid;
        if (id > 0 && id < FIRST_USER_FIELD)
            continue;
        struct ddl_field *field = &fields[to->field_count++];
        *field = schema_field(from->fields[i], arena);
        dynamic |= field->is_dynamic;
        to->auto_id |= field->auto_id;
        if (field->is_primary_key)
            to->auto_id |= from->autoid;
    }
    if (from->enable_dynamic_field && !dynamic)
        fields[to->field_count++] = (struct ddl_field){
            .name = "$meta",
            .type = MILVUS_JSON,
            .is_dynamic = true,
            .description = "",
        };
    to->fields = fields;
}

static void copy_functions(const MilvusMeta__CollectionSchema *from, struct ks_arena *arena,
                           struct ddl_schema *to)
{
    struct ddl_function *copy = ks_arena_zalloc(arena, from->n_functions * sizeof(*copy));
    for (size_t i = 0; i < from->n_functions; i++)
        copy[i] = schema_function(from->functions[i], arena);
    to->functions = copy;
    to->function_count = from->n_functions;
}

/* Servers count the partitions of every collection; ddl_schema only those of a partition key. */
static struct milvus_collection collection_of(const MilvusApi__DescribeCollectionResponse *r,
                                              struct ks_arena *arena)
{
    const MilvusMeta__CollectionSchema *schema = r->schema;
    struct milvus_collection c = {
        .id = r->collectionid,
        .aliases = schema_texts(r->aliases, r->n_aliases, arena),
        .alias_count = r->n_aliases,
        .schema =
            {
                /* collection_name may be the alias that was asked for */
                .name = schema_text(schema->name, arena),
                .description = schema_text(schema->description, arena),
                .enable_dynamic_field = schema->enable_dynamic_field,
                .shards = r->shards_num,
                .consistency_level = (int32_t)r->consistency_level,
                .properties = schema_pairs(r->properties, r->n_properties, arena),
                .property_count = r->n_properties,
            },
    };
    copy_fields(schema, arena, &c.schema);
    copy_functions(schema, arena, &c.schema);
    if (ddl_schema_has_partition_key(&c.schema))
        c.schema.num_partitions = r->num_partitions;
    return c;
}

struct milvus_answer milvus_read_collection(struct ks_slice reply, struct ks_arena *arena,
                                            struct milvus_collection *ret)
{
    MilvusApi__DescribeCollectionResponse *r =
        unpack(&milvus_api__describe_collection_response__descriptor, reply);
    bool good = r && r->schema;
    if (good)
        *ret = collection_of(r, arena);
    milvus_api__describe_collection_response__free_unpacked(r, NULL);
    return good ? fine : not_a("DescribeCollectionResponse");
}

struct milvus_answer milvus_read_partitions(struct ks_slice reply, struct ks_arena *arena,
                                            struct ddl_schema *ret)
{
    MilvusApi__ShowPartitionsResponse *r =
        unpack(&milvus_api__show_partitions_response__descriptor, reply);
    bool good = r && r->n_partition_names == r->n_partitionids;
    if (good) {
        struct ddl_named *copy = ks_arena_zalloc(arena, r->n_partitionids * sizeof(*copy));
        for (size_t i = 0; i < r->n_partitionids; i++)
            copy[i] =
                (struct ddl_named){r->partitionids[i], schema_text(r->partition_names[i], arena)};
        ret->partitions = copy;
        ret->partition_count = r->n_partitionids;
    }
    milvus_api__show_partitions_response__free_unpacked(r, NULL);
    return good ? fine : not_a("ShowPartitionsResponse");
}

/* ---- indexes, databases, aliases ---- */

struct milvus_answer milvus_read_indexes(struct ks_slice reply, struct ks_arena *arena,
                                         struct milvus_index **ret, size_t *ret_count)
{
    MilvusApi__DescribeIndexResponse *r =
        unpack(&milvus_api__describe_index_response__descriptor, reply);
    if (!r)
        return not_a("DescribeIndexResponse");
    struct milvus_index *copy = ks_arena_zalloc(arena, r->n_index_descriptions * sizeof(*copy));
    for (size_t i = 0; i < r->n_index_descriptions; i++) {
        const MilvusApi__IndexDescription *index = r->index_descriptions[i];
        copy[i] = (struct milvus_index){
            .name = schema_text(index->index_name, arena),
            .field = schema_text(index->field_name, arena),
            .params = schema_pairs(index->params, index->n_params, arena),
            .param_count = index->n_params,
        };
    }
    *ret = copy;
    *ret_count = r->n_index_descriptions;
    milvus_api__describe_index_response__free_unpacked(r, NULL);
    return fine;
}

struct milvus_answer milvus_read_databases(struct ks_slice reply, struct ks_arena *arena,
                                           const char *const **ret, size_t *ret_count)
{
    MilvusApi__ListDatabasesResponse *r =
        unpack(&milvus_api__list_databases_response__descriptor, reply);
    if (!r)
        return not_a("ListDatabasesResponse");
    *ret = schema_texts(r->db_names, r->n_db_names, arena);
    *ret_count = r->n_db_names;
    milvus_api__list_databases_response__free_unpacked(r, NULL);
    return fine;
}

struct milvus_answer milvus_read_alias(struct ks_slice reply, struct ks_arena *arena,
                                       const char **ret_collection)
{
    MilvusApi__DescribeAliasResponse *r =
        unpack(&milvus_api__describe_alias_response__descriptor, reply);
    bool good = r && *r->collection;
    if (good)
        *ret_collection = schema_text(r->collection, arena);
    milvus_api__describe_alias_response__free_unpacked(r, NULL);
    return good ? fine : not_a("DescribeAliasResponse");
}

/* ---- single values ---- */

struct milvus_answer milvus_read_count(struct ks_slice reply, int64_t *ret_count)
{
    MilvusApi__QueryResults *r = unpack(&milvus_api__query_results__descriptor, reply);
    const MilvusApi__FieldData *field = r && r->n_fields_data == 1 ? r->fields_data[0] : NULL;
    const MilvusApi__LongArray *longs = field && field->scalars ? field->scalars->long_data : NULL;
    bool good = longs && longs->n_data == 1;
    if (good)
        *ret_count = longs->data[0];
    milvus_api__query_results__free_unpacked(r, NULL);
    return good ? fine : not_a("QueryResults of count(*)");
}

struct milvus_answer milvus_read_load_state(struct ks_slice reply, enum milvus_load_state *ret)
{
    static const enum milvus_load_state states[] = {
        [MILVUS_API__LOAD_STATE__LoadStateNotExist] = MILVUS_LOAD_NOT_EXIST,
        [MILVUS_API__LOAD_STATE__LoadStateNotLoad] = MILVUS_NOT_LOADED,
        [MILVUS_API__LOAD_STATE__LoadStateLoading] = MILVUS_LOADING,
        [MILVUS_API__LOAD_STATE__LoadStateLoaded] = MILVUS_LOADED,
    };
    MilvusApi__GetLoadStateResponse *r =
        unpack(&milvus_api__get_load_state_response__descriptor, reply);
    size_t state = r ? (size_t)r->state : SIZE_MAX;
    bool good = state < sizeof(states) / sizeof(states[0]);
    if (good)
        *ret = states[state];
    milvus_api__get_load_state_response__free_unpacked(r, NULL);
    return good ? fine : not_a("GetLoadStateResponse");
}
