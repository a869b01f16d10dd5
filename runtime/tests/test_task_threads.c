/* Task threads with made-up loops. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "clock.h"
#include "kitestream/sdk/util.h"
#include "log.h"
#include "task_threads.h"

#define DEADLINE_MS 10000

/* What the owner was told, in order. */
struct seen {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char text[4096]; /* "STATE[trace](waiting) " for each report */
    bool ended;
    double stalled; /* kitestream_task_stalled; -1: not told */
    int confirms, confirms_to_refuse;
};
static struct seen seen;

static void on_report(void *arg, const char *connector, int task, const struct task_status *status)
{
    assert_string_equal(connector, "c");
    assert_int_equal(task, 1);
    pthread_mutex_lock(&seen.lock);
    size_t used = strlen(seen.text);
    snprintf(seen.text + used, sizeof seen.text - used, "%s%s%s%s%s%s%s ",
             task_state_name(status->state), status->trace ? "[" : "",
             status->trace ? status->trace : "", status->trace ? "]" : "",
             status->waiting ? "(" : "", status->waiting ? status->waiting : "",
             status->waiting ? ")" : "");
    pthread_cond_broadcast(&seen.changed);
    pthread_mutex_unlock(&seen.lock);
}

static void on_topic(void *arg, const char *connector, int task, const char *topic)
{
    pthread_mutex_lock(&seen.lock);
    size_t used = strlen(seen.text);
    snprintf(seen.text + used, sizeof seen.text - used, "topic %s ", topic);
    pthread_cond_broadcast(&seen.changed);
    pthread_mutex_unlock(&seen.lock);
}

static void on_metric(void *arg, const char *connector, int task, enum ks_metric_kind kind,
                      const char *name, const char *labels, double value)
{
    pthread_mutex_lock(&seen.lock);
    if (strcmp(name, "kitestream_task_stalled") == 0)
        seen.stalled = value;
    pthread_mutex_unlock(&seen.lock);
}

static enum ks_status on_confirm(void *arg, const char *connector, struct ks_error *err)
{
    pthread_mutex_lock(&seen.lock);
    bool refuse = seen.confirms++ < seen.confirms_to_refuse;
    pthread_mutex_unlock(&seen.lock);
    return refuse ? ks_error_set(err, KS_ERR_RETRIABLE, "slot not held") : KS_OK;
}

static void on_ended(void *arg)
{
    pthread_mutex_lock(&seen.lock);
    seen.ended = true;
    pthread_cond_broadcast(&seen.changed);
    pthread_mutex_unlock(&seen.lock);
}

static bool has_text(const char *text)
{
    return text ? strstr(seen.text, text) != NULL : seen.ended;
}

/* Until a report holds `text`; NULL: until the thread ended. */
static void await_text(const char *text)
{
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_sec += DEADLINE_MS / 1000;
    int late = 0;
    pthread_mutex_lock(&seen.lock);
    while (!has_text(text) && !late)
        late = pthread_cond_timedwait(&seen.changed, &seen.lock, &at);
    if (!has_text(text))
        fail_msg("no \"%s\" in: %s", text ? text : "end", seen.text);
    pthread_mutex_unlock(&seen.lock);
}

/* ---- made-up loops ---- */

static _Atomic int runs;
static _Atomic bool let_go;

static void wait_for_stop(struct task_context *ctx)
{
    while (!atomic_load(&ctx->stop))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static enum ks_status run_well(struct task_context *ctx, struct ks_error *err)
{
    runs++;
    ctx->on_state(ctx, atomic_load(&ctx->pause) ? TASK_PAUSED : TASK_RUNNING);
    wait_for_stop(ctx);
    return KS_OK;
}

static enum ks_status run_after_two_failures(struct task_context *ctx, struct ks_error *err)
{
    if (runs < 2) {
        runs++;
        return ks_error_set(err, KS_ERR_RETRIABLE, "broker away");
    }
    return run_well(ctx, err);
}

static enum ks_status run_into_fence(struct task_context *ctx, struct ks_error *err)
{
    if (runs == 0) {
        runs++;
        ctx->on_state(ctx, TASK_RUNNING);
        atomic_store(&ctx->fenced, true);
        return ks_error_set(err, KS_ERR_RESTART, "fenced");
    }
    assert_true(seen.confirms > seen.confirms_to_refuse);
    return run_well(ctx, err);
}

static enum ks_status run_into_failure(struct task_context *ctx, struct ks_error *err)
{
    ctx->on_state(ctx, TASK_RUNNING);
    return ks_error_set(err, KS_ERR_FATAL, "no such etcd root");
}

static enum ks_status run_and_wait(struct task_context *ctx, struct ks_error *err)
{
    ctx->on_waiting(ctx, "etcd");
    ctx->on_state(ctx, TASK_RUNNING);
    ctx->on_waiting(ctx, "etcd");
    ctx->on_waiting(ctx, NULL);
    wait_for_stop(ctx);
    return KS_OK;
}

static enum ks_status run_deaf(struct task_context *ctx, struct ks_error *err)
{
    runs++;
    ctx->on_state(ctx, TASK_RUNNING);
    while (!atomic_load(&let_go))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    ctx->on_waiting(ctx, "nobody listens");
    runs++;
    return KS_OK;
}

/* As a plugin whose poll returns only when its stop op is called. */
static enum ks_status run_until_stop_op(struct task_context *ctx, struct ks_error *err)
{
    _Atomic bool stop_op = false;
    ctx->on_plugin_task(ctx, &stop_op);
    ctx->on_state(ctx, TASK_RUNNING);
    while (!atomic_load(&stop_op))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    ctx->on_plugin_task(ctx, NULL);
    return KS_OK;
}

static void stop_op(void *task)
{
    atomic_store((_Atomic bool *)task, true);
}

static enum ks_status run_with_config(struct task_context *ctx, struct ks_error *err)
{
    assert_string_equal(ks_config_get(&ctx->config, "own"), "given");
    assert_string_equal(ks_config_get(&ctx->config, "preset"), "from the table");
    assert_string_equal(ks_config_get(&ctx->config, "secret"), "s3cret");
    assert_string_equal(ctx->transactional_id, "workers-c-1");
    return run_well(ctx, err);
}

/* ---- fixture ---- */

static const struct ks_config_def defs[] = {
    {.name = "preset", .type = KS_CONFIG_STRING, .default_value = "from the table"},
    {.name = NULL},
};
static const struct ks_source_task_ops ops = {.stop = stop_op};
static const struct ks_connector_class source_class = {.struct_size = sizeof source_class,
                                                       .name = "test.Source",
                                                       .version = "1",
                                                       .kind = KS_CLASS_SOURCE,
                                                       .config_defs = defs,
                                                       .source = &ops};
static char group[] = "workers";
static struct worker_config worker = {.group_id = group};

static int setup(void **state)
{
    memset(&seen, 0, sizeof seen);
    pthread_mutex_init(&seen.lock, NULL);
    pthread_cond_init(&seen.changed, NULL);
    atomic_store(&runs, 0);
    atomic_store(&let_go, false);
    return 0;
}

static int teardown(void **state)
{
    pthread_mutex_destroy(&seen.lock);
    pthread_cond_destroy(&seen.changed);
    return 0;
}

static struct task_thread *start_with(task_run_fn *run, bool paused, const char *secret)
{
    struct string_map config = {0};
    string_map_set(&config, "own", "given");
    string_map_set(&config, "secret", secret);
    struct task_thread_owner owner = {.report = on_report,
                                      .metric = on_metric,
                                      .topic = on_topic,
                                      .confirm = on_confirm,
                                      .ended = on_ended};
    struct task_thread_spec spec = {.worker = &worker,
                                    .cls = &source_class,
                                    .connector = "c",
                                    .task = 1,
                                    .config = &config,
                                    .paused = paused,
                                    .run = run};
    struct task_thread *t = task_thread_start(&spec, &owner);
    string_map_release(&config);
    return t;
}

static struct task_thread *start(task_run_fn *run)
{
    return start_with(run, false, "x");
}

static void stop_and_release(struct task_thread *t)
{
    task_thread_stop(t);
    await_text(NULL);
    assert_true(task_thread_ended(t));
    assert_true(task_thread_release(t));
}

/* ---- tests ---- */

static void test_start__runs_until_stopped(void **state)
{
    struct task_thread *t = start(run_well);
    await_text("RUNNING ");
    assert_false(task_thread_ended(t));
    stop_and_release(t);
    assert_string_equal(seen.text, "RESTARTING RUNNING UNASSIGNED ");
}

static void test_start__paused(void **state)
{
    struct task_thread *t = start_with(run_well, true, "x");
    await_text("PAUSED ");
    stop_and_release(t);
}

static void test_start__config_has_defaults_and_resolved_secrets(void **state)
{
    setenv("KITESTREAM_TEST_SECRET", "s3cret", 1);
    struct task_thread *t = start_with(run_with_config, false, "${env:KITESTREAM_TEST_SECRET}");
    await_text("RUNNING ");
    stop_and_release(t);
}

static void test_start__unresolved_placeholder_fails(void **state)
{
    unsetenv("KITESTREAM_TEST_ABSENT");
    struct task_thread *t = start_with(run_well, false, "${env:KITESTREAM_TEST_ABSENT}");
    await_text("FAILED[");
    await_text("KITESTREAM_TEST_ABSENT");
    await_text(NULL);
    assert_true(task_thread_failed(t));
    assert_true(task_thread_release(t));
    assert_int_equal(runs, 0);
}

static void test_run__retriable_tries_again_and_says_why(void **state)
{
    struct task_thread *t = start(run_after_two_failures);
    await_text("RUNNING ");
    stop_and_release(t);
    assert_string_equal(seen.text, "RESTARTING RESTARTING(broker away) RESTARTING(broker away) "
                                   "RUNNING UNASSIGNED ");
}

static void test_run__fatal_fails_with_trace(void **state)
{
    struct task_thread *t = start(run_into_failure);
    await_text(NULL);
    assert_true(task_thread_failed(t));
    assert_true(task_thread_release(t));
    assert_string_equal(seen.text, "RESTARTING RUNNING FAILED[no such etcd root] ");
}

static void test_run__fenced_waits_for_confirmation(void **state)
{
    seen.confirms_to_refuse = 1;
    struct task_thread *t = start(run_into_fence);
    await_text("RUNNING RESTARTING(fenced) RESTARTING(slot not held) RUNNING ");
    assert_int_equal(runs, 2);
    stop_and_release(t);
}

static void test_stop__while_backing_off(void **state)
{
    seen.confirms_to_refuse = 1000;
    struct task_thread *t = start(run_into_fence);
    await_text("(slot not held)");
    stop_and_release(t);
    assert_int_equal(runs, 1);
}

static void test_on_waiting__shown_until_cleared(void **state)
{
    struct task_thread *t = start(run_and_wait);
    await_text("RESTARTING(etcd) RUNNING(etcd) RUNNING ");
    stop_and_release(t);
}

static void test_stop__calls_the_plugins_stop_op(void **state)
{
    struct task_thread *t = start(run_until_stop_op);
    await_text("RUNNING ");
    stop_and_release(t);
}

static void test_release__abandons_a_task_that_does_not_stop(void **state)
{
    struct task_thread *t = start(run_deaf);
    await_text("RUNNING ");
    task_thread_stop(t);
    assert_false(task_thread_ended(t));
    assert_false(task_thread_release(t));
    atomic_store(&let_go, true);
    int64_t deadline_ms = clock_mono_ms() + DEADLINE_MS;
    while (atomic_load(&runs) < 2 && clock_mono_ms() < deadline_ms)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_int_equal(runs, 2);
    assert_null(strstr(seen.text, "nobody listens"));
    assert_false(seen.ended);
}

/* As a plugin whose poll does not return until it is let go. */
static enum ks_status run_hanging(struct task_context *ctx, struct ks_error *err)
{
    ctx->on_state(ctx, TASK_RUNNING);
    task_context_enter(ctx, "poll");
    while (!atomic_load(&let_go))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    task_context_leave(ctx);
    ctx->on_topic(ctx, "books");
    wait_for_stop(ctx);
    return KS_OK;
}

/* Until a report holds `text`, which only the watchdog brings. */
static void watch_until(struct task_thread *t, const char *text)
{
    int64_t deadline_ms = clock_mono_ms() + DEADLINE_MS;
    bool found = false;
    while (!found && clock_mono_ms() < deadline_ms) {
        task_thread_watch(t, 20, 20);
        pthread_mutex_lock(&seen.lock);
        found = has_text(text);
        pthread_mutex_unlock(&seen.lock);
    }
    if (!found)
        fail_msg("no \"%s\" in: %s", text, seen.text);
}

static void test_watch__names_a_call_that_hangs(void **state)
{
    struct task_thread *t = start(run_hanging);
    await_text("RUNNING ");
    task_thread_watch(t, 3600000, 0);
    assert_false(has_text("RUNNING("));
    watch_until(t, "RUNNING(the call poll of test.Source, which has not returned for 0 s) ");
    atomic_store(&let_go, true);
    await_text("topic books ");
    watch_until(t, "topic books RUNNING ");
    stop_and_release(t);
}

/* As a loop that stands still, then waits for something, then goes on. */
static enum ks_status run_still(struct task_context *ctx, struct ks_error *err)
{
    ctx->on_state(ctx, TASK_RUNNING);
    ctx->on_still(ctx, clock_mono_ms() - 100, "offset 7 is next");
    ctx->on_topic(ctx, "still");
    while (!atomic_load(&let_go))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    atomic_store(&let_go, false);
    ctx->on_waiting(ctx, "etcd");
    ctx->on_topic(ctx, "waiting");
    while (!atomic_load(&let_go))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    ctx->on_waiting(ctx, NULL);
    ctx->on_still(ctx, 0, NULL);
    ctx->on_topic(ctx, "moving");
    wait_for_stop(ctx);
    return KS_OK;
}

static void test_watch__names_a_task_that_stands_still(void **state)
{
    seen.stalled = -1;
    struct task_thread *t = start(run_still);
    await_text("topic still ");
    task_thread_watch(t, 3600000, 0);
    assert_true(seen.stalled < 0);
    task_thread_watch(t, 3600000, 3600000);
    assert_true(seen.stalled == 0);
    assert_false(has_text("RUNNING("));
    watch_until(t, "RUNNING(progress: there is work, but nothing has moved since ");
    assert_true(has_text("Z; offset 7 is next) "));
    assert_true(seen.stalled == 1);
    atomic_store(&let_go, true);
    await_text("RUNNING(etcd) topic waiting "); /* is shown instead */
    task_thread_watch(t, 20, 20);
    assert_true(seen.stalled == 1);
    atomic_store(&let_go, true);
    await_text("topic moving ");
    watch_until(t, "topic moving RUNNING ");
    assert_true(seen.stalled == 0);
    stop_and_release(t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_start__runs_until_stopped),
        TEST(test_start__paused),
        TEST(test_start__config_has_defaults_and_resolved_secrets),
        TEST(test_start__unresolved_placeholder_fails),
        TEST(test_run__retriable_tries_again_and_says_why),
        TEST(test_run__fatal_fails_with_trace),
        TEST(test_run__fenced_waits_for_confirmation),
        TEST(test_stop__while_backing_off),
        TEST(test_on_waiting__shown_until_cleared),
        TEST(test_stop__calls_the_plugins_stop_op),
        TEST(test_watch__names_a_call_that_hangs),
        TEST(test_watch__names_a_task_that_stands_still),
        TEST(test_release__abandons_a_task_that_does_not_stop),
    };
    log_init(KS_LOG_ERROR, false);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
