#include "change_layout.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"

void change_layout_free(struct change_layout *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->field_count; i++)
        free(l->fields[i].name);
    free(l->fields);
    ks_avro_decoder_free(l->decoder);
    ks_avro_schema_free(l->schema);
    free(l);
}

/* The type behind a nullable union. */
static const struct ks_avro_schema *plain_type(const struct ks_avro_schema *type)
{
    for (size_t i = 0; ks_avro_schema_type(type) == KS_AVRO_UNION; i++) {
        const struct ks_avro_schema *branch = ks_avro_schema_branch(type, i);
        if (!branch || ks_avro_schema_type(branch) != KS_AVRO_NULL)
            return branch;
    }
    return type;
}

static const struct ks_avro_field *field_of(const struct ks_avro_schema *record, const char *name)
{
    if (ks_avro_schema_type(record) != KS_AVRO_RECORD)
        return NULL;
    for (size_t i = 0; i < ks_avro_schema_count(record); i++) {
        const struct ks_avro_field *f = ks_avro_schema_field(record, i);
        if (strcmp(f->name, name) == 0)
            return f;
    }
    return NULL;
}

/* Rows may have fields called `after` or `source`, too. */
static bool is_record(const struct ks_avro_field *field)
{
    const struct ks_avro_schema *type = field ? plain_type(field->schema) : NULL;
    return type && ks_avro_schema_type(type) == KS_AVRO_RECORD;
}

static bool has_flag(const struct ks_avro_schema *type, const char *prop)
{
    const char *json = ks_avro_schema_prop(type, prop);
    return json && strcmp(json, "true") == 0;
}

/* The Milvus name: property milvus.name (a JSON text without escapes), `$meta`, or Avro's. */
static char *milvus_name(const struct ks_avro_field *field, const struct ks_avro_schema *type)
{
    const char *json = ks_avro_schema_prop(type, "milvus.name");
    size_t len = json ? strlen(json) : 0;
    if (len >= 2 && json[0] == '"')
        return xstrndup(json + 1, len - 2);
    return xstrdup(has_flag(type, "milvus.dynamic") ? "$meta" : field->name);
}

/* `record`: the row's schema; `prefix`: its path in the root ("after." or ""). */
static void find_fields(struct change_layout *l, const struct ks_avro_schema *record,
                        const char *prefix)
{
    l->field_count = ks_avro_schema_count(record);
    l->fields = xcalloc(l->field_count + 1, sizeof(*l->fields));
    l->key_cell = l->before_key_cell = -1;
    for (size_t i = 0; i < l->field_count; i++) {
        const struct ks_avro_field *field = ks_avro_schema_field(record, i);
        const struct ks_avro_schema *type = plain_type(field->schema);
        char *path = xasprintf("%s%s", prefix, field->name);
        char *before = xasprintf("before.%s", field->name);
        l->fields[i].name = milvus_name(field, type);
        l->fields[i].cell = ks_avro_decoder_cell(l->decoder, path);
        if (has_flag(type, "milvus.primary_key")) {
            l->key_cell = l->fields[i].cell;
            l->before_key_cell = ks_avro_decoder_cell(l->decoder, before);
        }
        free(path);
        free(before);
    }
}

static enum ks_status find_envelope(struct change_layout *l, const struct ks_avro_field *after,
                                    struct ks_error *err)
{
    static const char *const paths[] = {"op",
                                        "before",
                                        "after",
                                        "source.collection_id",
                                        "source.partition",
                                        "source.partition_id",
                                        "source.tick",
                                        "source.ddl_seq"};
    int *cells[] = {&l->op,        &l->before,       &l->after, &l->collection_id,
                    &l->partition, &l->partition_id, &l->tick,  &l->ddl_seq};
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        *cells[i] = ks_avro_decoder_cell(l->decoder, paths[i]);
        if (*cells[i] < 0)
            return ks_error_set(err, KS_ERR_DATA,
                                "the schema has no %s: it is not a change record of Kitestream",
                                paths[i]);
    }
    find_fields(l, plain_type(after->schema), "after.");
    if (l->key_cell >= 0 && l->before_key_cell < 0)
        return ks_error_set(err, KS_ERR_DATA, "`before` lacks the primary key");
    return KS_OK;
}

static enum ks_status layout_fill(struct change_layout *l, const char *json, struct ks_error *err)
{
    enum ks_status status = ks_avro_schema_parse(json, strlen(json), &l->schema, err);
    if (!status)
        status = ks_avro_decoder_new(l->schema, l->schema, &l->decoder, err);
    if (status)
        return status;
    if (ks_avro_schema_type(l->schema) == KS_AVRO_STRING)
        return ks_error_set(err, KS_ERR_DATA,
                            "the value is a text without the types of a row: plain JSON needs the "
                            "header kitestream.value.schema.id that the source's JsonConverter "
                            "writes, and the sink the same converter and schemas.enable");
    if (ks_avro_schema_type(l->schema) != KS_AVRO_RECORD)
        return ks_error_set(err, KS_ERR_DATA, "the value is not a record");
    const struct ks_avro_field *after = field_of(l->schema, "after");
    const char *upsert_op = ks_avro_schema_prop(l->schema, "milvus.upsert_op");
    l->upsert_as_create = upsert_op && strcmp(upsert_op, "\"c\"") == 0;
    l->cell_count = ks_avro_decoder_cells(l->decoder);
    l->flat = !is_record(after) || !is_record(field_of(l->schema, "source"));
    if (l->flat)
        find_fields(l, l->schema, "");
    else
        status = find_envelope(l, after, err);
    if (!status && l->key_cell < 0)
        status = ks_error_set(err, KS_ERR_DATA,
                              "no field of the schema has the property milvus.primary_key: it is "
                              "not a change record of Kitestream");
    return status;
}

enum ks_status change_layout_new(const char *json, struct change_layout **ret, struct ks_error *err)
{
    struct change_layout *l = xcalloc(1, sizeof(*l));
    enum ks_status status = layout_fill(l, json, err);
    if (status)
        change_layout_free(l);
    else
        *ret = l;
    return status;
}

int change_layout_cell(const struct change_layout *layout, const char *field)
{
    for (size_t i = 0; i < layout->field_count; i++)
        if (strcmp(layout->fields[i].name, field) == 0)
            return layout->fields[i].cell;
    return -1;
}
