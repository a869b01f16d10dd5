/* The open connections of the REST interface and their time. libmicrohttpd's own limit counts from
 * the last byte, so one byte now and then would hold a connection for ever. Thread: any. */
#ifndef RUNTIME_REST_CLIENT_H
#define RUNTIME_REST_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rest_clients;
struct rest_client;

struct rest_clients *rest_clients_new(void);
void rest_clients_free(struct rest_clients *list);

/* group: connections of a listener count together. */
struct rest_client *rest_client_add(struct rest_clients *list, int fd, int group);
/* Before the socket is closed. */
void rest_client_remove(struct rest_clients *list, struct rest_client *c);

enum rest_client_phase {
    REST_CLIENT_SENDS,    /* a request, or nothing yet */
    REST_CLIENT_WAITS,    /* for us: no limit here */
    REST_CLIENT_RECEIVES, /* our answer */
};
/* Starts that phase's time. */
void rest_client_phase(struct rest_clients *list, struct rest_client *c,
                       enum rest_client_phase phase);
/* Shuts down the sockets whose time is over, and, of a group that is full, the one that has been
 * sending for the longest time. Returns how many. */
size_t rest_clients_sweep(struct rest_clients *list, int64_t limit_ms, size_t max_per_group);
/* Waits until nobody waits or receives; false at the deadline. */
bool rest_clients_wait_answered(struct rest_clients *list, int64_t wait_ms);

#endif
