/* In: milvus.etcd.endpoints and milvus.etcd.tls.enabled; out: where to connect to, and whether with
 * TLS. Next: meta_reader. Whoever writes https:// gets TLS or an error, never a plain connection.
 */
#include "etcd_endpoints.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"

#define ENDPOINTS "milvus.etcd.endpoints"

enum scheme { SCHEME_NONE, SCHEME_HTTP, SCHEME_HTTPS };

static enum scheme take_scheme(const char **text)
{
    static const char http[] = "http://", https[] = "https://";
    if (strncasecmp(*text, http, strlen(http)) == 0) {
        *text += strlen(http);
        return SCHEME_HTTP;
    }
    if (strncasecmp(*text, https, strlen(https)) == 0) {
        *text += strlen(https);
        return SCHEME_HTTPS;
    }
    return SCHEME_NONE;
}

static enum ks_status add(struct etcd_endpoints *e, const char *text, enum scheme *ret_scheme,
                          struct ks_error *err)
{
    const char *host = text;
    *ret_scheme = take_scheme(&host);
    size_t len = strcspn(host, "/?#");
    if (memchr(host, '@', len))
        return ks_error_set(err, KS_ERR_FATAL,
                            ENDPOINTS " holds a user: put it into milvus.etcd.username and "
                                      "milvus.etcd.password");
    if (len == 0 || (host[len] && strcmp(host + len, "/") != 0))
        return ks_error_set(err, KS_ERR_FATAL,
                            ENDPOINTS ": '%s' is not host:port, http://host:port or "
                                      "https://host:port",
                            text);
    e->targets[e->count++] = xstrndup(host, len);
    return KS_OK;
}

static enum ks_status check_schemes(const size_t *seen, bool enabled, struct ks_error *err)
{
    if (seen[SCHEME_HTTPS] && (seen[SCHEME_HTTP] || (seen[SCHEME_NONE] && !enabled)))
        return ks_error_set(err, KS_ERR_FATAL,
                            ENDPOINTS " has addresses with https:// and others without: TLS is "
                                      "for all of them or for none");
    if (seen[SCHEME_HTTP] && enabled)
        return ks_error_set(err, KS_ERR_FATAL,
                            ENDPOINTS " has an address with http://, but milvus.etcd.tls.enabled "
                                      "is true: write https://");
    return KS_OK;
}

enum ks_status etcd_endpoints_parse(const struct ks_config *config, struct etcd_endpoints *ret,
                                    struct ks_error *err)
{
    char **items;
    size_t count = ks_config_list(config, ENDPOINTS, &items), seen[3] = {0};
    bool enabled = ks_config_bool(config, "milvus.etcd.tls.enabled", false);
    struct etcd_endpoints e = {.targets = xcalloc(count + 1, sizeof(*e.targets))};
    enum ks_status status = KS_OK;
    for (size_t i = 0; i < count && !status; i++) {
        enum scheme scheme;
        status = add(&e, items[i], &scheme, err);
        seen[scheme]++;
    }
    free(items);
    if (!status)
        status = check_schemes(seen, enabled, err);
    e.tls = enabled || seen[SCHEME_HTTPS];
    if (status)
        etcd_endpoints_release(&e);
    else
        *ret = e;
    return status;
}

void etcd_endpoints_release(struct etcd_endpoints *e)
{
    for (size_t i = 0; i < e->count; i++)
        free(e->targets[i]);
    free(e->targets);
    *e = (struct etcd_endpoints){0};
}
