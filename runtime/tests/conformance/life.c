/* The life of a task, cut short everywhere. A start may succeed or fail here (the servers that a
 * connector wants do not exist), but it must come back soon after a stop, leave nothing when it
 * fails, and whatever it made must stand stop and destroy in any state. */
#include <dirent.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "conformance.h"
#include "fake_host.h"

#define STOP_AFTER_MS 300
#define PATIENCE_MS 15000
#define ROUNDS 4

/* A configuration of the right types: defaults, what was given, and for the rest values that nobody
 * answers to. */
static struct string_map make_config(struct conformance *c, const struct ks_connector_class *cls)
{
    const struct ks_config_def *tables[] = {cls->config_defs,
                                            config_def_common(cls->kind == KS_CLASS_SINK), NULL};
    struct string_map config = {0};
    string_map_set(&config, "name", "conformance");
    string_map_set(&config, "connector.class", cls->name);
    for (const struct ks_config_def *def = cls->config_defs; def->name; def++) {
        if (!(def->flags & KS_CONFIG_REQUIRED))
            continue;
        const char *value = def->valid_values                 ? def->valid_values[0]
                            : def->type == KS_CONFIG_BOOLEAN  ? "false"
                            : def->type == KS_CONFIG_STRING   ? "127.0.0.1:1"
                            : def->type == KS_CONFIG_LIST     ? "127.0.0.1:1"
                            : def->type == KS_CONFIG_PASSWORD ? "x"
                                                              : "1";
        string_map_set(&config, def->name, value);
    }
    for (size_t i = 0; i < c->given->count; i++)
        if (config_def_find(tables, c->given->entries[i].key))
            string_map_set(&config, c->given->entries[i].key, c->given->entries[i].value);
    config_def_fill(tables, &config);
    return config;
}

/* Asks for a stop after a while, from another thread, as the host does. */
struct stopper {
    struct fake_host *fake;
    void (*stop)(void *task);
    void *task; /* NULL while it starts */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool cancelled;
    int64_t asked_mono_ms; /* 0: not yet */
};

static void *stopper_thread(void *arg)
{
    struct stopper *s = arg;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += STOP_AFTER_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&s->lock);
    int timed_out = 0;
    while (!s->cancelled && !timed_out)
        timed_out = pthread_cond_timedwait(&s->changed, &s->lock, &until);
    if (!s->cancelled) {
        atomic_store(&s->fake->stop, true);
        s->asked_mono_ms = clock_mono_ms();
        if (s->task && s->stop) {
            s->stop(s->task);
            s->stop(s->task); /* twice is no harm */
        }
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void stopper_begin(struct stopper *s, struct fake_host *fake, void (*stop)(void *),
                          void *task)
{
    *s = (struct stopper){.fake = fake, .stop = stop, .task = task};
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    pthread_create(&s->thread, NULL, stopper_thread, s);
}

/* How long the plugin went on after it was asked to stop. */
static int64_t stopper_end(struct stopper *s)
{
    pthread_mutex_lock(&s->lock);
    s->cancelled = true;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->changed);
    return s->asked_mono_ms ? clock_mono_ms() - s->asked_mono_ms : 0;
}

typedef enum ks_status start_fn(const struct ks_task_host *, const struct ks_config *, void **,
                                struct ks_error *);

struct life {
    struct conformance *c;
    const struct ks_connector_class *cls;
    start_fn *start;
    void (*stop)(void *);
    void (*destroy)(void *);
    struct string_map config;
};

static struct life life_of(struct conformance *c, const struct ks_connector_class *cls)
{
    bool source = cls->kind == KS_CLASS_SOURCE;
    return (struct life){
        .c = c,
        .cls = cls,
        .start = source ? cls->source->start : cls->sink->start,
        .stop = source ? cls->source->stop : cls->sink->stop,
        .destroy = source ? cls->source->destroy : cls->sink->destroy,
        .config = make_config(c, cls),
    };
}

/* NULL: it did not start, and said why. */
static void *start(struct life *l, struct fake_host *fake)
{
    static int untouched;
    void *task = &untouched;
    struct ks_error err = {0};
    struct ks_config view = string_map_view(&l->config);
    struct stopper stopper;
    stopper_begin(&stopper, fake, l->stop, NULL);
    enum ks_status status = l->start(&fake->host, &view, &task, &err);
    int64_t late_ms = stopper_end(&stopper);
    if (late_ms > PATIENCE_MS)
        conformance_fail(l->c, "start went on for %lld ms after stop_requested",
                         (long long)late_ms);
    if (status == KS_OK) {
        if (task == &untouched)
            conformance_fail(l->c, "start succeeded without a task");
        return task == &untouched ? NULL : task;
    }
    if (task != &untouched)
        conformance_fail(l->c, "start failed but wrote *ret_task");
    if (!err.message[0] || err.status != status)
        conformance_fail(l->c, "start failed (%d) without a message, or with another status in it",
                         (int)status);
    return NULL;
}

static void ask_to_stop(struct life *l, struct fake_host *fake, void *task, int times)
{
    atomic_store(&fake->stop, true);
    for (int i = 0; i < times && l->stop; i++)
        l->stop(task);
}

static void check_batch(struct life *l, struct ks_source_batch *batch)
{
    for (size_t i = 0; i < batch->record_count; i++)
        if (!batch->records[i].topic || !*batch->records[i].topic)
            conformance_fail(l->c, "a record without a topic");
    if (!batch->release)
        conformance_fail(l->c, "a batch without release");
    else
        batch->release(batch);
}

/* Polls, or puts nothing and maintains, until told to stop. */
static void work(struct life *l, struct fake_host *fake, void *task)
{
    struct ks_error err = {0};
    enum ks_status status = KS_OK;
    while (status == KS_OK && !atomic_load(&fake->stop)) {
        struct ks_source_batch *batch = NULL;
        if (l->cls->kind == KS_CLASS_SOURCE) {
            status = l->cls->source->poll(task, &batch, &err);
            if (status == KS_OK && batch)
                check_batch(l, batch);
        } else if (l->cls->sink->maintain) {
            status = l->cls->sink->maintain(task, &err);
            (void)usleep(10000); /* the host's rhythm */
        } else {
            return;
        }
    }
    if (status != KS_OK && !err.message[0])
        conformance_fail(l->c, "failed (%d) without a message", (int)status);
}

static void run_once(struct life *l, bool refuses, int stops, bool works)
{
    struct fake_host fake;
    fake_host_init(&fake, refuses);
    void *task = start(l, &fake);
    if (task && works) {
        struct stopper stopper;
        atomic_store(&fake.stop, false);
        stopper_begin(&stopper, &fake, l->stop, task);
        work(l, &fake, task);
        int64_t late_ms = stopper_end(&stopper);
        if (late_ms > PATIENCE_MS)
            conformance_fail(l->c, "went on for %lld ms after stop", (long long)late_ms);
    }
    if (task) {
        ask_to_stop(l, &fake, task, stops);
        l->destroy(task);
    }
    fake_host_release(&fake);
}

static int count_entries(const char *dir)
{
    int count = 0;
    DIR *d = opendir(dir);
    while (d && readdir(d))
        count++;
    if (d)
        closedir(d);
    return count;
}

/* Libraries keep threads and descriptors of their own after their first use; more with every round
 * is a leak. */
static void check_growth(struct life *l)
{
    int fds = 0, threads = 0;
    for (int round = 0; round < ROUNDS; round++) {
        run_once(l, false, 1, true);
        if (round == 1) {
            fds = count_entries("/proc/self/fd");
            threads = count_entries("/proc/self/task");
        }
    }
    if (count_entries("/proc/self/fd") > fds)
        conformance_fail(l->c, "leaks file descriptors");
    if (count_entries("/proc/self/task") > threads)
        conformance_fail(l->c, "leaks threads");
}

void life_check_class(struct conformance *c, const struct ks_connector_class *cls)
{
    struct life l = life_of(c, cls);
    run_once(&l, true, 0, false);  /* a host that refuses: start fails, or is destroyed at once */
    run_once(&l, true, 1, true);   /* … or works on a host that refuses */
    run_once(&l, false, 0, false); /* destroy without stop */
    run_once(&l, false, 2, false); /* stop before the first poll, twice */
    check_growth(&l);              /* stop during poll */
    string_map_release(&l.config);
}
