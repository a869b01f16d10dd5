/* A HTTP server inside the test, one connection at a time, on a free loopback port. */
#ifndef HELPER_HTTP_SERVER_H
#define HELPER_HTTP_SERVER_H

#include <pthread.h>
#include <stddef.h>

struct http_request {
    char method[8], path[512], headers[4096], body[8192];
};
/* Fills the answer's body; returns the status code. Thread: the server's. */
typedef int http_handler(void *arg, const struct http_request *request, char *body, size_t size);

struct http_server {
    char url[64];
    int fd;
    pthread_t thread;
    http_handler *handler;
    void *arg;
};
void http_server_start(struct http_server *s, http_handler *handler, void *arg);
void http_server_stop(struct http_server *s);

#endif
