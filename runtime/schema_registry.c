/* Subjects and schemas in, ids out, from whichever registry the options name. Next: the converters.
 * What was answered once is kept: an id never changes its meaning. */
#include "schema_registry.h"

#include <pthread.h>
#include <stdlib.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"
#include "map.h"
#include "schema_http.h"
#include "schema_store.h"

struct schema_registry {
    struct schema_store *store; /* one of the two */
    struct schema_http *http;
    pthread_mutex_t lock;
    struct map fetched; /* id -> JSON, of http */
};

enum ks_status schema_registry_open(const struct worker_config *worker,
                                    const struct ks_config *options, struct schema_registry **ret,
                                    struct ks_error *err)
{
    struct schema_registry *r = xcalloc(1, sizeof *r);
    pthread_mutex_init(&r->lock, NULL);
    enum ks_status status = ks_config_get(options, "schema.registry.url")
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

enum ks_status schema_registry_register(struct schema_registry *r, const char *subject,
                                        const char *schema_json, uint32_t *ret_id,
                                        struct ks_error *err)
{
    return r->http ? schema_http_register(r->http, subject, schema_json, ret_id, err)
                   : schema_store_register(r->store, subject, schema_json, ret_id, err);
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
