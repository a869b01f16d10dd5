/* JSON in; topic, partition and offset out, and back. Next: connector_offsets. */
#include "sink_offset_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"

#define TOPIC "kafka_topic"
#define PARTITION "kafka_partition"
#define OFFSET "kafka_offset"

/* Member names sorted, as in the keys of the offset topic. */
json_t *sink_partition_json(const char *topic, int32_t partition)
{
    return json_pack("{s:i, s:s}", PARTITION, (int)partition, TOPIC, topic);
}

json_t *sink_offset_value_json(int64_t offset)
{
    return json_pack("{s:I}", OFFSET, (json_int_t)offset);
}

/* An integer, or a string that is one. */
static bool number_of(const json_t *value, int64_t *ret)
{
    if (json_is_integer(value)) {
        *ret = json_integer_value(value);
        return true;
    }
    const char *text = json_string_value(value);
    if (!text || !*text || strspn(text, "+-0123456789") != strlen(text))
        return false;
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (*end || errno)
        return false;
    *ret = number;
    return true;
}

bool sink_position_of_record(const char *partition_json, const char *offset_json,
                             struct sink_position *ret)
{
    json_t *partition = json_loads(partition_json, 0, NULL);
    json_t *offset = json_loads(offset_json, 0, NULL);
    const char *topic = json_string_value(json_object_get(partition, TOPIC));
    int64_t number, position;
    bool ok = topic && number_of(json_object_get(partition, PARTITION), &number) && number >= 0 &&
              number <= INT32_MAX && number_of(json_object_get(offset, OFFSET), &position);
    if (ok)
        *ret = (struct sink_position){xstrdup(topic), (int32_t)number, position};
    json_decref(partition);
    json_decref(offset);
    return ok;
}

static enum ks_status read_number(const json_t *value, const char *what, int64_t max, int64_t *ret,
                                  struct ks_error *err)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    enum ks_status status = KS_OK;
    if (!number_of(value, ret))
        status = ks_error_set(err, KS_ERR_DATA,
                              "Failed to parse the following Kafka %s value in the provided "
                              "offsets: %.100s. Such values for sink connectors need to be "
                              "integers.",
                              what, text);
    else if (*ret < 0 || *ret > max)
        status = ks_error_set(err, KS_ERR_DATA, "the Kafka %s %.100s is not in the range 0 to %lld",
                              what, text, (long long)max);
    free(text);
    return status;
}

enum ks_status sink_position_of_request(const json_t *partition, const json_t *offset,
                                        struct sink_position *ret, struct ks_error *err)
{
    const char *topic = json_string_value(json_object_get(partition, TOPIC));
    const json_t *number = json_object_get(partition, PARTITION);
    const json_t *position = json_object_get(offset, OFFSET);
    bool is_reset = !offset || json_is_null(offset);
    int64_t partition_number = 0, offset_number = -1;
    if (!topic || !number)
        return ks_error_set(err, KS_ERR_DATA,
                            "The partition for a sink connector offset must contain the keys "
                            "'" TOPIC "' and '" PARTITION "'");
    if (!is_reset && !position)
        return ks_error_set(err, KS_ERR_DATA,
                            "The offset for a sink connector should either be null or contain the "
                            "key '" OFFSET "'");
    enum ks_status status = read_number(number, "partition", INT32_MAX, &partition_number, err);
    if (status == KS_OK && !is_reset)
        status = read_number(position, "offset", INT64_MAX, &offset_number, err);
    if (status == KS_OK)
        *ret = (struct sink_position){xstrdup(topic), (int32_t)partition_number, offset_number};
    return status;
}
