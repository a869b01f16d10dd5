/* From a request's bytes to the handler of a route. */
#ifndef RUNTIME_REST_ROUTER_H
#define RUNTIME_REST_ROUTER_H

#include "rest.h"
#include "rest_target.h"

/* A request while it is received, then while it is handled. Owns: all. */
struct rest_call {
    struct rest_request req; /* points into what follows */
    const struct rest_route *route;
    struct rest_target target;
    char *method, *content_type;
    char *authorization; /* the header, NULL when there is none or it was looked at already */
    struct ks_buf body;
};

/* Finds the route. with_admin: also those with REST_ADMIN. content_type, accept: NULL if not given.
 * False: there is no handler to call and res has the answer: 404, 405, 415, 406, 400, or what
 * OPTIONS gets. call is to be released in any case. */
bool rest_router_find(const char *method, const char *uri, const char *content_type,
                      const char *accept, bool with_admin, struct rest_call *call,
                      struct rest_response *res);
/* Of a call that was found and has its body. */
void rest_router_handle(const struct rest_context *ctx, struct rest_call *call,
                        struct rest_response *res);
void rest_call_release(struct rest_call *call);

#endif
