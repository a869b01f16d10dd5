/* Addresses the REST interface listens on. */
#ifndef RUNTIME_REST_LISTENER_H
#define RUNTIME_REST_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "kitestream/error.h"

/* Owns: all. */
struct rest_listener {
    char *host;    /* as given: "" is all addresses; IPv6 without brackets */
    uint16_t port; /* 0 becomes the real one when it is open */
    bool tls;
    bool loopback; /* only this machine reaches it; known when it is open */
    int fd;        /* -1: not open */
};

/* "http://host:port" or "https://…"; without a port 8083. Errors: FATAL naming what is wrong. */
enum ks_status rest_listener_parse(const char *url, struct rest_listener *ret,
                                   struct ks_error *err);
/* Binds and listens. Errors: FATAL naming the address: in use, not allowed, not of this machine. */
enum ks_status rest_listener_open(struct rest_listener *l, struct ks_error *err);
void rest_listener_release(struct rest_listener *l);

#endif
