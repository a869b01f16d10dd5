/* The worker's own configuration: worker.yaml with Connect's worker option names. */
#ifndef RUNTIME_WORKER_CONFIG_H
#define RUNTIME_WORKER_CONFIG_H

#include "kitestream/plugin.h"
#include "string_map.h"

/* Owns: all. `all` holds every option with defaults; the members are the ones the runtime itself
 * looks at. */
struct worker_config {
    struct string_map all;
    char *bootstrap_servers;
    char *group_id;
    char *config_topic, *offset_topic, *status_topic, *schema_topic;
    int config_replication, offset_replication, status_replication;
    int offset_partitions, status_partitions;
    char *worker_id; /* host:port of the advertised listener, or host:pid */
    char **plugin_path;
    size_t plugin_path_count;
    bool exactly_once_source;
    int64_t transaction_timeout_ms;
    int64_t offset_flush_interval_ms;
    int64_t graceful_stop_ms;
    int64_t hang_timeout_ms;
    int64_t stall_timeout_ms; /* 0: off */
    bool topic_tracking, topic_tracking_reset;
    enum ks_log_level log_level;
    bool log_json;
};

/* The option table (for docs and checks). */
const struct ks_config_def *worker_config_table(void);
/* Reads a YAML file (flat map of options; nested maps join with '.'). Errors: FATAL with file, line
 * and nearest name. path NULL: all defaults. */
enum ks_status worker_config_load(const char *path, struct worker_config *ret,
                                  struct ks_error *err);
void worker_config_release(struct worker_config *c);
/* Names this worker by the port it really listens on, where the configuration says 0. */
void worker_config_set_port(struct worker_config *c, uint16_t port);
/* What librdkafka needs: worker-wide client options (security.*, sasl.*, ssl.*), then
 * `role_prefix` ("producer." / "consumer." / "admin."), then, if given, the connector's
 * `override_prefix` ("producer.override." …). */
struct rd_kafka_conf_s;
enum ks_status worker_kafka_conf(const struct worker_config *c, const char *role_prefix,
                                 const struct ks_config *connector, const char *override_prefix,
                                 struct rd_kafka_conf_s **ret, struct ks_error *err);

#endif
