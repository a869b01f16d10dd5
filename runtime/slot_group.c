/* Placement by Kafka's consumer group. In: the group's assignments; out: slots gained and lost.
 * Next: herder. Order: a slot is given up only after `lost` returned, that is after its tasks
 * ended; so two workers never run one connector unless a worker was away for a whole session, and
 * then the old one is fenced by its transactions. A static member is not taken for gone when it
 * closes, so a worker that stops while others are there unsubscribes first, which says so. A client
 * whose membership has ended for good (Kafka has seen another one of its id) gives up all slots at
 * once, waits until nobody has the id, and is replaced. Death: the session ends 10 s later. */
#include "slot_group.h"

#include <ctype.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "group_members.h"
#include "kitestream/sdk/util.h"
#include "log.h"
#include "slot_client.h"
#include "topic_admin.h"

#define POLL_MS 100
#define ASSIGN_POLL_MS 10
#define ASSIGN_TIMEOUT_MS 1500
#define LOOK_AGAIN_MS 2000
#define MEMBERS_TIMEOUT_MS 5000
#define ALL_SLOTS ((slot_mask)0xffffffff)

struct slot_group {
    const struct worker_config *worker;
    struct slot_events events;
    char *topic, *what, *instance_id;
    pthread_mutex_t client_lock; /* the thread exchanges rk under it */
    rd_kafka_t *rk;
    pthread_t thread;
    bool has_thread;
    _Atomic bool stop;
    _Atomic slot_mask held;
    _Atomic bool assigned; /* once at least */
    int64_t awake_ms;      /* the thread's: when it last did something */
    int64_t away_ms;       /* the thread's: how long it stood still; 0: not beyond its session */
    bool ended;            /* the thread's: this client's membership, for good */
    int64_t look_again_ms; /* the thread's: whether its id is free now */
    bool has_leaked;       /* a client that could not be ended */
};

static slot_mask mask_of(const rd_kafka_topic_partition_list_t *partitions)
{
    slot_mask mask = 0;
    for (int i = 0; i < partitions->cnt; i++) {
        int32_t partition = partitions->elems[i].partition;
        if (partition >= 0 && partition < SLOT_COUNT)
            mask |= (slot_mask)1 << partition;
    }
    return mask;
}

static int count_slots(slot_mask mask)
{
    int count = 0;
    for (; mask; mask &= mask - 1)
        count++;
    return count;
}

static void gain(struct slot_group *g, rd_kafka_t *rk, rd_kafka_topic_partition_list_t *partitions)
{
    atomic_store(&g->assigned, true);
    rd_kafka_error_t *error = rd_kafka_incremental_assign(rk, partitions);
    if (error) {
        log_error("slots were not taken: %s", rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
        return;
    }
    /* Nothing is ever written there. */
    rd_kafka_pause_partitions(rk, partitions);
    slot_mask gained = mask_of(partitions);
    if (!gained)
        return;
    slot_mask held = atomic_fetch_or(&g->held, gained) | gained;
    log_info("gained %d slots of group %s, holding %d", count_slots(gained), g->worker->group_id,
             count_slots(held));
    g->events.gained(g->events.arg, gained);
}

static void lose_mask(struct slot_group *g, slot_mask lost)
{
    lost &= atomic_fetch_and(&g->held, ~lost);
    if (!lost)
        return;
    log_info("giving up %d slots of group %s", count_slots(lost), g->worker->group_id);
    g->events.lost(g->events.arg, lost);
}

static void lose(struct slot_group *g, rd_kafka_t *rk, rd_kafka_topic_partition_list_t *partitions)
{
    if (rd_kafka_assignment_lost(rk))
        log_warn("the membership in group %s has ended: session expired or replaced",
                 g->worker->group_id);
    lose_mask(g, mask_of(partitions));
    rd_kafka_error_t *error = rd_kafka_incremental_unassign(rk, partitions);
    if (!error)
        return;
    log_error("slots were not given up: %s", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
}

/* The first that runs after a freeze may be either of the two callers. */
static void look_at_clock(struct slot_group *g)
{
    int64_t now_ms = clock_boot_ms();
    if (now_ms - g->awake_ms > SLOT_SESSION_MS)
        g->away_ms = now_ms - g->awake_ms;
    g->awake_ms = now_ms;
}

/* Of the client that asks: one that is being replaced still gives up what it had. */
static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    struct slot_group *g = opaque;
    look_at_clock(g);
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        gain(g, rk, partitions);
    } else {
        if (code != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)
            log_error("group %s: %s", g->worker->group_id, rd_kafka_err2str(code));
        lose(g, rk, partitions);
    }
    g->awake_ms = clock_boot_ms();
}

static void report(struct slot_group *g, const rd_kafka_message_t *message)
{
    char reason[512];
    rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(g->rk, reason, sizeof reason);
    if (fatal && !g->ended)
        log_error("the membership in group %s has ended: %s", g->worker->group_id, reason);
    else if (!fatal && message->err)
        log_warn("group %s: %s", g->worker->group_id, rd_kafka_message_errstr(message));
    if (!fatal)
        return;
    lose_mask(g, atomic_load(&g->held));
    g->ended = true;
}

static struct slot_client_spec client_spec(struct slot_group *g)
{
    return (struct slot_client_spec){.worker = g->worker,
                                     .topic = g->topic,
                                     .instance_id = g->instance_id,
                                     .what = g->what,
                                     .rebalance = on_rebalance,
                                     .opaque = g};
}

/* The slots are others' by now. librdkafka 2.0 may come back claiming them, and its assignor then
 * takes them from their new owners; so everything is given up first. */
static void begin_anew(struct slot_group *g)
{
    log_warn("this worker stood still for %lld s, and its membership in group %s has ended: it "
             "gives up its connectors and joins again",
             (long long)(g->away_ms / 1000), g->worker->group_id);
    g->away_ms = 0;
    lose_mask(g, atomic_load(&g->held));
    rd_kafka_unsubscribe(g->rk);
    struct ks_error err = {0};
    struct slot_client_spec spec = client_spec(g);
    if (slot_client_join(g->rk, &spec, &err) != KS_OK)
        log_error("%s", err.message);
}

/* Kafka lets one member of a group.instance.id be. The other may be a second worker, which then
 * stays, or this worker's own request to join from before an outage, which nobody answers for: its
 * session ends. */
static bool is_id_free(struct slot_group *g)
{
    struct ks_error err = {0};
    bool used = false;
    enum ks_status status = group_members_use(g->rk, g->worker->group_id, g->instance_id,
                                              MEMBERS_TIMEOUT_MS, &used, &err);
    if (status != KS_OK)
        log_warn("%s", err.message);
    else if (used)
        log_error("another worker of group %s has the id %s: stop one of them, or give them "
                  "different rest.advertised.host.name or rest.advertised.port",
                  g->worker->group_id, g->instance_id);
    return status == KS_OK && !used;
}

static void join_as_new_client(struct slot_group *g)
{
    struct ks_error err = {0};
    struct slot_client_spec spec = client_spec(g);
    rd_kafka_t *fresh = NULL;
    if (slot_client_open(&spec, &fresh, &err) != KS_OK) {
        log_error("%s", err.message);
        return;
    }
    pthread_mutex_lock(&g->client_lock);
    rd_kafka_t *old = g->rk;
    bool was_assigned = atomic_exchange(&g->assigned, false);
    g->rk = fresh;
    pthread_mutex_unlock(&g->client_lock);
    if (!slot_client_close(old, was_assigned))
        g->has_leaked = true;
    g->ended = false;
    log_info("joining group %s again", g->worker->group_id);
}

/* Between two polls of a client that is no member any more, and never will be again. */
static void end_of_membership(struct slot_group *g)
{
    int64_t now_ms = clock_mono_ms();
    if (now_ms < g->look_again_ms)
        return;
    g->look_again_ms = now_ms + LOOK_AGAIN_MS;
    if (is_id_free(g))
        join_as_new_client(g);
}

static void *poll_loop(void *arg)
{
    struct slot_group *g = arg;
    g->awake_ms = clock_boot_ms();
    while (!atomic_load(&g->stop)) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(g->rk, POLL_MS);
        look_at_clock(g);
        if (g->away_ms && !g->ended)
            begin_anew(g);
        if (message) {
            report(g, message);
            rd_kafka_message_destroy(message);
        }
        if (g->ended)
            end_of_membership(g);
        g->awake_ms = clock_boot_ms(); /* these may have taken long */
    }
    return NULL;
}

static enum ks_status ensure_topic(struct slot_group *g, struct ks_error *err)
{
    struct topic_admin *admin = NULL;
    int32_t partitions = 0;
    enum ks_status status = topic_admin_open(g->worker, NULL, &admin, err);
    if (status == KS_OK)
        status = topic_admin_ensure(admin, g->topic, SLOT_COUNT, g->worker->config_replication,
                                    NULL, &partitions, err);
    topic_admin_close(admin);
    if (status == KS_OK && partitions != SLOT_COUNT)
        status = ks_error_set(err, KS_ERR_FATAL,
                              "topic %s has %d partitions instead of %d: delete it, it holds no "
                              "data",
                              g->topic, (int)partitions, SLOT_COUNT);
    return status;
}

/* The same after a restart, and different from that of any other worker, also where listeners are
 * on loopback. Only the characters of topic names are allowed. */
static char *make_instance_id(const struct worker_config *worker)
{
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    char *id = xasprintf("%s-%s", host, worker->worker_id);
    for (char *c = id; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '.' && *c != '_' && *c != '-')
            *c = '-';
    return id;
}

static enum ks_status start_polling(struct slot_group *g, struct ks_error *err)
{
    if (pthread_create(&g->thread, NULL, poll_loop, g) != 0)
        return ks_error_set(err, KS_ERR_RETRIABLE, "%s: no thread", g->what);
    g->has_thread = true;
    return KS_OK;
}

enum ks_status slot_group_open(const struct worker_config *worker, const struct slot_events *events,
                               struct slot_group **ret, struct ks_error *err)
{
    struct slot_group *g = xcalloc(1, sizeof *g);
    g->worker = worker;
    g->events = *events;
    g->topic = xasprintf("%s-slots", worker->group_id);
    g->what = xasprintf("group %s of the workers at Kafka %s (bootstrap.servers)", worker->group_id,
                        worker->bootstrap_servers);
    g->instance_id = make_instance_id(worker);
    pthread_mutex_init(&g->client_lock, NULL);
    struct slot_client_spec spec = client_spec(g);
    enum ks_status status = ensure_topic(g, err);
    if (status == KS_OK)
        status = slot_client_open(&spec, &g->rk, err);
    if (status == KS_OK)
        status = start_polling(g, err);
    if (status != KS_OK) {
        slot_group_close(g);
        return status;
    }
    *ret = g;
    return KS_OK;
}

/* Until this client has been given slots, or none, which a group with brokers away never does. */
static void await_assignment(struct slot_group *g)
{
    int64_t deadline_ms = clock_mono_ms() + ASSIGN_TIMEOUT_MS;
    while (!atomic_load(&g->assigned) && clock_mono_ms() < deadline_ms)
        nanosleep(&(struct timespec){.tv_nsec = ASSIGN_POLL_MS * 1000000L}, NULL);
}

/* Others have the slots at once then. Who holds them all is alone: nobody could take them, and
 * after a quick restart they are here again without a rebalance. */
static void leave(struct slot_group *g)
{
    if (!g->has_thread || atomic_load(&g->held) == ALL_SLOTS)
        return;
    pthread_mutex_lock(&g->client_lock);
    await_assignment(g);
    slot_client_leave(g->rk);
    pthread_mutex_unlock(&g->client_lock);
}

bool slot_group_close(struct slot_group *g)
{
    if (!g)
        return true;
    leave(g);
    atomic_store(&g->stop, true);
    if (g->has_thread)
        pthread_join(g->thread, NULL);
    if (g->rk && !slot_client_close(g->rk, !g->has_thread || atomic_load(&g->assigned)))
        g->has_leaked = true;
    if (g->has_leaked)
        return false;
    pthread_mutex_destroy(&g->client_lock);
    free(g->instance_id);
    free(g->what);
    free(g->topic);
    free(g);
    return true;
}

/* ---- confirming ---- */

/* A slot that is held here by a member in good standing is nobody else's: it would be given up
 * first. A worker with the same id that came later has another member id. */
static enum ks_status ask_coordinator(struct slot_group *g, int slot, int timeout_ms,
                                      struct ks_error *err)
{
    pthread_mutex_lock(&g->client_lock);
    char *id = slot_client_member_id(g->rk);
    enum ks_status status = group_members_confirm(g->rk, g->worker->group_id, id, timeout_ms, err);
    pthread_mutex_unlock(&g->client_lock);
    if (status != KS_OK)
        ks_error_prefix(err, "slot %d is not confirmed", slot);
    free(id);
    return status;
}

static enum ks_status check_held(struct slot_group *g, int slot, struct ks_error *err)
{
    if (atomic_load(&g->held) >> slot & 1)
        return KS_OK;
    return ks_error_set(err, KS_ERR_RETRIABLE, "slot %d is not held by this worker", slot);
}

enum ks_status slot_group_confirm(struct slot_group *g, int slot, int timeout_ms,
                                  struct ks_error *err)
{
    enum ks_status status = check_held(g, slot, err);
    if (status == KS_OK)
        status = ask_coordinator(g, slot, timeout_ms, err);
    /* It may have been lost while the answer was on its way. */
    return status == KS_OK ? check_held(g, slot, err) : status;
}
