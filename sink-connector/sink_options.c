#include "sink_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"
#include "milvus_uri.h"
#include "tls_options.h"

static const char *const write_modes[] = {"faithful", "upsert", NULL};
static const char *const missing_modes[] = {"fail", "skip", NULL};
static const char *const policies[] = {"apply", "skip", "fail", NULL};

#define DDL_POLICY(kind, what)                                                                     \
    {                                                                                              \
        .name = "ddl.policy." kind, .type = KS_CONFIG_STRING, .importance = KS_CONFIG_LOW,         \
        .default_value = "apply", .valid_values = policies, .group = "Metadata changes",           \
        .doc = "What to do when the source " what ": apply it, skip it, or fail its collection."   \
    }

const struct ks_config_def sink_option_table[] = {
    {
        .name = "topic.prefix",
        .type = KS_CONFIG_STRING,
        .importance = KS_CONFIG_HIGH,
        .flags = KS_CONFIG_REQUIRED | KS_CONFIG_NON_EMPTY,
        .group = "Stream",
        .doc = "topic.prefix of the source connector. The sink follows <prefix>.ddl and finds the "
               "data topics there.",
    },
    {
        .name = "ddl.topic",
        .type = KS_CONFIG_STRING,
        .importance = KS_CONFIG_LOW,
        .group = "Stream",
        .doc = "Name of the topic with the metadata changes where transforms of the source gave it "
               "another than <prefix>.ddl.",
    },
    {
        .name = "milvus.uri",
        .type = KS_CONFIG_STRING,
        .importance = KS_CONFIG_HIGH,
        .flags = KS_CONFIG_REQUIRED | KS_CONFIG_NON_EMPTY,
        .group = "Target",
        .doc = "Address of the target's gRPC port: host:port, http://host:port, or "
               "https://host:port for TLS.",
    },
    {
        .name = "milvus.token",
        .type = KS_CONFIG_PASSWORD,
        .importance = KS_CONFIG_HIGH,
        .group = "Target",
        .doc = "user:password, or an API key. Without it no authentication is tried.",
    },
    {
        .name = "milvus.tls.enabled",
        .type = KS_CONFIG_BOOLEAN,
        .importance = KS_CONFIG_MEDIUM,
        .default_value = "false",
        .group = "Target",
        .doc = "Speak TLS; https:// in milvus.uri does the same.",
    },
    TLS_OPTIONS("milvus.tls.", "Target", "the target's", "the uri"),
    {
        .name = "collection.mapping",
        .type = KS_CONFIG_LIST,
        .importance = KS_CONFIG_MEDIUM,
        .default_value = "",
        .group = "What is applied",
        .doc = "Names of the source to names in the target: db.coll:db2.coll2 or db:db2, separated "
               "by commas. The most exact entry wins.",
    },
    {
        .name = "collection.include.list",
        .type = KS_CONFIG_LIST,
        .importance = KS_CONFIG_MEDIUM,
        .flags = KS_CONFIG_REGEX,
        .default_value = "",
        .group = "What is applied",
        .doc = "Regular expressions (POSIX extended) that must match the whole of "
               "database.collection as the source names it; empty applies everything.",
    },
    {
        .name = "collection.exclude.list",
        .type = KS_CONFIG_LIST,
        .importance = KS_CONFIG_MEDIUM,
        .flags = KS_CONFIG_REGEX,
        .default_value = "",
        .group = "What is applied",
        .doc = "As collection.include.list, for what is left out.",
    },
    {
        .name = "missing.records",
        .type = KS_CONFIG_STRING,
        .importance = KS_CONFIG_LOW,
        .default_value = "fail",
        .valid_values = missing_modes,
        .group = "What is applied",
        .doc = "When a data topic no longer has its first records (retention) and this sink has "
               "not read them: fail, or skip what is gone and say so in the log.",
    },
    {
        .name = "write.mode",
        .type = KS_CONFIG_STRING,
        .importance = KS_CONFIG_MEDIUM,
        .default_value = "faithful",
        .valid_values = write_modes,
        .group = "Writing",
        .doc = "faithful: an insert is an Insert (Milvus keeps duplicate keys, and so does the "
               "target), an upsert an Upsert. upsert: every row is an Upsert.",
    },
    {
        .name = "writer.threads",
        .type = KS_CONFIG_INT,
        .importance = KS_CONFIG_LOW,
        .flags = KS_CONFIG_RANGE,
        .min = 1,
        .max = 64,
        .default_value = "4",
        .group = "Writing",
        .doc = "Calls to the target at a time. One Kafka partition never has more than one.",
    },
    {
        .name = "request.max.rows",
        .type = KS_CONFIG_INT,
        .importance = KS_CONFIG_LOW,
        .flags = KS_CONFIG_RANGE,
        .min = 1,
        .max = 100000,
        .default_value = "10000",
        .group = "Writing",
        .doc = "Rows of one request at most.",
    },
    {
        .name = "request.max.bytes",
        .type = KS_CONFIG_LONG,
        .importance = KS_CONFIG_LOW,
        .flags = KS_CONFIG_RANGE,
        .min = 65536,
        .max = 67108864,
        .default_value = "8388608",
        .group = "Writing",
        .doc = "Bytes of one request at most; Milvus refuses more than 64 MiB.",
    },
    {
        .name = "sink.buffer.max.bytes",
        .type = KS_CONFIG_LONG,
        .importance = KS_CONFIG_LOW,
        .flags = KS_CONFIG_RANGE,
        .min = 1048576,
        .max = 17179869184.0,
        .default_value = "12582912",
        .group = "Writing",
        .doc = "Bytes of records that may wait to be written; above it partitions are paused. In "
               "memory small rows take three times that.",
    },
    {
        .name = "lease.ms",
        .type = KS_CONFIG_LONG,
        .importance = KS_CONFIG_LOW,
        .flags = KS_CONFIG_RANGE,
        .min = 6000,
        .max = 600000,
        .default_value = "30000",
        .group = "Writing",
        .doc = "How long an owner may go on writing after it last confirmed itself in Kafka, and "
               "how long a new owner waits for one that may still be alive, in milliseconds.",
    },
    DDL_POLICY("create_database", "creates a database"),
    DDL_POLICY("drop_database", "drops a database"),
    DDL_POLICY("alter_database", "alters a database"),
    DDL_POLICY("create_collection", "creates a collection"),
    DDL_POLICY("drop_collection", "drops a collection"),
    DDL_POLICY("rename_collection", "renames a collection"),
    DDL_POLICY("alter_collection", "alters a collection"),
    DDL_POLICY("create_partition", "creates a partition"),
    DDL_POLICY("drop_partition", "drops a partition"),
    DDL_POLICY("create_index", "creates an index"),
    DDL_POLICY("drop_index", "drops an index"),
    DDL_POLICY("alter_index", "alters an index"),
    DDL_POLICY("load_collection", "loads a collection"),
    DDL_POLICY("release_collection", "releases a collection"),
    DDL_POLICY("load_partitions", "loads partitions"),
    DDL_POLICY("release_partitions", "releases partitions"),
    DDL_POLICY("create_alias", "creates an alias"),
    DDL_POLICY("drop_alias", "drops an alias"),
    DDL_POLICY("alter_alias", "points an alias elsewhere"),
    DDL_POLICY("flush", "flushes"),
    DDL_POLICY("gap", "has rows that never reach the stream (a bulk import)"),
    {0},
};

static bool equals(const struct ks_config *config, const char *key, const char *value)
{
    const char *given = ks_config_get(config, key);
    return given && strcmp(given, value) == 0;
}

static bool has_text(const struct ks_config *config, const char *key)
{
    const char *given = ks_config_get(config, key);
    return given && *given;
}

static char *copy_or_null(const struct ks_config *config, const char *key)
{
    const char *text = ks_config_get(config, key);
    return text && *text ? xstrdup(text) : NULL;
}

static void parse_target(const struct ks_config *config, struct sink_options *o)
{
    o->milvus = (struct milvus_options){
        .uri = copy_or_null(config, "milvus.uri"),
        .token = copy_or_null(config, "milvus.token"),
        .tls =
            {
                .enabled = ks_config_bool(config, "milvus.tls.enabled", false),
                .ca_file = copy_or_null(config, "milvus.tls.ca.file"),
                .cert_file = copy_or_null(config, "milvus.tls.cert.file"),
                .key_file = copy_or_null(config, "milvus.tls.key.file"),
                .server_name = copy_or_null(config, "milvus.tls.server.name"),
            },
    };
}

static void parse_policies(const struct ks_config *config, struct sink_options *o)
{
    for (int kind = 0; kind < DDL_KIND_COUNT; kind++) {
        char option[64];
        snprintf(option, sizeof(option), "ddl.policy.%s", ddl_kind_name((enum ddl_kind)kind));
        o->policy[kind] = equals(config, option, "skip")   ? POLICY_SKIP
                          : equals(config, option, "fail") ? POLICY_FAIL
                                                           : POLICY_APPLY;
    }
}

enum ks_status sink_options_parse(const struct ks_config *config, struct sink_options *ret,
                                  struct ks_error *err)
{
    struct sink_options o = {0};
    const char *prefix = ks_config_get(config, "topic.prefix");
    enum ks_status status = name_map_new(config, &o.names, err);
    if (!status)
        status = name_filter_new(config, &o.filter, err);
    parse_policies(config, &o);
    if (!status && name_map_merges_databases(o.names) && o.policy[DDL_DROP_DATABASE] != POLICY_SKIP)
        status = ks_error_set(err, KS_ERR_FATAL,
                              "collection.mapping maps two databases onto one, so that dropping "
                              "one would drop both: set ddl.policy.drop_database=skip");
    if (status) {
        sink_options_release(&o);
        return status;
    }
    parse_target(config, &o);
    o.ddl_topic = copy_or_null(config, "ddl.topic");
    if (!o.ddl_topic)
        o.ddl_topic = xasprintf("%s.ddl", prefix ? prefix : "");
    o.always_upsert = equals(config, "write.mode", "upsert");
    o.dead_letters = equals(config, "errors.tolerance", "all") ||
                     has_text(config, "errors.deadletterqueue.topic.name");
    o.allow_missing = equals(config, "missing.records", "skip");
    o.threads = (size_t)ks_config_long(config, "writer.threads", 4);
    o.buffer_bytes = (size_t)ks_config_long(config, "sink.buffer.max.bytes", 12 << 20);
    o.request_rows = (size_t)ks_config_long(config, "request.max.rows", 10000);
    o.request_bytes = (size_t)ks_config_long(config, "request.max.bytes", 8 << 20);
    o.lease_ms = ks_config_long(config, "lease.ms", 30000);
    *ret = o;
    return KS_OK;
}

void sink_options_release(struct sink_options *o)
{
    free(o->ddl_topic);
    free((char *)o->milvus.uri);
    free((char *)o->milvus.token);
    free((char *)o->milvus.tls.ca_file);
    free((char *)o->milvus.tls.cert_file);
    free((char *)o->milvus.tls.key_file);
    free((char *)o->milvus.tls.server_name);
    name_map_free(o->names);
    name_filter_free(o->filter);
    *o = (struct sink_options){0};
}

static void validate_uri(const char *text, const struct ks_config_issues *issues)
{
    struct milvus_uri uri;
    struct ks_error err;
    if (!text || !*text || strstr(text, "${"))
        return; /* reported by the table; known only when the task starts */
    if (milvus_uri_parse(text, &uri, &err))
        issues->add(issues->ctx, "milvus.uri", err.message);
    else
        free(uri.target);
}

/* The messages of sink_options_parse begin with the option they are about. */
static const char *option_of(const char *message)
{
    for (const struct ks_config_def *def = sink_option_table; def->name; def++)
        if (strncmp(message, def->name, strlen(def->name)) == 0)
            return def->name;
    return "collection.mapping";
}

void sink_options_validate(const struct ks_config *config, const struct ks_config_issues *issues)
{
    struct sink_options o;
    struct ks_error err;
    if (sink_options_parse(config, &o, &err))
        issues->add(issues->ctx, option_of(err.message), err.message);
    else
        sink_options_release(&o);
    validate_uri(ks_config_get(config, "milvus.uri"), issues);
}
