/* JSON schemas or registry ids in; handles out that live as long as the task. Rows carry the
 * handle, so a schema is parsed once. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "converters.h"
#include "kitestream/sdk/util.h"
#include "map.h"

/* A registry with the options it was opened with, as one text. */
struct cached_registry {
    struct schema_registry *registry;
    struct map by_id; /* struct ks_schema */
};

struct schema_cache {
    struct strmap by_json;    /* struct ks_schema */
    struct strmap registries; /* struct cached_registry */
};

struct schema_cache *schema_cache_new(void)
{
    return xcalloc(1, sizeof(struct schema_cache));
}

static void schema_free(struct ks_schema *s)
{
    ks_avro_schema_free(s->schema);
    free(s->json);
    free(s);
}

static void registry_free(struct cached_registry *r)
{
    size_t pos = 0;
    uint64_t id;
    void *schema;
    while (map_next(&r->by_id, &pos, &id, &schema))
        schema_free(schema);
    map_release(&r->by_id);
    schema_registry_close(r->registry);
    free(r);
}

void schema_cache_free(struct schema_cache *c)
{
    if (!c)
        return;
    size_t pos = 0;
    const char *key;
    void *value;
    while (strmap_next(&c->by_json, &pos, &key, &value))
        schema_free(value);
    pos = 0;
    while (strmap_next(&c->registries, &pos, &key, &value))
        registry_free(value);
    strmap_release(&c->by_json);
    strmap_release(&c->registries);
    free(c);
}

static enum ks_status parse(const char *json, size_t len, uint32_t id, struct ks_schema **ret,
                            struct ks_error *err)
{
    struct ks_avro_schema *schema = NULL;
    enum ks_status status = ks_avro_schema_parse(json, len, &schema, err);
    if (status != KS_OK)
        return status;
    struct ks_schema *s = xcalloc(1, sizeof *s);
    s->json = xstrndup(json, len);
    s->schema = schema;
    s->id = id;
    *ret = s;
    return KS_OK;
}

enum ks_status schema_cache_intern(struct schema_cache *c, const char *json, size_t len,
                                   const struct ks_schema **ret, struct ks_error *err)
{
    void **known = strmap_find_n(&c->by_json, json, len);
    if (known) {
        *ret = *known;
        return KS_OK;
    }
    struct ks_schema *s;
    enum ks_status status = parse(json, len, 0, &s, err);
    if (status != KS_OK)
        return status;
    strmap_put_n(&c->by_json, json, len, s);
    *ret = s;
    return KS_OK;
}

static struct cached_registry *find_registry(const struct schema_cache *c,
                                             const struct schema_registry *registry)
{
    size_t pos = 0;
    const char *key;
    void *value;
    while (strmap_next(&c->registries, &pos, &key, &value)) {
        struct cached_registry *r = value;
        if (r->registry == registry)
            return r;
    }
    return NULL;
}

enum ks_status schema_cache_by_id(struct schema_cache *c, struct schema_registry *registry,
                                  uint32_t id, const struct ks_schema **ret, struct ks_error *err)
{
    struct cached_registry *r = find_registry(c, registry);
    struct ks_schema *s = map_get(&r->by_id, id);
    if (!s) {
        const char *json;
        enum ks_status status = schema_registry_get(registry, id, &json, err);
        if (status == KS_OK)
            status = parse(json, strlen(json), id, &s, err);
        if (status != KS_OK) {
            ks_error_prefix(err, "schema id %u", id);
            return status;
        }
        map_put(&r->by_id, id, s);
    }
    *ret = s;
    return KS_OK;
}

enum ks_status schema_cache_registry(struct schema_cache *c, const struct worker_config *worker,
                                     const struct ks_config *options, struct schema_registry **ret,
                                     struct ks_error *err)
{
    struct ks_buf key = {0};
    for (size_t i = 0; i < options->count; i++)
        ks_buf_printf(&key, "%s=%s\n", options->entries[i].key, options->entries[i].value);
    struct cached_registry *r = strmap_get(&c->registries, ks_buf_str(&key));
    enum ks_status status = KS_OK;
    if (!r) {
        struct schema_registry *registry;
        status = schema_registry_open(worker, options, &registry, err);
        if (status == KS_OK) {
            r = xcalloc(1, sizeof *r);
            r->registry = registry;
            strmap_put(&c->registries, ks_buf_str(&key), r);
        }
    }
    if (status == KS_OK)
        *ret = r->registry;
    ks_buf_release(&key);
    return status;
}
