/* Milvus' pchannels in, decoded records out. One librdkafka consumer that only assigns: own
 * offsets, auto.offset.reset=error (a lost position is an error, never a jump). Next: the
 * sequencer. Order kept: offset order within a channel. If the process dies: nothing is committed
 * here. Thread: one. Errors: RETRIABLE is never returned for a broken connection, which librdkafka
 * mends by itself: mq_consumer_trouble says so meanwhile. */
#ifndef SOURCE_MQ_CONSUMER_H
#define SOURCE_MQ_CONSUMER_H

#include "kitestream/config.h"
#include "mq_record.h"

struct mq_consumer;

/* Options below "milvus.kafka." go to librdkafka (lib/kafka_options.h); buffer_bytes bounds what it
 * fetches ahead. */
enum ks_status mq_consumer_open(const struct ks_config *config, size_t buffer_bytes,
                                struct mq_consumer **ret, struct ks_error *err);
/* NULL is fine. Every record must have been released. */
void mq_consumer_close(struct mq_consumer *c);

enum mq_start_kind {
    MQ_START_OFFSET, /* exactly there; expired or beyond the end: FATAL, saying what exists */
    MQ_START_EARLIEST,
    MQ_START_TIME, /* the first record with a Kafka timestamp >= unix ms; none: the end */
};
struct mq_start {
    enum mq_start_kind kind;
    int64_t value;
};
/* Adds a channel (a topic, partition 0); indexes count up from 0. *ret_next is the offset where
 * reading starts, *ret_end the high watermark now. A topic that does not exist yet: offset 0.
 * Errors: RETRIABLE when the brokers cannot be asked; FATAL for a position that is lost. */
enum ks_status mq_consumer_add(struct mq_consumer *c, const char *channel, struct mq_start start,
                               int *ret_index, int64_t *ret_next, int64_t *ret_end,
                               struct ks_error *err);
/* Paused channels deliver nothing more; what was fetched ahead is fetched again later. */
void mq_consumer_pause(struct mq_consumer *c, int channel, bool pause);
/* Waits up to timeout_ms for one record: *ret = heap record (mq_record_release + free) or NULL.
 * Records of no interest (MQ_OTHER, MQ_UNKNOWN, MQ_FOREIGN) are returned too. Errors: DATA for a
 * record that does not decode (mq_consumer_bad has it; the next call goes on behind it); FATAL for
 * a lost position or a refused login. */
enum ks_status mq_consumer_poll(struct mq_consumer *c, int timeout_ms, struct mq_record **ret,
                                struct ks_error *err);
/* The record for which poll returned DATA: channel, offset and value; NULL: it did not. Owns: the
 * consumer, until the next poll. */
const struct mq_record *mq_consumer_bad(const struct mq_consumer *c);
/* What stands between us and the brokers, or NULL: "cannot reach Kafka at …: …". */
const char *mq_consumer_trouble(struct mq_consumer *c);

#endif
