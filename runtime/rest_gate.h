/* Whether a request may pass: certificate, login, role, origin. */
#ifndef RUNTIME_REST_GATE_H
#define RUNTIME_REST_GATE_H

#include "rest_auth.h"
#include "rest_headers.h"
#include "rest_router.h"
#include "rest_tls.h"

struct rest_gate {
    const struct rest_options *options;
    struct rest_auth *auth; /* NULL: no logins */
    struct rest_tls *tls;   /* NULL: no https:// listener */
    struct rest_headers *headers;
};

/* Opens what the options ask for. Errors: FATAL. */
enum ks_status rest_gate_open(struct rest_gate *ret, const struct rest_options *options,
                              struct ks_error *err);
void rest_gate_close(struct rest_gate *g);
/* Takes changed files. */
void rest_gate_refresh(struct rest_gate *g);
/* Whether requests on a listener need to prove anything. */
bool rest_gate_guards(const struct rest_gate *g, const struct rest_listener *l);

/* The headers that matter; NULL: not given. */
struct rest_asked {
    const char *authorization, *origin, *host;
    const struct rest_route *route; /* NULL: there is none, so nothing can be written */
    gnutls_session_t session;       /* NULL: not TLS */
};

/* REST_AUTH_NO: res has the answer, 401 or 403, and replaces what it held. REST_AUTH_SLOW: ask
 * rest_gate_log_in on the pool. */
enum rest_auth_answer rest_gate_check(struct rest_gate *g, const struct rest_asked *asked,
                                      struct rest_response *res);
/* A rest_before_fn; gate is the rest_gate. call->authorization is what the client sent. */
bool rest_gate_log_in(void *gate, struct rest_call *call, struct rest_response *res);

#endif
