#include "milvus_uri.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"

static bool take_prefix(const char **text, const char *prefix)
{
    size_t len = strlen(prefix);
    if (strncasecmp(*text, prefix, len) != 0)
        return false;
    *text += len;
    return true;
}

static bool is_port(const char *text, size_t len)
{
    unsigned port = 0;
    if (len == 0 || len > 5)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        port = port * 10 + (unsigned)(text[i] - '0');
    }
    return port > 0 && port < 65536;
}

enum ks_status milvus_uri_parse(const char *text, struct milvus_uri *ret, struct ks_error *err)
{
    const char *host = text ? text : "";
    bool tls = take_prefix(&host, "https://");
    if (!tls)
        take_prefix(&host, "http://");
    size_t len = strcspn(host, "/?#");
    if (memchr(host, '@', len))
        return ks_error_set(err, KS_ERR_FATAL,
                            "milvus.uri holds a user: put user:password into milvus.token");
    if (host[len] && strcmp(host + len, "/") != 0)
        return ks_error_set(err, KS_ERR_FATAL,
                            "milvus.uri '%s' has a path: only [http[s]://]host[:port] is meant",
                            text);
    const char *bracket = memchr(host, ']', len); /* of an IPv6 address */
    const char *from = bracket ? bracket : host;
    const char *colon = memchr(from, ':', len - (size_t)(from - host));
    size_t name = colon ? (size_t)(colon - host) : len;
    if (name == 0 || strstr(host, "://") || (colon && !is_port(colon + 1, len - name - 1)))
        return ks_error_set(err, KS_ERR_FATAL, "milvus.uri '%s' is not [http[s]://]host[:port]",
                            text ? text : "");
    ret->target =
        colon ? xstrndup(host, len) : xasprintf("%.*s:%s", (int)len, host, tls ? "443" : "19530");
    ret->tls = tls;
    return KS_OK;
}
