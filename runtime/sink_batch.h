/* Consumed messages as the batch that a sink's put receives. */
#ifndef RUNTIME_SINK_BATCH_H
#define RUNTIME_SINK_BATCH_H

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

#include "task_host.h"

#define SINK_BATCH_MAX 1000

/* Two hold a batch: the plugin until its release (any thread), the loop until sink_batch_drop. */
struct sink_batch {
    struct ks_sink_batch batch; /* first: release gets it */
    struct ks_record *records;
    rd_kafka_message_t **messages; /* ends of partitions included */
    size_t message_count;
    size_t converted; /* messages that were looked at */
    size_t record_count;
    struct ks_arena arena;
    _Atomic int holders;
    _Atomic size_t *outstanding; /* the loop's count of batches that exist */
};

/* Takes the messages; the array is copied. */
struct sink_batch *sink_batch_new(rd_kafka_message_t *const *take_messages, size_t count,
                                  _Atomic size_t *outstanding);
/* Makes records of messages; those that can't be converted go the way of errors.tolerance.
 * Errors: RETRIABLE: call again, it goes on where it was; FATAL. */
enum ks_status sink_batch_convert(struct sink_batch *b, struct ks_task *task, struct ks_error *err);
void sink_batch_drop(struct sink_batch *b);

#endif
