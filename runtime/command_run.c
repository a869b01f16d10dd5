/* `kitestream run`. In: configuration, plugins, pipeline files; out: a worker that runs until a
 * signal. The REST interface comes first, so that /health can say what the worker waits for. The
 * main thread then does nothing but wait for signals; the worker thread opens the herder, applies
 * the files and closes it when told. A file with faults ends the process before anything is
 * connected. Death at any point loses nothing: all state is in Kafka, in transactions. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "commands.h"
#include "herder.h"
#include "log.h"
#include "mono_cond.h"
#include "rest_server.h"
#include "schema_desk.h"
#include "worker_client.h"

/* A stop that takes longer is no clean one. */
#define STOP_LIMIT_MS 10000L
/* Of which requests that are being handled get this much, and their answers as much again. */
#define REST_END_MS 500
/* `timeout` signals its child and its group: two signals at once, one intention. */
#define SECOND_SIGNAL_MS 1000
#define CLUSTER_ID_TIMEOUT_MS 5000
#define WORKER_DONE SIGUSR1

struct run {
    struct worker_config *worker;
    const struct plugin_set *plugins;
    struct schema_desk *schemas;
    struct rest_server *rest;
    struct pipeline_file *files;
    size_t file_count;
    pthread_t main_thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    _Atomic bool stop;
    bool failed;
    bool abandoned; /* a thread of a task or a handler still runs: nothing may be freed */
};

static void request_stop(struct run *run)
{
    pthread_mutex_lock(&run->lock);
    atomic_store(&run->stop, true);
    pthread_cond_broadcast(&run->changed);
    pthread_mutex_unlock(&run->lock);
}

/* Returns at the request, or after wait_ms (< 0: whenever it comes). */
static void wait_for_stop(struct run *run, int64_t wait_ms)
{
    int64_t until_ms = clock_mono_ms() + wait_ms;
    pthread_mutex_lock(&run->lock);
    bool timed_out = false;
    while (!atomic_load(&run->stop) && !timed_out) {
        if (wait_ms < 0)
            pthread_cond_wait(&run->changed, &run->lock);
        else
            timed_out = !mono_cond_wait(&run->changed, &run->lock, until_ms);
    }
    pthread_mutex_unlock(&run->lock);
}

static bool apply_file(struct run *run, struct herder *herder, const struct pipeline_file *file)
{
    struct backoff backoff = {0};
    while (!atomic_load(&run->stop)) {
        struct ks_error err;
        bool applied = false;
        enum ks_status status = herder_apply_pipeline(herder, file, &applied, &err);
        if (status == KS_OK) {
            log_info("%s: %s", file->path,
                     applied ? "applied" : "unchanged since it was last applied");
            return true;
        }
        log_error("%s: %s", file->path, err.message);
        if (status != KS_ERR_RETRIABLE)
            return false;
        wait_for_stop(run, backoff_fail(&backoff));
    }
    return true;
}

static void tell_rest(struct run *run, struct herder *herder)
{
    char *cluster_id = worker_client_cluster_id(run->worker, CLUSTER_ID_TIMEOUT_MS);
    rest_server_ready(run->rest, herder, cluster_id ? cluster_id : "");
    free(cluster_id);
}

/* What is being handled may still need the herder. */
static void stop_worker(struct run *run, struct herder *herder)
{
    log_info("stopping");
    rest_server_drain(run->rest, REST_END_MS);
    herder_stop(herder);
    bool rest_ended = rest_server_close(run->rest, REST_END_MS);
    run->rest = NULL;
    if (!rest_ended)
        log_warn("a REST request did not end in time; what it changed may or may not be stored");
    run->abandoned = !rest_ended || !herder_close(herder);
}

static void run_worker(struct run *run)
{
    struct herder *herder;
    struct ks_error err;
    enum ks_status status = herder_open(run->worker, run->plugins, &run->stop, &herder, &err);
    if (status != KS_OK) {
        run->failed = !atomic_load(&run->stop);
        if (run->failed)
            log_error("%s", err.message);
        return;
    }
    tell_rest(run, herder);
    for (size_t i = 0; i < run->file_count && !run->failed; i++)
        run->failed = !apply_file(run, herder, &run->files[i]);
    if (!run->failed)
        wait_for_stop(run, -1);
    stop_worker(run, herder);
}

static void *worker_thread(void *arg)
{
    struct run *run = arg;
    run_worker(run);
    pthread_kill(run->main_thread, WORKER_DONE);
    return NULL;
}

/* Returns once the worker thread is done; leaves the process at a second signal, or when a stop
 * takes too long. */
static void wait_for_signals(struct run *run, const sigset_t *signals)
{
    bool stopping = false;
    int64_t first_ms = 0, deadline_ms = 0;
    for (;;) {
        int64_t left_ms = stopping ? deadline_ms - clock_mono_ms() : 3600000;
        if (left_ms < 0)
            left_ms = 0;
        struct timespec left = {.tv_sec = left_ms / 1000, .tv_nsec = left_ms % 1000 * 1000000};
        int number = sigtimedwait(signals, NULL, &left);
        if (number == WORKER_DONE)
            return;
        if (number < 0 && stopping && clock_mono_ms() >= deadline_ms) {
            log_error("the stop took more than %ld ms: leaving without the rest of it",
                      STOP_LIMIT_MS);
            _exit(1);
        }
        if (number < 0)
            continue;
        if (stopping && clock_mono_ms() < first_ms + SECOND_SIGNAL_MS)
            continue;
        if (stopping) {
            log_warn("second signal: leaving at once");
            _exit(1);
        }
        stopping = true;
        first_ms = clock_mono_ms();
        deadline_ms = first_ms + STOP_LIMIT_MS;
        request_stop(run);
    }
}

static bool open_rest(struct run *run)
{
    const struct rest_context ctx = {
        .worker = run->worker, .plugins = run->plugins, .schemas = run->schemas};
    struct rest_options options;
    struct ks_error err;
    enum ks_status status = rest_options_read(run->worker, &options, &err);
    if (status == KS_OK)
        status = rest_server_open(&options, &ctx, &run->rest, &err);
    if (status == KS_OK)
        worker_config_set_port(run->worker, rest_server_port(run->rest));
    else
        log_error("%s", err.message);
    return status == KS_OK;
}

static int start_and_wait(struct run *run)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, WORKER_DONE);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* every thread that starts later inherits it */
    signal(SIGPIPE, SIG_IGN);

    pthread_mutex_init(&run->lock, NULL);
    mono_cond_init(&run->changed);
    run->schemas = schema_desk_new(run->worker);
    if (!open_rest(run))
        return 1;
    run->main_thread = pthread_self();
    pthread_t thread;
    if (pthread_create(&thread, NULL, worker_thread, run) != 0) {
        log_error("cannot start a thread");
        return 1;
    }
    wait_for_signals(run, &signals);
    pthread_join(thread, NULL);
    if (run->rest)
        rest_server_close(run->rest, REST_END_MS);
    if (run->abandoned) {
        log_warn(
            "something did not end in time; a task's transaction is void and will be repeated");
        _exit(run->failed ? 1 : 0);
    }
    schema_desk_free(run->schemas);
    log_info("stopped");
    pthread_cond_destroy(&run->changed);
    pthread_mutex_destroy(&run->lock);
    return run->failed ? 1 : 0;
}

static void log_problems(const struct plugin_set *plugins)
{
    const struct plugin_problem *list;
    size_t count = plugin_set_problems(plugins, &list);
    for (size_t i = 0; i < count; i++)
        log_warn("%s: %s", list[i].path, list[i].message);
}

int command_run(const struct cli *cli, struct worker_config *worker,
                const struct plugin_set *plugins, FILE *err)
{
    FILE *nowhere = fopen("/dev/null", "w");
    int status = nowhere && cli->word_count > 0 ? command_check(cli, plugins, nowhere, err) : 0;
    if (nowhere)
        fclose(nowhere);
    if (status != 0)
        return status;
    log_problems(plugins);
    struct run run = {.worker = worker, .plugins = plugins, .file_count = cli->word_count};
    run.files = xcalloc(run.file_count + 1, sizeof *run.files);
    for (size_t i = 0; i < run.file_count && status == 0; i++) {
        struct ks_error error;
        if (pipeline_file_load(cli->words[i], &run.files[i], &error) != KS_OK) {
            fprintf(err, "%s\n", error.message);
            status = 1;
        }
    }
    if (status == 0)
        status = start_and_wait(&run);
    for (size_t i = 0; i < run.file_count; i++)
        pipeline_file_release(&run.files[i]);
    free(run.files);
    return status;
}
