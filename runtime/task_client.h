/* One Kafka client of a task: its configuration, its log lines, and its trouble shown as what the
 * task waits for. First member of the opaque that librdkafka's callbacks get. */
#ifndef RUNTIME_TASK_CLIENT_H
#define RUNTIME_TASK_CLIENT_H

#include <librdkafka/rdkafka.h>

#include "task_context.h"

struct task_client {
    struct task_context *ctx;
    const char *what; /* "producer" */
    rd_kafka_t *rk;
    bool in_trouble;       /* the status names it */
    int64_t shown_mono_ms; /* when it was put there */
};

struct client_option {
    const char *name, *value;
    bool fixed; /* wins over what a user gives */
};

/* role: "producer" or "consumer"; the worker's "<role>.…" and the connector's "<role>.override.…"
 * apply. `options` ends with name == NULL. `c` becomes the opaque of all callbacks.
 * Errors: FATAL naming the option. */
enum ks_status task_client_conf(struct task_client *c, struct task_context *ctx, const char *role,
                                const struct client_option *options, rd_kafka_conf_t **ret,
                                struct ks_error *err);
/* Takes conf. */
enum ks_status task_client_new(struct task_client *c, rd_kafka_type_t type,
                               rd_kafka_conf_t *take_conf, struct ks_error *err);
/* Kafka answered: the task waits for it no longer. Cheap. */
void task_client_ok(struct task_client *c);

#endif
