/* One consumed record as one line of JSON. */
#ifndef RUNTIME_TAIL_FORMAT_H
#define RUNTIME_TAIL_FORMAT_H

#include <librdkafka/rdkafka.h>

#include "kitestream/sdk/buf.h"
#include "worker_config.h"

struct tail_format;

/* Schemas come from the registry that the worker's converters use; it is opened at the first record
 * that needs it. */
struct tail_format *tail_format_new(const struct worker_config *worker, bool value_only);
void tail_format_free(struct tail_format *f);
/* Appends the line, with its newline. What begins like Confluent's wire format is decoded by its
 * schema; other bytes are shown as the JSON they are, else as a string, else as base64.
 * Errors: RETRIABLE while the registry does not answer; DATA: the line shows base64 nevertheless.
 */
enum ks_status tail_format_line(struct tail_format *f, const rd_kafka_message_t *message,
                                struct ks_buf *out, struct ks_error *err);

#endif
