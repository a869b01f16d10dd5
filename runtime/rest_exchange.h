/* What the HTTP library calls for one connection and one request, and what these calls share with
 * the server that owns them. */
#ifndef RUNTIME_REST_EXCHANGE_H
#define RUNTIME_REST_EXCHANGE_H

#include <microhttpd.h>
#include <pthread.h>

#include "rest_client.h"
#include "rest_gate.h"
#include "rest_pool.h"

struct rest_server {
    struct rest_options options;
    struct rest_gate gate;
    struct rest_pool *pool;
    struct rest_clients *clients;
    struct rest_daemon *daemons; /* options.port_count */
    pthread_t sweeper;
    bool has_sweeper, closing;
    pthread_mutex_t lock; /* ctx, what follows, and answers on their way between threads */
    pthread_cond_t wake;  /* of the sweeper */
    struct rest_context ctx;
    char *cluster_id; /* set once */
    bool stopping;
};

/* One listener. */
struct rest_daemon {
    struct rest_server *server;
    struct MHD_Daemon *mhd;
    unsigned serves;
    bool tls;
    int group; /* of its connections */
};

/* For MHD_start_daemon; arg is the rest_daemon. */
void rest_exchange_connection(void *arg, struct MHD_Connection *connection, void **context,
                              enum MHD_ConnectionNotificationCode what);
void *rest_exchange_begin(void *arg, const char *uri, struct MHD_Connection *connection);
enum MHD_Result rest_exchange_access(void *arg, struct MHD_Connection *connection, const char *url,
                                     const char *method, const char *version, const char *data,
                                     size_t *data_len, void **exchange);
void rest_exchange_end(void *arg, struct MHD_Connection *connection, void **exchange,
                       enum MHD_RequestTerminationCode why);

#endif
