/* Makes the worker's own Kafka clients. In: role and options; out: a client. Next: topic_admin,
 * topic_reader, compacted_topic, slot_group. librdkafka's lines about connections become debug
 * lines: the pieces say in their own words what does not work. */
#include "worker_client.h"

#include <stdio.h>
#include <syslog.h>

#include "alloc.h"
#include "kafka_options.h"
#include "kitestream/sdk/util.h"
#include "log.h"

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    log_line(level <= LOG_CRIT ? KS_LOG_ERROR : KS_LOG_DEBUG, NULL, -1, "%s: %s: %s",
             rk ? rd_kafka_name(rk) : "kafka", facility, text);
}

enum ks_status worker_client_conf(const struct worker_config *worker, const char *role,
                                  const struct ks_config *override_config,
                                  const struct worker_client_option *options, void *opaque,
                                  rd_kafka_conf_t **ret, struct ks_error *err)
{
    char prefix[32], override_prefix[32];
    snprintf(prefix, sizeof prefix, "%s.", role);
    snprintf(override_prefix, sizeof override_prefix, "%s.override.", role);
    rd_kafka_conf_t *conf = NULL;
    enum ks_status status =
        worker_kafka_conf(worker, prefix, override_config, override_prefix, &conf, err);
    for (; status == KS_OK && options->name; options++)
        status = kafka_options_set(conf, options->name, options->value, err);
    if (status != KS_OK) {
        if (conf)
            rd_kafka_conf_destroy(conf);
        return status;
    }
    rd_kafka_conf_set_opaque(conf, opaque);
    rd_kafka_conf_set_log_cb(conf, on_log);
    *ret = conf;
    return KS_OK;
}

enum ks_status worker_client_open(rd_kafka_type_t type, rd_kafka_conf_t *take_conf,
                                  const char *what, rd_kafka_t **ret, struct ks_error *err)
{
    char reason[512];
    rd_kafka_t *rk = rd_kafka_new(type, take_conf, reason, sizeof reason);
    if (!rk) {
        rd_kafka_conf_destroy(take_conf);
        return ks_error_set(err, KS_ERR_FATAL, "%s: %s", what, reason);
    }
    *ret = rk;
    return KS_OK;
}

char *worker_client_cluster_id(const struct worker_config *worker, int timeout_ms)
{
    const struct worker_client_option none[] = {{0}};
    struct ks_error err;
    rd_kafka_conf_t *conf;
    rd_kafka_t *rk = NULL;
    if (worker_client_conf(worker, "admin", NULL, none, NULL, &conf, &err) != KS_OK ||
        worker_client_open(RD_KAFKA_PRODUCER, conf, "cluster", &rk, &err) != KS_OK)
        return NULL;
    char *answer = rd_kafka_clusterid(rk, timeout_ms);
    char *id = answer ? xstrdup(answer) : NULL;
    rd_kafka_mem_free(rk, answer);
    rd_kafka_destroy(rk);
    return id;
}
