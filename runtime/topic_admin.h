/* Topics: does one exist, with how many partitions, where does it begin and end; create one. Has a
 * client of its own, whose answers are read_uncommitted and which never makes the broker create a
 * topic by asking. Thread: one at a time. */
#ifndef RUNTIME_TOPIC_ADMIN_H
#define RUNTIME_TOPIC_ADMIN_H

#include "worker_config.h"

struct topic_admin;

/* override_config: a connector's, for admin.override.*; may be NULL. Has no client, with its
 * threads and connections, before the first question. Errors: FATAL for an option that Kafka's
 * client refuses. */
enum ks_status topic_admin_open(const struct worker_config *config,
                                const struct ks_config *override_config, struct topic_admin **ret,
                                struct ks_error *err);
void topic_admin_close(struct topic_admin *a);
/* No client any more until the next question. */
void topic_admin_rest(struct topic_admin *a);
/* Number of partitions; 0 if the topic does not exist. Errors, here and below: RETRIABLE when the
 * brokers are away, FATAL when not authorized. */
enum ks_status topic_admin_partitions(struct topic_admin *a, const char *topic, int32_t *ret,
                                      struct ks_error *err);
/* Creates the topic if it is absent and waits until it can be used. partitions, replication: -1 =
 * the broker's default. *ret_partitions (may be NULL) is what the topic has now. */
enum ks_status topic_admin_ensure(struct topic_admin *a, const char *topic, int32_t partitions,
                                  int replication, const struct ks_config *configs,
                                  int32_t *ret_partitions, struct ks_error *err);
/* Log start and high watermark, read_uncommitted. */
enum ks_status topic_admin_watermarks(struct topic_admin *a, const char *topic, int32_t partition,
                                      int64_t *ret_low, int64_t *ret_high, struct ks_error *err);
/* High watermarks of partitions 0 … count - 1. */
enum ks_status topic_admin_ends(struct topic_admin *a, const char *topic, int32_t count,
                                int64_t *ret_ends, struct ks_error *err);
/* *ret is NULL, and the log says why, when the brokers will not tell; else free it. */
enum ks_status topic_admin_config(struct topic_admin *a, const char *topic, const char *name,
                                  char **ret, struct ks_error *err);
/* Errors: FATAL when the topic's cleanup.policy is not `compact`. */
enum ks_status topic_admin_check_compacted(struct topic_admin *a, const char *topic,
                                           struct ks_error *err);

#endif
