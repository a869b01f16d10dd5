/* What every connector has: Connect's own options, and the rules between them. In: a connector's
 * configuration; out: issues. The tables' order is the order in which people read them. */
#include <limits.h>
#include <regex.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "config_def.h"
#include "kitestream/sdk/util.h"
#include "topic_creation.h"
#include "transforms.h"

#define COMMON "Common"
#define ERRORS "Error Handling"
#define CLIENTS "Kafka Clients"
#define CREATION "Topic Creation"
#define EXACTLY_ONCE "Exactly Once Support"

const char *const config_converters[] = {
    "io.confluent.connect.avro.AvroConverter",
    "org.apache.kafka.connect.json.JsonConverter",
    "org.apache.kafka.connect.storage.StringConverter",
    "org.apache.kafka.connect.converters.ByteArrayConverter",
    NULL,
};
const char *const config_header_converters[] = {
    "org.apache.kafka.connect.storage.SimpleHeaderConverter",
    "org.apache.kafka.connect.storage.StringConverter",
    "org.apache.kafka.connect.converters.ByteArrayConverter",
    NULL,
};
static const char *const tolerances[] = {"none", "all", NULL};
static const char *const reload_actions[] = {"restart", "none", NULL};
static const char *const boundaries[] = {"poll", "interval", "connector", NULL};

static const char *const exactly_once_values[] = {"requested", "required", "off", NULL};

/* clang-format off */
static const struct ks_config_def source_table[] = {
#include "config_shared.inc"
    {.name = "topic.creation.groups", .type = KS_CONFIG_LIST, .importance = KS_CONFIG_LOW,
     .default_value = "", .group = CREATION,
     .doc = "Groups of topics that are created with options of their own; the first that fits "
            "a topic has it, the group `default` has the rest. For each group: "
            "topic.creation.<group>.include (Java regular expressions, one of which must match "
            "the whole name), .exclude, .partitions, .replication.factor, and any option of "
            "topics, such as .retention.ms. Topics that exist stay as they are."},
    {.name = "topic.creation.default.replication.factor", .type = KS_CONFIG_INT,
     .importance = KS_CONFIG_LOW, .flags = KS_CONFIG_RANGE, .default_value = "-1", .min = -1,
     .max = SHRT_MAX, .group = CREATION,
     .doc = "Replication factor of topics that are created for the connector, also of groups "
            "that do not say; -1 = the broker's default."},
    {.name = "topic.creation.default.partitions", .type = KS_CONFIG_INT,
     .importance = KS_CONFIG_LOW, .flags = KS_CONFIG_RANGE, .default_value = "-1", .min = -1,
     .max = 100000, .group = CREATION,
     .doc = "Partitions of topics that are created for the connector, also of groups that do not "
            "say; -1 = as many as the connector wants, or the broker's default. Topics that must "
            "have a certain number keep it."},
    {.name = "topic.creation.", .type = KS_CONFIG_STRING, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_PREFIX, .group = CREATION,
     .doc = "Other options of the groups, such as topic.creation.default.retention.ms."},
    {.name = "exactly.once.support", .type = KS_CONFIG_STRING, .importance = KS_CONFIG_MEDIUM,
     .default_value = "requested", .valid_values = exactly_once_values, .group = EXACTLY_ONCE,
     .doc = "requested or required: records and source offsets are written in one transaction; "
            "off: at least once, without transactions."},
    {.name = "transaction.boundary", .type = KS_CONFIG_STRING, .importance = KS_CONFIG_MEDIUM,
     .default_value = "poll", .valid_values = boundaries, .group = EXACTLY_ONCE,
     .doc = "Where a transaction ends: poll = after each batch of the connector. A connector that "
            "says itself where (connector) does so whatever is given here; interval is not "
            "supported."},
    {.name = "transaction.boundary.interval.ms", .type = KS_CONFIG_LONG,
     .importance = KS_CONFIG_LOW, .group = EXACTLY_ONCE,
     .doc = "For transaction.boundary=interval, which is not supported: leave it out."},
    {.name = "offsets.storage.topic", .type = KS_CONFIG_STRING, .importance = KS_CONFIG_LOW,
     .group = "offsets.topic",
     .doc = "An offset topic of the connector's own. Not supported: all connectors use the "
            "worker's offset.storage.topic."},
    {0},
};

static const struct ks_config_def sink_table[] = {
#include "config_shared.inc"
    {.name = "topics", .type = KS_CONFIG_LIST, .default_value = "", .group = COMMON,
     .doc = "Topics to read, separated by commas. Not for connectors that find their topics "
            "themselves."},
    {.name = "topics.regex", .type = KS_CONFIG_STRING, .flags = KS_CONFIG_REGEX,
     .default_value = "", .group = COMMON,
     .doc = "Instead of topics: a POSIX extended expression that must match the whole name. New "
            "topics that match are read as well. Not for connectors that find their topics "
            "themselves."},
    {.name = "consumer.override.", .type = KS_CONFIG_STRING, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_PREFIX, .group = CLIENTS,
     .doc = "Options of this connector's Kafka consumers, over those of the worker."},
    {0},
};
/* clang-format on */

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

static void add_issue(struct config_issues *issues, const struct ks_config *config,
                      const char *option, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static void add_issue(struct config_issues *issues, const struct ks_config *config,
                      const char *option, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *message = xvasprintf(fmt, args);
    va_end(args);
    config_issues_add(issues, option, ks_config_get(config, option), message);
    free(message);
}

static const char *given(const struct ks_config *config, const char *option)
{
    const char *value = ks_config_get(config, option);
    return value && *value && !config_has_placeholder(value) ? value : NULL;
}

static bool is_matched(const char *regex, const char *topic)
{
    regex_t compiled;
    char *whole = xasprintf("^(%s)$", regex);
    bool found = regcomp(&compiled, whole, REG_EXTENDED | REG_NOSUB) == 0;
    free(whole);
    if (!found)
        return false;
    found = regexec(&compiled, topic, 0, NULL, 0) == 0;
    regfree(&compiled);
    return found;
}

static void check_dead_letters(const struct ks_config *config, char **topics, size_t count,
                               struct config_issues *issues)
{
    const char *dead = given(config, "errors.deadletterqueue.topic.name");
    const char *regex = given(config, "topics.regex");
    for (size_t i = 0; i < count && dead; i++) {
        if (strcmp(topics[i], dead) != 0)
            continue;
        add_issue(issues, config, "topics",
                  "The DLQ topic '%s' may not be included in the list of topics ('topics=[%s]') "
                  "consumed by the connector",
                  dead, ks_config_get(config, "topics"));
        break;
    }
    if (dead && regex && is_matched(regex, dead))
        add_issue(issues, config, "topics.regex",
                  "The DLQ topic '%s' may not be matched by the regex ('topics.regex=%s') of the "
                  "topics that the connector reads",
                  dead, regex);
}

static void check_topics(const struct ks_connector_class *cls, const struct ks_config *config,
                         struct config_issues *issues)
{
    char **topics;
    size_t count = ks_config_list(config, "topics", &topics);
    const char *regex = ks_config_get(config, "topics.regex");
    bool has_regex = regex && *regex;
    if (cls->flags & KS_CLASS_OWN_ASSIGNMENT) {
        if (count > 0)
            add_issue(issues, config, "topics",
                      "This connector finds its topics itself; leave topics out");
        if (has_regex)
            add_issue(issues, config, "topics.regex",
                      "This connector finds its topics itself; leave topics.regex out");
    } else if (count == 0 && !has_regex) {
        add_issue(issues, config, "topics", "Must configure one of topics or topics.regex");
    } else if (count > 0 && has_regex) {
        add_issue(issues, config, "topics",
                  "topics and topics.regex are mutually exclusive options, but both are set.");
    }
    check_dead_letters(config, topics, count, issues);
    free(topics);
}

static void check_version(const struct ks_config *config, const char *option, const char *ours,
                          struct config_issues *issues)
{
    const char *version = given(config, option);
    if (version && strcmp(version, ours) != 0)
        add_issue(issues, config, option,
                  "Invalid value %s for configuration %s: this worker has version %s only", version,
                  option, ours);
}

static void check_versions(const struct ks_connector_class *cls, const struct ks_config *config,
                           struct config_issues *issues)
{
    check_version(config, "connector.plugin.version", cls->version, issues);
    check_version(config, "key.converter.plugin.version", KITESTREAM_VERSION, issues);
    check_version(config, "value.converter.plugin.version", KITESTREAM_VERSION, issues);
    check_version(config, "header.converter.plugin.version", KITESTREAM_VERSION, issues);
}

static void check_source(const struct ks_config *config, struct config_issues *issues)
{
    static const char *const unsupported[][2] = {
        {"transaction.boundary.interval.ms",
         "transaction.boundary=interval is not supported: leave it out"},
        {"offsets.storage.topic",
         "all connectors use the worker's offset.storage.topic: leave it out"},
    };
    for (size_t i = 0; i < sizeof unsupported / sizeof *unsupported; i++) {
        const char *option = unsupported[i][0], *value = given(config, option);
        if (value)
            add_issue(issues, config, option, "Invalid value %s for configuration %s: %s", value,
                      option, unsupported[i][1]);
    }
}

static void check_boundary(const struct ks_connector_class *cls, const struct ks_config *config,
                           struct config_issues *issues)
{
    const char *value = given(config, "transaction.boundary");
    bool own = cls->flags & KS_CLASS_OWN_TRANSACTIONS;
    if (!value || strcmp(value, "poll") == 0 || (own && strcmp(value, "connector") == 0))
        return;
    add_issue(issues, config, "transaction.boundary",
              "Invalid value %s for configuration transaction.boundary: %s", value,
              own ? "this connector says itself where a transaction ends; leave it out"
                  : "this connector's transactions end after each batch: poll");
}

void config_check_rules(const struct ks_connector_class *cls, const struct ks_config *config,
                        struct config_issues *issues)
{
    check_name(ks_config_get(config, "name"), issues);
    check_versions(cls, config, issues);
    transforms_check(cls, config, issues);
    if (cls->kind == KS_CLASS_SINK) {
        check_topics(cls, config, issues);
    } else {
        check_source(config, issues);
        topic_creation_check(config, issues);
        check_boundary(cls, config, issues);
    }
}
