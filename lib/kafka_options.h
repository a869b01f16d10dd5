/* librdkafka configurations from Connect-style options, and the classes of librdkafka's errors. */
#ifndef LIB_KAFKA_OPTIONS_H
#define LIB_KAFKA_OPTIONS_H

#include <librdkafka/rdkafka.h>

#include "kitestream/config.h"
#include "kitestream/error.h"

/* Sets every option of `config` that begins with `prefix` (the rest of the name is librdkafka's or
 * the Java client's name; Java names that librdkafka spells otherwise or lacks are translated, e.g.
 * sasl.jaas.config, ssl.truststore.location of type PEM, or refused with what to use instead).
 * Values are never quoted in errors where they may be secrets. Errors: FATAL naming the option as
 * the user wrote it. */
enum ks_status kafka_options_apply(rd_kafka_conf_t *conf, const struct ks_config *config,
                                   const char *prefix, struct ks_error *err);
/* One option with its place in the message. */
enum ks_status kafka_options_set(rd_kafka_conf_t *conf, const char *name, const char *value,
                                 struct ks_error *err);
/* Class of a librdkafka error: RETRIABLE, RESTART (fenced, fatal, must abort), FATAL
 * (authentication, authorization, configuration), with a message that names `what`. */
enum ks_status kafka_error_set(struct ks_error *err, const char *what, rd_kafka_resp_err_t code,
                               const char *reason);

#endif
