#include "helper_http_server.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* Reads until the headers and the announced body are complete; false when the peer went. */
static bool read_request(int fd, struct http_request *r)
{
    char text[16384] = {0};
    size_t len = 0, wanted = SIZE_MAX;
    char *body = NULL;
    while (len < wanted && len < sizeof text - 1) {
        ssize_t got = read(fd, text + len, sizeof text - 1 - len);
        if (got <= 0)
            return false;
        len += (size_t)got;
        body = strstr(text, "\r\n\r\n");
        if (!body || wanted != SIZE_MAX)
            continue;
        const char *length = strcasestr(text, "\r\nContent-Length:");
        wanted = (size_t)(body + 4 - text) + (length ? strtoul(length + 17, NULL, 10) : 0);
    }
    memset(r, 0, sizeof *r);
    sscanf(text, "%7s %511s", r->method, r->path);
    snprintf(r->headers, sizeof r->headers, "%.*s", (int)(body - text), text);
    snprintf(r->body, sizeof r->body, "%s", body + 4);
    return true;
}

static void answer(struct http_server *s, int fd)
{
    struct http_request request;
    char body[8192] = {0};
    while (read_request(fd, &request)) {
        int code = s->handler(s->arg, &request, body, sizeof body);
        if (code == 0)
            return; /* hangs up without an answer */
        dprintf(fd, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n\r\n%s", code, strlen(body), body);
    }
}

static void *serve(void *arg)
{
    struct http_server *s = arg;
    int fd;
    while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
        answer(s, fd);
        close(fd);
    }
    return NULL;
}

void http_server_start(struct http_server *s, http_handler *handler, void *arg)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    s->handler = handler;
    s->arg = arg;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(s->fd, 8), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&address, &len), 0);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

/* The clients' connections must be closed before. */
void http_server_stop(struct http_server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
}
