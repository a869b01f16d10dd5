/* A source's batches on their way to the producer. Thread: the task's. */
#ifndef RUNTIME_SOURCE_SENDER_H
#define RUNTIME_SOURCE_SENDER_H

#include "task_host.h"

struct source_sender;

struct source_sender *source_sender_new(struct ks_task *task);
void source_sender_free(struct source_sender *s); /* after the last delivery */

/* A batch that is held: its release is called once, when every record is delivered, dropped or
 * given up, and source_batch_drop was called. */
struct source_batch;
struct source_batch *source_batch_hold(struct ks_source_batch *take_batch);
void source_batch_drop(struct source_batch *b);

/* Converts and sends records [*next, count); *next says how far it came. Records that can't be
 * converted or are too large go the way of errors.tolerance. Errors: RETRIABLE: wait, then call
 * again; others end the task. */
enum ks_status source_sender_send(struct source_sender *s, struct source_batch *b, size_t *next,
                                  struct ks_error *err);

#endif
