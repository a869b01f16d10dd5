/* A sink's offset in Connect's JSON: {"kafka_topic", "kafka_partition"} and {"kafka_offset"}. */
#ifndef RUNTIME_SINK_OFFSET_JSON_H
#define RUNTIME_SINK_OFFSET_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "kitestream/error.h"

/* Owns: topic. */
struct sink_position {
    char *topic;
    int32_t partition;
    int64_t offset; /* -1: none */
};

/* New references. */
json_t *sink_partition_json(const char *topic, int32_t partition);
json_t *sink_offset_value_json(int64_t offset);
/* A record of the offset topic; false for one that says something else. */
bool sink_position_of_record(const char *partition_json, const char *offset_json,
                             struct sink_position *ret);
/* From a client, who may give numbers as strings, and null as offset. Errors: DATA, in words that
 * Connect has too. */
enum ks_status sink_position_of_request(const json_t *partition, const json_t *offset,
                                        struct sink_position *ret, struct ks_error *err);

#endif
