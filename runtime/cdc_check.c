/* What milvus-cdc checks of a create request before it asks anybody, in its order, so that a client
 * sees the same fault first. In: the fields as read; out: the first fault, or the one collection
 * that the task is about. Next: cdc_ops, which asks the target and the other tasks. */
#include <inttypes.h>
#include <string.h>

#include "cdc_names.h"
#include "cdc_position.h"
#include "cdc_request.h"
#include "kitestream/sdk/util.h"

#define TASK_ID_MAX 100
#define ID_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

static enum ks_status fault(struct ks_error *err, const char *text)
{
    return ks_error_set(err, KS_ERR_DATA, "%s", text);
}

enum ks_status cdc_task_id_check(const char *task_id, struct ks_error *err)
{
    size_t len = strlen(task_id);
    if (len <= TASK_ID_MAX && strspn(task_id, ID_CHARS) == len)
        return KS_OK;
    return ks_error_set(err, KS_ERR_DATA,
                        "task_id becomes part of connector and topic names: at most %d letters, "
                        "digits, '.', '_' and '-'",
                        TASK_ID_MAX);
}

static enum ks_status check_milvus(const struct cdc_milvus *m, struct ks_error *err)
{
    if (!*m->uri && !*m->host)
        return fault(err, "milvus_connect_param has neither uri nor host");
    if (!*m->uri && (m->port <= 0 || m->port > UINT16_MAX))
        return fault(err, "milvus_connect_param.port must be between 1 and 65535");
    if (!*m->username != !*m->password)
        return fault(err, "milvus_connect_param: username and password need each other");
    if (m->connect_timeout_s < 0)
        return fault(err, "milvus_connect_param.connect_timeout must not be negative");
    return KS_OK;
}

static enum ks_status check_target(const struct cdc_create *c, struct ks_error *err)
{
    bool has_milvus = cdc_has_milvus(&c->milvus), has_kafka = *c->kafka.address;
    if (!has_milvus && !has_kafka)
        return fault(err, "there is no target: give milvus_connect_param.uri or "
                          "kafka_connect_param.address");
    if (has_milvus && has_kafka)
        return fault(err, "milvus_connect_param and kafka_connect_param are both given: a task "
                          "has one target");
    enum ks_status status = has_milvus ? check_milvus(&c->milvus, err) : KS_OK;
    if (!status && has_kafka && !*c->kafka.topic)
        status = fault(err, "kafka_connect_param.topic is empty");
    return status;
}

static enum ks_status check_name(const char *name, const char *what, int64_t max,
                                 struct ks_error *err)
{
    if (!*name)
        return ks_error_set(err, KS_ERR_DATA, "the name of a %s is empty", what);
    if ((int64_t)strlen(name) > max)
        return ks_error_set(err, KS_ERR_DATA,
                            "the name of a %s is longer than %" PRId64 " characters: %.100s…", what,
                            max, name);
    if (!cdc_name_is_possible(name))
        return ks_error_set(err, KS_ERR_DATA, "no %s of Milvus can be called '%.100s'", what, name);
    return KS_OK;
}

static enum ks_status check_collection(const struct cdc_collection *c,
                                       const struct cdc_limits *limits, struct ks_error *err)
{
    const char *vchannel;
    json_t *position;
    int64_t id;
    if (strcmp(c->name, "*") == 0 && c->positions)
        return fault(err, "positions belong to one collection: with the name * they must be empty");
    json_object_foreach(c->positions, vchannel, position)
    {
        if (!cdc_vchannel_parse(vchannel, &id))
            return ks_error_set(err, KS_ERR_DATA,
                                "positions: '%.200s' is not a vchannel, such as "
                                "by-dev-rootcoord-dml_0_444v0",
                                vchannel);
    }
    return check_name(c->name, "collection", limits->name_length, err);
}

static enum ks_status check_one(struct cdc_create *c, const char *db, json_t *infos,
                                const struct cdc_limits *limits, struct ks_error *err)
{
    if (json_array_size(infos) != 1)
        return fault(err, json_array_size(infos) == 0
                              ? "the list of collections is empty"
                              : "a task has one collection: name one, or * for all");
    c->db = *db ? db : CDC_DEFAULT_DB;
    c->collection = cdc_collection_of(json_array_get(infos, 0));
    return check_collection(&c->collection, limits, err);
}

static enum ks_status check_db(struct cdc_create *c, const struct cdc_limits *limits,
                               struct ks_error *err)
{
    void *entry = json_object_iter(c->db_collections);
    const char *db = json_object_iter_key(entry);
    enum ks_status status = *db ? check_name(db, "database", limits->name_length, err) : KS_OK;
    return status ? status : check_one(c, db, json_object_iter_value(entry), limits, err);
}

static enum ks_status check_collections(struct cdc_create *c, const struct cdc_limits *limits,
                                        struct ks_error *err)
{
    size_t plain = json_array_size(c->collection_infos);
    size_t databases = json_object_size(c->db_collections);
    if (plain == 0 && databases == 0)
        return fault(err, "there are no collections: give collection_infos or db_collections");
    if (plain > 1 || databases > 1)
        return fault(err, "collection_infos and db_collections take one entry: name one, or * for "
                          "all");
    if (plain == 1 && databases == 1)
        return fault(err, "collection_infos and db_collections are both given: a task has one of "
                          "them");
    return plain == 1 ? check_one(c, CDC_DEFAULT_DB, c->collection_infos, limits, err)
                      : check_db(c, limits, err);
}

enum ks_status cdc_create_check(struct cdc_create *c, const struct cdc_limits *limits,
                                struct ks_error *err)
{
    enum ks_status status = check_target(c, err);
    if (status)
        return status;
    if (c->buffer_period < 0)
        return fault(err, "buffer_config.period must not be negative");
    if (c->buffer_size < 0)
        return fault(err, "buffer_config.size must not be negative");
    status = check_collections(c, limits, err);
    if (!status && *c->rpc_channel && limits->replicate_channel &&
        strcmp(c->rpc_channel, limits->replicate_channel) != 0)
        return ks_error_set(err, KS_ERR_DATA,
                            "rpc_channel_info.name '%.100s' is not the source's: '%s' "
                            "(cdc.source.replicate.channel)",
                            c->rpc_channel, limits->replicate_channel);
    return status;
}
