/* HTTP to a registry. In: a path and perhaps JSON; out: the answer of the first address that gives
 * one. Next: schema_http reads it. What is sent may be sent twice, to two addresses: whoever asks
 * must ask what may be repeated. */
#include "registry_client.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "kitestream/sdk/buf.h"
#include "kitestream/sdk/util.h"

#define CONTENT_TYPE "application/vnd.schemaregistry.v1+json"
#define ANSWER_MAX_BYTES (8u << 20)
#define DEFAULT_TIMEOUT_MS 10000
#define SSL "schema.registry.ssl."

struct registry_url {
    char *url;
    char *shown; /* without user and password, for messages */
};

struct registry_client {
    CURL *curl;
    struct curl_slist *headers;
    struct registry_url *urls;
    size_t url_count, current;
    char *user_info, *token;                          /* or NULL */
    char *ca_file, *certificate, *key, *key_password; /* or NULL */
    long connect_timeout_ms, read_timeout_ms;
    struct ks_buf answer;
    char *what;
    char reason[CURL_ERROR_SIZE];
};

/* ---- answers ---- */

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
        return "; check basic.auth.credentials.source=USER_INFO and basic.auth.user.info, or "
               "bearer.auth.credentials.source=STATIC_TOKEN and bearer.auth.token";
    case 409:
        return "; the subject's compatibility rule refuses the new schema: change the rule, or the "
               "source";
    default:
        return "";
    }
}

enum ks_status registry_refusal(const char *what, long http_code, const char *body, size_t len,
                                struct ks_error *err)
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

static void set_login(struct registry_client *c)
{
    if (c->token) {
        curl_easy_setopt(c->curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        curl_easy_setopt(c->curl, CURLOPT_XOAUTH2_BEARER, c->token);
    } else if (c->user_info) {
        curl_easy_setopt(c->curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        curl_easy_setopt(c->curl, CURLOPT_USERPWD, c->user_info);
    }
}

static void set_tls(struct registry_client *c)
{
    if (c->ca_file)
        curl_easy_setopt(c->curl, CURLOPT_CAINFO, c->ca_file);
    if (c->certificate) {
        curl_easy_setopt(c->curl, CURLOPT_SSLCERT, c->certificate);
        curl_easy_setopt(c->curl, CURLOPT_SSLKEY, c->key);
    }
    if (c->key_password)
        curl_easy_setopt(c->curl, CURLOPT_KEYPASSWD, c->key_password);
}

static void prepare(struct registry_client *c, const char *url, const char *post)
{
    CURL *curl = c->curl;
    curl_easy_reset(curl); /* keeps the connection */
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, c->headers);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, c->connect_timeout_ms);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, c->connect_timeout_ms + c->read_timeout_ms);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &c->answer);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, c->reason);
    c->reason[0] = '\0';
    set_login(c);
    set_tls(c);
    if (post)
        curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, post);
}

/* *ret_http: the code of an answer, whatever it is. Errors: RETRIABLE without an answer. */
static enum ks_status ask_one(struct registry_client *c, const struct registry_url *base,
                              const char *path, const char *post, long *ret_http,
                              struct ks_error *err)
{
    char *url = xasprintf("%s%s", base->url, path);
    ks_buf_reset(&c->answer);
    prepare(c, url, post);
    CURLcode code = curl_easy_perform(c->curl);
    enum ks_status status = KS_OK;
    if (code == CURLE_OK)
        curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, ret_http);
    else
        status = ks_error_set(err, KS_ERR_RETRIABLE, "schema registry %s: %s", base->shown,
                              *c->reason ? c->reason : curl_easy_strerror(code));
    explicit_bzero(url, strlen(url));
    free(url);
    return status;
}

static void name_answer(struct registry_client *c, const struct registry_url *base,
                        const char *path)
{
    free(c->what);
    c->what = xasprintf("schema registry %s%.300s", base->shown, path);
}

enum ks_status registry_client_ask(struct registry_client *c, const char *path, const char *post,
                                   struct registry_reply *ret, struct ks_error *err)
{
    enum ks_status status = KS_ERR_RETRIABLE;
    for (size_t i = 0; i < c->url_count; i++) {
        const struct registry_url *base = &c->urls[c->current];
        long http = 0;
        status = ask_one(c, base, path, post, &http, err);
        const char *body = ks_buf_str(&c->answer);
        if (status == KS_OK) {
            name_answer(c, base, path);
            if (http / 100 != 2)
                status = registry_refusal(c->what, http, body, c->answer.len, err);
        }
        if (status == KS_OK)
            *ret = (struct registry_reply){c->what, body, c->answer.len};
        if (status != KS_ERR_RETRIABLE)
            return status;
        c->current = (c->current + 1) % c->url_count;
    }
    if (c->url_count > 1)
        ks_error_prefix(err, "none of the %zu addresses of schema.registry.url answers, the last",
                        c->url_count);
    return status;
}

char *registry_client_escape(struct registry_client *c, const char *text)
{
    char *escaped = curl_easy_escape(c->curl, text, 0);
    char *copy = xstrdup(escaped ? escaped : "");
    curl_free(escaped);
    return copy;
}

/* ---- options ---- */

static char *copy_option(const struct ks_config *options, const char *name)
{
    const char *value = ks_config_get(options, name);
    return value && *value ? xstrdup(value) : NULL;
}

static enum ks_status read_basic(struct registry_client *c, const struct ks_config *options,
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
    c->user_info = xstrdup(user_info);
    return KS_OK;
}

static enum ks_status read_bearer(struct registry_client *c, const struct ks_config *options,
                                  struct ks_error *err)
{
    const char *source = ks_config_get(options, "bearer.auth.credentials.source");
    if (!source)
        return KS_OK;
    if (strcmp(source, "STATIC_TOKEN") != 0)
        return ks_error_set(err, KS_ERR_FATAL,
                            "bearer.auth.credentials.source=%s is not supported; use STATIC_TOKEN",
                            source);
    if (c->user_info)
        return ks_error_set(err, KS_ERR_FATAL,
                            "basic.auth.credentials.source and bearer.auth.credentials.source "
                            "exclude each other");
    c->token = copy_option(options, "bearer.auth.token");
    if (!c->token)
        return ks_error_set(err, KS_ERR_FATAL,
                            "bearer.auth.token must be given when "
                            "bearer.auth.credentials.source=STATIC_TOKEN");
    return KS_OK;
}

/* A file by our name for it, or by the Java client's, where a store must be PEM. */
static enum ks_status read_file(const struct ks_config *options, const char *name,
                                const char *store, char **ret, struct ks_error *err)
{
    char *store_type = xasprintf(SSL "%s.type", store);
    char *store_name = xasprintf(SSL "%s.location", store);
    const char *type = ks_config_get(options, store_type);
    const char *used = ks_config_get(options, name) ? name : store_name;
    enum ks_status status = KS_OK;
    char *file = copy_option(options, used);
    if (file && used == store_name && (!type || strcmp(type, "PEM") != 0))
        status = ks_error_set(err, KS_ERR_FATAL,
                              "%s: a store of type %s cannot be read; convert it to PEM and set "
                              "%s=PEM",
                              store_name, type ? type : "JKS", store_type);
    else if (file && access(file, R_OK) != 0)
        status = ks_error_set(err, KS_ERR_FATAL, "%s: cannot read %s: %m", used, file);
    if (status == KS_OK)
        *ret = file;
    else
        free(file);
    free(store_type);
    free(store_name);
    return status;
}

static enum ks_status read_tls(struct registry_client *c, const struct ks_config *options,
                               struct ks_error *err)
{
    enum ks_status status = read_file(options, SSL "ca.location", "truststore", &c->ca_file, err);
    if (status == KS_OK)
        status = read_file(options, SSL "certificate.location", "keystore", &c->certificate, err);
    if (status == KS_OK)
        status = read_file(options, SSL "key.location", "keystore", &c->key, err);
    c->key_password = copy_option(options, SSL "key.password");
    if (status == KS_OK && !c->certificate != !c->key)
        status = ks_error_set(err, KS_ERR_FATAL,
                              SSL "certificate.location and " SSL
                                  "key.location go together: the client's certificate and its key");
    return status;
}

static enum ks_status add_url(struct registry_client *c, const char *url, struct ks_error *err)
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
    struct registry_url *u = &c->urls[c->url_count++];
    u->url = xstrndup(url, len);
    const char *at = strrchr(u->url, '@');
    u->shown = at ? xasprintf("%.*s%s", (int)(host - url), url, at + 1) : xstrdup(u->url);
    return KS_OK;
}

static enum ks_status read_urls(struct registry_client *c, const struct ks_config *options,
                                struct ks_error *err)
{
    char **urls;
    size_t count = ks_config_list(options, "schema.registry.url", &urls);
    enum ks_status status = KS_OK;
    c->urls = xcalloc(count, sizeof *c->urls);
    for (size_t i = 0; i < count && status == KS_OK; i++)
        status = add_url(c, urls[i], err);
    free(urls);
    if (status == KS_OK && c->url_count == 0)
        status = ks_error_set(err, KS_ERR_FATAL, "schema.registry.url is empty");
    return status;
}

/* ---- life ---- */

enum ks_status registry_client_open(const struct ks_config *options, struct registry_client **ret,
                                    struct ks_error *err)
{
    struct registry_client *c = xcalloc(1, sizeof *c);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    c->curl = curl_easy_init();
    c->headers = curl_slist_append(NULL, "Content-Type: " CONTENT_TYPE);
    c->headers = curl_slist_append(c->headers, "Accept: " CONTENT_TYPE ", application/json");
    c->connect_timeout_ms =
        (long)ks_config_long(options, "http.connect.timeout.ms", DEFAULT_TIMEOUT_MS);
    c->read_timeout_ms = (long)ks_config_long(options, "http.read.timeout.ms", DEFAULT_TIMEOUT_MS);
    enum ks_status status = read_urls(c, options, err);
    if (status == KS_OK)
        status = read_basic(c, options, err);
    if (status == KS_OK)
        status = read_bearer(c, options, err);
    if (status == KS_OK)
        status = read_tls(c, options, err);
    if (status != KS_OK) {
        registry_client_close(c);
        return status;
    }
    *ret = c;
    return KS_OK;
}

static void free_secret(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

void registry_client_close(struct registry_client *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->url_count; i++) {
        free_secret(c->urls[i].url);
        free(c->urls[i].shown);
    }
    free(c->urls);
    free_secret(c->user_info);
    free_secret(c->token);
    free_secret(c->key_password);
    free(c->ca_file);
    free(c->certificate);
    free(c->key);
    free(c->what);
    curl_slist_free_all(c->headers);
    curl_easy_cleanup(c->curl);
    curl_global_cleanup();
    ks_buf_release(&c->answer);
    free(c);
}
