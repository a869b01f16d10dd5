/* One request's way. In: the HTTP library's calls, on its thread; out: an answer queued there.
 * Next: rest_router and the handlers. What is refused is decided at the headers, but told when the
 * body has been read and dropped, so that the connection stays usable; only who asks with "Expect:
 * 100-continue" is told at once. Handlers run on the pool while the connection is suspended: the
 * exchange belongs to the connection, the call to the pool, and only exchange_done connects them.
 */
#include "rest_exchange.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "log.h"

struct exchange {
    struct rest_daemon *daemon;
    struct MHD_Connection *connection;
    struct rest_client *client;
    char *uri;
    struct rest_call *call; /* until the pool has it */
    struct rest_response res;
    bool begun, submitted;
    bool preflight; /* res answers a browser that may */
    bool logs_in;   /* on the pool */
    bool read_only;
    bool decided; /* res is the answer; read under the server's lock once submitted */
};

/* ---- connection ---- */

void rest_exchange_connection(void *arg, struct MHD_Connection *connection, void **context,
                              enum MHD_ConnectionNotificationCode what)
{
    struct rest_daemon *daemon = arg;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        *context = rest_client_add(daemon->server->clients, info->connect_fd, daemon->group);
    } else {
        rest_client_remove(daemon->server->clients, *context);
    }
}

void *rest_exchange_begin(void *arg, const char *uri, struct MHD_Connection *connection)
{
    struct exchange *x = xcalloc(1, sizeof *x);
    x->daemon = arg;
    x->connection = connection;
    x->uri = xstrdup(uri);
    x->client =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    return x;
}

void rest_exchange_end(void *arg, struct MHD_Connection *connection, void **exchange,
                       enum MHD_RequestTerminationCode why)
{
    struct exchange *x = *exchange;
    if (!x)
        return;
    rest_client_phase(x->daemon->server->clients, x->client, REST_CLIENT_SENDS);
    if (x->call)
        rest_call_release(x->call);
    free(x->call);
    rest_response_release(&x->res);
    free(x->uri);
    free(x);
    *exchange = NULL;
}

/* ---- the answer ---- */

static const char *header(struct exchange *x, const char *name)
{
    return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

static struct MHD_Response *make_response(struct rest_response *res)
{
    char *text = NULL;
    size_t len = 0;
    if (res->json) {
        text = json_dumps(res->json, JSON_COMPACT | JSON_ENCODE_ANY);
        len = text ? strlen(text) : 0;
    } else {
        len = res->text.len;
        text = ks_buf_take_str(&res->text);
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
    const char *type = res->json && !res->type ? "application/json" : res->type;
    if (type)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (res->location)
        MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, res->location);
    if (res->allow)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, res->allow);
    if (res->etag)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, res->etag);
    for (const struct rest_header *h = res->headers; h && h->name; h++)
        MHD_add_response_header(response, h->name, h->value);
    return response;
}

/* Leaves the body out for a client that has it. */
static void spare_body(struct exchange *x)
{
    if (!x->res.etag ||
        !rest_headers_has_body(header(x, MHD_HTTP_HEADER_IF_NONE_MATCH), x->res.etag))
        return;
    ks_buf_reset(&x->res.text);
    x->res.type = NULL;
    x->res.status = 304;
}

static enum MHD_Result send_answer(struct exchange *x)
{
    struct rest_server *s = x->daemon->server;
    pthread_mutex_lock(&s->lock);
    bool stopping = s->stopping;
    pthread_mutex_unlock(&s->lock);
    spare_body(x);
    unsigned status = x->res.status ? (unsigned)x->res.status : 200;
    log_debug("REST: %u for %s", status, x->uri);
    struct MHD_Response *response = make_response(&x->res);
    rest_headers_add(s->gate.headers, response, header(x, MHD_HTTP_HEADER_ORIGIN));
    if (x->preflight)
        rest_headers_add_preflight(s->gate.headers, response);
    if (status == 401 && s->gate.auth)
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
                                rest_auth_challenge(s->gate.auth));
    if (stopping)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    rest_client_phase(s->clients, x->client, REST_CLIENT_RECEIVES);
    enum MHD_Result result = MHD_queue_response(x->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

/* ---- the headers ---- */

static enum MHD_Result add_length(void *arg, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    size_t *sum = arg;
    *sum += strlen(name) + (value ? strlen(value) : 0) + strlen(": \r\n");
    return MHD_YES;
}

static bool check_headers(struct exchange *x)
{
    const struct rest_options *options = &x->daemon->server->options;
    size_t len = strlen(x->uri);
    MHD_get_connection_values(x->connection, MHD_HEADER_KIND, add_length, &len);
    const char *body_len = header(x, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (len > options->max_header_bytes)
        rest_fail(&x->res, 431, "The request line and headers are longer than %zu bytes",
                  options->max_header_bytes);
    else if (body_len && strtoull(body_len, NULL, 10) > options->max_body_bytes)
        rest_fail(&x->res, 413, "The request's body is longer than %zu bytes",
                  options->max_body_bytes);
    return x->res.status == 0;
}

static bool find_route(struct exchange *x, const char *method)
{
    x->call = xcalloc(1, sizeof *x->call);
    bool admin = x->daemon->serves & REST_SERVES_ADMIN;
    if (!rest_router_find(method, x->uri, header(x, MHD_HTTP_HEADER_CONTENT_TYPE),
                          header(x, MHD_HTTP_HEADER_ACCEPT), admin, x->call, &x->res))
        return false;
    if ((x->daemon->serves & REST_SERVES_API) || (x->call->route->flags & REST_ADMIN))
        return true;
    rest_fail(&x->res, 404, "HTTP 404 Not Found");
    return false;
}

static bool is_allowed_preflight(struct exchange *x, const char *method)
{
    return strcmp(method, "OPTIONS") == 0 &&
           rest_headers_allow_preflight(x->daemon->server->gate.headers,
                                        header(x, MHD_HTTP_HEADER_ORIGIN),
                                        header(x, "Access-Control-Request-Method"));
}

static gnutls_session_t tls_session(struct exchange *x)
{
    if (!x->daemon->tls)
        return NULL;
    return MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session;
}

static bool pass_gate(struct exchange *x)
{
    const struct rest_asked asked = {.authorization = header(x, MHD_HTTP_HEADER_AUTHORIZATION),
                                     .origin = header(x, MHD_HTTP_HEADER_ORIGIN),
                                     .host = header(x, MHD_HTTP_HEADER_HOST),
                                     .route = x->call->route,
                                     .session = tls_session(x)};
    enum rest_auth_answer who = rest_gate_check(&x->daemon->server->gate, &asked, &x->res);
    x->logs_in = who == REST_AUTH_SLOW;
    x->read_only = who == REST_AUTH_READ;
    if (x->logs_in)
        x->call->authorization = xstrdup(asked.authorization);
    return who != REST_AUTH_NO;
}

/* False: res is the answer. What does not exist is told only to who may know. */
static bool decide(struct exchange *x, const char *method)
{
    if (!check_headers(x))
        return false;
    x->preflight = is_allowed_preflight(x, method);
    if (x->preflight)
        return false;
    bool found = find_route(x, method);
    return pass_gate(x) && found;
}

static enum MHD_Result take_headers(struct exchange *x, const char *method)
{
    x->begun = true;
    x->decided = !decide(x, method);
    const char *expect = header(x, MHD_HTTP_HEADER_EXPECT);
    return x->decided && expect && strcasecmp(expect, "100-continue") == 0 ? send_answer(x)
                                                                           : MHD_YES;
}

/* ---- the body ---- */

static void take_body(struct exchange *x, const char *data, size_t len)
{
    size_t max = x->daemon->server->options.max_body_bytes;
    if (x->decided)
        return;
    if (x->call->body.len + len <= max) {
        ks_buf_add(&x->call->body, data, len);
        return;
    }
    rest_fail(&x->res, 413, "The request's body is longer than %zu bytes", max);
    x->decided = true;
}

/* ---- the handler ---- */

/* Thread: any. */
static void exchange_done(void *arg, struct rest_response *res)
{
    struct exchange *x = arg;
    struct rest_server *s = x->daemon->server;
    pthread_mutex_lock(&s->lock);
    x->res = *res;
    *res = (struct rest_response){0};
    x->decided = true;
    pthread_mutex_unlock(&s->lock);
    MHD_resume_connection(x->connection);
}

static void submit(struct exchange *x, const struct rest_context *ctx)
{
    struct rest_server *s = x->daemon->server;
    const struct rest_job job = {.take_call = x->call,
                                 .ctx = *ctx,
                                 .before = x->logs_in ? rest_gate_log_in : NULL,
                                 .before_arg = &s->gate,
                                 .done = exchange_done,
                                 .done_arg = x};
    x->call = NULL;
    x->submitted = true;
    rest_client_phase(s->clients, x->client, REST_CLIENT_WAITS);
    MHD_suspend_connection(x->connection);
    rest_pool_submit(s->pool, &job);
}

static enum MHD_Result handle(struct exchange *x)
{
    struct rest_server *s = x->daemon->server;
    pthread_mutex_lock(&s->lock);
    struct rest_context ctx = s->ctx;
    bool stopping = s->stopping;
    pthread_mutex_unlock(&s->lock);
    unsigned flags = x->call->route->flags;
    bool early = flags & REST_EARLY;
    x->call->req.read_only = x->read_only;
    if ((flags & REST_INLINE) && !x->logs_in) {
        rest_router_handle(&ctx, x->call, &x->res);
    } else if (stopping && !early) {
        rest_fail(&x->res, 503, "The worker is stopping");
    } else if (!ctx.herder && !early) {
        rest_fail(&x->res, 503,
                  "The worker is starting: it has not read its topics from Kafka (%s) yet; the log "
                  "says why",
                  ctx.worker->bootstrap_servers);
    } else {
        submit(x, &ctx);
        return MHD_YES;
    }
    return send_answer(x);
}

enum MHD_Result rest_exchange_access(void *arg, struct MHD_Connection *connection, const char *url,
                                     const char *method, const char *version, const char *data,
                                     size_t *data_len, void **exchange)
{
    struct exchange *x = *exchange;
    if (!x->begun)
        return take_headers(x, method);
    if (*data_len > 0) {
        take_body(x, data, *data_len);
        *data_len = 0;
        return MHD_YES;
    }
    pthread_mutex_lock(&x->daemon->server->lock);
    bool decided = x->decided;
    pthread_mutex_unlock(&x->daemon->server->lock);
    return decided ? send_answer(x) : handle(x);
}
