/* Calls of a plugin in; Kafka, registry, log and metrics out. Each service is a thin wrapper that
 * stands between the ABI and the part that does the work. */
#include "task_host.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "consumer.h"
#include "kitestream/sdk/util.h"
#include "log.h"
#include "message_record.h"
#include "sink_commit.h"

#define LAG_MAX_SECONDS 1e12

void ks_task_log(const struct ks_task *t, enum ks_log_level level, const char *fmt, ...)
{
    char text[KS_ERROR_MESSAGE_MAX + 256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    log_line(level, t->ctx->connector, t->ctx->task_id, "%s", text);
}

/* ---- services of every task ---- */

static void host_log(struct ks_task *t, enum ks_log_level level, const char *message)
{
    log_line(level, t->ctx->connector, t->ctx->task_id, "%s", message);
}

static void host_metric(struct ks_task *t, enum ks_metric_kind kind, const char *name,
                        const char *labels, double value)
{
    if (kind == KS_METRIC_GAUGE && !labels && strcmp(name, "lag_seconds") == 0)
        t->source_lag_ms = value > 0 && value < LAG_MAX_SECONDS ? (int64_t)(value * 1000) : 0;
    t->ctx->on_metric(t->ctx, kind, name, labels, value);
}

static void host_status(struct ks_task *t, const char *waiting_for)
{
    t->ctx->on_waiting(t->ctx, waiting_for);
}

static bool host_stop_requested(struct ks_task *t)
{
    return t->ctx->stop;
}

static enum ks_status host_offset_read(struct ks_task *t, const char *partition_json,
                                       char **ret_offset_json, struct ks_error *err)
{
    struct ks_buf key = {0};
    enum ks_status status = offset_store_key(t->ctx->connector, partition_json, &key, err);
    ks_buf_release(&key);
    if (status != KS_OK)
        return status;
    const char *offset = offset_snapshot_get(t->offsets, partition_json);
    *ret_offset_json = offset ? xstrdup(offset) : NULL;
    return KS_OK;
}

static enum ks_status host_schema_intern(struct ks_task *t, const char *json, size_t len,
                                         const struct ks_schema **ret, struct ks_error *err)
{
    return schema_cache_intern(t->schemas, json, len, ret, err);
}

static const char *host_schema_json(const struct ks_schema *schema)
{
    return schema->json;
}

enum ks_status ks_task_route(struct ks_task *t, const char *topic, const char **ret,
                             struct ks_error *err)
{
    bool is_final = t->ctx->cls->kind == KS_CLASS_SINK || t->ctx->cls->flags & KS_CLASS_OWN_ROUTING;
    return topic_router_route(is_final ? NULL : t->router, topic, ret, err);
}

static enum ks_status create_topic(struct ks_task *t, const char *topic,
                                   const struct topic_request *asked, int32_t *ret_partitions,
                                   struct ks_error *err)
{
    enum ks_status status = ks_task_route(t, topic, &topic, err);
    if (status != KS_OK)
        return status;
    return topic_creation_ensure(t->creation, t->admin, topic, asked, ret_partitions, err);
}

static enum ks_status host_topic_create(struct ks_task *t, const char *topic, int32_t partitions,
                                        const struct ks_config *configs, int32_t *ret_partitions,
                                        struct ks_error *err)
{
    struct topic_request asked = {.partitions = partitions, .configs = configs};
    return create_topic(t, topic, &asked, ret_partitions, err);
}

static enum ks_status host_topic_require(struct ks_task *t, const char *topic, int32_t partitions,
                                         const struct ks_config *configs, int32_t *ret_partitions,
                                         struct ks_error *err)
{
    struct topic_request asked = {.partitions = partitions, .configs = configs, .fixed = true};
    return create_topic(t, topic, &asked, ret_partitions, err);
}

static enum ks_status host_topic_routed(struct ks_task *t, const char *topic, const char **ret,
                                        struct ks_error *err)
{
    return topic_router_route(t->router, topic, ret, err);
}

static enum ks_status host_topic_config(struct ks_task *t, const char *topic, const char *config,
                                        char **ret, struct ks_error *err)
{
    return topic_admin_config(t->admin, topic, config, ret, err);
}

struct topic_reading {
    struct ks_task *task;
    const char *topic;
    ks_record_fn *fn;
    void *arg;
    struct ks_arena arena;
    struct ks_error error; /* of the first record that can't be read */
};

static void read_one(void *arg, const void *rd_kafka_message)
{
    struct topic_reading *r = arg;
    const char *stage;
    if (r->error.status != KS_OK)
        return;
    ks_arena_reset(&r->arena, 1 << 16);
    struct ks_record record = message_record_raw(rd_kafka_message, r->topic, &r->arena);
    if (message_record_convert(&record, r->task->keys, r->task->values, &r->arena, &stage,
                               &r->error) == KS_OK)
        r->fn(r->arg, &record);
    else
        ks_error_prefix(&r->error, "topic %s, partition %d, offset %lld", r->topic,
                        (int)record.partition, (long long)record.offset);
}

static enum ks_status host_topic_read(struct ks_task *t, const char *topic, ks_record_fn *fn,
                                      void *arg, struct ks_error *err)
{
    const char *routed;
    struct topic_reading reading = {.task = t, .topic = topic, .fn = fn, .arg = arg};
    enum ks_status status = ks_task_route(t, topic, &routed, err);
    if (status == KS_OK)
        status = topic_read_all(t->ctx->worker, routed, read_one, &reading, &t->ctx->stop, err);
    if (status == KS_OK && reading.error.status != KS_OK) {
        *err = reading.error;
        status = err->status;
    }
    ks_arena_release(&reading.arena);
    return status;
}

/* A sink's record came out of the converters: the letter holds what went in. */
static enum ks_status host_report_errant(struct ks_task *t, const struct ks_record *record,
                                         const char *stage, const struct ks_error *reason,
                                         struct ks_error *err)
{
    struct ks_record original = *record;
    struct ks_buf key = {0}, value = {0};
    if (t->consumer) {
        original.topic = topic_router_original(t->router, record->topic);
        original.key = converter_original(t->keys, record->key, record->key_schema, &key);
        original.value = converter_original(t->values, record->value, record->value_schema, &value);
    }
    enum ks_status status =
        errant_records_add(t->errant, &original, stage, t->ctx->cls->name, reason, err);
    ks_buf_release(&key);
    ks_buf_release(&value);
    return status;
}

static enum ks_status host_next_offsets(struct ks_task *t, const char *topic,
                                        struct ks_topic_partition *ret, size_t cap,
                                        size_t *ret_count, struct ks_error *err)
{
    const char *routed;
    enum ks_status status = ks_task_route(t, topic, &routed, err);
    if (status == KS_OK)
        status = producer_next_offsets(t->producer, routed, ret, cap, ret_count, err);
    for (size_t i = 0; status == KS_OK && i < *ret_count; i++)
        ret[i].topic = topic;
    return status;
}

/* ---- services of sinks that choose their own partitions ---- */

static enum ks_status host_topic_partitions(struct ks_task *t, const char *topic, int32_t *ret,
                                            struct ks_error *err)
{
    return topic_admin_partitions(t->admin, topic, ret, err);
}

static enum ks_status host_watermarks(struct ks_task *t, const char *topic, int32_t partition,
                                      int64_t *ret_low, int64_t *ret_high, struct ks_error *err)
{
    return topic_admin_watermarks(t->admin, topic, partition, ret_low, ret_high, err);
}

static enum ks_status host_committed(struct ks_task *t, struct ks_topic_partition *tps,
                                     size_t count, struct ks_error *err)
{
    return consumer_committed(t->consumer, tps, count, err);
}

static enum ks_status host_assign(struct ks_task *t, const struct ks_topic_partition *tp,
                                  struct ks_error *err)
{
    return consumer_assign(t->consumer, tp, err);
}

static enum ks_status host_unassign(struct ks_task *t, const char *topic, int32_t partition,
                                    struct ks_error *err)
{
    return consumer_unassign(t->consumer, topic, partition, err);
}

static enum ks_status host_pause(struct ks_task *t, const char *topic, int32_t partition,
                                 struct ks_error *err)
{
    return consumer_pause(t->consumer, topic, partition, err);
}

static enum ks_status host_resume(struct ks_task *t, const char *topic, int32_t partition,
                                  struct ks_error *err)
{
    return consumer_resume(t->consumer, topic, partition, err);
}

static int64_t host_position(struct ks_task *t, const char *topic, int32_t partition)
{
    return consumer_position(t->consumer, topic, partition);
}

static enum ks_status host_commit(struct ks_task *t, const struct ks_topic_partition *offsets,
                                  size_t offset_count, const struct ks_source_offset *state,
                                  size_t state_count, struct ks_error *err)
{
    return sink_commit_run(t->commit, offsets, offset_count, state, state_count, err);
}

static void fill_host(struct ks_task *t)
{
    bool sink = t->ctx->cls->kind == KS_CLASS_SINK;
    struct ks_task_host common = {
        .abi_major = KS_ABI_MAJOR,
        .abi_minor = KS_ABI_MINOR,
        .struct_size = sizeof common,
        .task = t,
        .connector_name = t->ctx->connector,
        .task_id = t->ctx->task_id,
        .log = host_log,
        .metric = host_metric,
        .status = host_status,
        .stop_requested = host_stop_requested,
        .free = free,
        .offset_read = host_offset_read,
        .schema_intern = host_schema_intern,
        .schema_json = host_schema_json,
        .topic_create = host_topic_create,
        .topic_read = host_topic_read,
        .report_errant = host_report_errant,
        .next_offsets = sink ? NULL : host_next_offsets,
        .topic_partitions = host_topic_partitions,
        .watermarks = host_watermarks,
        .topic_require = host_topic_require,
        .topic_routed = sink ? NULL : host_topic_routed,
        .topic_config = host_topic_config,
    };
    t->host = common;
    if (!sink || !(t->ctx->cls->flags & KS_CLASS_OWN_ASSIGNMENT))
        return;
    t->host.committed = host_committed;
    t->host.assign = host_assign;
    t->host.unassign = host_unassign;
    t->host.pause = host_pause;
    t->host.resume = host_resume;
    t->host.position = host_position;
    t->host.commit = host_commit;
}

/* ---- what the loops share ---- */

enum ks_status ks_task_send_letters(struct ks_task *t, size_t *ret_letters, struct ks_error *err)
{
    enum ks_status status = KS_OK;
    size_t count = errant_records_count(t->errant);
    if (count > 0)
        status = topic_admin_ensure(
            t->admin, errant_records_topic(t->errant), 1,
            (int)ks_config_long(&t->ctx->config, "errors.deadletterqueue.topic.replication.factor",
                                -1),
            NULL, NULL, err);
    for (size_t i = 0; i < count && status == KS_OK; i++)
        status = producer_send(t->producer, errant_records_at(t->errant, i), NULL, true, err);
    if (status == KS_OK) {
        *ret_letters = count;
        return KS_OK;
    }
    ks_error_prefix(err, "dead-letter topic %s", errant_records_topic(t->errant));
    /* A letter that can't be written has no place left to go. */
    return err->status = status == KS_ERR_DATA ? KS_ERR_FATAL : status;
}

enum ks_status ks_task_send_offset(struct ks_task *t, const struct ks_source_offset *offset,
                                   struct ks_error *err)
{
    struct ks_buf key = {0};
    enum ks_status status = offset_store_key(t->ctx->connector, offset->partition_json, &key, err);
    struct ks_record record = {
        .topic = t->ctx->worker->offset_topic,
        .partition = -1,
        .timestamp_ms = -1,
        .key = {key.data, key.len},
        .value = {offset->offset_json, offset->offset_json ? strlen(offset->offset_json) : 0},
    };
    if (status == KS_OK)
        status = producer_send(t->producer, &record, NULL, true, err);
    ks_buf_release(&key);
    return status;
}

enum ks_status ks_task_open(struct ks_task *t, struct task_context *ctx,
                            const char *transactional_id, struct ks_error *err)
{
    t->ctx = ctx;
    task_metrics_start(&t->metrics, ctx);
    t->schemas = schema_cache_new();
    t->errant = errant_records_new(ctx);
    fill_host(t);
    enum ks_status status = topic_admin_open(ctx->worker, &ctx->config, &t->admin, err);
    if (status == KS_OK)
        status = topic_creation_new(ctx->connector, &ctx->config, &t->creation, err);
    if (status == KS_OK)
        status = topic_router_new(&ctx->config, &t->router, err);
    if (status == KS_OK)
        status = producer_open(ctx, transactional_id, t->admin, t->creation, &t->producer, err);
    if (status == KS_OK)
        status = offset_snapshot_read(ctx->worker, ctx->connector, &ctx->stop, &t->offsets, err);
    if (status == KS_OK)
        status = converter_open(ctx->worker, &ctx->config, true, t->schemas, &t->keys, err);
    if (status == KS_OK)
        status = converter_open(ctx->worker, &ctx->config, false, t->schemas, &t->values, err);
    return status;
}

void ks_task_close(struct ks_task *t)
{
    sink_commit_free(t->commit);
    sink_lag_release(&t->lag);
    consumer_close(t->consumer);
    converter_close(t->keys);
    converter_close(t->values);
    producer_close(t->producer);
    topic_admin_close(t->admin);
    topic_creation_free(t->creation);
    topic_router_free(t->router);
    offset_snapshot_free(t->offsets);
    schema_cache_free(t->schemas);
    errant_records_free(t->errant);
    used_topics_release(&t->used);
}
