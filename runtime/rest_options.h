/* The worker's options for REST, read and checked. */
#ifndef RUNTIME_REST_OPTIONS_H
#define RUNTIME_REST_OPTIONS_H

#include "rest_listener.h"
#include "worker_config.h"

enum rest_service {
    REST_SERVES_API = 1 << 0,
    REST_SERVES_ADMIN = 1 << 1, /* routes with REST_ADMIN */
};

struct rest_port {
    struct rest_listener listener;
    unsigned serves;
};

/* Owns: ports and read_only; texts are the worker configuration's. NULL: not given. */
struct rest_options {
    struct rest_port *ports;
    size_t port_count, port_cap;
    int64_t request_timeout_ms; /* for a handler */
    int64_t client_timeout_ms;  /* for a client to send a request or to take an answer */
    size_t max_body_bytes, max_header_bytes, max_connections, threads;
    const char *certificate_file, *key_file, *client_ca_file;
    const char *users_file, *tokens_file;
    char **read_only; /* names of users and tokens; free() */
    size_t read_only_count;
    bool health_open; /* /health needs no login */
    const char *cors_origin, *cors_methods, *extra_headers;
};

/* Errors: FATAL naming the option. */
enum ks_status rest_options_read(const struct worker_config *worker, struct rest_options *ret,
                                 struct ks_error *err);
void rest_options_release(struct rest_options *o);

#endif
