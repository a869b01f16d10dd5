/* Placement by Kafka's consumer group. In: the group's assignments; out: slots gained and lost.
 * Next: herder. Order: a slot is given up only after `lost` returned, that is after its tasks
 * ended; so two workers never run one connector unless a worker was away for a whole session, and
 * then the old one is fenced by its transactions. A static member is not taken for gone when it
 * closes, so a worker that stops while others are there unsubscribes first, which says so. Death:
 * the session ends 10 s later. */
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
#include "kafka_options.h"
#include "kitestream/sdk/util.h"
#include "log.h"
#include "topic_admin.h"
#include "worker_client.h"

#define POLL_MS 100
#define LEAVE_POLL_MS 10
#define LEAVE_TIMEOUT_MS 1500
#define ALL_SLOTS ((slot_mask)0xffffffff)
#define SESSION_MS 10000

struct slot_group {
    const struct worker_config *worker;
    struct slot_events events;
    char *topic, *what, *instance_id;
    rd_kafka_t *rk;
    pthread_t thread;
    bool has_thread;
    _Atomic bool stop;
    _Atomic slot_mask held;
    _Atomic bool assigned; /* once at least */
    int64_t awake_ms;      /* the thread's: when it last did something */
    int64_t away_ms;       /* the thread's: how long it stood still; 0: not beyond its session */
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

static void gain(struct slot_group *g, rd_kafka_topic_partition_list_t *partitions)
{
    atomic_store(&g->assigned, true);
    rd_kafka_error_t *error = rd_kafka_incremental_assign(g->rk, partitions);
    if (error) {
        log_error("slots were not taken: %s", rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
        return;
    }
    /* Nothing is ever written there. */
    rd_kafka_pause_partitions(g->rk, partitions);
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

static void lose(struct slot_group *g, rd_kafka_topic_partition_list_t *partitions)
{
    if (rd_kafka_assignment_lost(g->rk))
        log_warn("the membership in group %s has ended: session expired or replaced",
                 g->worker->group_id);
    lose_mask(g, mask_of(partitions));
    rd_kafka_error_t *error = rd_kafka_incremental_unassign(g->rk, partitions);
    if (!error)
        return;
    log_error("slots were not given up: %s", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
}

/* The first that runs after a freeze may be either of the two callers. */
static void look_at_clock(struct slot_group *g)
{
    int64_t now_ms = clock_boot_ms();
    if (now_ms - g->awake_ms > SESSION_MS)
        g->away_ms = now_ms - g->awake_ms;
    g->awake_ms = now_ms;
}

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    struct slot_group *g = opaque;
    look_at_clock(g);
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        gain(g, partitions);
    } else {
        if (code != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)
            log_error("group %s: %s", g->worker->group_id, rd_kafka_err2str(code));
        lose(g, partitions);
    }
    g->awake_ms = clock_boot_ms();
}

static void report(struct slot_group *g, const rd_kafka_message_t *message)
{
    char reason[512];
    rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(g->rk, reason, sizeof reason);
    if (fatal == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID)
        log_error("another worker of group %s has the id %s: stop one of them, or give them "
                  "different rest.advertised.host.name or rest.advertised.port",
                  g->worker->group_id, g->instance_id);
    else if (fatal)
        log_error("group %s: %s", g->worker->group_id, reason);
    else if (message->err)
        log_warn("group %s: %s", g->worker->group_id, rd_kafka_message_errstr(message));
    if (fatal)
        lose_mask(g, atomic_load(&g->held));
}

static rd_kafka_resp_err_t subscribe(struct slot_group *g)
{
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, g->topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(g->rk, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return code;
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
    rd_kafka_resp_err_t code = subscribe(g);
    if (code)
        log_error("group %s: %s", g->worker->group_id, rd_kafka_err2str(code));
}

static void *poll_loop(void *arg)
{
    struct slot_group *g = arg;
    g->awake_ms = clock_boot_ms();
    while (!atomic_load(&g->stop)) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(g->rk, POLL_MS);
        look_at_clock(g);
        if (g->away_ms)
            begin_anew(g);
        if (message) {
            report(g, message);
            rd_kafka_message_destroy(message);
        }
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

static enum ks_status make_consumer(struct slot_group *g, struct ks_error *err)
{
    char session[16];
    snprintf(session, sizeof session, "%d", SESSION_MS);
    const struct worker_client_option options[] = {
        {"group.id", g->worker->group_id},
        {"group.instance.id", g->instance_id},
        {"session.timeout.ms", session},
        {"heartbeat.interval.ms", "1000"},
        {"max.poll.interval.ms", "60000"},
        {"partition.assignment.strategy", "cooperative-sticky"},
        {"enable.auto.commit", "false"},
        {"auto.offset.reset", "latest"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf = NULL;
    enum ks_status status = worker_client_conf(g->worker, "consumer", NULL, options, g, &conf, err);
    if (status != KS_OK)
        return status;
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    status = worker_client_open(RD_KAFKA_CONSUMER, conf, g->what, &g->rk, err);
    if (status != KS_OK)
        return status;
    rd_kafka_poll_set_consumer(g->rk);
    return KS_OK;
}

static enum ks_status join(struct slot_group *g, struct ks_error *err)
{
    rd_kafka_resp_err_t code = subscribe(g);
    if (code)
        return kafka_error_set(err, g->what, code, rd_kafka_err2str(code));
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
    enum ks_status status = ensure_topic(g, err);
    if (status == KS_OK)
        status = make_consumer(g, err);
    if (status == KS_OK)
        status = join(g, err);
    if (status != KS_OK) {
        slot_group_close(g);
        return status;
    }
    *ret = g;
    return KS_OK;
}

/* "" when it is none. */
static char *member_id(struct slot_group *g)
{
    char *id = rd_kafka_memberid(g->rk), *copy = xstrdup(id ? id : "");
    if (id)
        rd_kafka_mem_free(g->rk, id);
    return copy;
}

static bool is_member(struct slot_group *g)
{
    char *id = member_id(g);
    bool is = *id != '\0';
    free(id);
    return is;
}

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = LEAVE_POLL_MS * 1000000L}, NULL);
}

/* Others have the slots at once then. Who holds them all is alone: nobody could take them, and
 * after a quick restart they are here again without a rebalance. */
static void leave(struct slot_group *g)
{
    if (!g->has_thread || atomic_load(&g->held) == ALL_SLOTS)
        return;
    int64_t deadline_ms = clock_mono_ms() + LEAVE_TIMEOUT_MS;
    while (!atomic_load(&g->assigned) && clock_mono_ms() < deadline_ms)
        nap();
    rd_kafka_unsubscribe(g->rk);
    for (deadline_ms = clock_mono_ms() + LEAVE_TIMEOUT_MS;
         is_member(g) && clock_mono_ms() < deadline_ms;)
        nap();
}

/* Calls on_rebalance for what is held. Bounded: Kafka may not answer. */
static bool close_consumer(struct slot_group *g)
{
    int64_t deadline_ms = clock_mono_ms() + LEAVE_TIMEOUT_MS;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(g->rk);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(g->rk, queue);
    while (!error && !rd_kafka_consumer_closed(g->rk) && clock_mono_ms() < deadline_ms)
        rd_kafka_queue_poll_callback(queue, LEAVE_POLL_MS);
    bool closed = !error && rd_kafka_consumer_closed(g->rk);
    if (error)
        rd_kafka_error_destroy(error);
    rd_kafka_queue_destroy(queue);
    return closed;
}

/* librdkafka before 2.3 aborts the process when a member that was never assigned anything is
 * destroyed. */
static bool end_client(struct slot_group *g)
{
    static struct slot_group *left_behind; /* so that no leak is seen in it */
    bool closed = close_consumer(g);
    if (!closed || (g->has_thread && !atomic_load(&g->assigned))) {
        left_behind = g;
        (void)left_behind;
        return false;
    }
    rd_kafka_destroy(g->rk);
    return true;
}

bool slot_group_close(struct slot_group *g)
{
    if (!g)
        return true;
    leave(g);
    atomic_store(&g->stop, true);
    if (g->has_thread)
        pthread_join(g->thread, NULL);
    if (g->rk && !end_client(g))
        return false;
    free(g->instance_id);
    free(g->what);
    free(g->topic);
    free(g);
    return true;
}

/* ---- confirming ---- */

/* What the coordinator says about this very membership; NULL: in good standing, and then a slot
 * that is held here is nobody else's: it would be given up first. A worker with the same id that
 * came later has another member id. */
static const char *judge(const struct rd_kafka_group_info *group, const char *id)
{
    if (group->err)
        return rd_kafka_err2str(group->err);
    if (strcmp(group->state, "Stable") != 0)
        return "slots are on the move";
    for (int i = 0; i < group->member_cnt; i++)
        if (strcmp(group->members[i].member_id, id) == 0)
            return NULL;
    return "this worker is no member any more";
}

/* Not by committing an offset: during a rebalance librdkafka 2.0 may take the refusal for the end
 * of the whole membership. Not by its admin requests, which abort where a broker lacks them. */
static enum ks_status ask_coordinator(struct slot_group *g, int slot, int timeout_ms,
                                      struct ks_error *err)
{
    const struct rd_kafka_group_list *list = NULL;
    char *id = member_id(g);
    rd_kafka_resp_err_t code = rd_kafka_list_groups(g->rk, g->worker->group_id, &list, timeout_ms);
    const char *fault = rd_kafka_err2str(code);
    if (list && list->group_cnt == 1)
        fault = judge(&list->groups[0], id);
    else if (!code)
        fault = "it has no members";
    enum ks_status status = KS_OK;
    if (fault)
        status = ks_error_set(err, KS_ERR_RETRIABLE, "slot %d is not confirmed by the group: %s",
                              slot, fault);
    if (list)
        rd_kafka_group_list_destroy(list);
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
