/* Decides what runs here. In: the config topic's table and the slots this worker holds; out: steps
 * of each connector. Next: herd_connector, task_threads. It is level-triggered: every wake-up, from
 * a changed record, a moved slot, an ended task or a deadline, compares all that is wanted with all
 * that runs, so no event can be lost, and the mailbox is one flag. Death: another worker gets the
 * slots and reads the same topics. */
#include "herder.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "clock.h"
#include "herder_parts.h"
#include "kitestream/sdk/util.h"
#include "log.h"
#include "map.h"
#include "mono_cond.h"
#include "offset_store.h"
#include "slot_group.h"

#define CONFIRM_TIMEOUT_MS 5000
/* Beyond the graceful timeout, for the herder's own round. */
#define LOST_GRACE_MS 2000
#define LONGEST_WAIT_MS 3600000
/* A round never blocks: this is for a machine that is very busy. */
#define SETTLE_MS 1000

struct herder {
    struct herd herd;
    struct slot_group *slots;
    _Atomic int abandoned;    /* calls of plugins that did not return, beside the herd's */
    struct strmap connectors; /* struct herd_connector; the thread's */
    slot_mask adopted;        /* the thread's: slots whose connectors are in there */
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock; /* guards what follows; held for moments only */
    pthread_cond_t wake, done;
    bool woken, closing;
    int64_t round_since_ms; /* monotonic; 0: none goes on */
    slot_mask held;
    slot_mask busy; /* slots of which something may run */
    uint64_t rounds_begun, rounds_done;
};

/* ---- mailbox ---- */

static void wake(struct herder *h)
{
    pthread_mutex_lock(&h->lock);
    h->woken = true;
    pthread_cond_signal(&h->wake);
    pthread_mutex_unlock(&h->lock);
}

static void on_wake(void *arg)
{
    wake(arg);
}

static void on_gained(void *arg, slot_mask slots)
{
    struct herder *h = arg;
    pthread_mutex_lock(&h->lock);
    h->held |= slots;
    pthread_mutex_unlock(&h->lock);
    wake(h);
}

static void on_lost(void *arg, slot_mask slots)
{
    struct herder *h = arg;
    int64_t at_ms = clock_mono_ms() + h->herd.worker->graceful_stop_ms + LOST_GRACE_MS;
    bool late = false;
    pthread_mutex_lock(&h->lock);
    h->held &= ~slots;
    h->busy |= slots; /* until the herder has looked */
    h->woken = true;
    pthread_cond_signal(&h->wake);
    while ((h->busy & slots) && h->has_thread && !late)
        late = !mono_cond_wait(&h->done, &h->lock, at_ms);
    pthread_mutex_unlock(&h->lock);
    if (late)
        log_error("connectors of slots that go to another worker did not stop in time; their "
                  "commits are fenced");
}

static enum ks_status on_confirm(void *arg, const char *connector, struct ks_error *err)
{
    struct herder *h = arg;
    return slot_group_confirm(h->slots, slot_group_slot_of(connector), CONFIRM_TIMEOUT_MS, err);
}

static void on_report(void *arg, const char *connector, int task, const struct task_status *status)
{
    struct herder *h = arg;
    status_store_put(h->herd.statuses, connector, task, status);
}

static void on_topic(void *arg, const char *connector, int task, const char *topic)
{
    struct herder *h = arg;
    status_store_add_topic(h->herd.statuses, connector, task, topic);
}

static void on_metric(void *arg, const char *connector, int task, enum ks_metric_kind kind,
                      const char *name, const char *labels, double value)
{
    struct herder *h = arg;
    metrics_record(h->herd.metrics, kind, connector, task, name, labels, value);
}

/* ---- the thread ---- */

static void adopt_names(struct herder *h, char **take_names, size_t count, slot_mask slots)
{
    for (size_t i = 0; i < count; i++) {
        bool ours = slots >> slot_group_slot_of(take_names[i]) & 1;
        if (ours && !strmap_get(&h->connectors, take_names[i]))
            strmap_put(&h->connectors, take_names[i], herd_connector_new(&h->herd, take_names[i]));
    }
    free(take_names);
}

/* Of new slots also what only has a status: a connector that was deleted while its worker was away
 * is cleared up like any other that is gone. */
static void adopt(struct herder *h, slot_mask held)
{
    char **names;
    size_t count = config_store_names(h->herd.configs, &names);
    adopt_names(h, names, count, held);
    slot_mask gained = held & ~h->adopted;
    h->adopted = held;
    if (!gained)
        return;
    count = status_store_connectors(h->herd.statuses, &names);
    adopt_names(h, names, count, gained);
}

/* Returns false when nothing is left of it here. */
static bool step(struct herder *h, const char *name, struct herd_connector *c, slot_mask held,
                 int64_t *next_ms)
{
    struct connector_config config;
    bool ours = held >> slot_group_slot_of(name) & 1;
    bool found = config_store_get(h->herd.configs, name, &config);
    enum herd_wish wish = !ours ? HERD_RELEASE : found ? HERD_RUN : HERD_DELETE;
    int64_t at_ms = herd_connector_step(c, wish, found ? &config : NULL, clock_mono_ms());
    if (at_ms < *next_ms)
        *next_ms = at_ms;
    if (found)
        connector_config_release(&config);
    return wish == HERD_RUN || !herd_connector_idle(c);
}

static slot_mask step_all(struct herder *h, slot_mask held, int64_t *next_ms)
{
    slot_mask busy = 0;
    struct strmap kept = {0};
    size_t pos = 0;
    const char *name;
    void *connector;
    adopt(h, held);
    while (strmap_next(&h->connectors, &pos, &name, &connector)) {
        if (step(h, name, connector, held, next_ms))
            strmap_put(&kept, name, connector);
        else
            herd_connector_free(connector);
        if (strmap_get(&kept, name) && !herd_connector_idle(connector))
            busy |= (slot_mask)1 << slot_group_slot_of(name);
    }
    strmap_release(&h->connectors);
    h->connectors = kept;
    return busy;
}

static void *herd_loop(void *arg)
{
    struct herder *h = arg;
    int64_t next_ms = 0;
    for (bool finished = false; !finished;) {
        pthread_mutex_lock(&h->lock);
        while (!h->woken && clock_mono_ms() < next_ms) {
            mono_cond_wait(&h->wake, &h->lock, next_ms);
        }
        h->woken = false;
        h->rounds_begun++;
        h->round_since_ms = clock_mono_ms();
        slot_mask held = h->closing ? 0 : h->held;
        bool closing = h->closing;
        pthread_mutex_unlock(&h->lock);

        next_ms = clock_mono_ms() + LONGEST_WAIT_MS;
        slot_mask busy = step_all(h, held, &next_ms);

        pthread_mutex_lock(&h->lock);
        /* A slot that was lost during this round is looked at in the next. */
        h->busy = busy | (h->woken ? h->busy : 0);
        h->rounds_done = h->rounds_begun;
        h->round_since_ms = 0;
        pthread_cond_broadcast(&h->done);
        finished = closing && !busy;
        pthread_mutex_unlock(&h->lock);
    }
    return NULL;
}

int64_t herder_round_ms(struct herder *h)
{
    pthread_mutex_lock(&h->lock);
    int64_t since_ms = h->round_since_ms;
    pthread_mutex_unlock(&h->lock);
    return since_ms ? clock_mono_ms() - since_ms : 0;
}

/* ---- open and close ---- */

static struct herder *make_herder(const struct worker_config *worker,
                                  const struct plugin_set *plugins)
{
    struct herder *h = xcalloc(1, sizeof *h);
    h->herd.worker = worker;
    h->herd.plugins = plugins;
    h->herd.metrics = metrics_new();
    h->herd.owner = (struct task_thread_owner){.arg = h,
                                               .report = on_report,
                                               .metric = on_metric,
                                               .confirm = on_confirm,
                                               .topic = on_topic,
                                               .ended = on_wake};
    pthread_mutex_init(&h->lock, NULL);
    mono_cond_init(&h->wake);
    mono_cond_init(&h->done);
    return h;
}

static void free_herder(struct herder *h)
{
    config_store_close(h->herd.configs);
    status_store_close(h->herd.statuses);
    metrics_free(h->herd.metrics);
    strmap_release(&h->connectors);
    pthread_cond_destroy(&h->wake);
    pthread_cond_destroy(&h->done);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

/* What is open already stays open for the next try. */
static enum ks_status open_once(struct herder *h, struct ks_error *err)
{
    const struct worker_config *worker = h->herd.worker;
    enum ks_status status = KS_OK;
    if (!h->herd.configs)
        status = config_store_open(worker, on_wake, h, &h->herd.configs, err);
    if (status == KS_OK && !h->herd.statuses)
        status = status_store_open(worker, &h->herd.statuses, err);
    if (h->herd.statuses && worker->topic_tracking)
        h->herd.owner.topics_epoch = status_store_topics_epoch(h->herd.statuses);
    if (status == KS_OK)
        status = offset_store_ensure(worker, err);
    const struct slot_events events = {.arg = h, .gained = on_gained, .lost = on_lost};
    if (status == KS_OK)
        status = slot_group_open(worker, &events, &h->slots, err);
    return status;
}

static void wait_unless_stopped(int64_t wait_ms, const _Atomic bool *stop)
{
    for (int64_t until_ms = clock_mono_ms() + wait_ms; clock_mono_ms() < until_ms && !*stop;)
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
}

static enum ks_status open_patiently(struct herder *h, const _Atomic bool *stop,
                                     struct ks_error *err)
{
    struct backoff backoff = {0};
    enum ks_status status;
    while ((status = open_once(h, err)) == KS_ERR_RETRIABLE && !*stop) {
        int64_t wait_ms = backoff_fail(&backoff);
        log_warn("%s; again in %lld ms", err->message, (long long)wait_ms);
        wait_unless_stopped(wait_ms, stop);
    }
    return status;
}

static void stop_thread(struct herder *h)
{
    pthread_mutex_lock(&h->lock);
    h->closing = true;
    bool has_thread = h->has_thread;
    pthread_mutex_unlock(&h->lock);
    wake(h);
    if (!has_thread)
        return;
    pthread_join(h->thread, NULL);
    pthread_mutex_lock(&h->lock);
    h->has_thread = false;
    h->busy = 0;
    pthread_cond_broadcast(&h->done);
    pthread_mutex_unlock(&h->lock);
}

enum ks_status herder_open(const struct worker_config *worker, const struct plugin_set *plugins,
                           const _Atomic bool *stop, struct herder **ret, struct ks_error *err)
{
    struct herder *h = make_herder(worker, plugins);
    enum ks_status status = open_patiently(h, stop, err);
    if (status == KS_OK) {
        pthread_mutex_lock(&h->lock);
        h->has_thread = pthread_create(&h->thread, NULL, herd_loop, h) == 0;
        if (!h->has_thread)
            status = ks_error_set(err, KS_ERR_FATAL, "no thread for the herder");
        pthread_mutex_unlock(&h->lock);
    }
    if (status != KS_OK) {
        slot_group_close(h->slots);
        free_herder(h);
        return status;
    }
    *ret = h;
    return KS_OK;
}

void herder_stop(struct herder *h)
{
    stop_thread(h);
    if (!slot_group_close(h->slots))
        herder_abandoned(h);
    h->slots = NULL;
}

bool herder_close(struct herder *h)
{
    herder_stop(h);
    bool clean = h->herd.abandoned == 0 && atomic_load(&h->abandoned) == 0;
    free_herder(h);
    return clean;
}

void herder_settle(struct herder *h)
{
    int64_t at_ms = clock_mono_ms() + SETTLE_MS;
    bool late = false;
    pthread_mutex_lock(&h->lock);
    uint64_t wanted = h->rounds_begun + 1;
    h->woken = true;
    pthread_cond_signal(&h->wake);
    while (h->rounds_done < wanted && h->has_thread && !late)
        late = !mono_cond_wait(&h->done, &h->lock, at_ms);
    pthread_mutex_unlock(&h->lock);
}

void herder_abandoned(struct herder *h)
{
    atomic_fetch_add(&h->abandoned, 1);
}

const struct herd *herder_parts(const struct herder *h)
{
    return &h->herd;
}
