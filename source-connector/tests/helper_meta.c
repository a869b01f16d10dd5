#include "helper_meta.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/buf.h"
#include "milvus_meta.pb-c.h"

static const struct ks_slice TOMBSTONE = {"\xe2\x9b\xbc", 3};

static void add(struct meta_script *s, char *take_key, bool is_delete, struct ks_slice value)
{
    s->events = xgrow(s->events, s->count, &s->cap, sizeof(*s->events));
    uint8_t *copy = xmalloc(value.len + 1);
    if (value.len > 0)
        memcpy(copy, value.data, value.len);
    int64_t revision = s->revision ? s->revision : 1, created = revision;
    for (size_t i = 0; i < s->count; i++)
        if (s->events[i].kv.key.len == strlen(take_key) &&
            memcmp(s->events[i].kv.key.data, take_key, strlen(take_key)) == 0)
            created = s->events[i].is_delete ? revision : s->events[i].kv.create_revision;
    s->events[s->count++] = (struct etcd_event){
        .is_delete = is_delete,
        .kv = {.key = {take_key, strlen(take_key)},
               .value = {copy, value.len},
               .create_revision = created,
               .mod_revision = revision},
    };
}

void meta_script_release(struct meta_script *s)
{
    for (size_t i = 0; i < s->count; i++) {
        free((void *)(uintptr_t)s->events[i].kv.key.data);
        free((void *)(uintptr_t)s->events[i].kv.value.data);
    }
    free(s->events);
}

void meta_script_next(struct meta_script *s)
{
    s->revision = (s->revision ? s->revision : 1) + 1;
}

void meta_put(struct meta_script *s, const char *key, struct ks_slice value, uint64_t tick)
{
    /* Within a transaction the snapshot may come first. */
    if (tick > 0 && tick % 2 == 1)
        add(s, xasprintf(META_PREFIX "snapshots/%s_ts%" PRIu64, key, tick), false, value);
    add(s, xasprintf(META_PREFIX "%s", key), false, value);
    if (tick > 0 && tick % 2 == 0)
        add(s, xasprintf(META_PREFIX "snapshots/%s_ts%" PRIu64, key, tick), false, value);
}

void meta_tombstone(struct meta_script *s, const char *key, uint64_t tick)
{
    meta_put(s, key, TOMBSTONE, tick);
}

void meta_delete(struct meta_script *s, const char *key)
{
    add(s, xasprintf(META_PREFIX "%s", key), true, (struct ks_slice){0});
}

static void put_message(struct meta_script *s, char *take_key, const ProtobufCMessage *message,
                        uint64_t tick)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = xmalloc(len + 1);
    protobuf_c_message_pack(message, bytes);
    meta_put(s, take_key, (struct ks_slice){bytes, len}, tick);
    free(bytes);
    free(take_key);
}

static char *text(const char *str)
{
    return (char *)(uintptr_t)str;
}

void meta_database(struct meta_script *s, int64_t id, const char *name, uint64_t tick)
{
    MilvusMeta__DatabaseInfo info = MILVUS_META__DATABASE_INFO__INIT;
    info.id = id;
    info.name = text(name);
    info.state = MILVUS_META__DATABASE_STATE__DatabaseCreated;
    put_message(s, xasprintf("root-coord/database/db-info/%" PRId64, id), &info.base, tick);
}

void meta_info(struct meta_script *s, int64_t db, int64_t id, const char *name, int state, int ttl,
               uint64_t tick)
{
    MilvusMeta__CollectionInfo info = MILVUS_META__COLLECTION_INFO__INIT;
    MilvusMeta__CollectionSchema schema = MILVUS_META__COLLECTION_SCHEMA__INIT;
    MilvusMeta__KeyValuePair property = MILVUS_META__KEY_VALUE_PAIR__INIT;
    MilvusMeta__KeyValuePair *properties[] = {&property};
    char *value = xasprintf("%d", ttl), *channel = xasprintf("ch%" PRId64, id);
    schema.name = text(name);
    property.key = text("ttl");
    property.value = value;
    info.id = id;
    info.schema = &schema;
    info.create_time = tick;
    info.shards_num = 1;
    info.state = (MilvusMeta__CollectionState)state;
    info.n_properties = ttl > 0;
    info.properties = properties;
    info.n_physical_channel_names = 1;
    info.physical_channel_names = &channel;
    put_message(s, xasprintf("root-coord/database/collection-info/%" PRId64 "/%" PRId64, db, id),
                &info.base, tick);
    free(value);
    free(channel);
}

void meta_field(struct meta_script *s, int64_t collection, int64_t id, const char *name,
                uint64_t tick)
{
    MilvusMeta__FieldSchema field = MILVUS_META__FIELD_SCHEMA__INIT;
    field.fieldid = id;
    field.name = text(name);
    field.data_type = MILVUS_META__DATA_TYPE__Int64;
    field.is_primary_key = true;
    put_message(s, xasprintf("root-coord/fields/%" PRId64 "/%" PRId64, collection, id), &field.base,
                tick);
}

void meta_partition(struct meta_script *s, int64_t collection, int64_t id, const char *name,
                    int state, uint64_t tick)
{
    MilvusMeta__PartitionInfo info = MILVUS_META__PARTITION_INFO__INIT;
    info.partitionid = id;
    info.partitionname = text(name);
    info.partition_created_timestamp = tick;
    info.collection_id = collection;
    info.state = (MilvusMeta__PartitionState)state;
    put_message(s, xasprintf("root-coord/partitions/%" PRId64 "/%" PRId64, collection, id),
                &info.base, tick);
}

void meta_collection(struct meta_script *s, int64_t db, int64_t id, const char *name, uint64_t tick)
{
    meta_partition(s, id, id * 10, "_default", CREATED, tick);
    meta_field(s, id, 100, "pk", tick);
    meta_info(s, db, id, name, CREATED, 0, tick);
}

void meta_alias_to(struct meta_script *s, int64_t db, const char *alias, int64_t collection,
                   uint64_t tick)
{
    MilvusMeta__AliasInfo info = MILVUS_META__ALIAS_INFO__INIT;
    info.alias_name = text(alias);
    info.collection_id = collection;
    put_message(s, xasprintf("root-coord/database/aliases/%" PRId64 "/%s", db, alias), &info.base,
                tick);
}

void meta_index(struct meta_script *s, int64_t collection, int64_t id, const char *type,
                bool deleted, uint64_t tick)
{
    MilvusMeta__FieldIndex index = MILVUS_META__FIELD_INDEX__INIT;
    MilvusMeta__IndexInfo info = MILVUS_META__INDEX_INFO__INIT;
    MilvusMeta__KeyValuePair param = MILVUS_META__KEY_VALUE_PAIR__INIT;
    MilvusMeta__KeyValuePair *params[] = {&param};
    param.key = text("index_type");
    param.value = text(type);
    info.collectionid = collection;
    info.fieldid = 100;
    info.index_name = text("i");
    info.indexid = id;
    info.n_user_index_params = 1;
    info.user_index_params = params;
    index.index_info = &info;
    index.deleted = deleted;
    index.create_time = tick;
    put_message(s, xasprintf("field-index/%" PRId64 "/%" PRId64, collection, id), &index.base, 0);
}

void meta_load(struct meta_script *s, int64_t collection, int type, int status, int replicas)
{
    MilvusMeta__CollectionLoadInfo info = MILVUS_META__COLLECTION_LOAD_INFO__INIT;
    info.collectionid = collection;
    info.replica_number = replicas;
    info.status = (MilvusMeta__LoadStatus)status;
    info.load_type = (MilvusMeta__LoadType)type;
    put_message(s, xasprintf("querycoord-collection-loadinfo/%" PRId64, collection), &info.base, 0);
}

void meta_partition_load(struct meta_script *s, int64_t collection, int64_t partition, int status)
{
    MilvusMeta__PartitionLoadInfo info = MILVUS_META__PARTITION_LOAD_INFO__INIT;
    info.collectionid = collection;
    info.partitionid = partition;
    info.status = (MilvusMeta__LoadStatus)status;
    put_message(
        s, xasprintf("querycoord-partition-loadinfo/%" PRId64 "/%" PRId64, collection, partition),
        &info.base, 0);
}

/* ---- playing ---- */

static void describe(struct ks_buf *out, const struct pending_ddl *p)
{
    const struct ddl *ddl = p->ddl;
    ks_buf_printf(out, "%s %s", ddl_kind_name(ddl->kind), ddl->db);
    if (ddl->collection)
        ks_buf_printf(out, ".%s", ddl->collection);
    if (ddl->old_collection)
        ks_buf_printf(out, " was %s.%s", ddl->old_db, ddl->old_collection);
    if (ddl->alias)
        ks_buf_printf(out, " alias %s", ddl->alias);
    if (ddl->partition)
        ks_buf_printf(out, " partition %s", ddl->partition);
    for (size_t i = 0; i < ddl->partition_count; i++)
        ks_buf_printf(out, " [%s]", ddl->partitions[i]);
    for (size_t i = 0; ddl->index && i < ddl->index->param_count; i++)
        ks_buf_printf(out, " %s", ddl->index->params[i].value);
    if (ddl->load)
        ks_buf_printf(out, " x%d", ddl->load->replicas);
    for (size_t i = 0; ddl->kind == DDL_ALTER_COLLECTION && i < ddl->property_count; i++)
        ks_buf_printf(out, " %s=%s", ddl->properties[i].key, ddl->properties[i].value);
    if (ddl->reason)
        ks_buf_printf(out, " (%s)", ddl->reason);
    if (p->own_tick)
        ks_buf_printf(out, " @%" PRIu64, p->own_tick);
    ks_buf_add_str(out, "\n");
}

char *meta_text(struct pending_ddl *take_list)
{
    struct ks_buf out = {0};
    for (const struct pending_ddl *p = take_list; p; p = p->next)
        describe(&out, p);
    pending_ddl_list_free(take_list);
    return ks_buf_take_str(&out);
}

char *meta_play(struct meta_model *m, const struct meta_script *s, size_t from)
{
    struct pending_ddl *list = NULL;
    struct ks_error err;
    if (meta_model_events(m, s->events + from, s->count - from, &list, &err) != KS_OK) {
        pending_ddl_list_free(list);
        return xstrdup(err.message);
    }
    return meta_text(list);
}

static bool is_last(const struct meta_script *s, size_t at)
{
    for (size_t i = at + 1; i < s->count; i++)
        if (s->events[i].kv.key.len == s->events[at].kv.key.len &&
            memcmp(s->events[i].kv.key.data, s->events[at].kv.key.data, s->events[at].kv.key.len) ==
                0)
            return false;
    return !s->events[at].is_delete;
}

void meta_list(struct meta_model *m, const struct meta_script *s)
{
    struct ks_error err;
    meta_model_list_begin(m);
    for (size_t i = 0; i < s->count; i++)
        if (is_last(s, i) && meta_model_list_kv(m, &s->events[i].kv, &err) != KS_OK)
            abort();
    if (meta_model_list_end(m, s->revision, &err) != KS_OK)
        abort();
}

struct meta_model *meta_empty(void)
{
    struct meta_model *m = meta_model_new(META_PREFIX);
    struct meta_script nothing = {.revision = 1};
    meta_list(m, &nothing);
    return m;
}
