/* Kafka transactions on a task's producer. An outcome that is not known is asked for again, never
 * replaced by an abort. Thread: the task's. */
#ifndef RUNTIME_TRANSACTION_H
#define RUNTIME_TRANSACTION_H

#include "producer.h"

/* Errors, in all four: RETRIABLE: the brokers do not answer, call the same again; RESTART with
 * *ret_abort set: the transaction must be aborted; RESTART without: fenced or fatal, the client is
 * of no more use; FATAL: a restart will not heal it (it may need the abort too). */
enum ks_status transaction_begin(struct producer *p, struct ks_error *err);
/* Group offsets become part of the open transaction. */
enum ks_status transaction_add_offsets(struct producer *p,
                                       const rd_kafka_topic_partition_list_t *offsets,
                                       const rd_kafka_consumer_group_metadata_t *group,
                                       int timeout_ms, bool *ret_abort, struct ks_error *err);
/* All records must have been acknowledged (producer_wait). */
enum ks_status transaction_commit(struct producer *p, int timeout_ms, bool *ret_abort,
                                  struct ks_error *err);
enum ks_status transaction_abort(struct producer *p, int timeout_ms, struct ks_error *err);

#endif
