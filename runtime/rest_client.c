/* Open connections. In: what the HTTP library tells of them; out: sockets shut down when a client
 * takes too long, upon which the library closes them. A socket is in the list only while it is
 * open, so no other file can be hit. */
#include "rest_client.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "alloc.h"
#include "clock.h"
#include "mono_cond.h"

/* Room is made only at the cost of those that had their chance. */
#define CHANCE_MS 1000

struct rest_client {
    int fd, group;
    enum rest_client_phase phase;
    int64_t since_ms;
    struct rest_client *prev, *next;
};

struct rest_clients {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct rest_client *first;
};

struct rest_clients *rest_clients_new(void)
{
    struct rest_clients *list = xcalloc(1, sizeof *list);
    pthread_mutex_init(&list->lock, NULL);
    mono_cond_init(&list->changed);
    return list;
}

void rest_clients_free(struct rest_clients *list)
{
    if (!list)
        return;
    pthread_cond_destroy(&list->changed);
    pthread_mutex_destroy(&list->lock);
    free(list);
}

struct rest_client *rest_client_add(struct rest_clients *list, int fd, int group)
{
    struct rest_client *c = xcalloc(1, sizeof *c);
    *c = (struct rest_client){.fd = fd, .group = group, .since_ms = clock_mono_ms()};
    pthread_mutex_lock(&list->lock);
    c->next = list->first;
    if (c->next)
        c->next->prev = c;
    list->first = c;
    pthread_mutex_unlock(&list->lock);
    return c;
}

void rest_client_remove(struct rest_clients *list, struct rest_client *c)
{
    pthread_mutex_lock(&list->lock);
    *(c->prev ? &c->prev->next : &list->first) = c->next;
    if (c->next)
        c->next->prev = c->prev;
    pthread_cond_broadcast(&list->changed);
    pthread_mutex_unlock(&list->lock);
    free(c);
}

void rest_client_phase(struct rest_clients *list, struct rest_client *c,
                       enum rest_client_phase phase)
{
    pthread_mutex_lock(&list->lock);
    c->phase = phase;
    c->since_ms = clock_mono_ms();
    pthread_cond_broadcast(&list->changed);
    pthread_mutex_unlock(&list->lock);
}

/* Its time starts again, so that it is not shut down at every look. */
static void shut_down(struct rest_client *c, int64_t now_ms)
{
    shutdown(c->fd, SHUT_RDWR);
    c->since_ms = now_ms;
}

static size_t shut_down_late(struct rest_clients *list, int64_t now_ms, int64_t limit_ms)
{
    size_t count = 0;
    for (struct rest_client *c = list->first; c; c = c->next)
        if (c->phase != REST_CLIENT_WAITS && now_ms - c->since_ms >= limit_ms) {
            shut_down(c, now_ms);
            count++;
        }
    return count;
}

static struct rest_client *longest_sender(struct rest_clients *list, int group, int64_t now_ms)
{
    struct rest_client *oldest = NULL;
    for (struct rest_client *c = list->first; c; c = c->next)
        if (c->group == group && c->phase == REST_CLIENT_SENDS &&
            now_ms - c->since_ms >= CHANCE_MS && (!oldest || c->since_ms < oldest->since_ms))
            oldest = c;
    return oldest;
}

/* An eighth at a time: they may come back faster than we look. */
static size_t make_room(struct rest_clients *list, int64_t now_ms, int group, size_t max)
{
    size_t members = 0, count = 0;
    for (const struct rest_client *c = list->first; c; c = c->next)
        members += c->group == group;
    struct rest_client *c;
    while (members >= max && count <= max / 8 && (c = longest_sender(list, group, now_ms))) {
        shut_down(c, now_ms);
        count++;
    }
    return count;
}

size_t rest_clients_sweep(struct rest_clients *list, int64_t limit_ms, size_t max_per_group)
{
    int64_t now_ms = clock_mono_ms();
    int last_group = -1;
    pthread_mutex_lock(&list->lock);
    size_t count = shut_down_late(list, now_ms, limit_ms);
    for (const struct rest_client *c = list->first; c; c = c->next)
        last_group = c->group > last_group ? c->group : last_group;
    for (int group = 0; group <= last_group; group++)
        count += make_room(list, now_ms, group, max_per_group);
    pthread_mutex_unlock(&list->lock);
    return count;
}

static bool all_answered(const struct rest_clients *list)
{
    for (const struct rest_client *c = list->first; c; c = c->next)
        if (c->phase != REST_CLIENT_SENDS)
            return false;
    return true;
}

bool rest_clients_wait_answered(struct rest_clients *list, int64_t wait_ms)
{
    int64_t at_ms = clock_mono_ms() + wait_ms;
    bool late = false;
    pthread_mutex_lock(&list->lock);
    while (!all_answered(list) && !late)
        late = !mono_cond_wait(&list->changed, &list->lock, at_ms);
    bool answered = all_answered(list);
    pthread_mutex_unlock(&list->lock);
    return answered;
}
