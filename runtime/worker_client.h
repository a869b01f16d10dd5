/* Kafka clients of the worker itself (stores, placement, administration), as task_client makes
 * those of tasks: the worker's options for the role, then what the piece insists on, and their
 * lines in our log. */
#ifndef RUNTIME_WORKER_CLIENT_H
#define RUNTIME_WORKER_CLIENT_H

#include <librdkafka/rdkafka.h>

#include "worker_config.h"

struct worker_client_option {
    const char *name, *value; /* ends with name == NULL */
};

/* role: "consumer", "producer", "admin". override_config: a connector's, or NULL. */
enum ks_status worker_client_conf(const struct worker_config *worker, const char *role,
                                  const struct ks_config *override_config,
                                  const struct worker_client_option *options, void *opaque,
                                  rd_kafka_conf_t **ret, struct ks_error *err);
/* Takes conf, also on failure. */
enum ks_status worker_client_open(rd_kafka_type_t type, rd_kafka_conf_t *take_conf,
                                  const char *what, rd_kafka_t **ret, struct ks_error *err);
/* What the brokers call their cluster; the caller frees. NULL: they did not say in time. */
char *worker_client_cluster_id(const struct worker_config *worker, int timeout_ms);

#endif
