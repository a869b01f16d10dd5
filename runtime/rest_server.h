/* The HTTP side of the REST interface: connections, limits, time. A client costs a socket, however
 * slow it is; a handler that waits costs a thread of the pool; neither stops the rest. */
#ifndef RUNTIME_REST_SERVER_H
#define RUNTIME_REST_SERVER_H

#include "rest.h"
#include "rest_options.h"

struct rest_server;

/* Binds the listeners and answers from now on: routes with REST_EARLY at once, others with 503
 * until the herder is there. ctx->herder is NULL. worker and plugins live as long as the server.
 * Errors: FATAL naming the option or address. */
enum ks_status rest_server_open(const struct rest_options *take_options,
                                const struct rest_context *ctx, struct rest_server **ret,
                                struct ks_error *err);
/* The real port of the first listener; 0: there is none. */
uint16_t rest_server_port(const struct rest_server *s);
bool rest_server_is_tls(const struct rest_server *s);
/* From now on handlers have a herder, until the server is closed. */
void rest_server_ready(struct rest_server *s, struct herder *herder, const char *cluster_id);
/* Takes no more connections and starts no more handlers; waits for those that run. */
void rest_server_drain(struct rest_server *s, int64_t wait_ms);
/* What is still handled gets 503; answers on their way get wait_ms to arrive. Returns false if a
 * handler still runs: then herder, worker and plugins must not be freed, nor is the server. */
bool rest_server_close(struct rest_server *s, int64_t wait_ms);

#endif
