/* Subject and schema, or an id, in; one exchange with a registry; id or schema out. Next:
 * schema_registry. A POST that is repeated after an unknown outcome gives the same id: registering
 * is idempotent. */
#include "schema_http.h"

#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"
#include "registry_client.h"

struct schema_http {
    pthread_mutex_t lock; /* guards the client */
    struct registry_client *client;
    bool auto_register, normalize;
};

/* ---- answers ---- */

static json_t *parse_object(const char *what, const char *body, size_t len, struct ks_error *err)
{
    json_error_t where;
    json_t *json = json_loadb(body, len, JSON_REJECT_DUPLICATES, &where);
    if (json_is_object(json))
        return json;
    json_decref(json);
    ks_error_set(err, KS_ERR_RETRIABLE,
                 "%s: the answer is not a JSON object; is schema.registry.url that of a registry?",
                 what);
    return NULL;
}

enum ks_status schema_http_parse_id(const char *what, const char *body, size_t len,
                                    uint32_t *ret_id, struct ks_error *err)
{
    json_t *json = parse_object(what, body, len, err);
    if (!json)
        return err ? err->status : KS_ERR_RETRIABLE;
    const json_t *id = json_object_get(json, "id");
    json_int_t value = json_integer_value(id);
    bool good = json_is_integer(id) && value > 0 && value <= INT32_MAX;
    json_decref(json);
    if (!good)
        return ks_error_set(err, KS_ERR_RETRIABLE, "%s: the answer holds no valid id", what);
    *ret_id = (uint32_t)value;
    return KS_OK;
}

enum ks_status schema_http_parse_schema(const char *what, const char *body, size_t len,
                                        char **ret_json, struct ks_error *err)
{
    json_t *json = parse_object(what, body, len, err);
    if (!json)
        return err ? err->status : KS_ERR_RETRIABLE;
    enum ks_status status = KS_OK;
    const char *type = json_string_value(json_object_get(json, "schemaType"));
    const char *schema = json_string_value(json_object_get(json, "schema"));
    if (type && strcmp(type, "AVRO") != 0)
        status = ks_error_set(err, KS_ERR_DATA, "%s: the schema is of type %.100s, not AVRO", what,
                              type);
    else if (json_array_size(json_object_get(json, "references")) > 0)
        status =
            ks_error_set(err, KS_ERR_DATA,
                         "%s: the schema refers to others, which is not supported; register it "
                         "with all types inside",
                         what);
    else if (!schema)
        status = ks_error_set(err, KS_ERR_RETRIABLE, "%s: the answer holds no schema", what);
    else
        *ret_json = xstrdup(schema);
    json_decref(json);
    return status;
}

/* ---- questions ---- */

/* "/subjects/S" and what follows; the caller frees. */
static char *subject_path(struct schema_http *h, const char *subject, const char *rest)
{
    char *escaped = registry_client_escape(h->client, subject);
    char *path = xasprintf("/subjects/%s%s", escaped, rest);
    free(escaped);
    return path;
}

static char *body_of(const char *schema_json)
{
    json_t *body = json_pack("{s:s}", "schema", schema_json);
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    return text;
}

enum ks_status schema_http_register(struct schema_http *h, const char *subject,
                                    const char *schema_json, uint32_t *ret_id, struct ks_error *err)
{
    static const char *const rests[2][2] = {{"", "?normalize=true"},
                                            {"/versions", "/versions?normalize=true"}};
    char *post = body_of(schema_json);
    if (!post)
        return ks_error_set(err, KS_ERR_DATA, "subject %s: the schema is not UTF-8", subject);
    struct registry_reply reply;
    pthread_mutex_lock(&h->lock);
    char *path = subject_path(h, subject, rests[h->auto_register][h->normalize]);
    enum ks_status status = registry_client_ask(h->client, path, post, &reply, err);
    if (status == KS_OK)
        status = schema_http_parse_id(reply.what, reply.body, reply.len, ret_id, err);
    pthread_mutex_unlock(&h->lock);
    if (status == KS_ERR_DATA && !h->auto_register)
        ks_error_prefix(err, "the schema must be there, since auto.register.schemas=false");
    free(path);
    free(post);
    return status;
}

enum ks_status schema_http_get(struct schema_http *h, uint32_t id, char **ret_json,
                               struct ks_error *err)
{
    char path[64];
    struct registry_reply reply;
    snprintf(path, sizeof path, "/schemas/ids/%u", id);
    pthread_mutex_lock(&h->lock);
    enum ks_status status = registry_client_ask(h->client, path, NULL, &reply, err);
    if (status == KS_OK)
        status = schema_http_parse_schema(reply.what, reply.body, reply.len, ret_json, err);
    pthread_mutex_unlock(&h->lock);
    return status;
}

enum ks_status schema_http_latest(struct schema_http *h, const char *subject, uint32_t *ret_id,
                                  char **ret_json, struct ks_error *err)
{
    struct registry_reply reply;
    pthread_mutex_lock(&h->lock);
    char *path = subject_path(h, subject, "/versions/latest");
    enum ks_status status = registry_client_ask(h->client, path, NULL, &reply, err);
    if (status == KS_OK)
        status = schema_http_parse_id(reply.what, reply.body, reply.len, ret_id, err);
    if (status == KS_OK)
        status = schema_http_parse_schema(reply.what, reply.body, reply.len, ret_json, err);
    pthread_mutex_unlock(&h->lock);
    free(path);
    return status;
}

/* ---- life ---- */

enum ks_status schema_http_open(const struct ks_config *options, struct schema_http **ret,
                                struct ks_error *err)
{
    struct registry_client *client;
    enum ks_status status = registry_client_open(options, &client, err);
    if (status != KS_OK)
        return status;
    struct schema_http *h = xcalloc(1, sizeof *h);
    pthread_mutex_init(&h->lock, NULL);
    h->client = client;
    h->auto_register = ks_config_bool(options, "auto.register.schemas", true);
    h->normalize = ks_config_bool(options, "normalize.schemas", false);
    *ret = h;
    return KS_OK;
}

void schema_http_close(struct schema_http *h)
{
    if (!h)
        return;
    registry_client_close(h->client);
    pthread_mutex_destroy(&h->lock);
    free(h);
}
