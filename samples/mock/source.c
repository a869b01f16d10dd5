/* MockSource. In: nothing; out: no records, and a failure at the time that its options name. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kitestream/sdk/util.h"
#include "mock.h"

#define POLL_WAIT_NS 20000000

static const char *const modes[] = {"task-failure", "connector-failure", NULL};

struct source_task {
    bool fails;
    int64_t fails_at_ms; /* monotonic */
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool has_mode(const struct ks_config *config, const char *mode)
{
    const char *given = ks_config_get(config, "mock_mode");
    return given && strcmp(given, mode) == 0;
}

static enum ks_status source_start(const struct ks_task_host *host, const struct ks_config *config,
                                   void **ret_task, struct ks_error *err)
{
    struct source_task *t = calloc(1, sizeof *t);
    if (!t)
        return ks_error_set(err, KS_ERR_FATAL, "out of memory");
    t->fails = has_mode(config, "task-failure");
    t->fails_at_ms = now_ms() + ks_config_long(config, "delay_ms", 15000);
    *ret_task = t;
    return KS_OK;
}

static enum ks_status source_poll(void *arg, struct ks_source_batch **ret_batch,
                                  struct ks_error *err)
{
    const struct source_task *t = arg;
    *ret_batch = NULL;
    if (t->fails && now_ms() >= t->fails_at_ms)
        return ks_error_set(err, KS_ERR_FATAL, "failed as told by mock_mode=task-failure");
    nanosleep(&(struct timespec){.tv_nsec = POLL_WAIT_NS}, NULL);
    return KS_OK;
}

static void source_destroy(void *arg)
{
    free(arg);
}

static enum ks_status plan(const struct ks_config *config, int32_t max_tasks,
                           const struct ks_task_configs *configs, struct ks_error *err)
{
    if (has_mode(config, "connector-failure"))
        return ks_error_set(err, KS_ERR_FATAL, "failed as told by mock_mode=connector-failure");
    const struct ks_config nothing_more = {0};
    configs->add(configs->ctx, &nothing_more);
    return KS_OK;
}

static const struct ks_config_def options[] = {
    {.name = "mock_mode",
     .type = KS_CONFIG_STRING,
     .valid_values = modes,
     .doc = "What is to fail. Without it nothing does."},
    {.name = "delay_ms",
     .type = KS_CONFIG_LONG,
     .flags = KS_CONFIG_RANGE,
     .default_value = "15000",
     .min = 0,
     .max = 3600000,
     .doc = "Milliseconds from a task's start to its failure."},
    {0},
};

static const struct ks_source_task_ops ops = {
    .start = source_start,
    .poll = source_poll,
    .destroy = source_destroy,
};

const struct ks_connector_class mock_source = {
    .struct_size = sizeof mock_source,
    .name = "org.apache.kafka.connect.tools.MockSourceConnector",
    .version = MOCK_VERSION,
    .kind = KS_CLASS_SOURCE,
    .doc = "Writes nothing and fails when told to.",
    .config_defs = options,
    .source = &ops,
    .task_configs = plan,
};
