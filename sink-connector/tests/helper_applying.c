#include "helper_applying.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "clock.h"

static const struct ddl_kv dim[] = {{"dim", "8"}};
static const struct ddl_field fields[] = {
    {.name = "id", .type = MILVUS_INT64, .is_primary_key = true, .description = ""},
    {.name = "v",
     .type = MILVUS_FLOAT_VECTOR,
     .description = "",
     .type_params = dim,
     .type_param_count = 1},
};
static const struct ddl_named partitions[] = {{1, "_default"}};
const struct ddl_schema apply_schema = {
    .name = "a",
    .description = "",
    .shards = 2,
    .partitions = partitions,
    .partition_count = 1,
    .fields = fields,
    .field_count = 2,
};

static const struct ddl_kv index_params[] = {{"index_type", "HNSW"}, {"metric_type", "L2"}};
static const struct ddl_index index_i = {
    .name = "i", .field = "v", .params = index_params, .param_count = 2};

void apply_begin(struct apply_fixture *f, int64_t lease_ms, const char *mapping)
{
    struct ks_config_entry entry = {"collection.mapping", mapping};
    struct ks_error err;
    *f = (struct apply_fixture){.model = milvus_model_start()};
    struct milvus_options options = {.uri = milvus_model_uri(f->model)};
    if (milvus_client_open(&options, &f->client, &err) ||
        name_map_new(&(struct ks_config){&entry, 1}, &f->names, &err))
        fail_msg("%s", err.message);
    open_gate_start(&f->open, lease_ms);
}

void apply_end(struct apply_fixture *f)
{
    open_gate_end(&f->open);
    name_map_free(f->names);
    milvus_client_close(f->client);
    milvus_model_stop(f->model);
}

enum ddl_result apply_run(struct apply_fixture *f, const struct ddl *ddl)
{
    struct ddl_work *w = ddl_work_new(ddl);
    int64_t start = clock_mono_ms();
    w->client = f->client;
    w->gate = f->open.gate;
    w->names = f->names;
    w->sink = f->sink ? f->sink : APPLY_SINK;
    w->only_look = f->only_look;
    w->applied_to = f->applied_to;
    w->alias_db = xstrdup(name_map_db(f->names, ddl->db));
    w->work.run(&w->work);
    enum ddl_result result = w->result;
    strcpy(f->reason, w->reason);
    f->adopted = w->adopted;
    f->took_ms = clock_mono_ms() - start;
    ddl_work_free(w);
    return result;
}

void apply_expect(struct apply_fixture *f, const struct ddl *ddl, enum ddl_result result)
{
    enum ddl_result got = apply_run(f, ddl);
    if (got != result)
        fail_msg("%s: result %d instead of %d: %s", ddl_kind_name(ddl->kind), (int)got, (int)result,
                 f->reason);
}

struct ddl apply_ddl(enum ddl_kind kind, const char *collection, int64_t id)
{
    return (struct ddl){.kind = kind,
                        .cluster = "c",
                        .db = "default",
                        .collection = collection,
                        .collection_id = id};
}

struct ddl apply_create(const char *collection, int64_t id)
{
    struct ddl d = apply_ddl(DDL_CREATE_COLLECTION, collection, id);
    d.schema = &apply_schema;
    return d;
}

struct ddl apply_rename(const char *from, const char *to, int64_t id)
{
    struct ddl d = apply_ddl(DDL_RENAME_COLLECTION, to, id);
    d.old_db = "default";
    d.old_collection = from;
    d.schema = &apply_schema;
    return d;
}

struct ddl apply_partition(enum ddl_kind kind, const char *collection, int64_t id,
                           const char *partition)
{
    struct ddl d = apply_ddl(kind, collection, id);
    d.partition = partition;
    return d;
}

struct ddl apply_index(enum ddl_kind kind, const char *collection, int64_t id)
{
    struct ddl d = apply_ddl(kind, collection, id);
    d.index = &index_i;
    return d;
}

struct ddl apply_alias(enum ddl_kind kind, const char *alias, const char *collection, int64_t id)
{
    struct ddl d = apply_ddl(kind, collection, id);
    d.alias = alias;
    return d;
}

struct ddl apply_load(enum ddl_kind kind, const char *collection, int64_t id, int32_t replicas)
{
    static const struct ddl_load loads[] = {{0}, {1}, {2}, {3}};
    struct ddl d = apply_ddl(kind, collection, id);
    d.load = &loads[replicas];
    return d;
}

struct ddl apply_database(enum ddl_kind kind, const char *db)
{
    struct ddl d = apply_ddl(kind, NULL, 0);
    d.db = db;
    return d;
}
