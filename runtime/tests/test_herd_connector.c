/* One connector on this worker, with made-up loops and a made-up plugin: the two functions of
 * plugin_loader that planning uses are defined here, so that none is loaded. */
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
#include "herd_connector.h"
#include "kitestream/sdk/util.h"
#include "log.h"

#define DEADLINE_MS 10000
#define MAX_TASKS 4

/* ---- a class that plans as many tasks as option `n` says ---- */

static _Atomic bool let_go;

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static enum ks_status plan_n(const struct ks_config *config, int32_t max,
                             const struct ks_task_configs *configs, struct ks_error *err)
{
    while (strcmp(ks_config_get(config, "mode"), "hang") == 0 && !atomic_load(&let_go))
        nap();
    int64_t n = ks_config_long(config, "n", 1);
    for (int64_t i = 0; i < n; i++) {
        char text[2] = {(char)('0' + i), '\0'};
        const struct ks_config_entry entry = {"part", text};
        const struct ks_config task = {&entry, 1};
        configs->add(configs->ctx, &task);
    }
    return KS_OK;
}

static const struct ks_config_def defs[] = {
    {.name = "n", .type = KS_CONFIG_INT, .default_value = "1", .flags = KS_CONFIG_RANGE, .max = 4},
    {.name = "mode", .type = KS_CONFIG_STRING, .default_value = "well"},
    {.name = "part", .type = KS_CONFIG_STRING},
    {.name = NULL},
};
static const struct ks_source_task_ops ops = {0};
static const struct ks_connector_class test_class = {.struct_size = sizeof test_class,
                                                     .name = "test.Source",
                                                     .version = "1.5",
                                                     .kind = KS_CLASS_SOURCE,
                                                     .config_defs = defs,
                                                     .source = &ops,
                                                     .task_configs = plan_n};
static const struct plugin_class found_class = {.cls = &test_class};

const struct plugin_class *plugin_set_find(const struct plugin_set *set, const char *name)
{
    return strcmp(name, "test.Source") == 0 ? &found_class : NULL;
}

size_t plugin_set_classes(const struct plugin_set *set, const struct plugin_class **ret)
{
    *ret = &found_class;
    return 1;
}

/* ---- loops: what they do is the option `mode` ---- */

static _Atomic int starts[MAX_TASKS];

static enum ks_status run(struct task_context *ctx, struct ks_error *err)
{
    const char *mode = ks_config_get(&ctx->config, "mode");
    atomic_fetch_add(&starts[ctx->task_id], 1);
    ctx->on_state(ctx, atomic_load(&ctx->pause) ? TASK_PAUSED : TASK_RUNNING);
    bool fails = strcmp(mode, "fail") == 0 || (strcmp(mode, "fail1") == 0 && ctx->task_id == 1);
    if (fails)
        return ks_error_set(err, KS_ERR_FATAL, "boom");
    bool paused = atomic_load(&ctx->pause);
    while (!atomic_load(&ctx->stop) || (strcmp(mode, "deaf") == 0 && !atomic_load(&let_go))) {
        bool now = atomic_load(&ctx->pause);
        if (now != paused)
            ctx->on_state(ctx, now ? TASK_PAUSED : TASK_RUNNING);
        paused = now;
        nap();
    }
    return KS_OK;
}

/* ---- fixture ---- */

struct fixture {
    struct herd herd;
    struct herd_connector *connector;
    struct connector_config config;
    enum herd_wish wish;
    int64_t skew_ms; /* how far ahead the herder's clock is */
};

static char group[] = "workers";
static struct worker_config worker = {
    .group_id = group, .graceful_stop_ms = 2000, .hang_timeout_ms = 30000};

static void on_report(void *arg, const char *connector, int task, const struct task_status *status)
{
    status_store_put(((struct fixture *)arg)->herd.statuses, connector, task, status);
}

static enum ks_status on_confirm(void *arg, const char *connector, struct ks_error *err)
{
    return KS_OK;
}

static void on_ended(void *arg)
{
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->herd = (struct herd){.worker = &worker,
                            .configs = config_store_new(NULL, NULL),
                            .statuses = status_store_new("me:1"),
                            .metrics = metrics_new(),
                            .owner = {f, on_report, NULL, NULL, NULL, on_confirm, on_ended},
                            .run = run};
    f->connector = herd_connector_new(&f->herd, "c");
    f->config.auto_restart = AUTO_RESTART_OFF;
    string_map_set(&f->config.config, "name", "c");
    string_map_set(&f->config.config, "connector.class", "test.Source");
    string_map_set(&f->config.config, "tasks.max", "4");
    string_map_set(&f->config.config, "n", "2");
    for (int i = 0; i < MAX_TASKS; i++)
        atomic_store(&starts[i], 0);
    atomic_store(&let_go, false);
    *state = f;
    return 0;
}

static int64_t step(struct fixture *f)
{
    return herd_connector_step(f->connector, f->wish, f->wish == HERD_DELETE ? NULL : &f->config,
                               clock_mono_ms() + f->skew_ms);
}

static bool has_state(struct fixture *f, int task, const char *state)
{
    struct task_status status;
    if (!status_store_get(f->herd.statuses, "c", task, &status))
        return strcmp(state, "absent") == 0;
    bool same = strcmp(task_state_name(status.state), state) == 0;
    task_status_release(&status);
    return same;
}

/* Steps until the state shows. */
static void await_state(struct fixture *f, int task, const char *state)
{
    int64_t deadline_ms = clock_mono_ms() + DEADLINE_MS;
    step(f);
    while (!has_state(f, task, state) && clock_mono_ms() < deadline_ms) {
        nap();
        step(f);
    }
    if (!has_state(f, task, state))
        fail_msg("task %d never became %s", task, state);
}

static bool waits_for(struct fixture *f, int task, const char *what)
{
    struct task_status status;
    if (!status_store_get(f->herd.statuses, "c", task, &status))
        return false;
    bool waits = status.state == TASK_FAILED && status.trace && status.waiting &&
                 strstr(status.waiting, what);
    task_status_release(&status);
    return waits;
}

static void await_waiting(struct fixture *f, int task, const char *what)
{
    int64_t deadline_ms = clock_mono_ms() + DEADLINE_MS;
    while (!waits_for(f, task, what) && clock_mono_ms() < deadline_ms) {
        step(f);
        nap();
    }
    if (!waits_for(f, task, what))
        fail_msg("task %d never waited for %s", task, what);
}

static void await_starts(struct fixture *f, int task, int count)
{
    int64_t deadline_ms = clock_mono_ms() + DEADLINE_MS;
    while (atomic_load(&starts[task]) < count && clock_mono_ms() < deadline_ms) {
        step(f);
        nap();
    }
    assert_int_equal(atomic_load(&starts[task]), count);
}

static void await_idle(struct fixture *f)
{
    int64_t deadline_ms = clock_mono_ms() + DEADLINE_MS;
    step(f);
    while (!herd_connector_idle(f->connector) && clock_mono_ms() < deadline_ms) {
        nap();
        step(f);
    }
    assert_true(herd_connector_idle(f->connector));
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    f->wish = HERD_RELEASE;
    await_idle(f);
    herd_connector_free(f->connector);
    connector_config_release(&f->config);
    config_store_close(f->herd.configs);
    status_store_close(f->herd.statuses);
    metrics_free(f->herd.metrics);
    free(f);
    return 0;
}

static void await_both_running(struct fixture *f)
{
    await_state(f, 0, "RUNNING");
    await_state(f, 1, "RUNNING");
}

static void set_option(struct fixture *f, const char *option, const char *value)
{
    string_map_set(&f->config.config, option, value);
}

/* ---- tests ---- */

static void test_step__starts_all_tasks(void **state)
{
    struct fixture *f = *state;
    await_state(f, 0, "RUNNING");
    await_state(f, 1, "RUNNING");
    assert_true(has_state(f, STATUS_CONNECTOR, "RUNNING"));
    assert_int_equal(status_store_task_count(f->herd.statuses, "c"), 2);
    double started = 0, failed = -1;
    assert_true(metrics_get(f->herd.metrics, NULL, -1,
                            "kafka_connect_worker_connector_startup_success_total", NULL,
                            &started));
    assert_true(metrics_get(f->herd.metrics, NULL, -1,
                            "kafka_connect_worker_connector_startup_failure_total", NULL, &failed));
    assert_true(started == 1 && failed == 0);
}

static void test_step__release_stops_and_says_so(void **state)
{
    struct fixture *f = *state;
    await_both_running(f);
    f->wish = HERD_RELEASE;
    await_idle(f);
    assert_true(has_state(f, 0, "UNASSIGNED"));
    assert_true(has_state(f, STATUS_CONNECTOR, "UNASSIGNED"));
}

static void test_step__delete_leaves_no_status(void **state)
{
    struct fixture *f = *state;
    await_both_running(f);
    f->wish = HERD_DELETE;
    await_idle(f);
    assert_true(has_state(f, 0, "absent"));
    assert_true(has_state(f, STATUS_CONNECTOR, "absent"));
}

static void test_step__stopped_has_no_tasks_and_starts_again(void **state)
{
    struct fixture *f = *state;
    await_both_running(f);
    f->config.target = TARGET_STOPPED;
    await_state(f, STATUS_CONNECTOR, "STOPPED");
    assert_true(herd_connector_idle(f->connector));
    assert_true(has_state(f, 0, "absent"));
    f->config.target = TARGET_STARTED;
    await_state(f, 1, "RUNNING");
    assert_int_equal(atomic_load(&starts[1]), 2);
}

static void test_step__new_connector_that_is_stopped_shows_it(void **state)
{
    struct fixture *f = *state;
    f->config.target = TARGET_STOPPED;
    await_state(f, STATUS_CONNECTOR, "STOPPED");
    assert_int_equal(atomic_load(&starts[0]), 0);
}

static void test_step__pause_and_resume_keep_the_task(void **state)
{
    struct fixture *f = *state;
    await_state(f, 0, "RUNNING");
    f->config.target = TARGET_PAUSED;
    await_state(f, 0, "PAUSED");
    assert_true(has_state(f, STATUS_CONNECTOR, "PAUSED"));
    f->config.target = TARGET_STARTED;
    await_state(f, 0, "RUNNING");
    assert_true(has_state(f, STATUS_CONNECTOR, "RUNNING"));
    assert_int_equal(atomic_load(&starts[0]), 1);
}

static void test_step__paused_from_the_start_has_no_tasks(void **state)
{
    struct fixture *f = *state;
    f->config.target = TARGET_PAUSED;
    await_state(f, STATUS_CONNECTOR, "PAUSED");
    assert_true(has_state(f, 0, "absent"));
    assert_true(herd_connector_idle(f->connector));
    f->config.target = TARGET_STARTED;
    await_both_running(f);
    assert_int_equal(atomic_load(&starts[0]), 1);
}

/* As on a worker that takes over a paused connector. */
static void test_step__paused_with_tasks_starts_them_paused(void **state)
{
    struct fixture *f = *state;
    f->config.target = TARGET_PAUSED;
    f->config.task_count = 1;
    f->config.tasks = calloc(1, sizeof *f->config.tasks);
    await_state(f, 1, "PAUSED");
    assert_true(has_state(f, STATUS_CONNECTOR, "PAUSED"));
}

static void test_step__made_anew_with_the_same_config(void **state)
{
    struct fixture *f = *state;
    await_both_running(f);
    f->config.created++;
    await_starts(f, 0, 2);
    await_starts(f, 1, 2);
    f->config.created++;
    f->config.target = TARGET_PAUSED;
    await_state(f, 0, "absent");
    await_state(f, STATUS_CONNECTOR, "PAUSED");
}

static void test_step__planning_that_hangs_is_named(void **state)
{
    struct fixture *f = *state;
    struct task_status status;
    set_option(f, "mode", "hang");
    step(f);
    step(f);
    assert_true(has_state(f, STATUS_CONNECTOR, "absent"));
    assert_false(herd_connector_idle(f->connector));
    f->skew_ms += 30001;
    await_state(f, STATUS_CONNECTOR, "FAILED");
    assert_true(status_store_get(f->herd.statuses, "c", STATUS_CONNECTOR, &status));
    assert_non_null(strstr(status.trace, "task_configs of test.Source) has not returned"));
    task_status_release(&status);
    assert_int_equal(f->herd.abandoned, 1);
    atomic_store(&let_go, true);
    set_option(f, "mode", "well");
    await_both_running(f);
}

static void test_step__changed_config_restarts_and_drops_tasks(void **state)
{
    struct fixture *f = *state;
    await_both_running(f);
    set_option(f, "n", "1");
    await_state(f, 1, "absent");
    await_starts(f, 0, 2);
    assert_int_equal(atomic_load(&starts[1]), 1);
}

static void test_step__same_config_written_again_restarts_nothing(void **state)
{
    struct fixture *f = *state;
    await_both_running(f);
    f->config.version++;
    step(f);
    assert_false(herd_connector_idle(f->connector));
    assert_int_equal(atomic_load(&starts[0]), 1);
}

static void test_step__one_failed_task_leaves_the_others(void **state)
{
    struct fixture *f = *state;
    set_option(f, "mode", "fail1");
    await_state(f, 1, "FAILED");
    await_state(f, 0, "RUNNING");
    assert_true(has_state(f, STATUS_CONNECTOR, "RUNNING"));
}

static void test_step__bad_config_fails_with_all_faults(void **state)
{
    struct fixture *f = *state;
    struct task_status status;
    set_option(f, "n", "9");
    set_option(f, "tasks.max", "0");
    await_state(f, STATUS_CONNECTOR, "FAILED");
    assert_true(status_store_get(f->herd.statuses, "c", STATUS_CONNECTOR, &status));
    assert_non_null(strstr(status.trace, "configuration n"));
    assert_non_null(strstr(status.trace, "configuration tasks.max"));
    task_status_release(&status);
    set_option(f, "tasks.max", "4");
    set_option(f, "n", "1");
    await_state(f, 0, "RUNNING");
    assert_true(has_state(f, STATUS_CONNECTOR, "RUNNING"));
}

static void test_step__restart_of_one_task(void **state)
{
    struct fixture *f = *state;
    await_both_running(f);
    f->config.restart = (struct restart_request){.seq = 5, .task = 1};
    await_starts(f, 1, 2);
    step(f);
    assert_int_equal(atomic_load(&starts[0]), 1);
    assert_int_equal(atomic_load(&starts[1]), 2);
}

static void test_step__restart_of_failed_tasks_only(void **state)
{
    struct fixture *f = *state;
    set_option(f, "mode", "fail1");
    await_state(f, 1, "FAILED");
    await_state(f, 0, "RUNNING");
    f->config.restart = (struct restart_request){
        .seq = 5, .connector = true, .include_tasks = true, .only_failed = true, .task = -1};
    await_starts(f, 1, 2);
    assert_int_equal(atomic_load(&starts[0]), 1);
}

static void test_step__restart_requested_before_it_was_ours_is_void(void **state)
{
    struct fixture *f = *state;
    f->config.restart =
        (struct restart_request){.seq = 5, .connector = true, .include_tasks = true, .task = -1};
    await_both_running(f);
    step(f);
    assert_int_equal(atomic_load(&starts[0]), 1);
}

static void test_step__auto_restart_up_to_its_limit(void **state)
{
    struct fixture *f = *state;
    set_option(f, "mode", "fail1");
    f->config.auto_restart = 2;
    await_state(f, 1, "FAILED");
    await_waiting(f, 1, "its restart 1 of 2 by itself at 20");
    for (int count = 2; count <= 3; count++) {
        f->skew_ms += 60000; /* any backoff is over */
        await_starts(f, 1, count);
    }
    await_state(f, 1, "FAILED");
    await_waiting(f, 1, "restarted 2 times by itself, which is the limit");
    f->skew_ms += 120000;
    step(f);
    assert_int_equal(atomic_load(&starts[1]), 3);
    assert_int_equal(atomic_load(&starts[0]), 1);
}

static void test_step__deaf_task_is_abandoned_and_replaced(void **state)
{
    struct fixture *f = *state;
    set_option(f, "n", "1");
    set_option(f, "mode", "deaf");
    await_state(f, 0, "RUNNING");
    set_option(f, "mode", "well");
    int64_t next_ms = step(f);
    assert_false(herd_connector_idle(f->connector));
    assert_in_range(next_ms, 1, clock_mono_ms() + 2000);
    f->skew_ms += 2001;
    await_starts(f, 0, 2);
    assert_int_equal(f->herd.abandoned, 1);
    atomic_store(&let_go, true);
}

static void test_step__generation_grows_beyond_the_last_owners(void **state)
{
    struct fixture *f = *state;
    struct task_status status = {.generation = 41};
    status_store_put(f->herd.statuses, "c", 0, &status);
    await_state(f, 0, "RUNNING");
    assert_true(status_store_get(f->herd.statuses, "c", 0, &status));
    assert_int_equal(status.generation, 42);
    assert_string_equal(status.version, "1.5");
    task_status_release(&status);
}

/* Of a worker that was lost: nobody runs it until the plan is there. */
static void test_step__taken_over_is_unassigned_first(void **state)
{
    struct fixture *f = *state;
    struct task_status status = {.state = TASK_RUNNING, .generation = 3};
    status_store_put(f->herd.statuses, "c", STATUS_CONNECTOR, &status);
    status_store_put(f->herd.statuses, "c", 0, &status);
    status.state = TASK_FAILED;
    status_store_put(f->herd.statuses, "c", 1, &status);
    set_option(f, "mode", "hang");
    step(f);
    assert_true(has_state(f, STATUS_CONNECTOR, "UNASSIGNED"));
    assert_true(has_state(f, 0, "UNASSIGNED"));
    assert_true(has_state(f, 1, "FAILED"));
    atomic_store(&let_go, true);
    await_both_running(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_step__starts_all_tasks),
        TEST(test_step__release_stops_and_says_so),
        TEST(test_step__delete_leaves_no_status),
        TEST(test_step__stopped_has_no_tasks_and_starts_again),
        TEST(test_step__new_connector_that_is_stopped_shows_it),
        TEST(test_step__pause_and_resume_keep_the_task),
        TEST(test_step__paused_from_the_start_has_no_tasks),
        TEST(test_step__paused_with_tasks_starts_them_paused),
        TEST(test_step__made_anew_with_the_same_config),
        TEST(test_step__planning_that_hangs_is_named),
        TEST(test_step__changed_config_restarts_and_drops_tasks),
        TEST(test_step__same_config_written_again_restarts_nothing),
        TEST(test_step__one_failed_task_leaves_the_others),
        TEST(test_step__bad_config_fails_with_all_faults),
        TEST(test_step__restart_of_one_task),
        TEST(test_step__restart_of_failed_tasks_only),
        TEST(test_step__restart_requested_before_it_was_ours_is_void),
        TEST(test_step__auto_restart_up_to_its_limit),
        TEST(test_step__deaf_task_is_abandoned_and_replaced),
        TEST(test_step__generation_grows_beyond_the_last_owners),
        TEST(test_step__taken_over_is_unassigned_first),
    };
    log_init(KS_LOG_ERROR, false);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
