#include "helper_http_client.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_S 20

int http_client_open(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    struct timeval patience = {.tv_sec = PATIENCE_S};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* A server that closed meanwhile is seen when reading. */
void http_client_send(int fd, const char *text)
{
    size_t len = strlen(text);
    while (len > 0) {
        ssize_t sent = send(fd, text, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        text += sent;
        len -= (size_t)sent;
    }
}

static bool read_bytes(int fd, char *to, size_t len)
{
    while (len > 0) {
        ssize_t got = recv(fd, to, len, 0);
        if (got <= 0)
            return false;
        to += got;
        len -= (size_t)got;
    }
    return true;
}

/* Byte by byte: what follows belongs to the next answer. */
static bool read_headers(int fd, struct http_answer *ret)
{
    size_t len = 0;
    while (len < 4 || memcmp(ret->headers + len - 4, "\r\n\r\n", 4) != 0) {
        if (len + 1 >= sizeof ret->headers || !read_bytes(fd, ret->headers + len, 1))
            return false;
        ret->headers[++len] = '\0';
    }
    return true;
}

bool http_client_read(int fd, bool head, struct http_answer *ret)
{
    *ret = (struct http_answer){0};
    if (!read_headers(fd, ret) || sscanf(ret->headers, "HTTP/1.1 %d", &ret->status) != 1)
        return false;
    if (ret->status == 100)
        return true;
    const char *length = http_answer_header(ret, "Content-Length");
    ret->body_len = length && !head ? strtoul(length, NULL, 10) : 0;
    assert_true(ret->body_len < sizeof ret->body);
    return read_bytes(fd, ret->body, ret->body_len);
}

bool http_client_closed(int fd)
{
    char bytes[1000];
    ssize_t got;
    while ((got = recv(fd, bytes, sizeof bytes, 0)) > 0)
        ;
    return got == 0 || errno == ECONNRESET;
}

struct http_answer http_client_ask(uint16_t port, const char *method, const char *target,
                                   const char *headers, const char *body)
{
    int fd = http_client_open(port);
    char head[12000];
    int len =
        snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: test\r\n%s", method, target, headers);
    assert_true(len > 0 && (size_t)len < sizeof head - 100);
    if (body)
        snprintf(head + len, sizeof head - (size_t)len, "Content-Length: %zu\r\n", strlen(body));
    http_client_send(fd, head);
    http_client_send(fd, "\r\n");
    http_client_send(fd, body ? body : "");
    struct http_answer answer;
    assert_true(http_client_read(fd, strcmp(method, "HEAD") == 0, &answer));
    close(fd);
    return answer;
}

const char *http_answer_header(const struct http_answer *answer, const char *name)
{
    static char value[2048];
    size_t name_len = strlen(name);
    for (const char *line = strstr(answer->headers, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, name_len) != 0 || line[name_len] != ':')
            continue;
        const char *from = line + name_len + 1 + strspn(line + name_len + 1, " ");
        snprintf(value, sizeof value, "%.*s", (int)strcspn(from, "\r"), from);
        return value;
    }
    return NULL;
}
