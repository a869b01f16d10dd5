/* How far a task has come. In: the offsets that its connectors committed; out: milvus-cdc's
 * positions. Rows and metadata have one order here, and a channel one position for all collections:
 *   positions         a channel of the source each: everything before it is in the stream
 *   op_positions      the metadata: etcd's revision
 *   target_positions  a partition of the stream each: everything before it is in the target */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cdc_ops.h"
#include "cdc_position.h"
#include "clock.h"
#include "offset_store.h"

#define OPERATIONS_ID (-10) /* milvus-cdc's for what is of no collection */
#define OPERATIONS_SUFFIX "-replicate-msg"
#define METADATA_CHANNEL "etcd"

struct progress {
    json_t *positions, *op_positions, *target_positions;
};

static void add(json_t *list, int64_t collection_id, const char *channel, int64_t offset,
                uint64_t tick)
{
    struct ks_buf id = {0};
    int64_t time_ms = tick_to_ms(tick);
    cdc_position_encode(channel, offset, tick, &id);
    json_t *position =
        json_pack("{s:I, s:s, s:I, s:I, s:s}", "collection_id", (json_int_t)collection_id,
                  "channel_name", channel, "time", (json_int_t)time_ms, "tt",
                  (json_int_t)(tick ? tick_from_ms(time_ms + 1) : 0), "msg_id", ks_buf_str(&id));
    json_array_append_new(list, position ? position : json_object());
    ks_buf_release(&id);
}

/* Connectors write ticks as text, people as numbers. */
static uint64_t tick_of(const json_t *offset)
{
    const json_t *tick = json_object_get(offset, "tick");
    if (json_is_integer(tick))
        return (uint64_t)json_integer_value(tick);
    return json_is_string(tick) ? strtoull(json_string_value(tick), NULL, 10) : 0;
}

static bool is_of_operations(const struct rest_context *ctx, const char *channel)
{
    const char *named = string_map_get(&ctx->worker->all, "cdc.source.replicate.channel");
    size_t len = strlen(channel), suffix = strlen(OPERATIONS_SUFFIX);
    return named ? strcmp(channel, named) == 0
                 : len > suffix && strcmp(channel + len - suffix, OPERATIONS_SUFFIX) == 0;
}

static void add_entry(const struct rest_context *ctx, struct progress *p, const json_t *partition,
                      const json_t *offset)
{
    const char *channel = json_string_value(json_object_get(partition, "channel"));
    const char *topic = json_string_value(json_object_get(partition, "kafka_topic"));
    const json_t *number = json_object_get(partition, "kafka_partition");
    uint64_t tick = tick_of(offset);
    if (channel && strcmp(channel, METADATA_CHANNEL) == 0) {
        add(p->op_positions, OPERATIONS_ID, channel,
            json_integer_value(json_object_get(offset, "revision")), tick);
    } else if (channel) {
        add(p->positions, is_of_operations(ctx, channel) ? OPERATIONS_ID : 0, channel,
            json_integer_value(json_object_get(offset, "offset")), tick);
    } else if (topic && json_is_integer(number)) {
        struct ks_buf name = {0};
        ks_buf_printf(&name, "%s-%" JSON_INTEGER_FORMAT, topic, json_integer_value(number));
        add(p->target_positions, 0, ks_buf_str(&name),
            json_integer_value(json_object_get(offset, "kafka_offset")), 0);
        ks_buf_release(&name);
    }
}

static enum ks_status add_connector(const struct rest_context *ctx, char *take_name,
                                    struct progress *p, struct ks_error *err)
{
    static const _Atomic bool never = false;
    struct offset_snapshot *offsets = NULL;
    rest_waits_for("Kafka, for the offsets of a task");
    enum ks_status status = offset_snapshot_read(ctx->worker, take_name, &never, &offsets, err);
    for (size_t i = 0; !status && i < offset_snapshot_count(offsets); i++) {
        const char *partition_text, *offset_text;
        offset_snapshot_at(offsets, i, &partition_text, &offset_text);
        json_t *partition = json_loads(partition_text, 0, NULL);
        json_t *offset = json_loads(offset_text, 0, NULL);
        if (offset)
            add_entry(ctx, p, partition, offset);
        json_decref(partition);
        json_decref(offset);
    }
    offset_snapshot_free(offsets);
    free(take_name);
    return status;
}

static enum ks_status add_task(const struct rest_context *ctx, const struct cdc_task *t,
                               struct progress *p, struct ks_error *err)
{
    enum ks_status status = add_connector(ctx, cdc_source_name(t->id), p, err);
    if (!status && t->needs_sink)
        status = add_connector(ctx, cdc_sink_name(t->id), p, err);
    return status;
}

enum ks_status cdc_op_position(const struct rest_context *ctx, json_t *data, json_t **ret,
                               struct ks_error *err)
{
    struct progress p = {json_array(), json_array(), json_array()};
    const char *id;
    enum ks_status status = cdc_text_of(data, "task_id", &id, err);
    struct cdc_tasks tasks = {0};
    if (!status)
        tasks = cdc_tasks_read(ctx->herder);
    for (size_t i = 0; i < tasks.count && !status; i++)
        if (!*id || strcmp(id, tasks.list[i].id) == 0)
            status = add_task(ctx, &tasks.list[i], &p, err);
    cdc_tasks_release(&tasks);
    json_t *answer = json_pack("{s:o, s:o, s:o}", "positions", p.positions, "op_positions",
                               p.op_positions, "target_positions", p.target_positions);
    if (status)
        json_decref(answer);
    else
        *ret = answer;
    return status;
}
