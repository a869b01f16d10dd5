/* What the model's collections hold beside rows: partitions, indexes, what is loaded. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper_milvus_parts.h"

static bool is_loaded(const struct model_collection *c)
{
    for (size_t i = 0; i < MODEL_FEW; i++)
        if (c->partitions[i].loaded)
            return true;
    return false;
}

static struct model_index *find_index(struct model_collection *c, const char *name)
{
    for (size_t i = 0; i < MODEL_FEW; i++)
        if (strcmp(c->indexes[i].name, name) == 0)
            return &c->indexes[i];
    return NULL;
}

/* ---- partitions ---- */

static struct model_answer show_partitions(struct milvus_model *m, struct ks_slice request,
                                           struct ks_buf *body)
{
    MilvusApi__CollectionRequest *r = UNPACK(collection_request);
    MilvusApi__ShowPartitionsResponse reply = MILVUS_API__SHOW_PARTITIONS_RESPONSE__INIT;
    char *names[MODEL_FEW];
    int64_t ids[MODEL_FEW];
    struct model_answer a = model_ok();
    struct model_collection *c = model_find(m, r->db_name, r->collection_name, &a);
    reply.partition_names = names;
    reply.partitionids = ids;
    for (size_t i = 0; c && i < MODEL_FEW; i++)
        if (c->partitions[i].name[0]) {
            ids[reply.n_partitionids++] = (int64_t)i + 1;
            names[reply.n_partition_names++] = c->partitions[i].name;
        }
    model_pack(&reply, body);
    model_drop(r);
    return a;
}

static struct model_answer create_partition(struct milvus_model *m, struct ks_slice request,
                                            struct ks_buf *body)
{
    MilvusApi__PartitionRequest *r = UNPACK(partition_request);
    struct model_answer a = model_ok();
    struct model_collection *c = model_find(m, r->db_name, r->collection_name, &a);
    size_t free_at = 0;
    while (c && c->partitions[free_at].name[0])
        free_at++;
    if (c && model_partition_index(c, r->partition_name) < 0)
        model_set_name(c->partitions[free_at].name, r->partition_name);
    model_drop(r);
    return a;
}

static struct model_answer drop_partition(struct milvus_model *m, struct ks_slice request,
                                          struct ks_buf *body)
{
    MilvusApi__PartitionRequest *r = UNPACK(partition_request);
    struct model_answer a = model_ok();
    struct model_collection *c = model_find(m, r->db_name, r->collection_name, &a);
    int i = c ? model_partition_index(c, r->partition_name) : -1;
    if (i >= 0 && c->partitions[i].loaded) {
        a = model_refuse(65535,
                         "partition cannot be dropped, partition is loaded, please release it "
                         "first");
    } else if (i >= 0) {
        c->partitions[i] = (struct model_partition){0};
        size_t kept = 0;
        for (size_t k = 0; k < c->row_count; k++)
            if (c->rows[k].partition != i)
                c->rows[kept++] = c->rows[k];
        c->row_count = kept;
    }
    model_drop(r);
    return a;
}

/* ---- indexes ---- */

static bool same_index(const struct model_index *have, const MilvusApi__CreateIndexRequest *r)
{
    bool same = strcmp(have->name, r->index_name) == 0 && have->param_count == r->n_extra_params;
    for (size_t i = 0; same && i < have->param_count; i++)
        same = strcmp(have->params[i][0], r->extra_params[i]->key) == 0 &&
               strcmp(have->params[i][1], r->extra_params[i]->value) == 0;
    return same;
}

static struct model_answer create_index(struct milvus_model *m, struct ks_slice request,
                                        struct ks_buf *body)
{
    MilvusApi__CreateIndexRequest *r = UNPACK(create_index_request);
    struct model_answer a = model_ok();
    struct model_collection *c = model_find(m, r->db_name, r->collection_name, &a);
    struct model_index *have = NULL;
    for (size_t i = 0; c && i < MODEL_FEW; i++)
        if (strcmp(c->indexes[i].field, r->field_name) == 0)
            have = &c->indexes[i];
    if (have && !same_index(have, r)) {
        a = model_refuse(65535, "CreateIndex failed: at most one distinct index is allowed per "
                                "field");
    } else if (c && !have) {
        have = find_index(c, "");
        if (!have)
            abort(); /* a test makes few indexes */
        model_set_name(have->name, r->index_name);
        model_set_name(have->field, r->field_name);
        have->param_count = r->n_extra_params;
        for (size_t i = 0; i < r->n_extra_params; i++) {
            model_set_name(have->params[i][0], r->extra_params[i]->key);
            model_set_name(have->params[i][1], r->extra_params[i]->value);
        }
    }
    model_drop(r);
    return a;
}

static struct model_answer drop_index(struct milvus_model *m, struct ks_slice request,
                                      struct ks_buf *body)
{
    MilvusApi__IndexRequest *r = UNPACK(index_request);
    struct model_answer a = model_ok();
    struct model_collection *c = model_find(m, r->db_name, r->collection_name, &a);
    struct model_index *have = c ? find_index(c, r->index_name) : NULL;
    if (have && is_loaded(c))
        a = model_refuse(65535, "index cannot be dropped, collection is loaded, please release it "
                                "first");
    else if (have)
        *have = (struct model_index){0};
    model_drop(r);
    return a;
}

static struct model_answer alter_index(struct milvus_model *m, struct ks_slice request,
                                       struct ks_buf *body)
{
    MilvusApi__AlterIndexRequest *r = UNPACK(alter_index_request);
    struct model_answer a = model_ok();
    struct model_collection *c = model_find(m, r->db_name, r->collection_name, &a);
    struct model_index *have = c ? find_index(c, r->index_name) : NULL;
    if (c && !have)
        a = model_refuse(700, "index not found[indexName=%s]", r->index_name);
    model_drop(r);
    return a;
}

static void describe_index(struct model_index *index, struct ks_buf *body)
{
    MilvusApi__DescribeIndexResponse reply = MILVUS_API__DESCRIBE_INDEX_RESPONSE__INIT;
    MilvusApi__IndexDescription d = MILVUS_API__INDEX_DESCRIPTION__INIT, *one = &d;
    MilvusMeta__KeyValuePair kvs[MODEL_FEW], *pointers[MODEL_FEW];
    for (size_t i = 0; i < index->param_count; i++) {
        milvus_meta__key_value_pair__init(&kvs[i]);
        kvs[i].key = index->params[i][0];
        kvs[i].value = index->params[i][1];
        pointers[i] = &kvs[i];
    }
    d.index_name = index->name;
    d.field_name = index->field;
    d.params = pointers;
    d.n_params = index->param_count;
    reply.index_descriptions = &one;
    reply.n_index_descriptions = 1;
    model_pack(&reply, body);
}

static struct model_answer describe_indexes(struct milvus_model *m, struct ks_slice request,
                                            struct ks_buf *body)
{
    MilvusApi__IndexRequest *r = UNPACK(index_request);
    struct model_answer a = model_ok();
    struct model_collection *c = model_find(m, r->db_name, r->collection_name, &a);
    for (size_t i = 0; c && i < MODEL_FEW; i++)
        if (c->indexes[i].name[0])
            describe_index(&c->indexes[i], body);
    if (c && body->len == 0)
        a = model_refuse(700, "index not found[collection=%s]", r->collection_name);
    model_drop(r);
    return a;
}

/* ---- load ---- */

static struct model_answer set_loaded(struct model_collection *c, char **names, size_t count,
                                      bool loaded, int32_t replicas)
{
    bool indexed = false;
    for (size_t i = 0; i < MODEL_FEW; i++)
        indexed |= c->indexes[i].name[0] != '\0';
    for (size_t i = 0; i < count; i++)
        if (model_partition_index(c, names[i]) < 0)
            return model_refuse(200, "partition not found[partition=%s]", names[i]);
    if (loaded && !indexed)
        return model_refuse(700, "index not found[collection=%s]", c->name);
    if (loaded && is_loaded(c) && replicas != c->replicas)
        return model_refuse(1100,
                            "can't change the replica number for loaded collection: invalid "
                            "parameter[expected=%d][actual=%d]",
                            (int)c->replicas, (int)replicas);
    if (loaded)
        c->replicas = replicas;
    for (size_t i = 0; i < MODEL_FEW; i++)
        if (count == 0)
            c->partitions[i].loaded = loaded && c->partitions[i].name[0];
    for (size_t i = 0; i < count; i++)
        c->partitions[model_partition_index(c, names[i])].loaded = loaded;
    return model_ok();
}

static struct model_answer load_collection(struct milvus_model *m, struct ks_slice request,
                                           struct ks_buf *body)
{
    MilvusApi__LoadCollectionRequest *r = UNPACK(load_collection_request);
    struct model_answer a = model_ok();
    struct model_collection *c = model_find(m, r->db_name, r->collection_name, &a);
    if (c)
        a = set_loaded(c, NULL, 0, true, r->replica_number);
    model_drop(r);
    return a;
}

static struct model_answer load_partitions(struct milvus_model *m, struct ks_slice request,
                                           struct ks_buf *body)
{
    MilvusApi__LoadPartitionsRequest *r = UNPACK(load_partitions_request);
    struct model_answer a = model_ok();
    struct model_collection *c = model_find(m, r->db_name, r->collection_name, &a);
    if (c)
        a = set_loaded(c, r->partition_names, r->n_partition_names, true, r->replica_number);
    model_drop(r);
    return a;
}

static struct model_answer release_collection(struct milvus_model *m, struct ks_slice request,
                                              struct ks_buf *body)
{
    MilvusApi__CollectionRequest *r = UNPACK(collection_request);
    struct model_answer a = model_ok();
    struct model_collection *c = model_find(m, r->db_name, r->collection_name, &a);
    if (c)
        a = set_loaded(c, NULL, 0, false, 0);
    model_drop(r);
    return a;
}

static struct model_answer release_partitions(struct milvus_model *m, struct ks_slice request,
                                              struct ks_buf *body)
{
    MilvusApi__ReleasePartitionsRequest *r = UNPACK(release_partitions_request);
    struct model_answer a = model_ok();
    struct model_collection *c = model_find(m, r->db_name, r->collection_name, &a);
    if (c)
        a = set_loaded(c, r->partition_names, r->n_partition_names, false, 0);
    model_drop(r);
    return a;
}

model_method *model_part_method(const char *name, bool *ret_bare)
{
    static const struct model_method_entry methods[] = {
        {"ShowPartitions", show_partitions, false},
        {"CreatePartition", create_partition, true},
        {"DropPartition", drop_partition, true},
        {"CreateIndex", create_index, true},
        {"DropIndex", drop_index, true},
        {"AlterIndex", alter_index, true},
        {"DescribeIndex", describe_indexes, false},
        {"LoadCollection", load_collection, true},
        {"LoadPartitions", load_partitions, true},
        {"ReleaseCollection", release_collection, true},
        {"ReleasePartitions", release_partitions, true},
    };
    return model_find_method(methods, sizeof(methods) / sizeof(*methods), name, ret_bare);
}
