/* A host for tests of the whole source side: besides schemas it keeps topics with their positions,
 * gives their records back to topic_read, and turns records into JSON. */
#ifndef SOURCE_TESTS_HELPER_STREAM_H
#define SOURCE_TESTS_HELPER_STREAM_H

#include <jansson.h>

#include "kitestream/plugin.h"

struct stream_host;

struct stream_host *stream_host_new(void);
void stream_host_free(struct stream_host *h);
const struct ks_task_host *stream_host_ops(struct stream_host *h);
/* "Delivers" a record: {topic, partition, offset, key, value}, value null for a tombstone. New
 * reference. */
json_t *stream_host_deliver(struct stream_host *h, const struct ks_record *record);
/* The offset of a source partition, as committed. */
void stream_host_set_offset(struct stream_host *h, const char *partition_json,
                            const char *offset_json);
/* A transaction: what is delivered after the commit of the one before is undone by an abort. */
void stream_host_commit(struct stream_host *h, const struct ks_source_batch *batch);
void stream_host_abort(struct stream_host *h);
/* All records that are there, as `deliver` returned them. Owns: new reference. */
json_t *stream_host_records(const struct stream_host *h);

/* What the task said. */
const char *stream_host_status(const struct stream_host *h); /* NULL: waits for nothing */
const char *stream_host_log(struct stream_host *h);
double stream_host_metric(const struct stream_host *h, const char *name); /* of all its labels */
size_t stream_host_letters(const struct stream_host *h);
/* Answers of report_errant, the next one and those after it; at first always FATAL. */
void stream_host_answer_errant(struct stream_host *h, enum ks_status next, enum ks_status later);
/* As an operator does. */
void stream_host_delete_topic(struct stream_host *h, const char *topic);
/* What transforms make of one topic; `routed` is borrowed. */
void stream_host_route(struct stream_host *h, const char *topic, const char *routed);
void stream_host_stop(struct stream_host *h, bool stop);

#endif
