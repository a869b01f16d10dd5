/* The gate. In: the headers of a request, and its route; out: pass, as which role, or the answer
 * that refuses. Next: rest_exchange. 401 means: show who you are; 403: you may not. */
#include "rest_gate.h"

#include <string.h>

enum ks_status rest_gate_open(struct rest_gate *ret, const struct rest_options *options,
                              struct ks_error *err)
{
    struct rest_gate g = {.options = options};
    bool wants_tls = false;
    for (size_t i = 0; i < options->port_count; i++)
        wants_tls |= options->ports[i].listener.tls;
    enum ks_status status = rest_headers_open(options, &g.headers, err);
    if (status == KS_OK)
        status = rest_auth_open(options, &g.auth, err);
    if (status == KS_OK && wants_tls)
        status = rest_tls_open(options, &g.tls, err);
    if (status == KS_OK)
        *ret = g;
    else
        rest_gate_close(&g);
    return status;
}

void rest_gate_close(struct rest_gate *g)
{
    rest_headers_free(g->headers);
    rest_auth_free(g->auth);
    rest_tls_close(g->tls);
    *g = (struct rest_gate){0};
}

void rest_gate_refresh(struct rest_gate *g)
{
    rest_auth_refresh(g->auth);
    rest_tls_refresh(g->tls);
}

bool rest_gate_guards(const struct rest_gate *g, const struct rest_listener *l)
{
    return g->auth || (l->tls && g->tls && rest_tls_client_ca(g->tls));
}

static bool is_open(const struct rest_gate *g, const struct rest_route *route)
{
    return g->options->health_open && route && strcmp(route->path, "/health") == 0;
}

static bool may(enum rest_auth_answer who, unsigned flags, struct rest_response *res)
{
    if (who == REST_AUTH_NO)
        rest_fail(res, 401,
                  "Who are you? This needs a login: rest.auth.* of the worker says whose");
    else if (who == REST_AUTH_READ && (flags & REST_WRITES))
        rest_fail(res, 403, "This login may only read (rest.auth.read.only)");
    else
        return true;
    return false;
}

static bool check_certificate(struct rest_gate *g, const struct rest_asked *asked,
                              struct rest_response *res)
{
    bool needed = asked->session && rest_tls_client_ca(g->tls);
    if (!needed || rest_tls_client_is_known(g->tls, asked->session))
        return true;
    rest_fail(res, 403,
              "A client certificate is needed here, signed by an authority in "
              "listeners.https.ssl.ca.location");
    return false;
}

enum rest_auth_answer rest_gate_check(struct rest_gate *g, const struct rest_asked *asked,
                                      struct rest_response *res)
{
    unsigned flags = asked->route ? asked->route->flags : 0;
    if (is_open(g, asked->route))
        return REST_AUTH_READ;
    if (!check_certificate(g, asked, res))
        return REST_AUTH_NO;
    if ((flags & REST_WRITES) && !rest_headers_may_write(g->headers, asked->origin, asked->host)) {
        rest_fail(res, 403,
                  "Pages of another origin may not do that; access.control.allow.origin of the "
                  "worker names those that may");
        return REST_AUTH_NO;
    }
    if (!g->auth)
        return REST_AUTH_WRITE;
    enum rest_auth_answer who = rest_auth_check(g->auth, asked->authorization, false);
    return who == REST_AUTH_SLOW || may(who, flags, res) ? who : REST_AUTH_NO;
}

bool rest_gate_log_in(void *gate, struct rest_call *call, struct rest_response *res)
{
    struct rest_gate *g = gate;
    enum rest_auth_answer who = rest_auth_check(g->auth, call->authorization, true);
    call->req.read_only = who == REST_AUTH_READ;
    return may(who, call->route->flags, res);
}
