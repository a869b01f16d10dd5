/* The beginning of a sink task: the committed state, the DDL stream folded up to it, the lease, and
 * the partitions from where they were left. */
#include "sink_core.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "kitestream/sdk/util.h"

enum { CONNECT_MS = 10000 };

/* ---- the target ---- */

static enum ks_status connect_target(struct sink_core *s, struct ks_error *err)
{
    char version[64] = "";
    enum ks_status status = milvus_client_open(&s->options.milvus, &s->client, err);
    if (status)
        return status;
    struct milvus_answer answer = milvus_connect(s->client, CONNECT_MS, version, sizeof(version));
    if (answer.outcome == MILVUS_DENIED)
        return ks_error_set(err, KS_ERR_FATAL,
                            "the target %s refuses the login: %s. Check "
                            "milvus.token",
                            s->options.milvus.uri, answer.message);
    if (answer.outcome != MILVUS_OK)
        return ks_error_set(err, KS_ERR_RETRIABLE, "the target %s does not answer: %s",
                            s->options.milvus.uri, answer.message);
    ks_log(s->host, KS_LOG_INFO, "target %s, Milvus %s", s->options.milvus.uri, version);
    return KS_OK;
}

/* ---- the DDL stream ---- */

struct reading {
    struct sink_core *core;
    struct ks_arena arena;
    enum ks_status status;
    struct ks_error *err;
    size_t records;
};

static void read_record(void *arg, const struct ks_record *record)
{
    struct reading *r = arg;
    struct sink_core *s = r->core;
    struct ddl *ddl;
    r->records++;
    if (r->status || !record->value.data)
        return;
    ks_arena_reset(&r->arena, 1 << 16);
    if (!record->value_schema)
        r->status = ks_error_set(r->err, KS_ERR_FATAL, "%s offset %" PRId64 " is not Avro",
                                 record->topic, record->offset);
    else
        r->status = ddl_decode(s->codec, s->host->schema_json(record->value_schema), record->value,
                               &r->arena, &ddl, r->err);
    if (!r->status)
        r->status = sink_ddl_read(s, ddl, r->err);
    if (!r->status)
        s->ddl_position = record->offset + 1;
}

static enum ks_status read_ddl_topic(struct sink_core *s, struct ks_error *err)
{
    struct reading r = {.core = s, .err = err};
    int32_t partitions;
    enum ks_status status =
        s->host->topic_partitions(s->host->task, s->options.ddl_topic, &partitions, err);
    if (status)
        return status;
    if (partitions == 0)
        return ks_error_set(err, KS_ERR_RETRIABLE,
                            "the topic %s does not exist yet: the source connector with this "
                            "topic.prefix makes it",
                            s->options.ddl_topic);
    status = s->host->topic_read(s->host->task, s->options.ddl_topic, read_record, &r, err);
    ks_arena_release(&r.arena);
    if (!status)
        status = r.status;
    if (status)
        return status;
    struct ks_topic_partition tp = {s->options.ddl_topic, 0, s->ddl_position};
    return s->host->assign(s->host->task, &tp, err);
}

/* ---- data partitions ---- */

static enum ks_status check_start(struct sink_core *s, const char *topic, int32_t partition,
                                  int64_t *start, int64_t low, struct ks_error *err)
{
    if (*start >= low || (*start < 0 && low == 0)) {
        if (*start < 0)
            *start = 0;
        return KS_OK;
    }
    if (!s->options.allow_missing)
        return ks_error_set(err, KS_ERR_FATAL,
                            "%s partition %d begins at offset %" PRId64 ", but this sink needs it "
                            "from %" PRId64 ": retention removed records. Start from a new copy, "
                            "or set missing.records=skip to go on without them",
                            topic, (int)partition, low, *start < 0 ? (int64_t)0 : *start);
    ks_log(s->host, KS_LOG_WARN, "%s partition %d: records before offset %" PRId64 " are gone",
           topic, (int)partition, low);
    *start = low;
    return KS_OK;
}

/* The group's offset, or our own copy of it when the group's has expired. *ret_moved: they differ,
 * so a tool changed the group's. */
static enum ks_status committed_offset(struct sink_core *s, const char *topic, int32_t partition,
                                       int64_t *ret, bool *ret_moved, struct ks_error *err)
{
    struct ks_topic_partition tp = {topic, partition, -1};
    int64_t own = -1;
    enum ks_status status = s->host->committed(s->host->task, &tp, 1, err);
    if (!status)
        status = sink_offset_read(s->host, topic, partition, &own, err);
    *ret = tp.offset >= 0 ? tp.offset : own;
    *ret_moved = tp.offset >= 0 && own >= 0 && tp.offset != own;
    return status;
}

static enum ks_status assign(struct sink_core *s, struct sink_topic *topic, int32_t partition,
                             struct ks_error *err)
{
    int64_t low, high, start = -1;
    bool moved = false;
    enum ks_status status =
        s->host->watermarks(s->host->task, topic->name, partition, &low, &high, err);
    if (!status)
        status = committed_offset(s, topic->name, partition, &start, &moved, err);
    if (!status)
        status = check_start(s, topic->name, partition, &start, low, err);
    if (status)
        return status;
    struct ks_topic_partition tp = {topic->name, partition, start};
    status = s->host->assign(s->host->task, &tp, err);
    if (status)
        return status;
    struct partition_queue *q = partition_queue_new(topic->name, partition);
    if (!s->was_clean || moved)
        q->upsert_below = high;
    topic->partitions[partition] = q;
    s->partitions =
        xgrow(s->partitions, s->partition_count, &s->partition_cap, sizeof(*s->partitions));
    s->partitions[s->partition_count++] = q;
    return KS_OK;
}

void sink_core_follow(struct sink_core *s, const char *name)
{
    struct sink_topic *topic = strmap_get(&s->topics, name);
    if (!topic) {
        topic = xcalloc(1, sizeof(*topic));
        topic->name = xstrdup(name);
        strmap_put(&s->topics, name, topic);
    }
    if (topic->count == 0) {
        topic->count = -1;
        s->unassigned++;
    }
}

static enum ks_status assign_topic(struct sink_core *s, struct sink_topic *topic,
                                   struct ks_error *err)
{
    int32_t count;
    enum ks_status status = s->host->topic_partitions(s->host->task, topic->name, &count, err);
    if (status)
        return status;
    if (!topic->partitions && count > 0)
        topic->partitions = xcalloc((size_t)count, sizeof(*topic->partitions));
    for (int32_t i = 0; i < count && !status; i++)
        if (!topic->partitions[i])
            status = assign(s, topic, i, err);
    if (status)
        return status;
    topic->count = count;
    s->unassigned--;
    return KS_OK;
}

enum ks_status sink_core_assign(struct sink_core *s, struct ks_error *err)
{
    const char *name;
    void *topic;
    enum ks_status status = KS_OK;
    for (size_t pos = 0;
         !status && s->unassigned > 0 && strmap_next(&s->topics, &pos, &name, &topic);)
        if (((struct sink_topic *)topic)->count < 0)
            status = assign_topic(s, topic, err);
    return status;
}

static void follow_collection(void *arg, struct catalogue_collection *coll)
{
    sink_core_follow(arg, coll->topic);
}

static enum ks_status follow_all(struct sink_core *s, struct ks_error *err)
{
    const struct queued_ddl *item = NULL;
    catalogue_each(s->applied, follow_collection, s);
    while ((item = ddl_queue_each(s->queue, item)))
        sink_ddl_follow(s, item->ddl);
    return sink_core_assign(s, err);
}

/* ---- state and lease ---- */

static enum ks_status take_over(struct sink_core *s, int64_t fenced_ms, struct ks_error *err)
{
    enum lease_start start = LEASE_CLEAN;
    if (!s->first_start && !s->state.clean)
        start = owner_is_gone(s->state.owner) ? LEASE_OWNER_GONE : LEASE_UNKNOWN;
    s->was_clean = start == LEASE_CLEAN;
    target_gate_begin(s->gate, s->options.lease_ms, start, fenced_ms);
    if (start != LEASE_CLEAN)
        ks_log(s->host, KS_LOG_WARN,
               "the last owner did not end cleanly%s: rows that it may have written are written "
               "again as Upsert",
               start == LEASE_UNKNOWN ? " and may still be writing; waiting one lease" : "");
    /* Before the first write: whoever comes next must know that there may be one. */
    s->state.clean = false;
    owner_self(s->state.owner);
    enum ks_status status = sink_save(s, err);
    if (!status && s->trouble[0])
        status = ks_error_set(err, KS_ERR_RETRIABLE, "%s", s->trouble);
    return status;
}

enum ks_status sink_core_start(struct sink_core *s, const struct ks_config *config,
                               struct ks_error *err)
{
    int64_t fenced_ms = clock_mono_ms();
    bool found = false;
    enum ks_status status = sink_options_parse(config, &s->options, err);
    if (status)
        return status;
    s->gate = target_gate_new();
    s->pool = write_pool_new(s->options.threads);
    s->decoder = change_decoder_new(s->host);
    s->codec = ddl_codec_new();
    s->applied = catalogue_new();
    s->queue = ddl_queue_new(sink_ddl_reached, s);
    status = sink_state_read(s->host, &s->state, &found, err);
    s->first_start = !found;
    if (!status)
        status = read_ddl_topic(s, err);
    if (!status)
        status = connect_target(s, err);
    if (!status)
        status = take_over(s, fenced_ms, err);
    if (!status)
        status = follow_all(s, err);
    return status;
}
