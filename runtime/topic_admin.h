/* Topics: does one exist, with how many partitions; create one. Works on any librdkafka handle. */
#ifndef RUNTIME_TOPIC_ADMIN_H
#define RUNTIME_TOPIC_ADMIN_H

#include <librdkafka/rdkafka.h>

#include "kitestream/config.h"
#include "kitestream/error.h"

/* Number of partitions; 0 if the topic does not exist. Never makes the broker create it, provided
 * that the handle has allow.auto.create.topics=false. Errors: RETRIABLE when the brokers are away,
 * FATAL when not authorized. */
enum ks_status topic_admin_partitions(rd_kafka_t *client, const char *topic, int32_t *ret,
                                      struct ks_error *err);
/* Creates the topic if it is absent and waits until it can be used. partitions, replication: -1 =
 * the broker's default. *ret_partitions (may be NULL) is what the topic has now. Errors: RETRIABLE,
 * or FATAL with the broker's reason. */
enum ks_status topic_admin_create(rd_kafka_t *client, const char *topic, int32_t partitions,
                                  int replication, const struct ks_config *configs,
                                  int32_t *ret_partitions, struct ks_error *err);

#endif
