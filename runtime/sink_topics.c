/* Topic names in; assigned partitions, and commits of their positions, out. Offsets stand in the
 * group (for the tools) and in the offset topic, Connect's way: {"kafka_partition","kafka_topic"}
 * ->
 * {"kafka_offset"}, in one transaction. The record survives when the group's offsets expire.
 * Which task reads a partition follows from the partition and the number of tasks, so that nobody
 * has to ask: all tasks of a connector end before it gets another number of them. A task of the old
 * number that could not be ended may still commit once, and what it stored is then stored again. */
#include "sink_topics.h"

#include <jansson.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "consumer.h"
#include "kafka_options.h"
#include "kitestream/sdk/util.h"
#include "map.h"
#include "sink_commit.h"

#define REFRESH_MS 5000
#define METADATA_TIMEOUT_MS 10000

struct sink_topics {
    struct ks_task *task;
    char **names; /* one allocation */
    size_t name_count;
    bool has_regex;
    regex_t regex;
    int64_t refreshed_mono_ms;
    struct strmap committed; /* partition_json -> last committed offset + 1, in the pointer */
};

enum ks_status sink_topics_new(struct ks_task *task, struct sink_topics **ret, struct ks_error *err)
{
    struct sink_topics *s = xcalloc(1, sizeof *s);
    const struct ks_config *config = &task->ctx->config;
    const char *regex = ks_config_get(config, "topics.regex");
    enum ks_status status = KS_OK;
    s->task = task;
    s->name_count = ks_config_list(config, "topics", &s->names);
    if (regex && *regex) {
        char *whole = xasprintf("^(%s)$", regex); /* as Java matches it */
        s->has_regex = regcomp(&s->regex, whole, REG_EXTENDED | REG_NOSUB) == 0;
        free(whole);
        if (!s->has_regex)
            status = ks_error_set(err, KS_ERR_FATAL,
                                  "topics.regex is not a POSIX extended regular expression");
    } else if (s->name_count == 0) {
        status = ks_error_set(err, KS_ERR_FATAL, "topics or topics.regex must be given");
    }
    if (status != KS_OK) {
        sink_topics_free(s);
        return status;
    }
    *ret = s;
    return KS_OK;
}

void sink_topics_free(struct sink_topics *s)
{
    if (!s)
        return;
    if (s->has_regex)
        regfree(&s->regex);
    strmap_release(&s->committed);
    free(s->names);
    free(s);
}

/* ---- assignment ---- */

static char *partition_json(const struct ks_topic_partition *tp)
{
    json_t *json =
        json_pack("{s:i, s:s}", "kafka_partition", (int)tp->partition, "kafka_topic", tp->topic);
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

static int64_t recorded_offset(const struct sink_topics *s, const struct ks_topic_partition *tp)
{
    char *partition = partition_json(tp);
    const char *text = offset_snapshot_get(s->task->offsets, partition);
    json_t *offset = text ? json_loads(text, 0, NULL) : NULL;
    const json_t *value = json_object_get(offset, "kafka_offset");
    int64_t found = json_is_integer(value) ? json_integer_value(value) : -1;
    json_decref(offset);
    free(partition);
    return found;
}

static enum ks_status assign_one(struct sink_topics *s, struct ks_topic_partition tp,
                                 struct ks_error *err)
{
    enum ks_status status = consumer_committed(s->task->consumer, &tp, 1, err);
    if (status != KS_OK)
        return status;
    if (tp.offset < 0)
        tp.offset = recorded_offset(s, &tp);
    if (tp.offset < 0)
        tp.offset = RD_KAFKA_OFFSET_BEGINNING;
    ks_task_log(s->task, KS_LOG_INFO, "reads %s-%d from %lld%s", tp.topic, (int)tp.partition,
                tp.offset < 0 ? 0 : (long long)tp.offset, tp.offset < 0 ? " (the beginning)" : "");
    return consumer_assign(s->task->consumer, &tp, err);
}

/* Partitions of one topic go round the tasks; topics begin at different ones. */
static bool is_ours(const struct sink_topics *s, const char *topic, int32_t partition)
{
    uint32_t count = s->task->ctx->task_count > 1 ? (uint32_t)s->task->ctx->task_count : 1;
    uint32_t hash = 2166136261u;
    for (const char *c = topic; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    return (hash % count + (uint32_t)partition) % count == (uint32_t)s->task->ctx->task_id;
}

static enum ks_status assign_topic(struct sink_topics *s, const char *topic, struct ks_error *err)
{
    int32_t count = 0;
    enum ks_status status = topic_admin_partitions(s->task->admin, topic, &count, err);
    for (int32_t i = 0; i < count && status == KS_OK; i++) {
        if (is_ours(s, topic, i) && !consumer_is_assigned(s->task->consumer, topic, i))
            status = assign_one(s, (struct ks_topic_partition){topic, i, -1}, err);
    }
    return status;
}

static enum ks_status assign_matching(struct sink_topics *s, struct ks_error *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(consumer_handle(s->task->consumer), 1, NULL,
                                                 &metadata, METADATA_TIMEOUT_MS);
    if (code)
        return kafka_error_set(err, "list of topics", code, rd_kafka_err2str(code));
    enum ks_status status = KS_OK;
    for (int i = 0; i < metadata->topic_cnt && status == KS_OK; i++) {
        const char *topic = metadata->topics[i].topic;
        if (strncmp(topic, "__", 2) != 0 && regexec(&s->regex, topic, 0, NULL, 0) == 0)
            status = assign_topic(s, topic, err);
    }
    rd_kafka_metadata_destroy(metadata);
    return status;
}

enum ks_status sink_topics_refresh(struct sink_topics *s, struct ks_error *err)
{
    int64_t now_ms = clock_mono_ms();
    if (s->refreshed_mono_ms && now_ms - s->refreshed_mono_ms < REFRESH_MS)
        return KS_OK;
    enum ks_status status = s->has_regex ? assign_matching(s, err) : KS_OK;
    for (size_t i = 0; i < s->name_count && status == KS_OK; i++)
        status = assign_topic(s, s->names[i], err);
    if (status == KS_OK)
        s->refreshed_mono_ms = now_ms;
    return status;
}

/* ---- commit ---- */

/* Offset records of what has moved since the last commit, in `state`; the texts are the caller's.
 */
static size_t changed_state(const struct sink_topics *s, struct ks_topic_partition *offsets,
                            size_t count, struct ks_source_offset *state)
{
    size_t changed = 0;
    for (size_t i = 0; i < count; i++) {
        if (offsets[i].offset < 0)
            continue;
        char *partition = partition_json(&offsets[i]);
        if ((int64_t)(intptr_t)strmap_get(&s->committed, partition) == offsets[i].offset + 1) {
            free(partition);
            continue;
        }
        char *offset = xasprintf("{\"kafka_offset\":%lld}", (long long)offsets[i].offset);
        offsets[changed] = offsets[i];
        state[changed++] = (struct ks_source_offset){partition, offset};
    }
    return changed;
}

static void note_committed(struct sink_topics *s, const struct ks_topic_partition *offsets,
                           const struct ks_source_offset *state, size_t count)
{
    for (size_t i = 0; i < count; i++)
        strmap_put(&s->committed, state[i].partition_json,
                   (void *)(intptr_t)(offsets[i].offset + 1));
}

enum ks_status sink_topics_commit(struct sink_topics *s, void *plugin, struct ks_error *err)
{
    const struct ks_sink_task_ops *ops = s->task->ctx->cls->sink;
    struct ks_topic_partition *offsets;
    enum ks_status status = KS_OK;
    size_t count = consumer_assignment(s->task->consumer, &offsets);
    struct ks_source_offset *state = xcalloc(count, sizeof *state);
    if (ops->pre_commit) {
        task_context_enter(s->task->ctx, "pre_commit");
        status = ops->pre_commit(plugin, offsets, count, err);
        task_context_leave(s->task->ctx);
    }
    size_t changed = status == KS_OK ? changed_state(s, offsets, count, state) : 0;
    if (changed > 0)
        status = sink_commit_run(s->task->commit, offsets, changed, state, changed, err);
    if (status == KS_OK)
        note_committed(s, offsets, state, changed);
    for (size_t i = 0; i < changed; i++) {
        free((char *)(uintptr_t)state[i].partition_json);
        free((char *)(uintptr_t)state[i].offset_json);
    }
    free(state);
    free(offsets);
    return status;
}
