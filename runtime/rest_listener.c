/* Addresses to listen on. In: URLs of the option `listeners`; out: listening sockets, each with its
 * real port. Next: rest_server gives them to the HTTP library. Sockets are made here since the
 * library says only "failed", and binds to all addresses unless told otherwise. */
#include "rest_listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"

#define DEFAULT_PORT 8083
#define BACKLOG 256

static bool parse_port(const char *text, uint16_t *ret)
{
    char *end;
    errno = 0;
    long port = strtol(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || *text == '+' || port > 65535)
        return false;
    *ret = (uint16_t)port;
    return true;
}

/* After "://". */
static bool parse_address(const char *address, struct rest_listener *l)
{
    size_t len = strlen(address);
    if (len > 0 && address[len - 1] == '/')
        len--;
    char *text = xstrndup(address, len);
    char *end = *text == '[' ? strchr(text, ']') : text + strcspn(text, ":");
    bool good = end && !strpbrk(text, "/?#@ ");
    if (good) {
        const char *host = *text == '[' ? text + 1 : text;
        const char *port = *text == '[' ? end + 1 : end;
        good = *port == '\0' || (*port == ':' && parse_port(port + 1, &l->port));
        l->host = good ? xstrndup(host, (size_t)(end - host)) : NULL;
    }
    free(text);
    return good;
}

enum ks_status rest_listener_parse(const char *url, struct rest_listener *ret, struct ks_error *err)
{
    struct rest_listener l = {.port = DEFAULT_PORT, .fd = -1};
    const char *address = NULL;
    if (strncasecmp(url, "http://", 7) == 0)
        address = url + 7;
    else if (strncasecmp(url, "https://", 8) == 0)
        address = url + 8;
    l.tls = address == url + 8;
    if (!address || !parse_address(address, &l))
        return ks_error_set(err, KS_ERR_FATAL,
                            "\"%.200s\" is no listener; one is http://host:port or "
                            "https://host:port",
                            url);
    *ret = l;
    return KS_OK;
}

void rest_listener_release(struct rest_listener *l)
{
    if (l->fd >= 0)
        close(l->fd);
    free(l->host);
    *l = (struct rest_listener){.fd = -1};
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)address;
        return (ntohl(in->sin_addr.s_addr) >> 24) == 127;
    }
    const struct sockaddr_in6 *in6 = (const void *)address;
    return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

static void note_address(struct rest_listener *l)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    if (getsockname(l->fd, (struct sockaddr *)&address, &len) != 0)
        return;
    l->loopback = is_loopback((struct sockaddr *)&address);
    l->port = ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                                  : ((struct sockaddr_in *)&address)->sin_port);
}

/* Returns the socket, or -1 with errno. */
static int open_one(const struct addrinfo *a)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1, off = 0;
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (a->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

enum ks_status rest_listener_open(struct rest_listener *l, struct ks_error *err)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char port[8];
    snprintf(port, sizeof port, "%u", l->port);
    int failed = getaddrinfo(*l->host ? l->host : NULL, port, &hints, &found);
    if (failed)
        return ks_error_set(err, KS_ERR_FATAL, "listeners: cannot resolve \"%.200s\": %s", l->host,
                            gai_strerror(failed));
    for (const struct addrinfo *a = found; a && l->fd < 0; a = a->ai_next)
        l->fd = open_one(a);
    int reason = errno;
    freeaddrinfo(found);
    if (l->fd < 0)
        return ks_error_set(err, KS_ERR_FATAL, "listeners: cannot listen on %.200s port %u: %s",
                            *l->host ? l->host : "all addresses", l->port, strerror(reason));
    note_address(l);
    return KS_OK;
}
