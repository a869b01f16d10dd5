/* The worker's options. Names are Connect's where Connect has the option; defaults are Connect's
 * unless they would be wrong for a first try on one machine. */
#include <limits.h>

#include "config_def.h"
#include "worker_config.h"

#define BASICS "Basics"
#define TOPICS "Internal topics"
#define CONNECTORS "Connectors"
#define REST "REST"
#define CLIENTS "Kafka clients"
#define LOGS "Logs"
#define CDC "Tasks of POST /cdc"

static const char *const on_off[] = {"enabled", "disabled", NULL};
static const char *const levels[] = {"error", "warn", "info", "debug", "trace", NULL};
static const char *const formats[] = {"text", "json", NULL};
/* clang-format off */
static const struct ks_config_def table[] = {
    {.name = "bootstrap.servers", .type = KS_CONFIG_LIST, .flags = KS_CONFIG_NON_EMPTY,
     .default_value = "localhost:9092", .group = BASICS,
     .doc = "Kafka brokers to start from: host:port, separated by commas."},
    {.name = "group.id", .type = KS_CONFIG_STRING, .flags = KS_CONFIG_NON_EMPTY,
     .default_value = "kitestream", .group = BASICS,
     .doc = "Workers with the same group.id and internal topics share their connectors."},
    {.name = "plugin.path", .type = KS_CONFIG_LIST, .group = BASICS,
     .doc = "Folders with plugins (*.so), searched one level deep. Without it: the folder into "
            "which Kitestream's own plugins were installed."},
    {.name = "client.id", .type = KS_CONFIG_STRING, .importance = KS_CONFIG_LOW,
     .default_value = "kitestream", .group = BASICS,
     .doc = "Name by which the brokers' logs and quotas know this worker."},

    {.name = "config.storage.topic", .type = KS_CONFIG_STRING, .flags = KS_CONFIG_NON_EMPTY,
     .default_value = "kitestream-configs", .group = TOPICS,
     .doc = "Compacted topic of connector configurations; one partition. Created if absent, like "
            "the ones below."},
    {.name = "config.storage.replication.factor", .type = KS_CONFIG_INT,
     .importance = KS_CONFIG_LOW, .flags = KS_CONFIG_RANGE, .default_value = "3", .min = -1,
     .max = SHRT_MAX, .group = TOPICS,
     .doc = "Copies of that topic, the slot topic and the schema topic; -1 = the broker's default. "
            "A single broker needs 1."},
    {.name = "offset.storage.topic", .type = KS_CONFIG_STRING, .flags = KS_CONFIG_NON_EMPTY,
     .default_value = "kitestream-offsets", .group = TOPICS,
     .doc = "Compacted topic of source offsets and sink state."},
    {.name = "offset.storage.partitions", .type = KS_CONFIG_INT, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_RANGE, .default_value = "25", .min = 1, .max = 10000, .group = TOPICS,
     .doc = "Partitions of the offset topic when it is created."},
    {.name = "offset.storage.replication.factor", .type = KS_CONFIG_INT,
     .importance = KS_CONFIG_LOW, .flags = KS_CONFIG_RANGE, .default_value = "3", .min = -1,
     .max = SHRT_MAX, .group = TOPICS,
     .doc = "Copies of the offset topic; -1 = the broker's default."},
    {.name = "status.storage.topic", .type = KS_CONFIG_STRING, .flags = KS_CONFIG_NON_EMPTY,
     .default_value = "kitestream-status", .group = TOPICS,
     .doc = "Compacted topic of connector and task states."},
    {.name = "status.storage.partitions", .type = KS_CONFIG_INT, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_RANGE, .default_value = "5", .min = 1, .max = 10000, .group = TOPICS,
     .doc = "Partitions of the status topic when it is created."},
    {.name = "status.storage.replication.factor", .type = KS_CONFIG_INT,
     .importance = KS_CONFIG_LOW, .flags = KS_CONFIG_RANGE, .default_value = "3", .min = -1,
     .max = SHRT_MAX, .group = TOPICS,
     .doc = "Copies of the status topic; -1 = the broker's default."},
    {.name = "schema.storage.topic", .type = KS_CONFIG_STRING, .flags = KS_CONFIG_NON_EMPTY,
     .default_value = "kitestream-schemas", .group = TOPICS,
     .doc = "Compacted topic of the built-in schema store, used where no schema.registry.url is "
            "given."},

    {.name = "key.converter", .type = KS_CONFIG_STRING,
     .default_value = "io.confluent.connect.avro.AvroConverter", .valid_values = config_converters,
     .group = CONNECTORS,
     .doc = "How record keys are written in Kafka, for connectors that do not say."},
    {.name = "key.converter.", .type = KS_CONFIG_STRING, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_PREFIX, .group = CONNECTORS,
     .doc = "Options of the key converter, such as key.converter.schema.registry.url."},
    {.name = "value.converter", .type = KS_CONFIG_STRING,
     .default_value = "io.confluent.connect.avro.AvroConverter", .valid_values = config_converters,
     .group = CONNECTORS,
     .doc = "How record values are written in Kafka, for connectors that do not say."},
    {.name = "value.converter.", .type = KS_CONFIG_STRING, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_PREFIX, .group = CONNECTORS,
     .doc = "Options of the value converter, such as value.converter.schema.registry.url."},
    {.name = "exactly.once.source.support", .type = KS_CONFIG_STRING,
     .default_value = "enabled", .valid_values = on_off, .group = CONNECTORS,
     .doc = "enabled: sources write records and offsets in one transaction. disabled: at least "
            "once, whatever a connector asks for."},
    {.name = "transaction.timeout.ms", .type = KS_CONFIG_LONG, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_RANGE, .default_value = "15000", .min = 1000, .max = 900000,
     .group = CONNECTORS,
     .doc = "Milliseconds after which the broker aborts an open transaction of a vanished worker. "
            "Readers of the same topics wait that long, so keep it short."},
    {.name = "offset.flush.interval.ms", .type = KS_CONFIG_LONG, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_RANGE, .default_value = "5000", .min = 10, .max = 3600000,
     .group = CONNECTORS,
     .doc = "Milliseconds between offset commits of tasks that do not commit by themselves."},
    {.name = "task.shutdown.graceful.timeout.ms", .type = KS_CONFIG_LONG,
     .importance = KS_CONFIG_LOW, .flags = KS_CONFIG_RANGE, .default_value = "8000", .min = 0,
     .max = 600000, .group = CONNECTORS,
     .doc = "Milliseconds that all tasks together get to finish when the worker stops."},
    {.name = "task.hang.timeout.ms", .type = KS_CONFIG_LONG, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_RANGE, .default_value = "30000", .min = 100, .max = 3600000,
     .group = CONNECTORS,
     .doc = "Milliseconds after which a call of a connector that has not returned is named in the "
            "task's status, the log and the metrics."},
    {.name = "task.stall.timeout.ms", .type = KS_CONFIG_LONG, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_RANGE, .default_value = "60000", .min = 0, .max = 3600000,
     .group = CONNECTORS,
     .doc = "Milliseconds after which a running task that has work, but whose position does not "
            "move, is named in its status, the log and the metrics. 0: never."},
    {.name = "topic.tracking.enable", .type = KS_CONFIG_BOOLEAN, .importance = KS_CONFIG_LOW,
     .default_value = "true", .group = CONNECTORS,
     .doc = "Keep in the status topic which topics a connector has written to or read from."},
    {.name = "topic.tracking.allow.reset", .type = KS_CONFIG_BOOLEAN, .importance = KS_CONFIG_LOW,
     .default_value = "true", .group = CONNECTORS,
     .doc = "Let the REST interface forget those topics."},

    {.name = "listeners", .type = KS_CONFIG_LIST, .default_value = "http://127.0.0.1:8083",
     .group = REST,
     .doc = "Addresses of the REST interface, http://host:port or https://host:port, separated by "
            "commas. Port 0 takes a free one; without a host it listens on all addresses. Nothing "
            "between commas: no REST interface."},
    {.name = "admin.listeners", .type = KS_CONFIG_LIST, .importance = KS_CONFIG_LOW, .group = REST,
     .doc = "Addresses where /admin (log levels) is served instead of on the listeners. Empty: "
            "nowhere. Not given: on the listeners."},
    {.name = "rest.advertised.host.name", .type = KS_CONFIG_STRING, .importance = KS_CONFIG_LOW,
     .group = REST,
     .doc = "Host by which other workers and status answers name this one; default: that of the "
            "first listener."},
    {.name = "rest.advertised.port", .type = KS_CONFIG_INT, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_RANGE, .min = 1, .max = 65535, .group = REST,
     .doc = "Port beside that host; default: that of the first listener."},
    {.name = "rest.request.timeout.ms", .type = KS_CONFIG_LONG, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_RANGE, .default_value = "90000", .min = 100, .max = 3600000, .group = REST,
     .doc = "Milliseconds after which a request that still waits is answered with 500, naming what "
            "it waits for."},
    {.name = "rest.client.timeout.ms", .type = KS_CONFIG_LONG, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_RANGE, .default_value = "30000", .min = 100, .max = 3600000, .group = REST,
     .doc = "Milliseconds a client has to send a whole request, from the connection or the answer "
            "before, and to take a whole answer. Then the connection is closed."},
    {.name = "rest.max.body.bytes", .type = KS_CONFIG_LONG, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_RANGE, .default_value = "1048576", .min = 1024, .max = 104857600,
     .group = REST, .doc = "Largest body of a request; a larger one gets 413."},
    {.name = "rest.max.header.bytes", .type = KS_CONFIG_LONG, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_RANGE, .default_value = "16384", .min = 1024, .max = 1048576,
     .group = REST, .doc = "Largest request line and headers together; larger ones get 431."},
    {.name = "rest.max.connections", .type = KS_CONFIG_INT, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_RANGE, .default_value = "500", .min = 2, .max = 100000, .group = REST,
     .doc = "Open connections per listener. At that number the one that has been without a "
            "request for the longest time is closed."},
    {.name = "rest.threads", .type = KS_CONFIG_INT, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_RANGE, .default_value = "8", .min = 3, .max = 1000, .group = REST,
     .doc = "Requests that are handled at the same time; two of them are kept for requests that "
            "only read."},
    {.name = "listeners.https.ssl.certificate.location", .type = KS_CONFIG_STRING,
     .importance = KS_CONFIG_MEDIUM, .group = REST,
     .doc = "PEM file with the certificate of https:// listeners, followed by the intermediate "
            "ones. Read again when it changes, like the files below."},
    {.name = "listeners.https.ssl.key.location", .type = KS_CONFIG_STRING,
     .importance = KS_CONFIG_MEDIUM, .group = REST,
     .doc = "PEM file with its private key, not encrypted."},
    {.name = "listeners.https.ssl.ca.location", .type = KS_CONFIG_STRING,
     .importance = KS_CONFIG_LOW, .group = REST,
     .doc = "PEM file with certificate authorities. With it, clients must show a certificate that "
            "one of them has signed."},
    {.name = "rest.auth.users.file", .type = KS_CONFIG_STRING, .importance = KS_CONFIG_MEDIUM,
     .group = REST,
     .doc = "Properties file with a line user=password for HTTP basic authentication. A password "
            "that begins with $ is a hash of crypt(3), as `openssl passwd -6` makes it. With this "
            "option or rest.auth.tokens.file every request needs a login."},
    {.name = "rest.auth.tokens.file", .type = KS_CONFIG_STRING, .importance = KS_CONFIG_MEDIUM,
     .group = REST,
     .doc = "Properties file with a line name=token for each bearer token (Authorization: Bearer "
            "token). The name is for the log and for rest.auth.read.only."},
    {.name = "rest.auth.read.only", .type = KS_CONFIG_LIST, .importance = KS_CONFIG_MEDIUM,
     .group = REST,
     .doc = "Names of users and tokens that may read everything and change nothing."},
    {.name = "rest.auth.health.open", .type = KS_CONFIG_BOOLEAN, .importance = KS_CONFIG_LOW,
     .default_value = "false", .group = REST, .doc = "Whether /health answers without a login."},
    {.name = "access.control.allow.origin", .type = KS_CONFIG_STRING,
     .importance = KS_CONFIG_LOW, .group = REST,
     .doc = "Origins whose pages may use the interface from a browser, separated by commas; * for "
            "all. Not given: none."},
    {.name = "access.control.allow.methods", .type = KS_CONFIG_STRING,
     .importance = KS_CONFIG_LOW, .group = REST,
     .doc = "Methods that they may use; not given: GET, POST and HEAD."},
    {.name = "response.http.headers.config", .type = KS_CONFIG_STRING,
     .importance = KS_CONFIG_LOW, .group = REST,
     .doc = "Headers of every answer: set name: value, or add name: value, separated by commas; a "
            "rule whose value has a comma stands in double quotes."},

    {.name = "security.protocol", .type = KS_CONFIG_STRING, .importance = KS_CONFIG_MEDIUM,
     .default_value = "PLAINTEXT", .group = CLIENTS,
     .doc = "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL, for all Kafka clients of the worker."},
    {.name = "sasl.", .type = KS_CONFIG_STRING, .importance = KS_CONFIG_MEDIUM,
     .flags = KS_CONFIG_PREFIX, .group = CLIENTS,
     .doc = "SASL options of all Kafka clients, by librdkafka's or the Java client's names."},
    {.name = "ssl.", .type = KS_CONFIG_STRING, .importance = KS_CONFIG_MEDIUM,
     .flags = KS_CONFIG_PREFIX, .group = CLIENTS,
     .doc = "TLS options of all Kafka clients, by librdkafka's or the Java client's names."},
    {.name = "producer.", .type = KS_CONFIG_STRING, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_PREFIX, .group = CLIENTS, .doc = "Options of Kafka producers only."},
    {.name = "consumer.", .type = KS_CONFIG_STRING, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_PREFIX, .group = CLIENTS, .doc = "Options of Kafka consumers only."},
    {.name = "admin.", .type = KS_CONFIG_STRING, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_PREFIX, .group = CLIENTS, .doc = "Options of Kafka admin clients only."},

    {.name = "log.level", .type = KS_CONFIG_STRING, .default_value = "info",
     .valid_values = levels, .group = LOGS, .doc = "The least severe level that is logged."},
    {.name = "log.format", .type = KS_CONFIG_STRING, .default_value = "text",
     .valid_values = formats, .group = LOGS,
     .doc = "text: one readable line. json: one object a line. Both go to standard error."},

    {.name = "cdc.source.etcd.address", .type = KS_CONFIG_LIST, .importance = KS_CONFIG_LOW,
     .group = CDC,
     .doc = "etcd servers of the source Milvus, host:port, separated by commas. It and "
            "cdc.source.kafka.address are what tasks need; the cdc.source options become part of "
            "each task's source connector as they are written here, so write secrets as ${env:…} "
            "or ${file:…}."},
    {.name = "cdc.source.etcd.root.path", .type = KS_CONFIG_STRING, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_NON_EMPTY, .default_value = "by-dev", .group = CDC,
     .doc = "etcd.rootPath of the source's milvus.yaml."},
    {.name = "cdc.source.etcd.meta.sub.path", .type = KS_CONFIG_STRING,
     .importance = KS_CONFIG_LOW, .default_value = "meta", .group = CDC,
     .doc = "etcd.metaSubPath of the source's milvus.yaml."},
    {.name = "cdc.source.etcd.username", .type = KS_CONFIG_STRING, .importance = KS_CONFIG_LOW,
     .group = CDC, .doc = "etcd user; without it no authentication is tried."},
    {.name = "cdc.source.etcd.password", .type = KS_CONFIG_PASSWORD,
     .importance = KS_CONFIG_LOW, .group = CDC, .doc = "Password of the etcd user."},
    {.name = "cdc.source.etcd.tls.", .type = KS_CONFIG_STRING, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_PREFIX, .group = CDC,
     .doc = "TLS to etcd, as the source connector's milvus.etcd.tls options: "
            "cdc.source.etcd.tls.enabled, .ca.file, .cert.file, .key.file, .server.name."},
    {.name = "cdc.source.kafka.address", .type = KS_CONFIG_LIST, .importance = KS_CONFIG_LOW,
     .group = CDC,
     .doc = "Kafka brokers that the source Milvus uses as its message queue."},
    {.name = "cdc.source.kafka.", .type = KS_CONFIG_STRING, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_PREFIX, .group = CDC,
     .doc = "Any consumer option of Kafka for that connection, such as "
            "cdc.source.kafka.security.protocol."},
    {.name = "cdc.source.replicate.channel", .type = KS_CONFIG_STRING,
     .importance = KS_CONFIG_LOW, .group = CDC,
     .doc = "Topic on which the source announces flushes; without it the pchannels' prefix "
            "followed by -replicate-msg. A task's rpc_channel_info.name must be the same."},
    {.name = "cdc.topic.prefix", .type = KS_CONFIG_STRING, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_NON_EMPTY, .default_value = "cdc", .group = CDC,
     .doc = "A task with a Milvus target publishes its stream as <cdc.topic.prefix>.<task_id>.*."},
    {.name = "cdc.max.task.num", .type = KS_CONFIG_INT, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_RANGE, .default_value = "100", .min = 0, .max = 100000, .group = CDC,
     .doc = "Tasks at most."},
    {.name = "cdc.max.name.length", .type = KS_CONFIG_INT, .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_RANGE, .default_value = "256", .min = 1, .max = 65535, .group = CDC,
     .doc = "Longest name of a database or collection that a task may name."},
    {0},
};
/* clang-format on */

const struct ks_config_def *worker_config_table(void)
{
    return table;
}
