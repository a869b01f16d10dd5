/* Names of subjects. In: topic, side, schema; out: what the registry is asked by. Next: the
 * converters. */
#include "subject_name.h"

#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"

const char *const subject_name_strategies[] = {
    SUBJECT_OF_TOPIC,
    "io.confluent.kafka.serializers.subject.RecordNameStrategy",
    "io.confluent.kafka.serializers.subject.TopicRecordNameStrategy",
    NULL,
};

static const char *option_of(bool is_key)
{
    return is_key ? "key.subject.name.strategy" : "value.subject.name.strategy";
}

enum subject_strategy subject_strategy_of(const struct ks_config *options, bool is_key)
{
    const char *name = ks_config_get(options, option_of(is_key));
    for (size_t i = 0; name && subject_name_strategies[i]; i++)
        if (strcmp(name, subject_name_strategies[i]) == 0)
            return (enum subject_strategy)i;
    return SUBJECT_TOPIC;
}

enum ks_status subject_name(enum subject_strategy strategy, const char *topic, bool is_key,
                            const struct ks_avro_schema *schema, char **ret, struct ks_error *err)
{
    if (strategy == SUBJECT_TOPIC) {
        *ret = xasprintf("%s-%s", topic, is_key ? "key" : "value");
        return KS_OK;
    }
    const char *name = ks_avro_schema_name(schema);
    if (!name)
        return ks_error_set(err, KS_ERR_DATA,
                            "%s needs the name of a record, and the %s of topic %s is none; use "
                            "TopicNameStrategy for it",
                            option_of(is_key), is_key ? "key" : "value", topic);
    *ret = strategy == SUBJECT_RECORD ? xstrdup(name) : xasprintf("%s-%s", topic, name);
    return KS_OK;
}
