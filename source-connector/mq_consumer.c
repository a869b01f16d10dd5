/* Kafka partitions 0 of Milvus' pchannels in, decoded records out (the seam is mq_consumer.h);
 * next: source_input hands them to the sequencer. Where reading starts is always an offset that was
 * looked up before, so a reconnect can never move it. Nothing is stored or committed here: if the
 * process dies, the same offsets are given again by whoever saved them. */
#include "mq_consumer.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "kafka_options.h"
#include "kitestream/sdk/util.h"
#include "mq_consumer_options.h"
#include "mq_offsets.h"

#define PROBE_EVERY_MS 3000
#define PROBE_TIMEOUT_MS 100
#define BROKERS_MAX 32

struct mq_channel {
    char *name;
    rd_kafka_topic_t *topic; /* as the messages name it; only compared */
    int64_t next;
};

struct mq_consumer {
    rd_kafka_t *rk;
    struct mq_channel *channels;
    size_t channel_count, channel_cap;
    char *brokers;
    char *trouble;
    int64_t probe_mono_ms; /* when to look whether the trouble is over */
    bool login_refused;
    struct mq_record bad;
    size_t nudge_every_bytes; /* 0: librdkafka looks by itself */
    size_t unnudged_bytes;
    struct {
        int32_t broker;
        int channel;     /* one that the broker leads */
    } busy[BROKERS_MAX]; /* brokers whose records came since the last nudge */
    size_t busy_count;
};

/* ---- opening ---- */

/* librdkafka would write to stderr; what matters comes through on_error. */
static void drop_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
}

static void set_trouble(struct mq_consumer *c, char *take_text)
{
    free(c->trouble);
    c->trouble = take_text;
    c->probe_mono_ms = clock_mono_ms() + PROBE_EVERY_MS;
}

/* Thread: the one that polls. */
static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct mq_consumer *c = opaque;
    rd_kafka_resp_err_t error = (rd_kafka_resp_err_t)code;
    if (error == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
        error == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED)
        c->login_refused = true;
    else if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && c->trouble)
        return; /* the reason was said before */
    set_trouble(c, xasprintf("cannot reach the source's Kafka at %s: %s", c->brokers, reason));
}

enum ks_status mq_consumer_open(const struct ks_config *config, size_t buffer_bytes,
                                struct mq_consumer **ret, struct ks_error *err)
{
    struct mq_consumer *c = xcalloc(1, sizeof *c);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_opaque(conf, c);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_log_cb(conf, drop_log);
    const char *brokers = ks_config_get(config, MQ_OPTION_PREFIX "bootstrap.servers");
    c->brokers = xstrdup(brokers ? brokers : "");
    enum ks_status status = KS_OK;
    if (!brokers || !*brokers)
        status = ks_error_set(err, KS_ERR_FATAL, MQ_OPTION_PREFIX "bootstrap.servers is missing");
    if (!status)
        status = mq_consumer_options(conf, config, buffer_bytes, &c->nudge_every_bytes, err);
    char reason[256];
    if (!status) {
        c->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
        if (!c->rk)
            status =
                ks_error_set(err, KS_ERR_FATAL, "the options " MQ_OPTION_PREFIX "*: %s", reason);
    }
    if (status) {
        rd_kafka_conf_destroy(conf);
        mq_consumer_close(c);
        return status;
    }
    *ret = c;
    return KS_OK;
}

void mq_consumer_close(struct mq_consumer *c)
{
    if (!c)
        return;
    mq_record_release(&c->bad);
    if (c->rk)
        rd_kafka_destroy_flags(c->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    for (size_t i = 0; i < c->channel_count; i++)
        free(c->channels[i].name);
    free(c->channels);
    free(c->brokers);
    free(c->trouble);
    free(c);
}

/* ---- channels ---- */

/* What on_error heard is clearer than the code of the call that failed. */
static enum ks_status explain(struct mq_consumer *c, enum ks_status status, struct ks_error *err)
{
    if (status != KS_ERR_RETRIABLE)
        return status;
    rd_kafka_poll(c->rk, 0);
    if (c->trouble)
        return ks_error_set(err, c->login_refused ? KS_ERR_FATAL : status, "%s", c->trouble);
    return status;
}

/* Only the new partition is touched: the others go on where they are. */
static enum ks_status assign(struct mq_consumer *c, const char *channel, int64_t offset,
                             struct ks_error *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, channel, 0)->offset = offset;
    rd_kafka_error_t *error = rd_kafka_incremental_assign(c->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (!error)
        return KS_OK;
    enum ks_status status = ks_error_set(err, KS_ERR_FATAL, "cannot read channel %s: %s", channel,
                                         rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return status;
}

enum ks_status mq_consumer_add(struct mq_consumer *c, const char *channel, struct mq_start start,
                               int *ret_index, int64_t *ret_next, int64_t *ret_end,
                               struct ks_error *err)
{
    int64_t next, end;
    enum ks_status status = mq_offsets_start(c->rk, channel, start, &next, &end, err);
    if (!status)
        status = assign(c, channel, next, err);
    if (status)
        return explain(c, status, err);
    c->channels = xgrow(c->channels, c->channel_count, &c->channel_cap, sizeof *c->channels);
    *ret_index = (int)c->channel_count;
    *ret_next = next;
    *ret_end = end;
    c->channels[c->channel_count++] = (struct mq_channel){.name = xstrdup(channel), .next = next};
    return KS_OK;
}

void mq_consumer_pause(struct mq_consumer *c, int channel, bool pause)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, c->channels[channel].name, 0);
    if (pause)
        rd_kafka_pause_partitions(c->rk, list);
    else
        rd_kafka_resume_partitions(c->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
}

/* ---- records ---- */

static struct mq_channel *channel_of(struct mq_consumer *c, const rd_kafka_message_t *message)
{
    for (size_t i = 0; i < c->channel_count; i++)
        if (c->channels[i].topic == message->rkt)
            return &c->channels[i];
    const char *name = message->rkt ? rd_kafka_topic_name(message->rkt) : "";
    for (size_t i = 0; i < c->channel_count; i++) {
        if (strcmp(c->channels[i].name, name) == 0) {
            c->channels[i].topic = message->rkt;
            return &c->channels[i];
        }
    }
    return NULL;
}

/* Milvus 2.6 marks its records with the property _v. Ticks of 2.3 have no headers at all, so for
 * them this costs nothing. */
static bool is_streaming(const rd_kafka_message_t *message)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t len;
    return rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
           rd_kafka_header_get_last(headers, "_v", &value, &len) == RD_KAFKA_RESP_ERR_NO_ERROR &&
           len > 0;
}

static void note_busy(struct mq_consumer *c, int channel, int32_t broker, size_t bytes)
{
    c->unnudged_bytes += bytes;
    for (size_t i = 0; i < c->busy_count; i++)
        if (c->busy[i].broker == broker)
            return;
    if (c->busy_count == BROKERS_MAX)
        return;
    c->busy[c->busy_count].broker = broker;
    c->busy[c->busy_count++].channel = channel;
}

/* Any request wakes a broker's thread; this one costs a millisecond. */
static void nudge(struct mq_consumer *c)
{
    if (c->nudge_every_bytes == 0 || c->unnudged_bytes < c->nudge_every_bytes)
        return;
    for (size_t i = 0; i < c->busy_count; i++) {
        int64_t low, high;
        rd_kafka_query_watermark_offsets(c->rk, c->channels[c->busy[i].channel].name, 0, &low,
                                         &high, PROBE_TIMEOUT_MS);
    }
    c->busy_count = 0;
    c->unnudged_bytes = 0;
}

static void free_message(void *message)
{
    rd_kafka_message_destroy(message);
}

static enum ks_status take_message(struct mq_consumer *c, struct mq_channel *channel,
                                   rd_kafka_message_t *take_message, struct mq_record **ret,
                                   struct ks_error *err)
{
    struct mq_record rec = {
        .channel = (int32_t)(channel - c->channels),
        .offset = take_message->offset,
        .message = take_message,
        .message_free = free_message,
    };
    struct ks_slice value = {take_message->payload, take_message->len};
    channel->next = take_message->offset + 1;
    if (c->nudge_every_bytes)
        note_busy(c, rec.channel, rd_kafka_message_broker_id(take_message), value.len);
    enum ks_status status = mq_record_decode(value, is_streaming(take_message), &rec, err);
    if (status) {
        ks_error_prefix(err, "channel %s, offset %" PRId64, channel->name, rec.offset);
        c->bad = rec;
        return status;
    }
    *ret = xmalloc(sizeof **ret);
    **ret = rec;
    return KS_OK;
}

/* An error in the place of a message. KS_OK: nothing that stops us. */
static enum ks_status take_error(struct mq_consumer *c, const rd_kafka_message_t *message,
                                 struct ks_error *err)
{
    const struct mq_channel *channel = channel_of(c, message);
    const char *reason = rd_kafka_message_errstr(message);
    if (!channel) { /* of the group that we never join: ask for the group coordinator, or alike */
        return KS_OK;
    }
    if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        message->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
        return explain(c, mq_offsets_lost(c->rk, channel->name, channel->next, err), err);
    if (mq_offsets_is_missing_topic(message->err)) {
        if (channel->next > 0) /* else Milvus has not written to it yet */
            set_trouble(c, xasprintf("channel %s does not exist in the source's Kafka at %s",
                                     channel->name, c->brokers));
        return KS_OK;
    }
    char *what = xasprintf("channel %s at offset %" PRId64, channel->name, channel->next);
    enum ks_status status = kafka_error_set(err, what, message->err, reason);
    free(what);
    if (status == KS_ERR_RETRIABLE) {
        set_trouble(c, xstrdup(err->message));
        return KS_OK;
    }
    return status;
}

/* Nothing tells that a connection is whole again while no record comes: so ask. */
static void probe(struct mq_consumer *c)
{
    int64_t low, high;
    if (!c->trouble || c->channel_count == 0 || clock_mono_ms() < c->probe_mono_ms)
        return;
    c->probe_mono_ms = clock_mono_ms() + PROBE_EVERY_MS;
    for (size_t i = 0; i < c->channel_count; i++)
        if (rd_kafka_query_watermark_offsets(c->rk, c->channels[i].name, 0, &low, &high,
                                             PROBE_TIMEOUT_MS))
            return;
    free(c->trouble);
    c->trouble = NULL;
}

enum ks_status mq_consumer_poll(struct mq_consumer *c, int timeout_ms, struct mq_record **ret,
                                struct ks_error *err)
{
    mq_record_release(&c->bad);
    rd_kafka_poll(c->rk, 0); /* on_error */
    if (c->login_refused)
        return ks_error_set(err, KS_ERR_FATAL, "%s. Check " MQ_OPTION_PREFIX "sasl.* and ssl.*",
                            c->trouble);
    nudge(c);
    struct mq_record *record = NULL;
    int64_t until = clock_mono_ms() + timeout_ms;
    enum ks_status status = KS_OK;
    do {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(c->rk, timeout_ms);
        if (message && message->err) {
            status = take_error(c, message, err);
            rd_kafka_message_destroy(message);
        } else if (message) {
            struct mq_channel *channel = channel_of(c, message);
            if (!channel || message->offset < channel->next)
                rd_kafka_message_destroy(message);
            else
                status = take_message(c, channel, message, &record, err);
        }
        int64_t left = until - clock_mono_ms();
        timeout_ms = left > 0 ? (int)left : 0;
    } while (!status && !record && timeout_ms > 0);
    if (!record && !status)
        probe(c);
    if (!status)
        *ret = record;
    return status;
}

const struct mq_record *mq_consumer_bad(const struct mq_consumer *c)
{
    return c->bad.message ? &c->bad : NULL;
}

const char *mq_consumer_trouble(struct mq_consumer *c)
{
    return c->trouble;
}
