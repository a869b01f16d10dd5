/* Kafka options. In: names and values as a user of Connect or of librdkafka writes them; out: a
 * librdkafka configuration. Next: the runtime's producers and consumers, the source's mq_consumer.
 * A name is looked up among the Java client's first, then handed to librdkafka. What neither knows
 * is an error that names the option as it was written. Values never appear in messages. */
#include "kafka_options.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "jaas.h"
#include "kitestream/sdk/util.h"

/* An option on its way: `written` is the user's full name for it. */
struct option {
    rd_kafka_conf_t *conf;
    const char *written, *name, *value;
};

typedef enum ks_status translate_fn(const struct option *option, struct ks_error *err);

static enum ks_status refuse(const struct option *option, const char *advice, struct ks_error *err)
{
    return ks_error_set(err, KS_ERR_FATAL, "Kafka option \"%s\": %s", option->written, advice);
}

/* ---- librdkafka ---- */

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Number of single-character edits between two names; names longer than the row count as far. */
static size_t distance(const char *a, const char *b)
{
    size_t row[80], len = strlen(b);
    if (len + 1 > sizeof(row) / sizeof(row[0]))
        return SIZE_MAX;
    for (size_t k = 0; k <= len; k++)
        row[k] = k;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t k = 0; k < len; k++) {
            size_t edited = min3(row[k] + 1, row[k + 1] + 1, diagonal + (a[i] != b[k]));
            diagonal = row[k + 1];
            row[k + 1] = edited;
        }
    }
    return row[len];
}

struct nearest {
    const char *name;
    char best[80];
    size_t distance;
};

static void consider(struct nearest *nearest, const char *candidate)
{
    size_t d = distance(nearest->name, candidate);
    if (d >= nearest->distance)
        return;
    nearest->distance = d;
    snprintf(nearest->best, sizeof(nearest->best), "%s", candidate);
}

static void consider_dump(struct nearest *nearest, const char **dump, size_t count)
{
    for (size_t i = 0; i + 1 < count; i += 2)
        consider(nearest, dump[i]);
    rd_kafka_conf_dump_free(dump, count);
}

/* librdkafka lists only what has a value by default. */
static const char *const without_default[] = {
    "bootstrap.servers",
    "group.id",
    "group.instance.id",
    "transactional.id",
    "client.rack",
    "sasl.username",
    "sasl.password",
    "sasl.mechanism",
    "sasl.kerberos.keytab",
    "sasl.oauthbearer.config",
    "ssl.ca.location",
    "ssl.ca.pem",
    "ssl.key.location",
    "ssl.key.pem",
    "ssl.key.password",
    "ssl.certificate.location",
    "ssl.certificate.pem",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.crl.location",
    "ssl.cipher.suites",
    "ssl.truststore.location",
    "ssl.truststore.certificates",
    "sasl.jaas.config",
    "fetch.max.wait.ms",
    "session.timeout.ms",
    "max.poll.interval.ms",
    "compression.type",
};

static enum ks_status unknown(const struct option *option, struct ks_error *err)
{
    struct nearest nearest = {.name = option->name, .distance = 5};
    size_t count;
    const char **dump = rd_kafka_conf_dump(option->conf, &count);
    consider_dump(&nearest, dump, count);
    rd_kafka_topic_conf_t *topic = rd_kafka_topic_conf_new();
    dump = rd_kafka_topic_conf_dump(topic, &count);
    consider_dump(&nearest, dump, count);
    rd_kafka_topic_conf_destroy(topic);
    for (size_t i = 0; i < sizeof(without_default) / sizeof(without_default[0]); i++)
        consider(&nearest, without_default[i]);
    if (!nearest.best[0])
        return refuse(option, "there is no such option", err);
    return ks_error_set(err, KS_ERR_FATAL,
                        "Kafka option \"%s\": there is no such option; did you mean \"%.*s%s\"?",
                        option->written, (int)(strlen(option->written) - strlen(option->name)),
                        option->written, nearest.best);
}

static enum ks_status set_as(const struct option *option, const char *name, const char *value,
                             struct ks_error *err)
{
    char reason[256];
    switch (rd_kafka_conf_set(option->conf, name, value, reason, sizeof(reason))) {
    case RD_KAFKA_CONF_OK:
        return KS_OK;
    case RD_KAFKA_CONF_UNKNOWN:
        return unknown(option, err);
    default:
        break;
    }
    /* librdkafka's reason may quote the value. */
    bool secret = strstr(name, "password") || strstr(name, "pem") || strstr(name, "secret") ||
                  strstr(name, "oauthbearer.config");
    return refuse(option, secret ? "librdkafka does not accept the value" : reason, err);
}

/* ---- translations ---- */

static enum ks_status sasl_jaas_config(const struct option *option, struct ks_error *err)
{
    struct jaas jaas;
    enum ks_status status = jaas_parse(option->value, &jaas, err);
    if (status != KS_OK) {
        ks_error_prefix(err, "Kafka option \"%s\"", option->written);
        return status;
    }
    const char *names[][2] = {{"username", "sasl.username"}, {"password", "sasl.password"}};
    const char *kerberos[][2] = {{"principal", "sasl.kerberos.principal"},
                                 {"keyTab", "sasl.kerberos.keytab"}};
    bool is_kerberos = strcmp(jaas.module, "Krb5LoginModule") == 0;
    if (is_kerberos)
        memcpy(names, kerberos, sizeof(names));
    else if (strcmp(jaas.module, "PlainLoginModule") != 0 &&
             strcmp(jaas.module, "ScramLoginModule") != 0)
        status = refuse(option,
                        "only PlainLoginModule, ScramLoginModule and Krb5LoginModule are known; "
                        "for OAUTHBEARER use librdkafka's sasl.oauthbearer.* options",
                        err);
    for (size_t i = 0; status == KS_OK && i < 2; i++) {
        const char *value = jaas_get(&jaas, names[i][0]);
        if (value)
            status = set_as(option, names[i][1], value, err);
        else
            status = ks_error_set(err, KS_ERR_FATAL, "Kafka option \"%s\": %s is missing",
                                  option->written, names[i][0]);
    }
    jaas_release(&jaas);
    return status;
}

enum store { STORE_UNREADABLE, STORE_PEM, STORE_JKS, STORE_OTHER };

/* What a key or trust store is, by its first bytes; the *.type option need not be given. */
static enum store store_kind(const char *path)
{
    unsigned char head[4096] = {0};
    FILE *file = fopen(path, "re");
    if (!file)
        return STORE_UNREADABLE;
    size_t len = fread(head, 1, sizeof(head) - 1, file);
    fclose(file);
    if (len >= 4 && memcmp(head, "\xfe\xed\xfe\xed", 4) == 0)
        return STORE_JKS;
    return memmem(head, len, "-----BEGIN", 10) ? STORE_PEM : STORE_OTHER;
}

static enum ks_status unreadable(const struct option *option, struct ks_error *err)
{
    return ks_error_set(err, KS_ERR_FATAL, "Kafka option \"%s\": cannot read the file %s",
                        option->written, option->value);
}

static enum ks_status truststore_location(const struct option *option, struct ks_error *err)
{
    switch (store_kind(option->value)) {
    case STORE_UNREADABLE:
        return unreadable(option, err);
    case STORE_PEM:
        return set_as(option, "ssl.ca.location", option->value, err);
    default:
        return refuse(option,
                      "only trust stores of type PEM can be read: export the certificates "
                      "(keytool -exportcert -rfc) and name that file",
                      err);
    }
}

static enum ks_status keystore_location(const struct option *option, struct ks_error *err)
{
    switch (store_kind(option->value)) {
    case STORE_UNREADABLE:
        return unreadable(option, err);
    case STORE_JKS:
        return refuse(option,
                      "a JKS key store cannot be read: convert it to PKCS12 (keytool "
                      "-importkeystore -deststoretype PKCS12) or to PEM",
                      err);
    case STORE_OTHER:
        return set_as(option, "ssl.keystore.location", option->value, err);
    default:
        break;
    }
    /* Java's PEM store is one file with the key and the certificate chain. */
    enum ks_status status = set_as(option, "ssl.certificate.location", option->value, err);
    return status == KS_OK ? set_as(option, "ssl.key.location", option->value, err) : status;
}

/* The kind of a store is recognised from the file, so a type only needs to be one that works. */
static enum ks_status store_type(const struct option *option, struct ks_error *err)
{
    bool is_trust = strcmp(option->name, "ssl.truststore.type") == 0;
    if (strcasecmp(option->value, "PEM") == 0 ||
        (!is_trust && strcasecmp(option->value, "PKCS12") == 0))
        return KS_OK;
    return refuse(option, is_trust ? "must be PEM" : "must be PEM or PKCS12", err);
}

static enum ks_status endpoint_identification(const struct option *option, struct ks_error *err)
{
    const char *value = option->value;
    if (value[0] == '\0')
        value = "none";
    else if (strcasecmp(value, "https") == 0)
        value = "https";
    return set_as(option, "ssl.endpoint.identification.algorithm", value, err);
}

static enum ks_status auto_offset_reset(const struct option *option, struct ks_error *err)
{
    bool none = strcasecmp(option->value, "none") == 0;
    return set_as(option, "auto.offset.reset", none ? "error" : option->value, err);
}

static enum ks_status buffer_memory(const struct option *option, struct ks_error *err)
{
    char *end, kbytes[32];
    long long bytes = strtoll(option->value, &end, 10);
    if (*end || end == option->value || bytes < 1024)
        return refuse(option, "must be a number of bytes, at least 1024", err);
    snprintf(kbytes, sizeof(kbytes), "%lld", bytes / 1024);
    return set_as(option, "queue.buffering.max.kbytes", kbytes, err);
}

static enum ks_status assignment_strategy(const struct option *option, struct ks_error *err)
{
    static const char *const assignors[][2] = {{"RangeAssignor", "range"},
                                               {"RoundRobinAssignor", "roundrobin"},
                                               {"CooperativeStickyAssignor", "cooperative-sticky"}};
    const char *dot = strrchr(option->value, '.');
    for (size_t i = 0; i < 3; i++)
        if (strcmp(dot ? dot + 1 : option->value, assignors[i][0]) == 0)
            return set_as(option, option->name, assignors[i][1], err);
    return set_as(option, option->name, option->value, err);
}

struct translation {
    const char *java;
    const char *ours;        /* librdkafka spells it so */
    translate_fn *translate; /* or it needs work */
    const char *advice;      /* or it cannot be, and this says what to do */
};

#define REMOVE "this option exists in the Java client only: remove it"

static const struct translation translations[] = {
    {"fetch.max.wait.ms", "fetch.wait.max.ms", NULL, NULL},
    {"send.buffer.bytes", "socket.send.buffer.bytes", NULL, NULL},
    {"receive.buffer.bytes", "socket.receive.buffer.bytes", NULL, NULL},
    {"max.request.size", "message.max.bytes", NULL, NULL},
    {"sasl.mechanism", "sasl.mechanisms", NULL, NULL},
    {"ssl.truststore.certificates", "ssl.ca.pem", NULL, NULL},
    {"ssl.keystore.certificate.chain", "ssl.certificate.pem", NULL, NULL},
    {"ssl.keystore.key", "ssl.key.pem", NULL, NULL},
    {"sasl.jaas.config", NULL, sasl_jaas_config, NULL},
    {"ssl.truststore.location", NULL, truststore_location, NULL},
    {"ssl.truststore.type", NULL, store_type, NULL},
    {"ssl.keystore.location", NULL, keystore_location, NULL},
    {"ssl.keystore.type", NULL, store_type, NULL},
    {"ssl.endpoint.identification.algorithm", NULL, endpoint_identification, NULL},
    {"auto.offset.reset", NULL, auto_offset_reset, NULL},
    {"buffer.memory", NULL, buffer_memory, NULL},
    {"partition.assignment.strategy", NULL, assignment_strategy, NULL},
    {"ssl.truststore.password", NULL, NULL, "a PEM trust store has no password: remove it"},
    {"ssl.protocol", NULL, NULL, "TLS versions are OpenSSL's choice: remove it"},
    {"ssl.enabled.protocols", NULL, NULL, "TLS versions are OpenSSL's choice: remove it"},
    {"ssl.provider", NULL, NULL, "use librdkafka's ssl.providers"},
    {"sasl.login.callback.handler.class", NULL, NULL, REMOVE},
    {"sasl.client.callback.handler.class", NULL, NULL, REMOVE},
    {"interceptor.classes", NULL, NULL, REMOVE},
    {"metric.reporters", NULL, NULL, REMOVE},
    {"max.block.ms", NULL, NULL, REMOVE},
    {"max.poll.records", NULL, NULL, REMOVE},
    {"default.api.timeout.ms", NULL, NULL, REMOVE},
    {"key.serializer", NULL, NULL, "the worker's converters decide: remove it"},
    {"value.serializer", NULL, NULL, "the worker's converters decide: remove it"},
    {"key.deserializer", NULL, NULL, "the worker's converters decide: remove it"},
    {"value.deserializer", NULL, NULL, "the worker's converters decide: remove it"},
    {"partitioner.class", NULL, NULL, "records go where murmur2 puts their key: remove it"},
};

static enum ks_status set_option(const struct option *option, struct ks_error *err)
{
    for (size_t i = 0; i < sizeof(translations) / sizeof(translations[0]); i++) {
        const struct translation *t = &translations[i];
        if (strcmp(option->name, t->java) != 0)
            continue;
        if (t->advice)
            return refuse(option, t->advice, err);
        return t->translate ? t->translate(option, err)
                            : set_as(option, t->ours, option->value, err);
    }
    return set_as(option, option->name, option->value, err);
}

/* ---- interface ---- */

enum ks_status kafka_options_set(rd_kafka_conf_t *conf, const char *name, const char *value,
                                 struct ks_error *err)
{
    return set_option(&(struct option){conf, name, name, value}, err);
}

enum ks_status kafka_options_apply(rd_kafka_conf_t *conf, const struct ks_config *config,
                                   const char *prefix, struct ks_error *err)
{
    size_t prefix_len = strlen(prefix);
    for (size_t i = 0; i < config->count; i++) {
        const struct ks_config_entry *entry = &config->entries[i];
        if (strncmp(entry->key, prefix, prefix_len) != 0)
            continue;
        struct option option = {conf, entry->key, entry->key + prefix_len, entry->value};
        enum ks_status status = set_option(&option, err);
        if (status != KS_OK)
            return status;
    }
    return KS_OK;
}
