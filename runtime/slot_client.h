/* The Kafka consumer by which a worker is a member of its group; slot_group's. Thread: one at a
 * time; the rebalance callback comes on the one that polls or closes. */
#ifndef RUNTIME_SLOT_CLIENT_H
#define RUNTIME_SLOT_CLIENT_H

#include <librdkafka/rdkafka.h>

#include "worker_config.h"

/* Milliseconds without a heartbeat after which the group takes a member for gone. */
#define SLOT_SESSION_MS 10000

typedef void slot_rebalance_fn(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                               rd_kafka_topic_partition_list_t *partitions, void *opaque);

struct slot_client_spec {
    const struct worker_config *worker;
    const char *topic, *instance_id;
    const char *what; /* for messages */
    slot_rebalance_fn *rebalance;
    void *opaque;
};

/* Opens it and begins to join. Errors: as worker_client_open. */
enum ks_status slot_client_open(const struct slot_client_spec *spec, rd_kafka_t **ret,
                                struct ks_error *err);
/* Begins to join, also again after it left. */
enum ks_status slot_client_join(rd_kafka_t *rk, const struct slot_client_spec *spec,
                                struct ks_error *err);
/* Says that it goes, which closing alone does not do for a static member. Waits a short time. */
void slot_client_leave(rd_kafka_t *rk);
/* Waits a short time. Returns false if it could not be ended: its threads go on, and it is leaked.
 * `was_assigned`: since it was opened; even if no slot. */
bool slot_client_close(rd_kafka_t *rk, bool was_assigned);
/* "" when it is no member. Owns: the caller. */
char *slot_client_member_id(rd_kafka_t *rk);

#endif
