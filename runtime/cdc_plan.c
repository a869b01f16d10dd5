/* In: a checked request, what other tasks have, and the worker's cdc.* options; out: the
 * configurations of the two connectors. Secrets go into the options that connectors have for them,
 * as with any connector, and nowhere else. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cdc_names.h"
#include "cdc_target.h"
#include "cdc_task.h"
#include "kitestream/sdk/util.h"

#define SOURCE_CLASS "io.kitestream.milvus.MilvusSourceConnector"
#define SINK_CLASS "io.kitestream.milvus.MilvusSinkConnector"

/* ---- who covers what ---- */

static bool is_left_out(const struct cdc_taken *other, const char *name)
{
    for (size_t i = 0; i < json_array_size(other->excludes); i++)
        if (cdc_name_within(json_string_value(json_array_get(other->excludes, i)), name))
            return true;
    return false;
}

/* A task for everything may come beside others: it leaves them what they have. */
const char *cdc_taken_by(const struct cdc_taken *others, size_t count, const char *name)
{
    bool is_all = strcmp(name, "*.*") == 0;
    for (size_t i = 0; i < count; i++)
        if (strcmp(others[i].name, name) == 0 ||
            (!is_all && cdc_name_is_any(others[i].name) && cdc_name_within(others[i].name, name) &&
             !is_left_out(&others[i], name)))
            return others[i].task_id;
    return NULL;
}

json_t *cdc_excludes(const struct cdc_taken *others, size_t count, const char *name)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        if (cdc_names_overlap(others[i].name, name) && !cdc_name_within(others[i].name, name))
            json_array_append_new(list, json_string(others[i].name));
    return list;
}

/* ---- name mapping ---- */

struct mapping {
    const char *covered; /* the task's own db.collection */
    struct ks_buf text;
};

static const char *text_or(json_t *object, const char *name, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text && *text ? text : otherwise;
}

static enum ks_status add_pair(struct mapping *m, const char *db, const char *collection,
                               const char *pair, struct ks_error *err)
{
    char *name = cdc_name(db, collection);
    bool covered = cdc_name_within(m->covered, name);
    if (!covered)
        ks_error_set(err, KS_ERR_DATA, "name_mapping: %.200s is not among what the task covers: %s",
                     name, m->covered);
    free(name);
    if (covered)
        ks_buf_printf(&m->text, "%s%s", m->text.len ? "," : "", pair);
    return covered ? KS_OK : KS_ERR_DATA;
}

static enum ks_status check_names(const char *a, const char *b, struct ks_error *err)
{
    const char *bad = !*a || !cdc_name_is_possible(a)   ? a
                      : !*b || !cdc_name_is_possible(b) ? b
                                                        : NULL;
    return bad ? ks_error_set(err, KS_ERR_DATA, "name_mapping: nothing can be called '%.100s'", bad)
               : KS_OK;
}

static enum ks_status add_collections(struct mapping *m, const char *from, const char *to,
                                      json_t *collections, struct ks_error *err)
{
    const char *collection;
    json_t *target;
    enum ks_status status = KS_OK;
    json_object_foreach(collections, collection, target)
    {
        const char *name = json_string_value(target);
        if (!status)
            status = check_names(collection, name, err);
        if (status)
            break;
        char *pair = xasprintf("%s.%s:%s.%s", from, collection, to, name);
        status = add_pair(m, from, collection, pair, err);
        free(pair);
    }
    return status;
}

static enum ks_status add_mapping(struct mapping *m, json_t *entry, struct ks_error *err)
{
    json_t *collections = json_object_get(entry, "collection_mapping");
    const char *from = text_or(entry, "source_db", CDC_DEFAULT_DB);
    const char *to = text_or(entry, "target_db", CDC_DEFAULT_DB);
    enum ks_status status = check_names(from, to, err);
    if (status || json_object_size(collections) > 0)
        return status ? status : add_collections(m, from, to, collections, err);
    char *pair = xasprintf("%s:%s", from, to);
    status = add_pair(m, from, "*", pair, err);
    free(pair);
    return status;
}

enum ks_status cdc_mapping(const struct cdc_create *c, char **ret, struct ks_error *err)
{
    char *covered = cdc_name(c->db, c->collection.name);
    struct mapping m = {.covered = covered};
    enum ks_status status = KS_OK;
    for (size_t i = 0; i < json_array_size(c->name_mapping) && !status; i++)
        status = add_mapping(&m, json_array_get(c->name_mapping, i), err);
    free(covered);
    if (status)
        ks_buf_release(&m.text);
    else
        *ret = ks_buf_take_str(&m.text);
    return status;
}

/* ---- configurations ---- */

static const char *worker_option(const struct worker_config *worker, const char *name)
{
    const char *value = string_map_get(&worker->all, name);
    return value ? value : "";
}

char *cdc_topic_prefix(const struct cdc_plan *plan)
{
    if (!cdc_has_milvus(&plan->create->milvus))
        return xstrdup(plan->create->kafka.topic);
    return xasprintf("%s.%s", worker_option(plan->worker, "cdc.topic.prefix"), plan->task_id);
}

static void set_prefix(const struct cdc_plan *plan, struct string_map *config)
{
    char *prefix = cdc_topic_prefix(plan);
    string_map_set(config, "topic.prefix", prefix);
    free(prefix);
}

static void set_if(struct string_map *config, const char *option, const char *value)
{
    if (value && *value)
        string_map_set(config, option, value);
}

/* cdc.source.etcd.x -> milvus.etcd.x, as they are written. */
static void take_worker_options(const struct worker_config *worker, struct string_map *config)
{
    static const char *const names[][2] = {
        {"cdc.source.etcd.address", "milvus.etcd.endpoints"},
        {"cdc.source.kafka.address", "milvus.kafka.bootstrap.servers"},
        {"cdc.source.replicate.channel", "milvus.replicate.channel"},
        {"cdc.source.etcd.", "milvus.etcd."},
        {"cdc.source.kafka.", "milvus.kafka."},
    };
    for (size_t i = 0; i < worker->all.count; i++) {
        const struct ks_config_entry *e = &worker->all.entries[i];
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            size_t len = strlen(names[k][0]);
            bool is_prefix = names[k][0][len - 1] == '.';
            if (strncmp(e->key, names[k][0], len) != 0 || (!is_prefix && e->key[len]))
                continue;
            char *option = xasprintf("%s%s", names[k][1], e->key + len);
            set_if(config, option, e->value);
            free(option);
            break;
        }
    }
}

static void set_filters(const struct cdc_plan *plan, struct string_map *config)
{
    struct ks_buf list = {0};
    char *name = cdc_name(plan->create->db, plan->create->collection.name);
    if (strcmp(name, "*.*") != 0)
        cdc_name_add_regex(&list, name);
    set_if(config, "collection.include.list", ks_buf_str(&list));
    ks_buf_reset(&list);
    for (size_t i = 0; i < json_array_size(plan->excludes); i++)
        cdc_name_add_regex(&list, json_string_value(json_array_get(plan->excludes, i)));
    set_if(config, "collection.exclude.list", ks_buf_str(&list));
    ks_buf_release(&list);
    free(name);
}

static void set_record(const struct cdc_plan *plan, struct string_map *config)
{
    json_t *record = cdc_create_record(plan->create, plan->task_id);
    json_object_set(record, "excludes", plan->excludes);
    char *text = json_dumps(record, JSON_COMPACT);
    string_map_set(config, CDC_TASK_OPTION, text);
    free(text);
    json_decref(record);
}

struct string_map cdc_source_config(const struct cdc_plan *plan)
{
    struct string_map config = {0};
    take_worker_options(plan->worker, &config);
    string_map_set(&config, "connector.class", SOURCE_CLASS);
    set_prefix(plan, &config);
    set_filters(plan, &config);
    set_if(&config, "start.from", plan->start_from);
    if (!string_map_get(&config, "milvus.replicate.channel"))
        set_if(&config, "milvus.replicate.channel", plan->create->rpc_channel);
    set_record(plan, &config);
    return config;
}

struct string_map cdc_sink_config(const struct cdc_plan *plan)
{
    const struct cdc_milvus *m = &plan->create->milvus;
    struct string_map config = {0};
    char *uri = cdc_milvus_uri(m), *token = cdc_milvus_token(m);
    string_map_set(&config, "connector.class", SINK_CLASS);
    set_prefix(plan, &config);
    string_map_set(&config, "milvus.uri", uri);
    set_if(&config, "milvus.token", token);
    if (cdc_milvus_has_tls_files(m))
        string_map_set(&config, "milvus.tls.enabled", "true");
    set_if(&config, "milvus.tls.ca.file", cdc_milvus_ca_file(m));
    set_if(&config, "milvus.tls.cert.file", m->client_pem);
    set_if(&config, "milvus.tls.key.file", m->client_key);
    set_if(&config, "milvus.tls.server.name", m->server_name);
    set_if(&config, "collection.mapping", plan->mapping);
    if (m->ignore_partition) {
        string_map_set(&config, "ddl.policy.create_partition", "skip");
        string_map_set(&config, "ddl.policy.drop_partition", "skip");
    }
    free(uri);
    free(token);
    return config;
}
