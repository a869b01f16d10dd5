/* Subject and schema, or an id, in; one HTTP exchange; id or schema out. Next: schema_registry.
 * A POST that is repeated after an unknown outcome gives the same id: registering is idempotent. */
#include "schema_http.h"

#include <curl/curl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/buf.h"
#include "kitestream/sdk/util.h"

#define CONTENT_TYPE "application/vnd.schemaregistry.v1+json"
#define ANSWER_MAX_BYTES (8u << 20)
#define DEFAULT_TIMEOUT_MS 10000

struct registry_url {
    char *url;
    char *shown; /* without user and password, for messages */
};

struct schema_http {
    pthread_mutex_t lock; /* guards curl, current and answer */
    CURL *curl;
    struct curl_slist *headers;
    struct registry_url *urls;
    size_t url_count, current;
    char *user_info; /* user:password, or NULL */
    char *ca_file;   /* or NULL */
    bool auto_register, normalize;
    long connect_timeout_ms, read_timeout_ms;
    struct ks_buf answer;
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
    else if (!schema)
        status = ks_error_set(err, KS_ERR_RETRIABLE, "%s: the answer holds no schema", what);
    else
        *ret_json = xstrdup(schema);
    json_decref(json);
    return status;
}

static enum ks_status class_of(long http_code)
{
    switch (http_code) {
    case 404:
    case 409:
    case 422:
        return KS_ERR_DATA;
    case 408:
    case 429:
        return KS_ERR_RETRIABLE;
    default:
        return http_code >= 500 ? KS_ERR_RETRIABLE : KS_ERR_FATAL;
    }
}

static const char *advice(long http_code)
{
    switch (http_code) {
    case 401:
    case 403:
        return "; check basic.auth.credentials.source=USER_INFO and basic.auth.user.info";
    case 409:
        return "; the subject's compatibility rule refuses the new schema: change the rule, or the "
               "source";
    default:
        return "";
    }
}

enum ks_status schema_http_parse_error(const char *what, long http_code, const char *body,
                                       size_t len, struct ks_error *err)
{
    json_t *json = json_loadb(body, len, 0, NULL);
    const char *message = json_string_value(json_object_get(json, "message"));
    json_int_t code = json_integer_value(json_object_get(json, "error_code"));
    enum ks_status status = ks_error_set(
        err, class_of(http_code), "%s: HTTP %ld, error %lld: %.500s%s", what, http_code,
        (long long)code, message ? message : "no message", advice(http_code));
    json_decref(json);
    return status;
}

/* ---- one exchange ---- */

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct ks_buf *answer = arg;
    if (answer->len + size * count > ANSWER_MAX_BYTES)
        return 0; /* ends the transfer */
    ks_buf_add(answer, data, size * count);
    return size * count;
}

static void prepare(struct schema_http *h, const char *url, const char *post)
{
    CURL *curl = h->curl;
    curl_easy_reset(curl); /* keeps the connection */
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, h->headers);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, h->connect_timeout_ms);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, h->connect_timeout_ms + h->read_timeout_ms);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &h->answer);
    if (h->user_info) {
        curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        curl_easy_setopt(curl, CURLOPT_USERPWD, h->user_info);
    }
    if (h->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, h->ca_file);
    if (post)
        curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, post);
}

/* *ret_http: the code of an answer, whatever it is. Errors: RETRIABLE without an answer. */
static enum ks_status ask_one(struct schema_http *h, const struct registry_url *base,
                              const char *path, const char *post, long *ret_http,
                              struct ks_error *err)
{
    char *url = xasprintf("%s%s", base->url, path);
    ks_buf_reset(&h->answer);
    prepare(h, url, post);
    CURLcode code = curl_easy_perform(h->curl);
    enum ks_status status = KS_OK;
    if (code == CURLE_OK)
        curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, ret_http);
    else
        status = ks_error_set(err, KS_ERR_RETRIABLE, "schema registry %s: %s", base->shown,
                              curl_easy_strerror(code));
    free(url);
    return status;
}

/* Asks the URL that answered last, then the others. 5xx counts as no answer. */
static enum ks_status ask(struct schema_http *h, const char *path, const char *post,
                          char **ret_what, struct ks_error *err)
{
    enum ks_status status = KS_ERR_RETRIABLE;
    for (size_t i = 0; i < h->url_count; i++) {
        const struct registry_url *base = &h->urls[h->current];
        long http = 0;
        status = ask_one(h, base, path, post, &http, err);
        if (status == KS_OK) {
            char *what = xasprintf("schema registry %s%.300s", base->shown, path);
            const char *body = ks_buf_str(&h->answer);
            if (http / 100 != 2)
                status = schema_http_parse_error(what, http, body, h->answer.len, err);
            if (status == KS_OK)
                *ret_what = what;
            else
                free(what);
        }
        if (status != KS_ERR_RETRIABLE)
            return status;
        h->current = (h->current + 1) % h->url_count;
    }
    return status;
}

enum ks_status schema_http_register(struct schema_http *h, const char *subject,
                                    const char *schema_json, uint32_t *ret_id, struct ks_error *err)
{
    json_t *body = json_pack("{s:s}", "schema", schema_json);
    char *post = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    if (!post)
        return ks_error_set(err, KS_ERR_DATA, "subject %s: the schema is not UTF-8", subject);
    pthread_mutex_lock(&h->lock);
    char *escaped = curl_easy_escape(h->curl, subject, 0), *what = NULL;
    char *path = xasprintf("/subjects/%s%s%s", escaped, h->auto_register ? "/versions" : "",
                           h->normalize ? "?normalize=true" : "");
    enum ks_status status = ask(h, path, post, &what, err);
    if (status == KS_OK)
        status = schema_http_parse_id(what, ks_buf_str(&h->answer), h->answer.len, ret_id, err);
    curl_free(escaped);
    pthread_mutex_unlock(&h->lock);
    free(path);
    free(what);
    free(post);
    return status;
}

enum ks_status schema_http_get(struct schema_http *h, uint32_t id, char **ret_json,
                               struct ks_error *err)
{
    char path[64], *what = NULL;
    snprintf(path, sizeof path, "/schemas/ids/%u", id);
    pthread_mutex_lock(&h->lock);
    enum ks_status status = ask(h, path, NULL, &what, err);
    if (status == KS_OK)
        status =
            schema_http_parse_schema(what, ks_buf_str(&h->answer), h->answer.len, ret_json, err);
    pthread_mutex_unlock(&h->lock);
    free(what);
    return status;
}

/* ---- life ---- */

static enum ks_status read_auth(struct schema_http *h, const struct ks_config *options,
                                struct ks_error *err)
{
    const char *source = ks_config_get(options, "basic.auth.credentials.source");
    const char *user_info = ks_config_get(options, "basic.auth.user.info");
    if (!source || strcmp(source, "URL") == 0)
        return KS_OK; /* credentials in the URL are curl's business */
    if (strcmp(source, "USER_INFO") != 0)
        return ks_error_set(err, KS_ERR_FATAL,
                            "basic.auth.credentials.source=%s is not supported; use USER_INFO or "
                            "URL",
                            source);
    if (!user_info || !strchr(user_info, ':'))
        return ks_error_set(err, KS_ERR_FATAL,
                            "basic.auth.user.info must be user:password when "
                            "basic.auth.credentials.source=USER_INFO");
    h->user_info = xstrdup(user_info);
    return KS_OK;
}

static enum ks_status add_url(struct schema_http *h, const char *url, struct ks_error *err)
{
    const char *host = strncmp(url, "http://", 7) == 0    ? url + 7
                       : strncmp(url, "https://", 8) == 0 ? url + 8
                                                          : NULL;
    if (!host)
        return ks_error_set(err, KS_ERR_FATAL,
                            "schema.registry.url: each address begins with http:// or https://");
    size_t len = strlen(url);
    while (url + len > host && url[len - 1] == '/')
        len--;
    struct registry_url *u = &h->urls[h->url_count++];
    u->url = xstrndup(url, len);
    const char *at = strrchr(u->url, '@');
    u->shown = at ? xasprintf("%.*s%s", (int)(host - url), url, at + 1) : xstrdup(u->url);
    return KS_OK;
}

static enum ks_status read_urls(struct schema_http *h, const struct ks_config *options,
                                struct ks_error *err)
{
    char **urls;
    size_t count = ks_config_list(options, "schema.registry.url", &urls);
    enum ks_status status = KS_OK;
    h->urls = xcalloc(count, sizeof *h->urls);
    for (size_t i = 0; i < count && status == KS_OK; i++)
        status = add_url(h, urls[i], err);
    free(urls);
    if (status == KS_OK && h->url_count == 0)
        status = ks_error_set(err, KS_ERR_FATAL, "schema.registry.url is empty");
    return status;
}

enum ks_status schema_http_open(const struct ks_config *options, struct schema_http **ret,
                                struct ks_error *err)
{
    struct schema_http *h = xcalloc(1, sizeof *h);
    pthread_mutex_init(&h->lock, NULL);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    h->curl = curl_easy_init();
    h->headers = curl_slist_append(NULL, "Content-Type: " CONTENT_TYPE);
    h->headers = curl_slist_append(h->headers, "Accept: " CONTENT_TYPE ", application/json");
    h->auto_register = ks_config_bool(options, "auto.register.schemas", true);
    h->normalize = ks_config_bool(options, "normalize.schemas", false);
    h->connect_timeout_ms =
        (long)ks_config_long(options, "http.connect.timeout.ms", DEFAULT_TIMEOUT_MS);
    h->read_timeout_ms = (long)ks_config_long(options, "http.read.timeout.ms", DEFAULT_TIMEOUT_MS);
    const char *ca_file = ks_config_get(options, "schema.registry.ssl.ca.location");
    h->ca_file = ca_file ? xstrdup(ca_file) : NULL;
    enum ks_status status = read_urls(h, options, err);
    if (status == KS_OK)
        status = read_auth(h, options, err);
    if (status != KS_OK) {
        schema_http_close(h);
        return status;
    }
    *ret = h;
    return KS_OK;
}

void schema_http_close(struct schema_http *h)
{
    if (!h)
        return;
    for (size_t i = 0; i < h->url_count; i++) {
        explicit_bzero(h->urls[i].url, strlen(h->urls[i].url));
        free(h->urls[i].url);
        free(h->urls[i].shown);
    }
    free(h->urls);
    if (h->user_info)
        explicit_bzero(h->user_info, strlen(h->user_info));
    free(h->user_info);
    free(h->ca_file);
    curl_slist_free_all(h->headers);
    curl_easy_cleanup(h->curl);
    curl_global_cleanup();
    ks_buf_release(&h->answer);
    pthread_mutex_destroy(&h->lock);
    free(h);
}
