/* Options of a task's Kafka clients in; a librdkafka handle out. Order of options: librdkafka's
 * default, ours, the worker's, the connector's, ours that are fixed. Next: producer, consumer. */
#include "task_client.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "kafka_options.h"
#include "kitestream/sdk/util.h"
#include "log.h"

/* Every broker that is away reports for itself. */
#define SHOW_EVERY_MS 30000

static enum ks_log_level level_of(int syslog_level)
{
    if (syslog_level <= 3)
        return KS_LOG_ERROR;
    if (syslog_level <= 4)
        return KS_LOG_WARN;
    return syslog_level <= 6 ? KS_LOG_DEBUG : KS_LOG_TRACE;
}

/* Thread: librdkafka's. Lost connections are what on_error shows: once, not every second. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    const struct task_client *c = rk ? rd_kafka_opaque(rk) : NULL;
    bool shown = strcmp(facility, "FAIL") == 0 || strcmp(facility, "ERROR") == 0;
    if (c)
        log_line(shown ? KS_LOG_DEBUG : level_of(level), c->ctx->connector, c->ctx->task_id,
                 "%s: %s: %s", c->what, facility, text);
}

/* Thread: the task's, out of poll. librdkafka goes on trying by itself. */
static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct task_client *c = opaque;
    int64_t now_ms = clock_mono_ms();
    if (c->in_trouble && now_ms - c->shown_mono_ms < SHOW_EVERY_MS)
        return;
    char *text = xasprintf("Kafka (%s, bootstrap.servers=%s): %s: %s", c->what,
                           c->ctx->worker->bootstrap_servers,
                           rd_kafka_err2str((rd_kafka_resp_err_t)code), reason);
    c->in_trouble = true;
    c->shown_mono_ms = now_ms;
    c->ctx->on_waiting(c->ctx, text);
    free(text);
}

void task_client_ok(struct task_client *c)
{
    if (!c->in_trouble)
        return;
    c->in_trouble = false;
    c->ctx->on_waiting(c->ctx, NULL);
}

static bool given(const struct task_context *ctx, const char *role, const char *name)
{
    char key[256];
    snprintf(key, sizeof key, "%s.override.%s", role, name);
    if (ks_config_get(&ctx->config, key))
        return true;
    snprintf(key, sizeof key, "%s.%s", role, name);
    return string_map_get(&ctx->worker->all, key) != NULL;
}

enum ks_status task_client_conf(struct task_client *c, struct task_context *ctx, const char *role,
                                const struct client_option *options, rd_kafka_conf_t **ret,
                                struct ks_error *err)
{
    c->ctx = ctx;
    c->what = role;
    char worker_prefix[32], override_prefix[32], client_id[256];
    snprintf(worker_prefix, sizeof worker_prefix, "%s.", role);
    snprintf(override_prefix, sizeof override_prefix, "%s.override.", role);
    snprintf(client_id, sizeof client_id, "connector-%s-%s-%d", role, ctx->connector, ctx->task_id);
    rd_kafka_conf_t *conf = NULL;
    enum ks_status status =
        worker_kafka_conf(ctx->worker, worker_prefix, &ctx->config, override_prefix, &conf, err);
    if (status == KS_OK && !given(ctx, role, "client.id"))
        status = kafka_options_set(conf, "client.id", client_id, err);
    for (; status == KS_OK && options->name; options++) {
        if (options->value && (options->fixed || !given(ctx, role, options->name)))
            status = kafka_options_set(conf, options->name, options->value, err);
    }
    if (status != KS_OK) {
        if (conf)
            rd_kafka_conf_destroy(conf);
        return status;
    }
    rd_kafka_conf_set_opaque(conf, c);
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_error_cb(conf, on_error);
    *ret = conf;
    return KS_OK;
}

enum ks_status task_client_new(struct task_client *c, rd_kafka_type_t type,
                               rd_kafka_conf_t *take_conf, struct ks_error *err)
{
    char reason[512];
    c->rk = rd_kafka_new(type, take_conf, reason, sizeof reason);
    if (c->rk)
        return KS_OK;
    rd_kafka_conf_destroy(take_conf);
    return ks_error_set(err, KS_ERR_FATAL, "Kafka %s: %s; correct the %s.* options", c->what,
                        reason, c->what);
}
