/* Under which subject a schema is registered: the strategies of Confluent's serializers. */
#ifndef RUNTIME_SUBJECT_NAME_H
#define RUNTIME_SUBJECT_NAME_H

#include "kitestream/config.h"
#include "kitestream/sdk/avro.h"

#define SUBJECT_OF_TOPIC "io.confluent.kafka.serializers.subject.TopicNameStrategy"

enum subject_strategy { SUBJECT_TOPIC, SUBJECT_RECORD, SUBJECT_TOPIC_RECORD };
/* Their class names, in that order; NULL-ended. */
extern const char *const subject_name_strategies[];

/* From key.subject.name.strategy or value.subject.name.strategy; what has another value is not
 * looked for here (converter_table). */
enum subject_strategy subject_strategy_of(const struct ks_config *options, bool is_key);
/* The caller frees *ret. Errors: DATA for a schema without a name where one is needed. */
enum ks_status subject_name(enum subject_strategy strategy, const char *topic, bool is_key,
                            const struct ks_avro_schema *schema, char **ret, struct ks_error *err);

#endif
