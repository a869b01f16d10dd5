/* What the source connector can be told: --help, validation and docs/options.md are made of it.
 * Next: source_options.c reads the values. */
#include "source_options.h"
#include "tls_options.h"

#define TABLE_END                                                                                  \
    {                                                                                              \
        0                                                                                          \
    }

static const char *const shapes[] = {"envelope", "flat", NULL};
static const char *const key_shapes[] = {"record", "primitive", NULL};
static const char *const upsert_ops[] = {"u", "c", NULL};
static const char *const vector_encodings[] = {"array", "bytes", "omit", NULL};
static const char *const snapshot_modes[] = {"no_data", NULL};

const struct ks_config_def source_option_table[] = {
    {
        .name = "topic.prefix",
        .type = KS_CONFIG_STRING,
        .importance = KS_CONFIG_HIGH,
        .flags = KS_CONFIG_REQUIRED | KS_CONFIG_NON_EMPTY,
        .group = "Stream",
        .doc = "Name of the source in the stream, and what its topics begin with: "
               "<prefix>.<database>.<collection>, <prefix>.ddl, <prefix>.heartbeat. Letters, "
               "digits, '.', '_' and '-'. Two connectors must not share one.",
    },
    {
        .name = "milvus.etcd.endpoints",
        .type = KS_CONFIG_LIST,
        .importance = KS_CONFIG_HIGH,
        .flags = KS_CONFIG_REQUIRED | KS_CONFIG_NON_EMPTY,
        .group = "Milvus metadata (etcd)",
        .doc = "etcd servers of the source cluster, host:port or https://host:port for TLS, "
               "separated by commas (etcd.endpoints of its milvus.yaml).",
    },
    {
        .name = "milvus.etcd.root.path",
        .type = KS_CONFIG_STRING,
        .importance = KS_CONFIG_HIGH,
        .default_value = "by-dev",
        .flags = KS_CONFIG_NON_EMPTY,
        .group = "Milvus metadata (etcd)",
        .doc = "etcd.rootPath of the source's milvus.yaml; with Helm usually the release name.",
    },
    {
        .name = "milvus.etcd.meta.sub.path",
        .type = KS_CONFIG_STRING,
        .importance = KS_CONFIG_LOW,
        .default_value = "meta",
        .group = "Milvus metadata (etcd)",
        .doc = "etcd.metaSubPath of the source's milvus.yaml.",
    },
    {
        .name = "milvus.etcd.username",
        .type = KS_CONFIG_STRING,
        .importance = KS_CONFIG_MEDIUM,
        .group = "Milvus metadata (etcd)",
        .doc = "etcd user; without it no authentication is tried.",
    },
    {
        .name = "milvus.etcd.password",
        .type = KS_CONFIG_PASSWORD,
        .importance = KS_CONFIG_MEDIUM,
        .group = "Milvus metadata (etcd)",
        .doc = "Password of the etcd user.",
    },
    {
        .name = "milvus.etcd.tls.enabled",
        .type = KS_CONFIG_BOOLEAN,
        .importance = KS_CONFIG_MEDIUM,
        .default_value = "false",
        .group = "Milvus metadata (etcd)",
        .doc = "Speak TLS to etcd, as https:// in the endpoints does.",
    },
    TLS_OPTIONS("milvus.etcd.tls.", "Milvus metadata (etcd)", "etcd's", "the endpoint"),
    {
        .name = "milvus.kafka.bootstrap.servers",
        .type = KS_CONFIG_LIST,
        .importance = KS_CONFIG_HIGH,
        .flags = KS_CONFIG_REQUIRED | KS_CONFIG_NON_EMPTY,
        .group = "Milvus message queue (Kafka)",
        .doc = "Kafka brokers that the source cluster uses as its message queue "
               "(kafka.brokerList of its milvus.yaml).",
    },
    {
        .name = "milvus.kafka.",
        .type = KS_CONFIG_STRING,
        .importance = KS_CONFIG_LOW,
        .flags = KS_CONFIG_PREFIX,
        .group = "Milvus message queue (Kafka)",
        .doc = "Any consumer option of Kafka for that connection, such as "
               "milvus.kafka.security.protocol or milvus.kafka.sasl.mechanism.",
    },
    {
        .name = "milvus.replicate.channel",
        .type = KS_CONFIG_STRING,
        .importance = KS_CONFIG_LOW,
        .group = "Milvus message queue (Kafka)",
        .doc = "Topic on which Milvus announces flushes; without it the pchannels' prefix "
               "followed by -replicate-msg.",
    },
    {
        .name = "cluster",
        .type = KS_CONFIG_STRING,
        .importance = KS_CONFIG_LOW,
        .group = "Stream",
        .doc = "Name of the source cluster in offsets, DDL records and the target's stamps; "
               "without it the etcd root path. Two sources that feed one target need two names.",
    },
    {
        .name = "collection.include.list",
        .type = KS_CONFIG_LIST,
        .importance = KS_CONFIG_MEDIUM,
        .flags = KS_CONFIG_REGEX,
        .default_value = "",
        .group = "What is captured",
        .doc = "Regular expressions (POSIX extended) that must match the whole of "
               "database.collection; empty captures everything. New collections that match are "
               "picked up while running.",
    },
    {
        .name = "collection.exclude.list",
        .type = KS_CONFIG_LIST,
        .importance = KS_CONFIG_MEDIUM,
        .flags = KS_CONFIG_REGEX,
        .default_value = "",
        .group = "What is captured",
        .doc = "As collection.include.list, for what is left out.",
    },
    {
        .name = "field.exclude.list",
        .type = KS_CONFIG_LIST,
        .importance = KS_CONFIG_MEDIUM,
        .flags = KS_CONFIG_REGEX,
        .default_value = "",
        .group = "What is captured",
        .doc = "Regular expressions (POSIX extended) that match the whole of "
               "database.collection.field: fields that are neither in rows nor in the schema that "
               "the stream tells. Not the primary key, nor a partition key. The dynamic field is "
               "called $meta, written \\$meta. Holds for a collection's whole life in the stream. "
               "Whether "
               "it fits the fields that there are is asked of etcd when the configuration is "
               "given.",
    },
    {
        .name = "field.mask.hash.list",
        .type = KS_CONFIG_LIST,
        .importance = KS_CONFIG_MEDIUM,
        .flags = KS_CONFIG_REGEX,
        .default_value = "",
        .group = "What is captured",
        .doc = "As field.exclude.list, for VarChar fields whose values are replaced by the "
               "hexadecimal HMAC-SHA-256 of themselves (64 characters), with "
               "field.mask.hash.salt as its key. Equal values stay equal; null stays null.",
    },
    {
        .name = "field.mask.hash.salt",
        .type = KS_CONFIG_PASSWORD,
        .importance = KS_CONFIG_MEDIUM,
        .group = "What is captured",
        .doc = "The key of the masks. Whoever has it can try likely values. With another salt, "
               "later values are no longer equal to earlier ones.",
    },
    {
        .name = "row.filter",
        .type = KS_CONFIG_STRING,
        .importance = KS_CONFIG_MEDIUM,
        .default_value = "",
        .group = "What is captured",
        .doc = "Only rows for which this is true, such as: price > 10 and tag in ['a', 'b']. "
               "Milvus' expressions on scalar fields: comparisons, ranges, in, like, is null, and, "
               "or, not. For every captured collection without a filter of its own; each must have "
               "the fields, which is asked of etcd when the configuration is given. Empty: all "
               "rows.",
    },
    {
        .name = "row.filter.",
        .type = KS_CONFIG_STRING,
        .importance = KS_CONFIG_MEDIUM,
        .flags = KS_CONFIG_PREFIX,
        .group = "What is captured",
        .doc = "row.filter.<database>.<collection>: the filter of one collection, instead of "
               "row.filter. Empty: all its rows.",
    },
    {
        .name = "snapshot.mode",
        .type = KS_CONFIG_STRING,
        .importance = KS_CONFIG_MEDIUM,
        .default_value = "no_data",
        .valid_values = snapshot_modes,
        .group = "What is captured",
        .doc = "no_data: existing databases, collections, partitions, indexes, aliases and load "
               "states are captured at the first start, existing rows are not.",
    },
    {
        .name = "start.from",
        .type = KS_CONFIG_STRING,
        .importance = KS_CONFIG_MEDIUM,
        .default_value = "latest",
        .group = "What is captured",
        .doc = "Where the first start begins with rows: latest, earliest (as far back as the "
               "queue reaches) or a time such as 2025-03-01T12:00:00Z. Later starts go on where "
               "the last one stopped.",
    },
    {
        .name = "skip.replicated",
        .type = KS_CONFIG_BOOLEAN,
        .importance = KS_CONFIG_LOW,
        .default_value = "false",
        .group = "What is captured",
        .doc = "Leave out rows that a CDC wrote into the source, for rings of clusters.",
    },
    {
        .name = "change.shape",
        .type = KS_CONFIG_STRING,
        .importance = KS_CONFIG_MEDIUM,
        .default_value = "envelope",
        .valid_values = shapes,
        .group = "Stream",
        .doc = "envelope: Debezium's before, after, source, op. flat: the row itself, a delete is "
               "a tombstone, the source block travels in headers.",
    },
    {
        .name = "key.shape",
        .type = KS_CONFIG_STRING,
        .importance = KS_CONFIG_LOW,
        .default_value = "record",
        .valid_values = key_shapes,
        .group = "Stream",
        .doc = "record: the key is a record with the primary key field. primitive: the bare value.",
    },
    {
        .name = "upsert.op",
        .type = KS_CONFIG_STRING,
        .importance = KS_CONFIG_LOW,
        .default_value = "u",
        .valid_values = upsert_ops,
        .group = "Stream",
        .doc = "op of an upserted row in the envelope: u, or c for readers that refuse an update "
               "without a before image, such as Flink's debezium format. With c the header __op "
               "of each row says which it was; the sink reads that.",
    },
    {
        .name = "envelope.headers",
        .type = KS_CONFIG_BOOLEAN,
        .importance = KS_CONFIG_LOW,
        .default_value = "false",
        .group = "Stream",
        .doc = "Give records of the envelope shape the headers of the flat shape, too: __op and "
               "__source.*, for readers that route or filter without decoding.",
    },
    {
        .name = "tombstones.on.delete",
        .type = KS_CONFIG_BOOLEAN,
        .importance = KS_CONFIG_LOW,
        .default_value = "true",
        .group = "Stream",
        .doc = "Follow a delete with a tombstone, so that compaction forgets the key. The flat "
               "shape has only the tombstone.",
    },
    {
        .name = "vector.encoding",
        .type = KS_CONFIG_STRING,
        .importance = KS_CONFIG_LOW,
        .default_value = "array",
        .valid_values = vector_encodings,
        .group = "Stream",
        .doc = "FloatVector as array (of float), or as bytes: raw little-endian float32, as the "
               "other dense vectors are. omit: no vector field is in the stream, neither in rows "
               "nor in schemas; a Milvus cannot be the target then. Cannot be changed later.",
    },
    {
        .name = "topic.partitions",
        .type = KS_CONFIG_INT,
        .importance = KS_CONFIG_MEDIUM,
        .flags = KS_CONFIG_RANGE,
        .min = 0,
        .max = 1024,
        .default_value = "0",
        .group = "Stream",
        .doc = "Partitions of the data topics that are created; 0: as many as the collection has "
               "shards.",
    },
    {
        .name = "heartbeat.interval.ms",
        .type = KS_CONFIG_LONG,
        .importance = KS_CONFIG_LOW,
        .flags = KS_CONFIG_RANGE,
        .min = 100,
        .max = 3600000,
        .default_value = "1000",
        .group = "Stream",
        .doc = "How often <prefix>.heartbeat says up to which tick the stream is complete, in "
               "milliseconds.",
    },
    {
        .name = "transaction.max.rows",
        .type = KS_CONFIG_INT,
        .importance = KS_CONFIG_LOW,
        .flags = KS_CONFIG_RANGE,
        .min = 1,
        .max = 10000000,
        .default_value = "10000",
        .group = "Speed and memory",
        .doc = "When catching up, a transaction is closed after that many rows.",
    },
    {
        .name = "transaction.max.bytes",
        .type = KS_CONFIG_LONG,
        .importance = KS_CONFIG_LOW,
        .flags = KS_CONFIG_RANGE,
        .min = 1024,
        .max = 1073741824,
        .default_value = "8388608",
        .group = "Speed and memory",
        .doc = "When catching up, a transaction is closed after that many bytes.",
    },
    {
        .name = "gate.max.bytes",
        .type = KS_CONFIG_LONG,
        .importance = KS_CONFIG_LOW,
        .flags = KS_CONFIG_RANGE,
        .min = 1048576,
        .max = 17179869184.0,
        .default_value = "67108864",
        .group = "Speed and memory",
        .doc = "Bytes of the queue's records that may wait for the tick that closes them. Above "
               "it only the channel that everything waits for is read; if that one alone exceeds "
               "it, the task fails.",
    },
    {
        .name = "fetch.max.bytes",
        .type = KS_CONFIG_LONG,
        .importance = KS_CONFIG_LOW,
        .flags = KS_CONFIG_RANGE,
        .min = 1048576,
        .max = 1073741824,
        .default_value = "8388608",
        .group = "Speed and memory",
        .doc = "Bytes that are fetched ahead from the source's queue.",
    },
    {
        .name = "cdc.task",
        .type = KS_CONFIG_STRING,
        .importance = KS_CONFIG_LOW,
        .group = "Stream",
        .doc = "Set by POST /cdc, and read by nothing else: what was asked for, without secrets.",
    },
    TABLE_END,
};
