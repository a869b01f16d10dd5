/* In: an address; out: what is there. Next: command_status. */
#include "http_get.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"

#define CONNECT_TIMEOUT_MS 5000L
#define TOTAL_TIMEOUT_MS 30000L
#define BODY_MAX_BYTES (64u << 20)

static size_t take_bytes(char *data, size_t size, size_t count, void *arg)
{
    struct ks_buf *body = arg;
    if (body->len + size * count > BODY_MAX_BYTES)
        return 0;
    ks_buf_add(body, data, size * count);
    return size * count;
}

static CURL *prepare(const char *url, const struct http_get_login *login, struct ks_buf *body,
                     struct curl_slist **headers)
{
    CURL *curl = curl_easy_init();
    if (!curl)
        return NULL;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TOTAL_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    if (login->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, login->ca_file);
    if (login->user_password) {
        curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        curl_easy_setopt(curl, CURLOPT_USERPWD, login->user_password);
    }
    if (login->token) {
        char *header = xasprintf("Authorization: Bearer %s", login->token);
        *headers = curl_slist_append(NULL, header);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, *headers);
        explicit_bzero(header, strlen(header));
        free(header);
    }
    return curl;
}

static enum ks_status refused(const char *url, long status, const struct ks_buf *body,
                              struct ks_error *err)
{
    json_t *json = json_loadb((const char *)body->data, body->len, 0, NULL);
    const char *message = json_string_value(json_object_get(json, "message"));
    const char *advice = status == 401 || status == 403 ? "; give --user or --token" : "";
    ks_error_set(err, KS_ERR_FATAL, "%s answers %ld%s%.300s%s", url, status, message ? ": " : "",
                 message ? message : "", advice);
    json_decref(json);
    return KS_ERR_FATAL;
}

enum ks_status http_get(const char *url, const struct http_get_login *login, struct ks_buf *ret,
                        struct ks_error *err)
{
    struct curl_slist *headers = NULL;
    struct ks_buf body = {0};
    long http_status = 0;
    enum ks_status status = KS_OK;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *curl = prepare(url, login, &body, &headers);
    CURLcode code = curl ? curl_easy_perform(curl) : CURLE_FAILED_INIT;
    if (code == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &http_status);
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        status = ks_error_set(err, KS_ERR_FATAL, "%s: %s; name the certificate to trust with --ca",
                              url, curl_easy_strerror(code));
    else if (code != CURLE_OK)
        status = ks_error_set(err, KS_ERR_FATAL, "%s: %s; is a worker running there?", url,
                              curl_easy_strerror(code));
    else if (http_status != 200)
        status = refused(url, http_status, &body, err);
    else
        ks_buf_add(ret, body.data, body.len);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    ks_buf_release(&body);
    return status;
}
