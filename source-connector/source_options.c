/* In: a configuration that fits the table; out: the values the task works with, or what is wrong
 * with them. Next: source_start. */
#include "source_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "etcd_endpoints.h"
#include "kitestream/sdk/util.h"

/* 2025-03-01T12:00:00Z, with optional fraction and offset: what `date -Iseconds` prints. */
static bool parse_time(const char *text, int64_t *ret_ms)
{
    struct tm tm = {0};
    const char *p = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    int64_t ms = 0, scale = 100;
    int hours, minutes = 0, used = 0;
    char sign;
    if (!p)
        return false;
    if (*p == '.')
        for (p++; *p >= '0' && *p <= '9'; p++, scale /= 10)
            ms += (*p - '0') * scale;
    ms += (int64_t)timegm(&tm) * 1000;
    if (strcmp(p, "Z") == 0) {
        *ret_ms = ms;
        return true;
    }
    if (sscanf(p, "%c%2d:%2d%n", &sign, &hours, &minutes, &used) != 3 || p[used] ||
        !strchr("+-", sign))
        return false;
    *ret_ms = ms - (sign == '-' ? -1 : 1) * ((int64_t)hours * 60 + minutes) * 60000;
    return true;
}

static bool parse_start(const char *text, enum start_from *ret, int64_t *ret_ms)
{
    *ret = strcmp(text, "latest") == 0     ? START_LATEST
           : strcmp(text, "earliest") == 0 ? START_EARLIEST
                                           : START_TIME;
    return *ret != START_TIME || parse_time(text, ret_ms);
}

static bool equals(const struct ks_config *config, const char *key, const char *value)
{
    const char *given = ks_config_get(config, key);
    return given && strcmp(given, value) == 0;
}

static char *copy_or_null(const char *text)
{
    return text && *text ? xstrdup(text) : NULL;
}

static void parse_change(const struct ks_config *config, struct source_options *o)
{
    o->change = (struct change_options){
        .prefix = o->prefix,
        .version = KITESTREAM_VERSION,
        .flat = equals(config, "change.shape", "flat"),
        .primitive_key = equals(config, "key.shape", "primitive"),
        .upsert_as_create = equals(config, "upsert.op", "c"),
        .headers = ks_config_bool(config, "envelope.headers", false),
        .tombstones = ks_config_bool(config, "tombstones.on.delete", true),
        .cluster = o->cluster,
        .fields = &o->fields,
        .filters = o->rows,
    };
}

static enum ks_status parse_selection(const struct ks_config *config, struct source_options *o,
                                      struct ks_error *err)
{
    enum ks_status status = name_filter_new(config, &o->filter, err);
    if (!status)
        status = field_rules_new(config, &o->fields, err);
    if (!status)
        status = row_filters_new(config, &o->rows, err);
    if (status)
        source_options_release(o);
    return status;
}

enum ks_status source_options_parse(const struct ks_config *config, struct source_options *ret,
                                    struct ks_error *err)
{
    struct source_options o = {0};
    const char *start = ks_config_get(config, "start.from");
    if (!parse_start(start ? start : "latest", &o.start_from, &o.start_ms))
        return ks_error_set(err, KS_ERR_FATAL,
                            "start.from: '%s' is neither latest, earliest nor a time such as "
                            "2025-03-01T12:00:00Z",
                            start);
    enum ks_status status = parse_selection(config, &o, err);
    if (status)
        return status;
    o.prefix = xstrdup(ks_config_get(config, "topic.prefix"));
    o.cluster = copy_or_null(ks_config_get(config, "cluster"));
    if (!o.cluster)
        o.cluster = xstrdup(ks_config_get(config, "milvus.etcd.root.path"));
    o.replicate_channel = copy_or_null(ks_config_get(config, "milvus.replicate.channel"));
    o.skip_replicated = ks_config_bool(config, "skip.replicated", false);
    o.heartbeat_ms = ks_config_long(config, "heartbeat.interval.ms", 1000);
    o.topic_partitions = (int32_t)ks_config_long(config, "topic.partitions", 0);
    o.gate_max_bytes = (size_t)ks_config_long(config, "gate.max.bytes", 64 << 20);
    o.fetch_bytes = (size_t)ks_config_long(config, "fetch.max.bytes", 8 << 20);
    o.transaction_rows = (size_t)ks_config_long(config, "transaction.max.rows", 10000);
    o.transaction_bytes = (size_t)ks_config_long(config, "transaction.max.bytes", 8 << 20);
    o.transaction_ms = 1000;
    *ret = o;
    parse_change(config, ret);
    return KS_OK;
}

void source_options_release(struct source_options *o)
{
    free(o->prefix);
    free(o->cluster);
    free(o->replicate_channel);
    name_filter_free(o->filter);
    field_rules_release(&o->fields);
    row_filters_free(o->rows);
    *o = (struct source_options){0};
}

static bool topic_characters_only(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
           strlen(text);
}

/* In Connect's words. */
static void add_issue(const struct ks_config_issues *issues, const char *option, const char *value,
                      const char *rule)
{
    char *text = xasprintf("Invalid value %s for configuration %s: %s", value, option, rule);
    issues->add(issues->ctx, option, text);
    free(text);
}

static void validate_endpoints(const struct ks_config *config,
                               const struct ks_config_issues *issues)
{
    const char *text = ks_config_get(config, "milvus.etcd.endpoints");
    struct etcd_endpoints endpoints;
    struct ks_error err;
    if (!text || strstr(text, "${"))
        return;
    if (etcd_endpoints_parse(config, &endpoints, &err))
        issues->add(issues->ctx, "milvus.etcd.endpoints", err.message);
    else
        etcd_endpoints_release(&endpoints);
}

void source_options_validate(const struct ks_config *config, const struct ks_config_issues *issues)
{
    enum start_from kind;
    int64_t ms;
    const char *start = ks_config_get(config, "start.from");
    const char *prefix = ks_config_get(config, "topic.prefix");
    if (start && !strstr(start, "${") && !parse_start(start, &kind, &ms))
        add_issue(issues, "start.from", start,
                  "must be latest, earliest or a time such as 2025-03-01T12:00:00Z");
    if (prefix && !strstr(prefix, "${") && !topic_characters_only(prefix))
        add_issue(issues, "topic.prefix", prefix,
                  "may only have letters, digits, '.', '_' and '-', as Kafka's topic names");
    validate_endpoints(config, issues);
    field_rules_validate(config, issues);
    row_filters_validate(config, issues);
}
