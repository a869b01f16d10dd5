/* How the consumer of the message queue is configured. For mq_consumer. */
#ifndef SOURCE_MQ_CONSUMER_OPTIONS_H
#define SOURCE_MQ_CONSUMER_OPTIONS_H

#include <librdkafka/rdkafka.h>
#include <stddef.h>

#include "kitestream/config.h"
#include "kitestream/error.h"

#define MQ_OPTION_PREFIX "milvus.kafka."

/* *ret_nudge_every_bytes: after so many bytes read a broker has to be asked something, or it stops
 * fetching ahead; 0: never. Errors: FATAL naming the option. */
enum ks_status mq_consumer_options(rd_kafka_conf_t *conf, const struct ks_config *config,
                                   size_t buffer_bytes, size_t *ret_nudge_every_bytes,
                                   struct ks_error *err);

#endif
