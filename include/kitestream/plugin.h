/* The plugin ABI. A plugin is a shared object with exactly one exported function, ks_plugin_open.
 * Both sides pass structs that begin with abi_major, abi_minor, struct_size: the major must match,
 * a member beyond struct_size reads as NULL, NULL means "not implemented". Op names are Connect's.
 *
 * Threads: everything of one task is called on that task's thread, except where stated. Services of
 * ks_task_host are called on the task's thread, except log, metric, status, stop_requested and
 * batch release, which any thread may call. Memory is freed by the side that allocated it. */
#ifndef KITESTREAM_PLUGIN_H
#define KITESTREAM_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kitestream/config.h"
#include "kitestream/error.h"
#include "kitestream/record.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KS_ABI_MAJOR 1
#define KS_ABI_MINOR 3

enum ks_log_level { KS_LOG_ERROR, KS_LOG_WARN, KS_LOG_INFO, KS_LOG_DEBUG, KS_LOG_TRACE };
enum ks_metric_kind {
    KS_METRIC_GAUGE,
    KS_METRIC_COUNTER, /* value is added */
    KS_METRIC_GONE,    /* what the series was about is gone: it is dropped, whatever the value */
};

/* One source offset, Connect's way: two flat JSON objects (string keys, primitive values). */
struct ks_source_offset {
    const char *partition_json;
    const char *offset_json;
};

typedef void ks_record_fn(void *arg, const struct ks_record *record); /* record is borrowed */

struct ks_task; /* host side of one task */

/* Services of the host to one task. Pass `task` back in every call. */
struct ks_task_host {
    uint32_t abi_major, abi_minor;
    size_t struct_size;
    struct ks_task *task;
    const char *connector_name;
    int32_t task_id;

    /* One line, no newline; the host adds time, connector and task. Thread: any. */
    void (*log)(struct ks_task *, enum ks_log_level, const char *message);
    /* `labels` as in Prometheus, without braces (collection="a"), or NULL. A source's gauge
     * `lag_seconds` without labels is known to the host: while it is above task.stall.timeout.ms
     * and nothing is committed for that long, the task counts as stalled. Thread: any. */
    void (*metric)(struct ks_task *, enum ks_metric_kind, const char *name, const char *labels,
                   double value);
    /* What the task waits for, one sentence shown in its status; NULL when it waits no longer.
     * Thread: any. */
    void (*status)(struct ks_task *, const char *waiting_for);
    /* True once the task should return from whatever it waits in. Thread: any. */
    bool (*stop_requested)(struct ks_task *);
    void (*free)(void *); /* for what a service returned as ret_ */

    /* The committed offset of a source partition of this connector, read after the old owner was
     * fenced. *ret_offset_json is NULL if there is none; free it. A sink may keep records of its
     * own there as well (see sink commit). */
    enum ks_status (*offset_read)(struct ks_task *, const char *partition_json,
                                  char **ret_offset_json, struct ks_error *);
    /* Handle of an Avro schema given as JSON. Errors: DATA if it is not a valid schema. */
    enum ks_status (*schema_intern)(struct ks_task *, const char *json, size_t len,
                                    const struct ks_schema **ret, struct ks_error *);
    /* JSON of a schema; borrowed, NUL-terminated, lives as long as the handle. Thread: any. */
    const char *(*schema_json)(const struct ks_schema *);
    /* Creates the topic if it is absent. `configs` are topic configs (cleanup.policy, …). What the
     * user says in topic.creation.* goes before partitions and configs. *ret_partitions is what the
     * topic has now, which may differ from what was asked for. */
    enum ks_status (*topic_create)(struct ks_task *, const char *topic, int32_t partitions,
                                   const struct ks_config *configs, int32_t *ret_partitions,
                                   struct ks_error *);
    /* Reads a topic from its start to its end (the read_uncommitted high watermark asked at the
     * call; committed records only) and passes each record on. An absent topic is empty. */
    enum ks_status (*topic_read)(struct ks_task *, const char *topic, ks_record_fn *fn, void *arg,
                                 struct ks_error *);
    /* Sends a record that cannot be processed to the dead-letter topic, with Connect's headers, as
     * part of the open (source) or next (sink) transaction. Errors: FATAL if no dead-letter topic
     * is configured and errors.tolerance is not `all` (then the task or collection must fail). */
    enum ks_status (*report_errant)(struct ks_task *, const struct ks_record *, const char *stage,
                                    const struct ks_error *reason, struct ks_error *);

    /* --- source tasks --- */
    /* Waits until everything returned from poll so far is delivered, then tells for each partition
     * of `topic` the next offset after this task's own records: the highest delivered + 1, or the
     * high watermark asked when the task started (read_uncommitted). Never asks the broker inside
     * the transaction, where the answer would be the last stable offset. Errors: RESTART if a
     * delivery failed; DATA if the topic does not exist. At most `cap` entries are written. */
    enum ks_status (*next_offsets)(struct ks_task *, const char *topic,
                                   struct ks_topic_partition *ret, size_t cap, size_t *ret_count,
                                   struct ks_error *);

    /* --- sink tasks that choose their own partitions (KS_CLASS_OWN_ASSIGNMENT); the first two for
     * any task --- */
    /* Number of partitions, 0 if the topic does not exist. */
    enum ks_status (*topic_partitions)(struct ks_task *, const char *topic, int32_t *ret,
                                       struct ks_error *);
    /* Low (log start) and high watermark, read_uncommitted. */
    enum ks_status (*watermarks)(struct ks_task *, const char *topic, int32_t partition,
                                 int64_t *ret_low, int64_t *ret_high, struct ks_error *);
    /* Group offsets of connect-<name>; entries without one get offset -1. */
    enum ks_status (*committed)(struct ks_task *, struct ks_topic_partition *tps, size_t count,
                                struct ks_error *);
    /* Adds a partition to what put() receives, from tp->offset on. */
    enum ks_status (*assign)(struct ks_task *, const struct ks_topic_partition *tp,
                             struct ks_error *);
    /* Ends delivery of the partition; records already handed over stay valid. */
    enum ks_status (*unassign)(struct ks_task *, const char *topic, int32_t partition,
                               struct ks_error *);
    /* A paused partition delivers nothing more (records already in a batch excepted). */
    enum ks_status (*pause)(struct ks_task *, const char *topic, int32_t partition,
                            struct ks_error *);
    enum ks_status (*resume)(struct ks_task *, const char *topic, int32_t partition,
                             struct ks_error *);
    /* The consumer's position: the next offset that put() would receive. At the end of a partition
     * it passes transaction markers and aborted records. */
    int64_t (*position)(struct ks_task *, const char *topic, int32_t partition);
    /* One Kafka transaction, synchronously: group offsets (next offsets to read) and own records of
     * the offset topic (partition_json -> offset_json, NULL offset_json deletes), plus the dead
     * letters reported since the last commit. At least one state record must be given: an empty
     * transaction "commits" even when fenced. Errors: RESTART when fenced by a newer owner;
     * RETRIABLE when the outcome is unknown or the brokers are away (call again with the same). */
    enum ks_status (*commit)(struct ks_task *, const struct ks_topic_partition *offsets,
                             size_t offset_count, const struct ks_source_offset *state,
                             size_t state_count, struct ks_error *);

    /* --- since ABI 1.2 --- */
    /* As topic_create, for a topic that has to be as it is asked for: topic.creation.* only adds to
     * `configs`. */
    enum ks_status (*topic_require)(struct ks_task *, const char *topic, int32_t partitions,
                                    const struct ks_config *configs, int32_t *ret_partitions,
                                    struct ks_error *);
    /* Source tasks with KS_CLASS_OWN_ROUTING: the name that the connector's transforms give to
     * `topic`; lives as long as the task. Errors: FATAL if there is no answer, or one that Kafka
     * does not allow. */
    enum ks_status (*topic_routed)(struct ks_task *, const char *topic, const char **ret,
                                   struct ks_error *);
    /* Value of a topic config (cleanup.policy, …). *ret is NULL if the brokers do not tell, say
     * for want of rights; free it. */
    enum ks_status (*topic_config)(struct ks_task *, const char *topic, const char *config,
                                   char **ret, struct ks_error *);
};

/* What a source returns from poll. The plugin owns it; the host calls release exactly once, when
 * every record is acknowledged or dropped (task thread). Everything reachable from it must stay
 * valid and unchanged until then, the headroom excepted, which the host writes. */
struct ks_source_batch {
    struct ks_record *records;
    size_t record_count;
    /* Written in the transaction that this batch closes. With KS_CLASS_OWN_TRANSACTIONS only read
     * when `commit` is set; otherwise every batch is one transaction (transaction.boundary=poll).
     */
    const struct ks_source_offset *offsets;
    size_t offset_count;
    bool commit; /* the open transaction ends after this batch */
    void (*release)(struct ks_source_batch *);
    void *owner; /* the plugin's */
};

/* What a sink receives. The host owns the memory; the plugin calls release once, from any thread,
 * when it no longer needs the records. Topic strings and schema handles live as long as the task.
 */
struct ks_sink_batch {
    const struct ks_record *records;
    size_t record_count;
    void (*release)(struct ks_sink_batch *);
};

struct ks_source_task_ops {
    /* `*ret_task` is the plugin's; on failure nothing may be left behind. */
    enum ks_status (*start)(const struct ks_task_host *, const struct ks_config *, void **ret_task,
                            struct ks_error *);
    /* Waits at most about 100 ms for something to say; *ret_batch = NULL if there is nothing. */
    enum ks_status (*poll)(void *task, struct ks_source_batch **ret_batch, struct ks_error *);
    /* The transaction closed by the last batch with `commit` is committed. Optional. */
    void (*committed)(void *task);
    /* The only op called from another thread: makes a waiting poll return soon. Optional. */
    void (*stop)(void *task);
    void (*destroy)(void *task); /* every batch has been released before */
};

struct ks_sink_task_ops {
    /* On KS_ERR_RETRIABLE it is called again after the backoff, with nothing assigned. */
    enum ks_status (*start)(const struct ks_task_host *, const struct ks_config *, void **ret_task,
                            struct ks_error *);
    /* Takes the batch on KS_OK. Must not block for long: pause partitions instead. On
     * KS_ERR_RETRIABLE the same batch is given again after the backoff. */
    enum ks_status (*put)(void *task, struct ks_sink_batch *take_batch, struct ks_error *);
    /* Called at least every 50 ms, records or not: renewals, completions, due work. Optional. */
    enum ks_status (*maintain)(void *task, struct ks_error *);
    /* Without KS_CLASS_OWN_ASSIGNMENT: called before the host commits. `offsets` are the consumed
     * positions; the task lowers an entry whose records are not safely stored. Optional. */
    enum ks_status (*pre_commit)(void *task, struct ks_topic_partition *offsets, size_t count,
                                 struct ks_error *);
    /* Thread: any. Optional. */
    void (*stop)(void *task);
    /* Clean end on the task's thread: drain, last commit. At most 8 s. Not called after a failure
     * or when fenced. Optional. */
    enum ks_status (*close)(void *task, struct ks_error *);
    void (*destroy)(void *task);
};

enum ks_class_kind { KS_CLASS_SOURCE, KS_CLASS_SINK };
enum ks_class_flag {
    KS_CLASS_OWN_TRANSACTIONS = 1 << 0, /* source: transaction.boundary=connector */
    KS_CLASS_OWN_ASSIGNMENT = 1 << 1,   /* sink: assigns partitions and commits by itself */
    /* Source, since ABI 1.2: publishes names of topics, so that it must know what transforms make
     * of them. It asks topic_routed once for each; all topics that it gives to the host are final.
     * Without the flag the host routes what it is given: in records, and in its services. */
    KS_CLASS_OWN_ROUTING = 1 << 2,
};

/* Collects the configs of a connector's tasks; `entries` are copied. */
struct ks_task_configs {
    void *ctx;
    void (*add)(void *ctx, const struct ks_config *config);
};

/* A connector class, named as in Connect ("io.kitestream.milvus.MilvusSourceConnector"). It plans;
 * tasks work. Stateless: these ops are called on any thread, with the connector's config. */
struct ks_connector_class {
    size_t struct_size;
    const char *name;
    const char *version;
    enum ks_class_kind kind;
    uint32_t flags;
    const char *doc;                         /* one paragraph for `kitestream plugins NAME` */
    const struct ks_config_def *config_defs; /* ends with name == NULL */
    const struct ks_source_task_ops *source; /* by kind, the other NULL */
    const struct ks_sink_task_ops *sink;
    /* Checks beyond the table, without network traffic: whenever a configuration is given, and when
     * tasks are planned. Optional. */
    void (*validate)(const struct ks_config *, const struct ks_config_issues *);
    /* Optional; without it there is one task with the connector's own config. */
    enum ks_status (*task_configs)(const struct ks_config *, int32_t max_tasks,
                                   const struct ks_task_configs *, struct ks_error *);
    /* Source: could a task of this connector start from this offset? Asked before offsets are
     * changed by REST; without network traffic. offset_json NULL: the offset is to be forgotten.
     * Optional, since ABI 1.1. Errors: DATA, saying what is wrong. */
    enum ks_status (*check_offset)(const struct ks_config *, const char *partition_json,
                                   const char *offset_json, struct ks_error *);
    /* As validate, against what the connector would work with. Asked when nothing else is wrong,
     * and only where somebody waits for the answer (REST, `kitestream check`), not when tasks are
     * planned or a worker starts: what runs must not be stopped by a change in the world that its
     * task can bear. May use the network, for 3 s over all: who does not answer by then is no
     * issue, since the task's start will say it. Optional, since ABI 1.3. */
    void (*validate_online)(const struct ks_config *, const struct ks_config_issues *);
};

struct ks_plugin {
    uint32_t abi_major, abi_minor;
    size_t struct_size;
    const char *name;
    const char *version;
    const struct ks_connector_class *const *classes; /* NULL-terminated */
};

/* What the host says of itself when it opens a plugin. */
struct ks_host {
    uint32_t abi_major, abi_minor;
    size_t struct_size;
    const char *version;
};

#define KS_PLUGIN_ENTRY "ks_plugin_open"
typedef const struct ks_plugin *ks_plugin_open_fn(const struct ks_host *, struct ks_error *);

#define KS_EXPORT __attribute__((visibility("default")))

#ifdef __cplusplus
}
#endif
#endif
