/* The options of the user in, librdkafka's configuration out; next: mq_consumer. In this order, so
 * that the user's own choice wins: our defaults, his options, what may not be chosen. */
#include "mq_consumer_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kafka_options.h"
#include "kitestream/sdk/util.h"

#define FETCH_MIN_BYTES (1u << 20)
#define FETCH_MAX_BYTES (20u << 20)
/* The limits of a fetch bound memory, not records: a broker sends the first one of a partition
 * whole, however long it is (Milvus writes up to 10 MiB). */
#define RECEIVE_BYTES "67108864"

/* What makes the offsets ours. An option of the user that says otherwise is refused. */
static const struct {
    const char *name, *value;
} ours[] = {
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"auto.offset.reset", "error"},
    {"enable.partition.eof", "false"},
};
#define OURS (sizeof ours / sizeof *ours)

static const struct {
    const char *name, *value;
} defaults[] = {
    {"client.id", "kitestream"},
    {"group.id", "kitestream-unused"}, /* required by librdkafka; no group is ever joined */
    {"check.crcs", "true"},
    {"receive.message.max.bytes", RECEIVE_BYTES},
    {"topic.metadata.refresh.interval.ms", "30000"}, /* for a topic that appears late */
    {"reconnect.backoff.max.ms", "2000"},
    {"fetch.wait.max.ms", "100"}, /* at the end of a channel; seen to delay its last records */
};

/* Once its queue was full, a broker thread of librdkafka < 2.2 looks at it again only after a
 * second, unless something wakes it: reading ahead would be limited to buffer_bytes a second. Newer
 * ones have an option for it. */
static size_t nudge_every(rd_kafka_conf_t *conf, size_t buffer_bytes)
{
    bool by_itself =
        rd_kafka_conf_set(conf, "fetch.queue.backoff.ms", "5", NULL, 0) == RD_KAFKA_CONF_OK;
    return by_itself ? 0 : buffer_bytes / 2 + 1;
}

static enum ks_status set_number(rd_kafka_conf_t *conf, const char *name, size_t value,
                                 struct ks_error *err)
{
    char text[24];
    snprintf(text, sizeof text, "%zu", value);
    return kafka_options_set(conf, name, text, err);
}

static size_t fetch_bytes(size_t wanted)
{
    return wanted < FETCH_MIN_BYTES   ? FETCH_MIN_BYTES
           : wanted > FETCH_MAX_BYTES ? FETCH_MAX_BYTES
                                      : wanted;
}

/* A full queue plus one fetch on its way: 1.5 times buffer_bytes. */
static enum ks_status set_buffer(rd_kafka_conf_t *conf, size_t buffer_bytes, struct ks_error *err)
{
    enum ks_status status = set_number(conf, "queued.max.messages.kbytes",
                                       buffer_bytes < 1024 ? 1 : buffer_bytes / 1024, err);
    if (!status)
        status = set_number(conf, "fetch.max.bytes", fetch_bytes(buffer_bytes / 2), err);
    if (!status)
        status = set_number(conf, "fetch.message.max.bytes", fetch_bytes(buffer_bytes / 4), err);
    return status;
}

enum ks_status mq_consumer_options(rd_kafka_conf_t *conf, const struct ks_config *config,
                                   size_t buffer_bytes, size_t *ret_nudge_every_bytes,
                                   struct ks_error *err)
{
    enum ks_status status = KS_OK;
    *ret_nudge_every_bytes = nudge_every(conf, buffer_bytes);
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults && !status; i++)
        status = kafka_options_set(conf, defaults[i].name, defaults[i].value, err);
    if (!status)
        status = set_buffer(conf, buffer_bytes, err);
    for (size_t i = 0; i < OURS && !status; i++) {
        char *name = xasprintf(MQ_OPTION_PREFIX "%s", ours[i].name);
        const char *value = ks_config_get(config, name);
        if (value && strcmp(value, ours[i].value) != 0)
            status = ks_error_set(err, KS_ERR_FATAL,
                                  "%s cannot be set: Kitestream keeps the offsets itself and must "
                                  "never skip a record",
                                  name);
        free(name);
    }
    if (!status)
        status = kafka_options_apply(conf, config, MQ_OPTION_PREFIX, err);
    for (size_t i = 0; i < OURS && !status; i++)
        status = kafka_options_set(conf, ours[i].name, ours[i].value, err);
    return status;
}
