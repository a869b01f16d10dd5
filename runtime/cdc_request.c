/* In: request_data of a create request, any JSON; out: its fields, typed, and the record of them
 * that is kept and shown. Next: cdc_check says whether they make sense, cdc_task makes connectors
 * of them. Tables, because the contract is one: name, type, place. */
#include "cdc_request.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"

enum kind { TEXT, NUMBER, FLAG };
struct field {
    const char *name;
    enum kind kind;
    size_t offset;
};

#define MILVUS(member, name, kind)                                                                 \
    {                                                                                              \
        name, kind, offsetof(struct cdc_milvus, member)                                            \
    }
static const struct field milvus_fields[] = {
    MILVUS(uri, "uri", TEXT),
    MILVUS(token, "token", TEXT),
    MILVUS(host, "host", TEXT),
    MILVUS(port, "port", NUMBER),
    MILVUS(username, "username", TEXT),
    MILVUS(password, "password", TEXT),
    MILVUS(enable_tls, "enable_tls", FLAG),
    MILVUS(ignore_partition, "ignore_partition", FLAG),
    MILVUS(connect_timeout_s, "connect_timeout", NUMBER),
    MILVUS(channel_num, "channel_num", NUMBER),
    {0},
};
static const struct field dial_fields[] = {
    MILVUS(server_name, "server_name", TEXT),    MILVUS(server_pem, "server_pem_path", TEXT),
    MILVUS(ca_pem, "ca_pem_path", TEXT),         MILVUS(client_pem, "client_pem_path", TEXT),
    MILVUS(client_key, "client_key_path", TEXT), {0},
};

#define KAFKA(member, name, kind)                                                                  \
    {                                                                                              \
        name, kind, offsetof(struct cdc_kafka, member)                                             \
    }
static const struct field kafka_fields[] = {
    KAFKA(address, "address", TEXT),
    KAFKA(topic, "topic", TEXT),
    KAFKA(enable_sasl, "enable_sasl", FLAG),
    {0},
};
static const struct field sasl_fields[] = {
    KAFKA(username, "username", TEXT),
    KAFKA(password, "password", TEXT),
    KAFKA(mechanisms, "mechanisms", TEXT),
    KAFKA(security_protocol, "security_protocol", TEXT),
    {0},
};

#define CREATE(member, name, kind)                                                                 \
    {                                                                                              \
        name, kind, offsetof(struct cdc_create, member)                                            \
    }
static const struct field create_fields[] = {
    CREATE(task_id, "task_id", TEXT),
    CREATE(disable_auto_start, "disable_auto_start", FLAG),
    {0},
};
static const struct field channel_fields[] = {
    CREATE(rpc_channel, "name", TEXT),
    CREATE(rpc_position, "position", TEXT),
    {0},
};
static const struct field extra_fields[] = {
    CREATE(enable_user_role, "enable_user_role", FLAG),
    {0},
};
static const struct field buffer_fields[] = {
    CREATE(buffer_period, "period", NUMBER),
    CREATE(buffer_size, "size", NUMBER),
    {0},
};
struct name_pair {
    const char *source_db, *target_db;
};
static const struct field mapping_fields[] = {
    {"source_db", TEXT, offsetof(struct name_pair, source_db)},
    {"target_db", TEXT, offsetof(struct name_pair, target_db)},
    {0},
};
static const struct field collection_fields[] = {
    {"name", TEXT, offsetof(struct cdc_collection, name)},
    {"use_start_position", FLAG, offsetof(struct cdc_collection, use_start_position)},
    {0},
};

/* ---- types ---- */

static enum ks_status wrong_type(struct ks_error *err, const char *where, const char *name,
                                 const char *wanted)
{
    return ks_error_set(err, KS_ERR_DATA, "%s%s%s must be %s", where, *where && *name ? "." : "",
                        name, wanted);
}

static json_t *member_of(json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);
    return json_is_null(value) ? NULL : value;
}

static enum ks_status read_fields(json_t *object, const char *where, const struct field *fields,
                                  void *ret, struct ks_error *err)
{
    static const char *const wanted[] = {"a string", "a whole number", "true or false"};
    for (const struct field *f = fields; f->name; f++) {
        json_t *value = member_of(object, f->name);
        char *at = (char *)ret + f->offset;
        if (value && !(f->kind == TEXT     ? json_is_string(value)
                       : f->kind == NUMBER ? json_is_integer(value)
                                           : json_is_boolean(value)))
            return wrong_type(err, where, f->name, wanted[f->kind]);
        if (f->kind == TEXT)
            *(const char **)(void *)at = value ? json_string_value(value) : "";
        else if (f->kind == NUMBER)
            *(int64_t *)(void *)at = json_integer_value(value);
        else
            *(bool *)(void *)at = json_is_true(value);
    }
    return KS_OK;
}

/* *ret is NULL if there is none. */
static enum ks_status read_object(json_t *parent, const char *name, json_t **ret,
                                  struct ks_error *err)
{
    *ret = member_of(parent, name);
    return !*ret || json_is_object(*ret) ? KS_OK : wrong_type(err, name, "", "an object");
}

static enum ks_status read_array(json_t *parent, const char *name, json_t **ret,
                                 struct ks_error *err)
{
    *ret = member_of(parent, name);
    return !*ret || json_is_array(*ret) ? KS_OK : wrong_type(err, name, "", "an array");
}

static enum ks_status read_part(json_t *parent, const char *name, const struct field *fields,
                                void *ret, struct ks_error *err)
{
    json_t *part;
    enum ks_status status = read_object(parent, name, &part, err);
    return status ? status : read_fields(part, name, fields, ret, err);
}

/* An object of texts; *ret is NULL if it is absent or empty. */
static enum ks_status read_texts(json_t *parent, const char *where, const char *name, json_t **ret,
                                 struct ks_error *err)
{
    json_t *texts = member_of(parent, name);
    const char *key;
    json_t *value;
    if (texts && !json_is_object(texts))
        return wrong_type(err, where, name, "an object");
    json_object_foreach(texts, key, value)
    {
        if (!json_is_string(value))
            return wrong_type(err, where, name, "an object whose values are strings");
    }
    *ret = json_object_size(texts) > 0 ? texts : NULL;
    return KS_OK;
}

/* ---- parts ---- */

static enum ks_status read_milvus(json_t *data, struct cdc_milvus *ret, struct ks_error *err)
{
    static const char name[] = "milvus_connect_param";
    enum ks_status status = read_part(data, name, milvus_fields, ret, err);
    return status ? status
                  : read_part(json_object_get(data, name), "dial_config", dial_fields, ret, err);
}

static enum ks_status read_kafka(json_t *data, struct cdc_kafka *ret, struct ks_error *err)
{
    static const char name[] = "kafka_connect_param";
    enum ks_status status = read_part(data, name, kafka_fields, ret, err);
    return status ? status : read_part(json_object_get(data, name), "sasl", sasl_fields, ret, err);
}

static enum ks_status read_collection(json_t *info, const char *where, struct cdc_collection *ret,
                                      struct ks_error *err)
{
    *ret = (struct cdc_collection){.name = ""};
    if (!json_is_object(info))
        return wrong_type(err, where, "", "an array of objects");
    enum ks_status status = read_fields(info, where, collection_fields, ret, err);
    return status ? status : read_texts(info, where, "positions", &ret->positions, err);
}

static enum ks_status read_collections(json_t *infos, const char *where, struct ks_error *err)
{
    struct cdc_collection ignored;
    enum ks_status status = KS_OK;
    for (size_t i = 0; i < json_array_size(infos) && !status; i++)
        status = read_collection(json_array_get(infos, i), where, &ignored, err);
    return status;
}

struct cdc_collection cdc_collection_of(json_t *info)
{
    struct cdc_collection collection;
    (void)read_collection(info, "", &collection, NULL);
    return collection;
}

static enum ks_status read_databases(json_t *databases, struct ks_error *err)
{
    const char *db;
    json_t *infos;
    enum ks_status status = KS_OK;
    json_object_foreach(databases, db, infos)
    {
        if (!status && infos && !json_is_array(infos) && !json_is_null(infos))
            status = wrong_type(err, "db_collections", "", "an object whose values are arrays");
        if (!status)
            status = read_collections(infos, "db_collections", err);
    }
    return status;
}

static enum ks_status read_mappings(json_t *mappings, struct ks_error *err)
{
    static const char where[] = "name_mapping";
    enum ks_status status = KS_OK;
    for (size_t i = 0; i < json_array_size(mappings) && !status; i++) {
        json_t *mapping = json_array_get(mappings, i), *pairs;
        struct name_pair ignored;
        if (!json_is_object(mapping))
            return wrong_type(err, where, "", "an array of objects");
        status = read_fields(mapping, where, mapping_fields, &ignored, err);
        if (!status)
            status = read_texts(mapping, where, "collection_mapping", &pairs, err);
    }
    return status;
}

enum ks_status cdc_create_read(json_t *take_data, struct cdc_create *ret, struct ks_error *err)
{
    struct cdc_create c = {.data = take_data};
    enum ks_status status = json_is_object(take_data)
                                ? read_fields(c.data, "", create_fields, &c, err)
                                : wrong_type(err, "request_data", "", "an object");
    if (!status)
        status = read_milvus(c.data, &c.milvus, err);
    if (!status)
        status = read_kafka(c.data, &c.kafka, err);
    if (!status)
        status = read_array(c.data, "collection_infos", &c.collection_infos, err);
    if (!status)
        status = read_collections(c.collection_infos, "collection_infos", err);
    if (!status)
        status = read_object(c.data, "db_collections", &c.db_collections, err);
    if (!status)
        status = read_databases(c.db_collections, err);
    if (!status)
        status = read_array(c.data, "name_mapping", &c.name_mapping, err);
    if (!status)
        status = read_mappings(c.name_mapping, err);
    if (!status)
        status = read_texts(c.data, "", "positions", &c.positions, err);
    if (!status)
        status = read_part(c.data, "rpc_channel_info", channel_fields, &c, err);
    if (!status)
        status = read_part(c.data, "extra_info", extra_fields, &c, err);
    if (!status)
        status = read_part(c.data, "buffer_config", buffer_fields, &c, err);
    if (status)
        cdc_create_release(&c);
    else
        *ret = c;
    return status;
}

void cdc_create_release(struct cdc_create *c)
{
    json_decref(c->data);
    *c = (struct cdc_create){0};
}

bool cdc_has_milvus(const struct cdc_milvus *m)
{
    return *m->uri || *m->host || m->port > 0;
}

char *cdc_milvus_uri(const struct cdc_milvus *m)
{
    return *m->uri ? xstrdup(m->uri)
                   : xasprintf("http%s://%s:%lld", m->enable_tls ? "s" : "", m->host,
                               (long long)m->port);
}

/* ---- the record ---- */

static bool is_secret(const struct field *f)
{
    return strcmp(f->name, "token") == 0 || strcmp(f->name, "username") == 0 ||
           strcmp(f->name, "password") == 0;
}

/* omit_empty: texts that were not given stay out. */
static json_t *write_fields(const void *from, const struct field *fields, bool omit_empty)
{
    json_t *object = json_object();
    for (const struct field *f = fields; f->name; f++) {
        const char *at = (const char *)from + f->offset;
        const char *text = f->kind == TEXT ? *(const char *const *)(const void *)at : NULL;
        if (is_secret(f) || (omit_empty && text && !*text))
            continue;
        json_object_set_new(object, f->name,
                            text                ? json_string(text)
                            : f->kind == NUMBER ? json_integer(*(const int64_t *)(const void *)at)
                                                : json_boolean(*(const bool *)(const void *)at));
    }
    return object;
}

static json_t *with_part(json_t *object, const char *name, json_t *take_part)
{
    if (json_object_size(take_part) > 0)
        json_object_set(object, name, take_part);
    json_decref(take_part);
    return object;
}

static json_t *record_collections(json_t *infos)
{
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(infos); i++) {
        struct cdc_collection c = cdc_collection_of(json_array_get(infos, i));
        json_array_append_new(list,
                              json_pack("{s:s, s:o, s:b}", "name", c.name, "positions",
                                        c.positions ? json_deep_copy(c.positions) : json_object(),
                                        "use_start_position", (int)c.use_start_position));
    }
    return list;
}

static json_t *record_databases(json_t *databases)
{
    const char *db;
    json_t *infos, *object = json_object();
    json_object_foreach(databases, db, infos)
        json_object_set_new(object, db, record_collections(infos));
    return object;
}

json_t *cdc_create_record(const struct cdc_create *c, const char *task_id)
{
    json_t *milvus = with_part(write_fields(&c->milvus, milvus_fields, false), "dial_config",
                               write_fields(&c->milvus, dial_fields, true));
    json_t *kafka = with_part(write_fields(&c->kafka, kafka_fields, false), "sasl",
                              write_fields(&c->kafka, sasl_fields, true));
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "task_id", task_id, "milvus_connect_param",
                     milvus, "kafka_connect_param", kafka, "collection_infos",
                     record_collections(c->collection_infos), "db_collections",
                     record_databases(c->db_collections));
}
