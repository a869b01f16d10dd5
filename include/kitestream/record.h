/* Records as they cross the plugin ABI: key and value are Avro bodies (no framing) with a handle of
 * their schema. The runtime's converters frame them (Avro) or transcode them (JSON, string). */
#ifndef KITESTREAM_RECORD_H
#define KITESTREAM_RECORD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Never owns. data == NULL is Kafka's null, which differs from an empty value. */
struct ks_slice {
    const void *data;
    size_t len;
};

/* Opaque handle of an Avro schema, from ks_task_host.schema_intern or a consumed record. Lives as
 * long as the task; equal schemas may have different handles. */
struct ks_schema;

struct ks_header {
    const char *key;
    struct ks_slice value;
};

/* A source must leave this many writable bytes in front of every non-null key and value, so that
 * the wire format's prefix is written without a copy. */
#define KS_RECORD_HEADROOM 8

struct ks_record {
    const char *topic;
    int32_t partition; /* source: -1 = by key, as Kafka's murmur2 does; sink: where it was read */
    int64_t offset;    /* sink only */
    int64_t timestamp_ms; /* Unix time; -1 = now */
    struct ks_slice key;
    const struct ks_schema *key_schema; /* NULL: raw bytes */
    struct ks_slice value;              /* null = tombstone */
    const struct ks_schema *value_schema;
    const struct ks_header *headers;
    size_t header_count;
};

/* A place in Kafka. */
struct ks_topic_partition {
    const char *topic;
    int32_t partition;
    int64_t offset; /* the next offset to read or to be written, as the call says; -1 = none */
};

#ifdef __cplusplus
}
#endif
#endif
