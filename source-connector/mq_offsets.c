/* A wish (an offset, the beginning, a time) in, an offset that exists out; next: mq_consumer
 * assigns it. A wish that cannot be met is an error that says what there is: jumping elsewhere
 * would lose changes without a word. */
#include "mq_offsets.h"

#include <inttypes.h>
#include <stdlib.h>

#include "alloc.h"
#include "kafka_options.h"
#include "kitestream/sdk/util.h"

#define TIMEOUT_MS 5000

struct range {
    bool exists;
    int64_t low, high;
};

bool mq_offsets_is_missing_topic(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

static enum ks_status asking_failed(const char *channel, rd_kafka_resp_err_t code,
                                    struct ks_error *err)
{
    char *what = xasprintf("asking the source's Kafka for the offsets of channel %s", channel);
    enum ks_status status = kafka_error_set(err, what, code, NULL);
    free(what);
    return status;
}

static enum ks_status ask_range(rd_kafka_t *rk, const char *channel, struct range *ret,
                                struct ks_error *err)
{
    struct range range = {0};
    rd_kafka_resp_err_t code =
        rd_kafka_query_watermark_offsets(rk, channel, 0, &range.low, &range.high, TIMEOUT_MS);
    range.exists = !mq_offsets_is_missing_topic(code);
    if (code && range.exists)
        return asking_failed(channel, code, err);
    *ret = range.exists ? range : (struct range){0};
    return KS_OK;
}

static enum ks_status lost(const char *channel, int64_t wanted, const struct range *range,
                           struct ks_error *err)
{
    if (!range->exists)
        return ks_error_set(err, KS_ERR_FATAL,
                            "channel %s is gone from the source's Kafka, reading stood at offset "
                            "%" PRId64 ". Changes may be lost: delete this connector's offsets to "
                            "start anew, and copy the rows of its collections again",
                            channel, wanted);
    return ks_error_set(err, KS_ERR_FATAL,
                        "channel %s: offset %" PRId64
                        " is wanted, but the source's Kafka has %" PRId64 " to %" PRId64
                        " (retention expired, or the topic was made anew). Changes are lost: "
                        "delete this connector's offsets to start anew, copy the rows of its "
                        "collections again, and raise retention.ms of the source's topics",
                        channel, wanted, range->low, range->high);
}

enum ks_status mq_offsets_lost(rd_kafka_t *rk, const char *channel, int64_t wanted,
                               struct ks_error *err)
{
    struct range range = {0};
    enum ks_status status = ask_range(rk, channel, &range, err);
    return status ? status : lost(channel, wanted, &range, err);
}

static enum ks_status ask_time(rd_kafka_t *rk, const char *channel, int64_t unix_ms, int64_t end,
                               int64_t *ret, struct ks_error *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *partition = rd_kafka_topic_partition_list_add(list, channel, 0);
    partition->offset = unix_ms;
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(rk, list, TIMEOUT_MS);
    if (!code)
        code = partition->err;
    int64_t offset = partition->offset;
    rd_kafka_topic_partition_list_destroy(list);
    if (code)
        return asking_failed(channel, code, err);
    *ret = offset >= 0 ? offset : end;
    return KS_OK;
}

enum ks_status mq_offsets_start(rd_kafka_t *rk, const char *channel, struct mq_start start,
                                int64_t *ret_next, int64_t *ret_end, struct ks_error *err)
{
    struct range range = {0};
    enum ks_status status = ask_range(rk, channel, &range, err);
    int64_t next = range.low;
    if (!status && start.kind == MQ_START_OFFSET) {
        next = start.value;
        if (next < range.low || next > range.high)
            status = lost(channel, next, &range, err);
    } else if (!status && start.kind == MQ_START_TIME && range.exists) {
        status = ask_time(rk, channel, start.value, range.high, &next, err);
    }
    if (status)
        return status;
    *ret_next = next;
    *ret_end = range.high;
    return KS_OK;
}
