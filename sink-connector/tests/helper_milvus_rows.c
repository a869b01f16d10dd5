/* The model's rows: Insert adds copies, Upsert replaces all copies of a key within its partition,
 * Delete removes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "helper_milvus_parts.h"
#include "milvus_rows.pb-c.h"

static void remove_key(struct model_collection *c, int64_t key, int partition)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->row_count; i++)
        if (c->rows[i].key != key || (partition >= 0 && c->rows[i].partition != partition))
            c->rows[kept++] = c->rows[i];
    c->row_count = kept;
}

static const MilvusRows__LongArray *longs(const MilvusRows__InsertRequest *r, const char *field)
{
    for (size_t i = 0; i < r->n_fields_data; i++) {
        const MilvusRows__FieldData *f = r->fields_data[i];
        if (strcmp(f->field_name, field) == 0 &&
            f->field_case == MILVUS_ROWS__FIELD_DATA__FIELD_SCALARS &&
            f->scalars->data_case == MILVUS_ROWS__SCALAR_FIELD__DATA_LONG_DATA &&
            f->scalars->long_data->n_data == r->num_rows)
            return f->scalars->long_data;
    }
    return NULL;
}

/* Where a write goes; *ret_partition -1: none was named. */
static struct model_collection *place_of(struct milvus_model *m, const char *db, const char *name,
                                         const char *partition, int *ret_partition,
                                         struct model_answer *ret)
{
    struct model_collection *c = model_find(m, db, name, ret);
    *ret_partition = c && *partition ? model_partition_index(c, partition) : -1;
    if (c && *partition && *ret_partition < 0) {
        *ret = model_refuse(200, "partition not found[partition=%s]", partition);
        return NULL;
    }
    return c;
}

static struct model_answer write_rows(struct milvus_model *m, const MilvusRows__InsertRequest *r,
                                      bool replace)
{
    struct model_answer a = model_ok();
    int partition;
    struct model_collection *c =
        place_of(m, r->db_name, r->collection_name, r->partition_name, &partition, &a);
    const MilvusRows__LongArray *keys = longs(r, "id"), *values = longs(r, "v");
    if (!c)
        return a;
    if (!keys || !values || r->num_rows == 0)
        return model_refuse(1100, "the request lacks columns");
    for (size_t i = 0; i < r->num_rows; i++)
        if (values->data[i] == MODEL_BAD_VALUE)
            return model_refuse(1100, "invalid parameter: v of id %lld", (long long)keys->data[i]);
    if (partition < 0)
        partition = model_partition_index(c, "_default");
    for (size_t i = 0; i < r->num_rows; i++) {
        /* One key twice in an Upsert: both stay, so removing comes before adding any. */
        if (replace)
            remove_key(c, keys->data[i], partition);
    }
    for (size_t i = 0; i < r->num_rows; i++) {
        c->rows = xgrow(c->rows, c->row_count, &c->row_cap, sizeof(*c->rows));
        c->rows[c->row_count++] = (struct model_row){keys->data[i], values->data[i], partition};
    }
    return a;
}

static struct model_answer unpack_and_write(struct milvus_model *m, struct ks_slice request,
                                            bool replace)
{
    MilvusRows__InsertRequest *r =
        milvus_rows__insert_request__unpack(NULL, request.len, request.data);
    if (!r)
        return model_refuse(1100, "not protobuf");
    struct model_answer a = write_rows(m, r, replace);
    milvus_rows__insert_request__free_unpacked(r, NULL);
    return a;
}

static struct model_answer insert_rows(struct milvus_model *m, struct ks_slice request,
                                       struct ks_buf *body)
{
    return unpack_and_write(m, request, false);
}

static struct model_answer upsert_rows(struct milvus_model *m, struct ks_slice request,
                                       struct ks_buf *body)
{
    return unpack_and_write(m, request, true);
}

static struct model_answer delete_rows(struct milvus_model *m, struct ks_slice request,
                                       struct ks_buf *body)
{
    MilvusRows__DeleteRequest *r =
        milvus_rows__delete_request__unpack(NULL, request.len, request.data);
    struct model_answer a = model_ok();
    int partition;
    if (!r)
        return model_refuse(1100, "not protobuf");
    struct model_collection *c =
        place_of(m, r->db_name, r->collection_name, r->partition_name, &partition, &a);
    if (c && strncmp(r->expr, "id in [", 7) != 0)
        a = model_refuse(1100, "cannot parse expression: %.100s", r->expr);
    for (char *p = r->expr + 7; c && a.code == 0 && *p && *p != ']'; p += *p == ',')
        remove_key(c, strtoll(p, &p, 10), partition);
    milvus_rows__delete_request__free_unpacked(r, NULL);
    return a;
}

model_method *model_row_method(const char *name)
{
    return strcmp(name, "Insert") == 0   ? insert_rows
           : strcmp(name, "Upsert") == 0 ? upsert_rows
           : strcmp(name, "Delete") == 0 ? delete_rows
                                         : NULL;
}

size_t model_request_rows(const char *method, struct ks_slice request)
{
    size_t count = 0;
    if (strcmp(method, "Insert") != 0 && strcmp(method, "Upsert") != 0)
        return 0;
    MilvusRows__InsertRequest *r =
        milvus_rows__insert_request__unpack(NULL, request.len, request.data);
    if (r)
        count = r->num_rows;
    milvus_rows__insert_request__free_unpacked(r, NULL);
    return count;
}
