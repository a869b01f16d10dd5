/* A consumed Kafka message as a ks_record. */
#ifndef RUNTIME_MESSAGE_RECORD_H
#define RUNTIME_MESSAGE_RECORD_H

#include <librdkafka/rdkafka.h>

#include "converters.h"

/* Everything but key and value; they are the message's own bytes, without schema. Headers live in
 * the arena and the message. `topic` must outlive the record. */
struct ks_record message_record_raw(const rd_kafka_message_t *message, const char *topic,
                                    struct ks_arena *arena);
/* Converts key and value in place. Errors: as converter_to_record, with *ret_stage of Connect. */
enum ks_status message_record_convert(struct ks_record *record, struct converter *keys,
                                      struct converter *values, struct ks_arena *arena,
                                      const char **ret_stage, struct ks_error *err);

#endif
