/* Dead letters: what happens to a record that cannot be processed, by Connect's options
 * errors.tolerance, errors.log.*, errors.deadletterqueue.*. Thread: the task's. */
#ifndef RUNTIME_ERRANT_RECORDS_H
#define RUNTIME_ERRANT_RECORDS_H

#include "kitestream/record.h"
#include "task_context.h"

struct errant_records;

struct errant_records *errant_records_new(struct task_context *ctx);
void errant_records_free(struct errant_records *e);
/* Name of the dead-letter topic, or NULL. */
const char *errant_records_topic(const struct errant_records *e);
/* Connect's stages. */
#define STAGE_KEY_CONVERTER "KEY_CONVERTER"
#define STAGE_VALUE_CONVERTER "VALUE_CONVERTER"
#define STAGE_KAFKA_PRODUCE "KAFKA_PRODUCE"
#define STAGE_TASK_PUT "TASK_PUT"

/* Takes one record in: counts, logs, queues the letter. `original` holds the raw bytes.
 * `class_name` is the class that failed. Errors: FATAL when nothing allows to go on without the
 * record (errors.tolerance=none and no dead-letter topic); RETRIABLE when so many letters wait that
 * a commit must come first. */
enum ks_status errant_records_add(struct errant_records *e, const struct ks_record *original,
                                  const char *stage, const char *class_name,
                                  const struct ks_error *reason, struct ks_error *err);
/* The letters that wait, oldest first: to be sent in a transaction, and dropped when it is
 * committed. */
size_t errant_records_count(const struct errant_records *e);
const struct ks_record *errant_records_at(const struct errant_records *e, size_t i);
void errant_records_drop(struct errant_records *e, size_t count);

#endif
