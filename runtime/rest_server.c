/* The HTTP server. In: options; out: a daemon of libmicrohttpd per listener, and one thread of our
 * own that looks at what took too long. Next: rest_exchange for each request. Order of a stop: no
 * new connections, no new handlers, running ones end, the herder stops, what is left gets 503,
 * answers arrive, the daemons end. */
#include "rest_server.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "kitestream/sdk/util.h"
#include "log.h"
#include "mono_cond.h"
#include "rest_exchange.h"

#define SWEEP_MS 250
/* Beside the headers, of which a second copy is made, the library needs some memory for itself. */
#define CONNECTION_SPARE_BYTES 16384
#define THREAD_END_MS 200

/* ---- the library ---- */

static void on_library_log(void *arg, const char *fmt, va_list args)
    __attribute__((format(printf, 2, 0)));
static void on_library_log(void *arg, const char *fmt, va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, fmt, args) < 0)
        return;
    text[strcspn(text, "\n")] = '\0';
    log_debug("REST: %s", text);
    free(text);
}

/* The path is decoded by rest_target, after it was split. */
static size_t leave_encoded(void *arg, struct MHD_Connection *connection, char *text)
{
    return strlen(text);
}

static enum ks_status start_daemon(struct rest_server *s, size_t index, struct ks_error *err)
{
    struct rest_port *port = &s->options.ports[index];
    struct rest_daemon *d = &s->daemons[index];
    bool tls = port->listener.tls;
    *d = (struct rest_daemon){.server = s, .serves = port->serves, .tls = tls, .group = (int)index};
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
                     MHD_USE_ITC | (tls ? MHD_USE_TLS : 0);
    const char *client_ca = tls ? rest_tls_client_ca(s->gate.tls) : NULL;
    struct MHD_OptionItem tls_options[] = {
        {MHD_OPTION_HTTPS_CERT_CALLBACK2, 0, (void *)rest_tls_certificate},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
        {client_ca ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0, (void *)client_ca},
        {MHD_OPTION_END, 0, NULL},
    };
    d->mhd = MHD_start_daemon(flags, 0, NULL, NULL, rest_exchange_access, d,                     //
                              MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL,                  //
                              MHD_OPTION_LISTEN_SOCKET, port->listener.fd,                       //
                              MHD_OPTION_CONNECTION_LIMIT, (unsigned)s->options.max_connections, //
                              MHD_OPTION_CONNECTION_MEMORY_LIMIT,                                //
                              s->options.max_header_bytes * 2 + CONNECTION_SPARE_BYTES,          //
                              MHD_OPTION_NOTIFY_CONNECTION, rest_exchange_connection, d,         //
                              MHD_OPTION_NOTIFY_COMPLETED, rest_exchange_end, d,                 //
                              MHD_OPTION_URI_LOG_CALLBACK, rest_exchange_begin, d,               //
                              MHD_OPTION_ARRAY, tls ? tls_options : &tls_options[3],
                              MHD_OPTION_UNESCAPE_CALLBACK, leave_encoded, NULL, //
                              MHD_OPTION_END);
    if (!d->mhd)
        return ks_error_set(err, KS_ERR_FATAL,
                            "listeners: the HTTP server for port %u does not "
                            "start; log.level=debug says why",
                            port->listener.port);
    port->listener.fd = -1; /* the daemon's now */
    return KS_OK;
}

/* ---- time ---- */

static void *sweep(void *arg)
{
    struct rest_server *s = arg;
    pthread_mutex_lock(&s->lock);
    while (!s->closing) {
        int64_t at_ms = clock_mono_ms() + SWEEP_MS;
        mono_cond_wait(&s->wake, &s->lock, at_ms);
        pthread_mutex_unlock(&s->lock);
        rest_pool_expire(s->pool, false);
        rest_gate_refresh(&s->gate);
        rest_clients_sweep(s->clients, s->options.client_timeout_ms, s->options.max_connections);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* ---- open and close ---- */

static struct rest_server *make_server(const struct rest_options *options,
                                       const struct rest_context *ctx)
{
    struct rest_server *s = xcalloc(1, sizeof *s);
    s->options = *options;
    s->ctx = *ctx;
    s->ctx.kafka_cluster_id = "";
    s->clients = rest_clients_new();
    s->daemons = xcalloc(options->port_count + 1, sizeof *s->daemons);
    pthread_mutex_init(&s->lock, NULL);
    mono_cond_init(&s->wake);
    return s;
}

static void free_server(struct rest_server *s)
{
    rest_gate_close(&s->gate);
    rest_options_release(&s->options);
    rest_clients_free(s->clients);
    free(s->daemons);
    free(s->cluster_id);
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static void log_listener(const struct rest_server *s, const struct rest_listener *l)
{
    bool v6 = strchr(l->host, ':');
    log_info("REST: listening on %s://%s%s%s:%u", l->tls ? "https" : "http", v6 ? "[" : "",
             *l->host ? l->host : "0.0.0.0", v6 ? "]" : "", l->port);
    if (!l->loopback && !rest_gate_guards(&s->gate, l))
        log_warn("REST: port %u can be reached from other machines and asks nobody for a login: "
                 "whoever reaches it may change and delete connectors. Set rest.auth.users.file or "
                 "rest.auth.tokens.file, or listen on 127.0.0.1",
                 l->port);
}

static enum ks_status start_all(struct rest_server *s, struct ks_error *err)
{
    enum ks_status status = KS_OK;
    for (size_t i = 0; i < s->options.port_count && status == KS_OK; i++)
        status = rest_listener_open(&s->options.ports[i].listener, err);
    if (status == KS_OK)
        status = rest_gate_open(&s->gate, &s->options, err);
    if (status == KS_OK)
        status = rest_pool_open(s->options.threads, s->options.request_timeout_ms, &s->pool, err);
    if (status == KS_OK) {
        s->has_sweeper = pthread_create(&s->sweeper, NULL, sweep, s) == 0;
        if (!s->has_sweeper)
            status = ks_error_set(err, KS_ERR_FATAL, "no thread for the REST interface");
    }
    for (size_t i = 0; i < s->options.port_count && status == KS_OK; i++)
        status = start_daemon(s, i, err);
    return status;
}

enum ks_status rest_server_open(const struct rest_options *take_options,
                                const struct rest_context *ctx, struct rest_server **ret,
                                struct ks_error *err)
{
    struct rest_server *s = make_server(take_options, ctx);
    enum ks_status status = start_all(s, err);
    if (status != KS_OK) {
        rest_server_close(s, 0);
        return status;
    }
    for (size_t i = 0; i < s->options.port_count; i++)
        log_listener(s, &s->options.ports[i].listener);
    *ret = s;
    return KS_OK;
}

uint16_t rest_server_port(const struct rest_server *s)
{
    return s->options.port_count > 0 ? s->options.ports[0].listener.port : 0;
}

bool rest_server_is_tls(const struct rest_server *s)
{
    return s->options.port_count > 0 && s->options.ports[0].listener.tls;
}

void rest_server_ready(struct rest_server *s, struct herder *herder, const char *cluster_id)
{
    pthread_mutex_lock(&s->lock);
    s->cluster_id = xstrdup(cluster_id);
    s->ctx.kafka_cluster_id = s->cluster_id;
    s->ctx.herder = herder;
    pthread_mutex_unlock(&s->lock);
}

static void stop_listening(struct rest_server *s)
{
    for (size_t i = 0; i < s->options.port_count; i++) {
        MHD_socket fd = s->daemons[i].mhd ? MHD_quiesce_daemon(s->daemons[i].mhd) : -1;
        if (fd >= 0)
            close(fd);
    }
}

void rest_server_drain(struct rest_server *s, int64_t wait_ms)
{
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_mutex_unlock(&s->lock);
    stop_listening(s);
    rest_pool_wait(s->pool, wait_ms);
}

static void stop_sweeper(struct rest_server *s)
{
    pthread_mutex_lock(&s->lock);
    s->closing = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    if (s->has_sweeper)
        pthread_join(s->sweeper, NULL);
}

bool rest_server_close(struct rest_server *s, int64_t wait_ms)
{
    if (s->pool) {
        rest_pool_expire(s->pool, true);
        rest_clients_wait_answered(s->clients, wait_ms);
    }
    for (size_t i = 0; i < s->options.port_count; i++)
        if (s->daemons[i].mhd)
            MHD_stop_daemon(s->daemons[i].mhd);
    stop_sweeper(s);
    if (!rest_pool_close(s->pool, THREAD_END_MS))
        return false;
    free_server(s);
    return true;
}
