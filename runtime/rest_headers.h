/* Headers of every answer, and what pages of other origins may do (CORS). Thread: any, once open.
 */
#ifndef RUNTIME_REST_HEADERS_H
#define RUNTIME_REST_HEADERS_H

#include <microhttpd.h>

#include "rest_options.h"

struct rest_headers;

/* Errors: FATAL for a rule of response.http.headers.config that is none. */
enum ks_status rest_headers_open(const struct rest_options *options, struct rest_headers **ret,
                                 struct ks_error *err);
void rest_headers_free(struct rest_headers *h);

/* Whether a client that sent If-None-Match (NULL: it did not) has the body with this etag. */
bool rest_headers_has_body(const char *if_none_match, const char *etag);

/* origin: the request's header, or NULL. */
void rest_headers_add(const struct rest_headers *h, struct MHD_Response *response,
                      const char *origin);
/* A browser asks whether its page may send `wanted_method`. True if it may; then response gets what
 * it needs to know. */
bool rest_headers_allow_preflight(const struct rest_headers *h, const char *origin,
                                  const char *wanted_method);
void rest_headers_add_preflight(const struct rest_headers *h, struct MHD_Response *response);
/* Whether a request that changes something may come from that page: of an allowed origin, or of
 * the one it is sent to (host: the Host header). Requests that are not from a page have no origin
 * and may. Without this any page in a browser on this machine could restart connectors. */
bool rest_headers_may_write(const struct rest_headers *h, const char *origin, const char *host);

#endif
