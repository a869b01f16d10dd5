/* What every connector has: Connect's own options, and the rules between them. In: a connector's
 * configuration; out: issues. The tables' order is the order in which people read them. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "config_def.h"
#include "kitestream/sdk/util.h"

#define COMMON "Common"
#define ERRORS "Error Handling"
#define CLIENTS "Kafka Clients"

static const char *const converters[] = {
    "io.confluent.connect.avro.AvroConverter",
    "org.apache.kafka.connect.json.JsonConverter",
    "org.apache.kafka.connect.storage.StringConverter",
    "org.apache.kafka.connect.converters.ByteArrayConverter",
    NULL,
};
static const char *const tolerances[] = {"none", "all", NULL};

static const char *const exactly_once_values[] = {"requested", "required", "off", NULL};

static const struct ks_config_def source_table[] = {
#include "config_shared.inc"
    {.name = "exactly.once.support",
     .type = KS_CONFIG_STRING,
     .importance = KS_CONFIG_MEDIUM,
     .default_value = "requested",
     .valid_values = exactly_once_values,
     .group = "Exactly Once Support",
     .doc = "requested or required: records and source offsets are written in one transaction; "
            "off: at least once, without transactions."},
    {.name = "topic.creation.default.replication.factor",
     .type = KS_CONFIG_INT,
     .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_RANGE,
     .default_value = "-1",
     .min = -1,
     .max = SHRT_MAX,
     .group = "Topic Creation",
     .doc = "Replication factor of topics that the connector creates; -1 = the broker's default."},
    {0},
};

static const struct ks_config_def sink_table[] = {
#include "config_shared.inc"
    {.name = "topics",
     .type = KS_CONFIG_LIST,
     .default_value = "",
     .group = COMMON,
     .doc = "Topics to read, separated by commas. Not for connectors that find their topics "
            "themselves."},
    {.name = "consumer.override.",
     .type = KS_CONFIG_STRING,
     .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_PREFIX,
     .group = CLIENTS,
     .doc = "Options of this connector's Kafka consumers, over those of the worker."},
    {0},
};

const struct ks_config_def *config_def_common(bool sink)
{
    return sink ? sink_table : source_table;
}

static void check_name(const char *name, struct config_issues *issues)
{
    if (!name)
        return;
    if (name[strspn(name, " \t\r\n")] == '\0') {
        config_issues_add(issues, "name", name,
                          "Invalid value  for configuration name: String may not be empty");
        return;
    }
    for (const char *c = name; *c; c++) {
        if ((unsigned char)*c >= 0x20 && *c != 0x7F)
            continue;
        char *message = xasprintf("Invalid value %s for configuration name: String may not contain "
                                  "control sequences but had the following ASCII chars: %d",
                                  name, *c);
        config_issues_add(issues, "name", name, message);
        free(message);
        return;
    }
}

static void check_topics(const struct ks_connector_class *cls, const struct ks_config *config,
                         struct config_issues *issues)
{
    char **topics;
    size_t count = ks_config_list(config, "topics", &topics);
    if (cls->flags & KS_CLASS_OWN_ASSIGNMENT) {
        if (count > 0)
            config_issues_add(issues, "topics", ks_config_get(config, "topics"),
                              "This connector finds its topics itself; leave topics out");
    } else if (count == 0) {
        config_issues_add(issues, "topics", NULL, "Must configure topics");
    }
    const char *dead = ks_config_get(config, "errors.deadletterqueue.topic.name");
    for (size_t i = 0; i < count && dead; i++) {
        if (strcmp(topics[i], dead) != 0)
            continue;
        char *message = xasprintf("The DLQ topic '%s' may not be included in the list of topics "
                                  "('topics=[%s]') consumed by the connector",
                                  dead, ks_config_get(config, "topics"));
        config_issues_add(issues, "topics", ks_config_get(config, "topics"), message);
        free(message);
        break;
    }
    free(topics);
}

void config_check_rules(const struct ks_connector_class *cls, const struct ks_config *config,
                        struct config_issues *issues)
{
    check_name(ks_config_get(config, "name"), issues);
    if (cls->kind == KS_CLASS_SINK)
        check_topics(cls, config, issues);
}
