/* A HTTP client that can be slow and rude: raw bytes over a loopback socket, answers read one by
 * one. */
#ifndef HELPER_HTTP_CLIENT_H
#define HELPER_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_answer {
    int status;
    char headers[8192]; /* with the status line */
    char body[16384];
    size_t body_len;
};

/* Connected, or the test fails. */
int http_client_open(uint16_t port);
void http_client_send(int fd, const char *text);
/* The next answer; false when the server closed before it was complete, or after 20 s. head: it
 * answers HEAD, so it has no body. */
bool http_client_read(int fd, bool head, struct http_answer *ret);
/* Waits until the server has closed; false after 20 s. */
bool http_client_closed(int fd);
/* One request on a connection of its own; headers: lines with \r\n, or "". */
struct http_answer http_client_ask(uint16_t port, const char *method, const char *target,
                                   const char *headers, const char *body);
/* The value of a header, in a static buffer; NULL: not there. */
const char *http_answer_header(const struct http_answer *answer, const char *name);

#endif
