/* Subjects and schemas in, ids out, from whichever registry the options name. Next: the converters.
 * What was answered once is kept: an id never changes its meaning. */
#include "schema_registry.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../sdk/avro_normal.h"
#include "alloc.h"
#include "config_def.h"
#include "converter_table.h"
#include "kitestream/sdk/util.h"
#include "map.h"
#include "schema_http.h"
#include "schema_store.h"

struct schema_registry {
    struct schema_store *store; /* one of the two */
    struct schema_http *http;
    pthread_mutex_t lock;
    struct map fetched; /* id -> JSON, of http */
    bool auto_register;
};

/* A value that no option of the Avro converter can have. */
static enum ks_status check_options(const struct ks_config *options, struct ks_error *err)
{
    const struct ks_config_def *const tables[] = {converter_table_find("AvroConverter", NULL),
                                                  NULL};
    struct config_issues issues = {0};
    enum ks_status status = KS_OK;
    config_def_check(tables, options, &issues);
    config_issues_drop_unknown(&issues);
    if (issues.count > 0)
        status = ks_error_set(err, KS_ERR_FATAL, "%s", issues.list[0].message);
    config_issues_release(&issues);
    if (status == KS_OK && ks_config_bool(options, "use.latest.version", false) &&
        ks_config_bool(options, "auto.register.schemas", true))
        status = ks_error_set(err, KS_ERR_FATAL,
                              "use.latest.version=true needs auto.register.schemas=false: either "
                              "records' own schemas are registered, or the registry's are used");
    return status;
}

enum ks_status schema_registry_open(const struct worker_config *worker,
                                    const struct ks_config *options, struct schema_registry **ret,
                                    struct ks_error *err)
{
    enum ks_status status = check_options(options, err);
    if (status != KS_OK)
        return status;
    struct schema_registry *r = xcalloc(1, sizeof *r);
    pthread_mutex_init(&r->lock, NULL);
    r->auto_register = ks_config_bool(options, "auto.register.schemas", true);
    status = ks_config_get(options, "schema.registry.url")
                 ? schema_http_open(options, &r->http, err)
                 : schema_store_open(worker, &r->store, err);
    if (status != KS_OK) {
        schema_registry_close(r);
        return status;
    }
    *ret = r;
    return KS_OK;
}

void schema_registry_close(struct schema_registry *r)
{
    if (!r)
        return;
    schema_store_close(r->store);
    schema_http_close(r->http);
    size_t pos = 0;
    uint64_t id;
    void *json;
    while (map_next(&r->fetched, &pos, &id, &json))
        free(json);
    map_release(&r->fetched);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

/* ---- the built-in store ---- */

/* What is wanted of a subject, looked for again at the topic's end. */
static enum ks_status find_in_store(struct schema_registry *r, const struct schema_wanted *wanted,
                                    struct stored_version *ret, struct ks_error *err)
{
    struct stored_version *list;
    size_t count = schema_store_list(r->store, wanted, &list);
    if (count == 0) {
        enum ks_status status = schema_store_refresh(r->store, err);
        if (status != KS_OK)
            return status;
        count = schema_store_list(r->store, wanted, &list);
    }
    if (count == 0)
        return ks_error_set(err, KS_ERR_DATA,
                            "subject %s of the worker's schema store has no such schema, and "
                            "auto.register.schemas=false",
                            wanted->subject);
    *ret = list[count - 1];
    free(list);
    return KS_OK;
}

static enum ks_status look_up_in_store(struct schema_registry *r, const char *subject,
                                       const char *schema_json, uint32_t *ret_id,
                                       struct ks_error *err)
{
    struct ks_avro_schema *schema;
    struct stored_version found;
    enum ks_status status = ks_avro_schema_parse(schema_json, strlen(schema_json), &schema, err);
    if (status != KS_OK)
        return status;
    uint64_t meaning = avro_normal_fingerprint(schema);
    ks_avro_schema_free(schema);
    status = find_in_store(r, &(struct schema_wanted){.subject = subject, .meaning = &meaning},
                           &found, err);
    if (status == KS_OK)
        *ret_id = found.id;
    return status;
}

/* ---- questions ---- */

enum ks_status schema_registry_register(struct schema_registry *r, const char *subject,
                                        const char *schema_json, uint32_t *ret_id,
                                        struct ks_error *err)
{
    if (r->http)
        return schema_http_register(r->http, subject, schema_json, ret_id, err);
    if (!r->auto_register)
        return look_up_in_store(r, subject, schema_json, ret_id, err);
    return schema_store_register(r->store, subject, schema_json, ret_id, err);
}

/* The text that is known of the id, or this one. With the lock. */
static const char *keep(struct schema_registry *r, uint32_t id, char *take_json)
{
    char *known = map_get(&r->fetched, id);
    if (known)
        free(take_json);
    else
        map_put(&r->fetched, id, take_json);
    return known ? known : take_json;
}

enum ks_status schema_registry_latest(struct schema_registry *r, const char *subject,
                                      uint32_t *ret_id, const char **ret_json, struct ks_error *err)
{
    enum ks_status status;
    if (r->store) {
        struct stored_version found = {0};
        status = find_in_store(
            r, &(struct schema_wanted){.subject = subject, .version = SCHEMA_LATEST}, &found, err);
        *ret_id = found.id;
        *ret_json = found.json;
        return status;
    }
    char *json;
    pthread_mutex_lock(&r->lock);
    status = schema_http_latest(r->http, subject, ret_id, &json, err);
    if (status == KS_OK)
        *ret_json = keep(r, *ret_id, json);
    pthread_mutex_unlock(&r->lock);
    return status;
}

enum ks_status schema_registry_get(struct schema_registry *r, uint32_t id, const char **ret_json,
                                   struct ks_error *err)
{
    if (r->store)
        return schema_store_get(r->store, id, ret_json, err);
    enum ks_status status = KS_OK;
    pthread_mutex_lock(&r->lock);
    char *json = map_get(&r->fetched, id);
    if (!json) {
        status = schema_http_get(r->http, id, &json, err);
        if (status == KS_OK)
            map_put(&r->fetched, id, json);
    }
    pthread_mutex_unlock(&r->lock);
    if (status == KS_OK)
        *ret_json = json;
    return status;
}
