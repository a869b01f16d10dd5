/* Where reading of a channel may start, and what exists of it. For mq_consumer. */
#ifndef SOURCE_MQ_OFFSETS_H
#define SOURCE_MQ_OFFSETS_H

#include <librdkafka/rdkafka.h>

#include "mq_consumer.h"

/* The offset to read from and the high watermark. Errors: RETRIABLE when the brokers do not answer;
 * FATAL for an offset that does not exist. */
enum ks_status mq_offsets_start(rd_kafka_t *rk, const char *channel, struct mq_start start,
                                int64_t *ret_next, int64_t *ret_end, struct ks_error *err);
/* FATAL, saying what was wanted and what there is; RETRIABLE if that cannot be asked. */
enum ks_status mq_offsets_lost(rd_kafka_t *rk, const char *channel, int64_t wanted,
                               struct ks_error *err);
bool mq_offsets_is_missing_topic(rd_kafka_resp_err_t code);

#endif
