/* In: what a sink was given and has committed (sink_lag), and what it could read (the positions and
 * the ends that its consumer knows of without asking); out: since when there is work and none of it
 * moves. Next: the watchdog of task_threads, by on_still. A sink moves when a commit covers records
 * it was given; or, while it has none, when it reads on. */
#include "sink_progress.h"

#include <stdio.h>
#include <stdlib.h>

#include "consumer.h"

static bool is_behind(rd_kafka_t *rk, const struct ks_topic_partition *tp, int64_t *ret_position)
{
    int64_t low, high;
    if (rd_kafka_get_watermark_offsets(rk, tp->topic, tp->partition, &low, &high) !=
        RD_KAFKA_RESP_ERR_NO_ERROR)
        return false;
    *ret_position = tp->offset < 0 ? low : tp->offset;
    return low >= 0 && *ret_position < high;
}

/* The first partition with something to read, and the sum of all positions. */
static bool find_unread(struct ks_task *task, struct ks_topic_partition *ret, int64_t *ret_sum)
{
    struct ks_topic_partition *tps = NULL;
    size_t count = consumer_assignment(task->consumer, &tps);
    bool found = false;
    *ret_sum = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t position = 0;
        *ret_sum += tps[i].offset;
        if (!found && is_behind(consumer_handle(task->consumer), &tps[i], &position)) {
            *ret = (struct ks_topic_partition){tps[i].topic, tps[i].partition, position};
            found = true;
        }
    }
    free(tps);
    return found;
}

static void tell(struct sink_progress *p, struct task_context *ctx, const char *verb,
                 const struct ks_topic_partition *at)
{
    char text[512];
    snprintf(text, sizeof text, "the next record to %s is offset %lld of topic %s, partition %d",
             verb, (long long)at->offset, at->topic, (int)at->partition);
    p->told = true;
    ctx->on_still(ctx, p->since_ms, text);
}

static void moves(struct sink_progress *p, struct task_context *ctx)
{
    p->since_ms = 0;
    if (p->told)
        ctx->on_still(ctx, 0, NULL);
    p->told = false;
}

void sink_progress_look(struct sink_progress *p, struct ks_task *task, bool paused)
{
    struct ks_topic_partition at;
    int64_t sum, now_ms = clock_mono_ms();
    bool unread = find_unread(task, &at, &sum);
    bool given = sink_lag_oldest(&task->lag, &at);
    bool moved = task->lag.moved || (!given && sum != p->positions);
    p->positions = sum;
    task->lag.moved = false;
    if (paused || moved || (!given && !unread)) {
        moves(p, task->ctx);
        return;
    }
    if (!p->since_ms)
        p->since_ms = now_ms;
    if (!p->told && now_ms - p->since_ms >= p->grace_ms)
        tell(p, task->ctx, given ? "commit" : "read", &at);
}
