/* A task's Kafka producer: records out without a copy, delivery reports in, and where in each
 * partition the last own record landed. Thread: the task's. */
#ifndef RUNTIME_PRODUCER_H
#define RUNTIME_PRODUCER_H

#include "kitestream/record.h"
#include "task_client.h"
#include "topic_creation.h"

struct producer;

/* Told when every record that was sent with it is acknowledged or given up. Embed it; `pending` may
 * be raised by the owner to hold the end back, and lowered with delivery_drop. */
struct delivery {
    size_t pending;
    void (*done)(struct delivery *);
};
void delivery_drop(struct delivery *d);

/* transactional_id NULL: a plain idempotent producer. Else returns once the older owner of the id
 * is fenced and its open transaction aborted; waits for the brokers as long as the task is not
 * stopped. `admin` and `creation` are borrowed: missing topics are created through them. Errors:
 * FATAL; RETRIABLE when stopped meanwhile. */
enum ks_status producer_open(struct task_context *ctx, const char *transactional_id,
                             struct topic_admin *admin, struct topic_creation *creation,
                             struct producer **ret, struct ks_error *err);
/* Gives up what is not delivered; every delivery ends before this returns. */
void producer_close(struct producer *p);
/* Only that part of close which ends all deliveries. */
void producer_purge(struct producer *p);
rd_kafka_t *producer_handle(const struct producer *p);

/* `record`: key and value are the bytes to send, schemas are ignored. d may be NULL. Unless `copy`
 * is set, key and value must stay unchanged until d is done. A full queue is waited for. Errors:
 * DATA for a record that is too large or invalid (nothing is sent), else as producer_check. */
enum ks_status producer_send(struct producer *p, const struct ks_record *record, struct delivery *d,
                             bool copy, struct ks_error *err);
/* Serves delivery reports. */
void producer_poll(struct producer *p, int timeout_ms);
/* KS_OK, or why nothing more can be produced: RESTART, or FATAL for what a restart does not heal.
 */
enum ks_status producer_check(struct producer *p, struct ks_error *err);
/* Until every record is acknowledged. Errors: as producer_check; RETRIABLE at the deadline, or some
 * seconds after the task was stopped. */
enum ks_status producer_wait(struct producer *p, int64_t deadline_mono_ms, struct ks_error *err);
#define PRODUCER_NO_DEADLINE INT64_MAX
/* Forgets failed deliveries: what failed was aborted. */
void producer_reset(struct producer *p);
/* As ks_task_host.next_offsets. More partitions than `cap` are an error (FATAL). */
enum ks_status producer_next_offsets(struct producer *p, const char *topic,
                                     struct ks_topic_partition *ret, size_t cap, size_t *ret_count,
                                     struct ks_error *err);
/* Kafka's error code as the task's: a fence or a fatal error is RESTART (and ctx->fenced). */
enum ks_status producer_error(struct producer *p, const char *what, rd_kafka_resp_err_t code,
                              const char *reason, struct ks_error *err);

#endif
