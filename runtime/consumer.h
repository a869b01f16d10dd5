/* A sink task's Kafka consumer: partitions by assign only, committed records only, positions that
 * count the end of a partition. Thread: the task's. */
#ifndef RUNTIME_CONSUMER_H
#define RUNTIME_CONSUMER_H

#include "kitestream/record.h"
#include "task_client.h"

struct consumer;

/* group.id is connect-<connector>. Does not wait for the brokers. */
enum ks_status consumer_open(struct task_context *ctx, struct consumer **ret, struct ks_error *err);
/* All messages must have been destroyed. */
void consumer_close(struct consumer *c);
rd_kafka_t *consumer_handle(const struct consumer *c);

/* As the services of ks_task_host. assign: tp->offset >= 0, or RD_KAFKA_OFFSET_BEGINNING. A topic
 * that is assigned keeps its name's memory until close. Errors: DATA when the partition is (not)
 * assigned already. */
enum ks_status consumer_assign(struct consumer *c, const struct ks_topic_partition *tp,
                               struct ks_error *err);
enum ks_status consumer_unassign(struct consumer *c, const char *topic, int32_t partition,
                                 struct ks_error *err);
enum ks_status consumer_pause(struct consumer *c, const char *topic, int32_t partition,
                              struct ks_error *err);
enum ks_status consumer_resume(struct consumer *c, const char *topic, int32_t partition,
                               struct ks_error *err);
bool consumer_is_assigned(const struct consumer *c, const char *topic, int32_t partition);
/* -1 when not assigned, or when nothing is known yet of a partition that starts at the beginning.
 */
int64_t consumer_position(const struct consumer *c, const char *topic, int32_t partition);
enum ks_status consumer_committed(struct consumer *c, struct ks_topic_partition *tps, size_t count,
                                  struct ks_error *err);
/* Partitions of the whole consumer on hold, beside what is paused singly. */
enum ks_status consumer_hold(struct consumer *c, bool hold, struct ks_error *err);
/* What is assigned, with positions. Entries live until the next assign; free the array. */
size_t consumer_assignment(const struct consumer *c, struct ks_topic_partition **ret);

/* Waits for messages; ends of partitions are among them (err == RD_KAFKA_RESP_ERR__PARTITION_EOF).
 * The caller destroys them. Errors: FATAL for a lost position or missing permission; RETRIABLE
 * trouble is only shown in the status. */
enum ks_status consumer_poll(struct consumer *c, int timeout_ms, rd_kafka_message_t **messages,
                             size_t cap, size_t *ret_count, struct ks_error *err);
/* The name with the memory of the assignment, and whether the partition is assigned at all. */
const char *consumer_topic_of(struct consumer *c, const rd_kafka_message_t *message);
/* Moves positions past messages (and ends) that were handed over. */
void consumer_passed(struct consumer *c, rd_kafka_message_t *const *messages, size_t count);

#endif
