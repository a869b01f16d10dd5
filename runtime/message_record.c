/* Kafka message in, record with Avro bodies out; Avro's bytes are not copied. Next: the
 * sink's batches, and topic_read of the host. */
#include "message_record.h"

#include "errant_records.h"

static void read_headers(const rd_kafka_message_t *message, struct ks_arena *arena,
                         struct ks_record *record)
{
    rd_kafka_headers_t *headers;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    size_t count = rd_kafka_header_cnt(headers);
    struct ks_header *list = ks_arena_alloc(arena, count * sizeof *list);
    for (size_t i = 0; i < count; i++)
        rd_kafka_header_get_all(headers, i, &list[i].key, &list[i].value.data, &list[i].value.len);
    record->headers = list;
    record->header_count = count;
}

struct ks_record message_record_raw(const rd_kafka_message_t *message, const char *topic,
                                    struct ks_arena *arena)
{
    struct ks_record record = {
        .topic = topic,
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_ms = rd_kafka_message_timestamp(message, NULL),
        .key = {message->key, message->key_len},
        .value = {message->payload, message->len},
    };
    read_headers(message, arena, &record);
    return record;
}

enum ks_status message_record_convert(struct ks_record *record, struct converter *keys,
                                      struct converter *values, struct ks_arena *arena,
                                      const char **ret_stage, struct ks_error *err)
{
    struct ks_slice key, value;
    const struct ks_schema *key_schema, *value_schema;
    *ret_stage = STAGE_KEY_CONVERTER;
    enum ks_status status =
        converter_to_record(keys, record, record->key, arena, &key, &key_schema, err);
    if (status != KS_OK)
        return status;
    *ret_stage = STAGE_VALUE_CONVERTER;
    status = converter_to_record(values, record, record->value, arena, &value, &value_schema, err);
    if (status != KS_OK)
        return status;
    record->key = key;
    record->key_schema = key_schema;
    record->value = value;
    record->value_schema = value_schema;
    return KS_OK;
}
