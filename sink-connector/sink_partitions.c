/* Data topics: their partitions, where each begins, and what depends on how far they are.
 *
 * Partitions may be added to a topic while it is followed. Keys move to them, so the rows of a new
 * partition begin only when every older one has acknowledged what came before its first row: the
 * end it had when that row was there already (all earlier transactions are in it), or its first row
 * that is left has no lower tick. If the process dies before that, nothing of the new partition is
 * committed, not even where it begins, and the next owner finds it new again.
 *
 * A topic may be deleted when its collection was dropped. What was received of it is done; then it
 * is left, and counts as reached. Left, since librdkafka would wait for it when the task ends, and
 * Kafka would refuse its positions. If the process dies: the next owner does not find it. */
#include "sink_core.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "kitestream/sdk/util.h"

enum {
    LOOK_EVERY_MS = 5000, /* at each topic */
    LOOK_GAP_MS = 20,     /* from one topic to the next */
    GONE_AFTER_MS = 5000, /* what Kafka does not know */
    ASK_AGAIN_MS = 250,   /* for it */
};

/* ---- where a partition begins ---- */

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
    bool moved = false, fresh;
    enum ks_status status =
        s->host->watermarks(s->host->task, topic->name, partition, &low, &high, err);
    if (!status)
        status = committed_offset(s, topic->name, partition, &start, &moved, err);
    fresh = start < 0;
    if (!status)
        status = check_start(s, topic->name, partition, &start, low, err);
    if (status)
        return status;
    struct ks_topic_partition tp = {topic->name, partition, start};
    status = s->host->assign(s->host->task, &tp, err);
    if (status)
        return status;
    struct partition_queue *q = partition_queue_new(topic->name, partition);
    q->compacts = topic->compacts;
    q->expected = start;
    if (!s->was_clean || moved)
        q->upsert_below = high;
    q->late = fresh; /* see judge_late */
    topic->partitions[partition] = q;
    s->partitions =
        xgrow(s->partitions, s->partition_count, &s->partition_cap, sizeof(*s->partitions));
    s->partitions[s->partition_count++] = q;
    return KS_OK;
}

/* ---- topics ---- */

static void want(struct sink_core *s, struct sink_topic *topic)
{
    if (topic->wanted)
        return;
    topic->wanted = true;
    s->unassigned++;
}

void sink_core_follow(struct sink_core *s, const char *name)
{
    struct sink_topic *topic = strmap_get(&s->topics, name);
    if (!topic) {
        topic = xcalloc(1, sizeof(*topic));
        topic->name = xstrdup(name);
        strmap_put(&s->topics, name, topic);
    }
    if (topic->count == 0)
        want(s, topic);
}

/* A partition of which nothing was ever committed, beside others of which something was, or that
 * were there before it, came into being later than they. */
static void judge_late(struct sink_core *s, struct sink_topic *topic, int32_t before)
{
    bool others = false;
    for (int32_t i = 0; i < topic->count; i++)
        others |= !topic->partitions[i]->late;
    for (int32_t i = before; i < topic->count; i++) {
        struct partition_queue *q = topic->partitions[i];
        q->late &= others;
        if (q->late)
            ks_log(s->host, KS_LOG_INFO, "%s partition %d is new", topic->name, (int)i);
    }
}

/* In a compacted topic the delete between two inserts of a key may be gone: who has written the
 * first must not insert the second beside it. So all its rows are Upserts. */
static enum ks_status ask_policy(struct sink_core *s, struct sink_topic *topic,
                                 struct ks_error *err)
{
    char *policy = NULL;
    enum ks_status status =
        s->host->topic_config(s->host->task, topic->name, "cleanup.policy", &policy, err);
    if (status)
        return status;
    topic->compacts = policy && strstr(policy, "compact");
    if (topic->compacts)
        ks_log(s->host, KS_LOG_INFO, "%s is compacted: all its rows are upserted", topic->name);
    else if (!policy && !s->options.always_upsert)
        ks_log(s->host, KS_LOG_WARN,
               "Kafka does not tell whether %s is compacted; if it is, set write.mode=upsert",
               topic->name);
    s->host->free(policy);
    return KS_OK;
}

/* Nothing more comes of it: no DDL waits for it any longer. */
static enum ks_status leave(struct sink_core *s, struct sink_topic *topic, struct ks_error *err)
{
    enum ks_status status = KS_OK;
    for (int32_t i = 0; i < topic->count; i++)
        if (topic->partitions[i]->count > 0 || topic->partitions[i]->jobs)
            return KS_OK;
    for (int32_t i = 0; i < topic->count && !status; i++) {
        if (!topic->partitions[i]->gone)
            status = s->host->unassign(s->host->task, topic->name, i, err);
        topic->partitions[i]->gone |= !status;
    }
    topic->gone = !status;
    if (!status)
        ks_log(s->host, KS_LOG_INFO, "%s was deleted: it counts as read to its end", topic->name);
    return status;
}

/* Does the topic that is followed still exist? */
static enum ks_status look_for_loss(struct sink_core *s, struct sink_topic *topic, int32_t count,
                                    struct ks_error *err)
{
    int64_t now = clock_mono_ms();
    if (count > 0 && topic->gone)
        return ks_error_set(err, KS_ERR_RESTART, "the topic %s is there again", topic->name);
    for (int32_t i = 0; i < topic->count; i++)
        topic->partitions[i]->lost = count == 0;
    if (count > 0 || topic->gone) {
        topic->lost_ms = 0;
        return KS_OK;
    }
    if (topic->lost_ms == 0)
        topic->lost_ms = now;
    return now - topic->lost_ms >= GONE_AFTER_MS ? leave(s, topic, err) : KS_OK;
}

static enum ks_status assign_topic(struct sink_core *s, struct sink_topic *topic,
                                   struct ks_error *err)
{
    int32_t count, before = topic->count;
    enum ks_status status = s->host->topic_partitions(s->host->task, topic->name, &count, err);
    topic->asked_ms = clock_mono_ms();
    if (!status && before > 0)
        status = look_for_loss(s, topic, count, err);
    if (!status && count > before) {
        topic->partitions = xrealloc(topic->partitions, (size_t)count * sizeof(*topic->partitions));
        topic->missing_ms = 0;
        status = ask_policy(s, topic, err);
    }
    while (!status && topic->count < count) {
        status = assign(s, topic, topic->count, err);
        topic->count += !status;
    }
    if (status)
        return status;
    judge_late(s, topic, before);
    topic->wanted = false;
    s->unassigned--;
    return KS_OK;
}

/* One topic at a time, so that many of them are no burst of questions. That Kafka is away shows
 * elsewhere. */
static enum ks_status look_for_partitions(struct sink_core *s, struct ks_error *err)
{
    int64_t now = clock_mono_ms(),
            every = s->topics.len ? LOOK_EVERY_MS / (int64_t)s->topics.len : 0;
    const char *name;
    void *value;
    if (s->topics.len == 0 || now < s->looked_ms + (every > LOOK_GAP_MS ? every : LOOK_GAP_MS))
        return KS_OK;
    s->looked_ms = now;
    if (!strmap_next(&s->topics, &s->look_at, &name, &value)) {
        s->look_at = 0;
        return KS_OK;
    }
    struct sink_topic *topic = value;
    if (topic->count == 0)
        return KS_OK; /* its DDL will tell */
    want(s, topic);
    enum ks_status status = assign_topic(s, topic, err);
    return status == KS_ERR_RETRIABLE ? KS_OK : status;
}

enum ks_status sink_core_assign(struct sink_core *s, struct ks_error *err)
{
    const char *name;
    void *topic;
    enum ks_status status = KS_OK;
    for (size_t pos = 0;
         !status && s->unassigned > 0 && strmap_next(&s->topics, &pos, &name, &topic);)
        if (((struct sink_topic *)topic)->wanted)
            status = assign_topic(s, topic, err);
    return status ? status : look_for_partitions(s, err);
}

/* ---- what depends on positions ---- */

/* Does the partition not exist any more? One that was just added may not be known everywhere. */
static bool is_gone(struct sink_core *s, struct sink_topic *topic)
{
    int64_t now = clock_mono_ms();
    if (topic->count == 0)
        return true;
    if (topic->missing_ms == 0)
        topic->missing_ms = now;
    if (now - topic->missing_ms >= GONE_AFTER_MS)
        return true;
    if (now - topic->asked_ms >= ASK_AGAIN_MS)
        want(s, topic);
    return false;
}

bool sink_reached(void *arg, const struct ks_topic_partition *position)
{
    struct sink_core *s = arg;
    struct sink_topic *topic = strmap_get(&s->topics, position->topic);
    if (!topic)
        return true; /* left out */
    if (position->partition < topic->count)
        return topic->partitions[position->partition]->gone ||
               sink_position(s, topic->partitions[position->partition]) >= position->offset;
    return !topic->wanted && is_gone(s, topic);
}

/* Is everything that partition `q` has from before `tick` acknowledged? `end`: of the partition
 * when a row of that tick was there already. */
static bool is_past(struct sink_core *s, const struct partition_queue *q, uint64_t tick,
                    int64_t end)
{
    struct change_row row;
    struct ks_error err;
    if (q->gone || sink_position(s, q) >= end)
        return true;
    return !q->jobs && q->count > 0 &&
           !change_decode(s->decoder, partition_queue_at(q, 0), &s->arena, &row, &err) &&
           row.op != CHANGE_TOMBSTONE && row.tick >= tick;
}

static bool ask_ends(struct sink_core *s, const struct sink_topic *topic, struct partition_queue *q)
{
    int64_t low;
    struct ks_error err;
    int64_t *ends = xcalloc((size_t)topic->count, sizeof(*ends));
    for (int32_t i = 0; i < topic->count; i++)
        if (s->host->watermarks(s->host->task, topic->name, i, &low, &ends[i], &err)) {
            free(ends);
            return false;
        }
    q->ends = ends;
    q->end_count = topic->count;
    return true;
}

bool sink_may_begin(struct sink_core *s, struct partition_queue *q)
{
    struct sink_topic *topic = strmap_get(&s->topics, q->topic);
    struct change_row first;
    struct ks_error err;
    if (!q->late)
        return true;
    ks_arena_reset(&s->arena, 1 << 16);
    if (change_decode(s->decoder, partition_queue_at(q, 0), &s->arena, &first, &err) ||
        first.op == CHANGE_TOMBSTONE)
        return true; /* it is not written; the next one decides */
    if (!q->ends && !ask_ends(s, topic, q))
        return false;
    for (int32_t i = 0; i < q->end_count; i++)
        if (!topic->partitions[i]->late &&
            !is_past(s, topic->partitions[i], first.tick, q->ends[i]))
            return false;
    q->late = false;
    return true;
}
