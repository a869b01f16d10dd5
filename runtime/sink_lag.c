/* In: records as they are given to a plugin, offsets as they are committed; out: a lag in seconds.
 * Next: the metrics of worker_sink. A run of records counts as one, with the time of its first, so
 * memory is bounded and a row costs two comparisons. When there are too many runs a new one joins
 * the newest of its partition: the lag is then too large, never too small. */
#include "sink_lag.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

void sink_lag_release(struct sink_lag *lag)
{
    size_t pos = 0;
    const char *name;
    void *number;
    while (strmap_next(&lag->topics, &pos, &name, &number))
        free(number);
    strmap_release(&lag->topics);
    lag->count = 0;
}

static size_t topic_number(struct sink_lag *lag, const char *name)
{
    size_t *number = strmap_get(&lag->topics, name);
    if (!number) {
        number = xmalloc(sizeof *number);
        *number = lag->topics.len;
        strmap_put(&lag->topics, name, number);
    }
    return *number;
}

static struct lag_run *newest_of(struct sink_lag *lag, size_t topic, int32_t partition)
{
    for (size_t i = lag->count; i-- > 0;)
        if (lag->runs[i].topic == topic && lag->runs[i].partition == partition)
            return &lag->runs[i];
    return NULL;
}

static void add_run(struct sink_lag *lag, const struct ks_record *first,
                    const struct ks_record *last)
{
    const struct lag_run run = {.topic = topic_number(lag, first->topic),
                                .partition = first->partition,
                                .first = first->offset,
                                .last = last->offset,
                                .first_ms = first->timestamp_ms};
    if (lag->count < SINK_LAG_RUNS) {
        lag->runs[lag->count++] = run;
        return;
    }
    struct lag_run *newest = newest_of(lag, run.topic, run.partition);
    if (newest)
        newest->last = run.last;
}

static bool is_same_partition(const struct ks_record *a, const struct ks_record *b)
{
    return a->partition == b->partition &&
           (a->topic == b->topic || strcmp(a->topic, b->topic) == 0);
}

void sink_lag_note(struct sink_lag *lag, const struct ks_record *records, size_t count)
{
    size_t begin = 0;
    for (size_t i = 1; i <= count; i++) {
        if (i < count && is_same_partition(&records[i], &records[begin]))
            continue;
        add_run(lag, &records[begin], &records[i - 1]);
        begin = i;
    }
}

void sink_lag_committed(struct sink_lag *lag, const struct ks_topic_partition *offsets,
                        size_t count)
{
    for (size_t o = 0; o < count; o++) {
        size_t topic = topic_number(lag, offsets[o].topic), kept = 0;
        for (size_t i = 0; i < lag->count; i++) {
            struct lag_run run = lag->runs[i];
            bool covered = run.topic == topic && run.partition == offsets[o].partition &&
                           run.first < offsets[o].offset;
            lag->moved |= covered;
            if (covered)
                run.first = offsets[o].offset;
            if (run.first <= run.last)
                lag->runs[kept++] = run;
        }
        lag->count = kept;
    }
}

bool sink_lag_oldest(const struct sink_lag *lag, struct ks_topic_partition *ret)
{
    size_t pos = 0;
    const char *name;
    void *number;
    if (lag->count == 0)
        return false;
    while (strmap_next(&lag->topics, &pos, &name, &number))
        if (*(const size_t *)number == lag->runs[0].topic)
            *ret = (struct ks_topic_partition){name, lag->runs[0].partition, lag->runs[0].first};
    return true;
}

double sink_lag_seconds(const struct sink_lag *lag, int64_t now_wall_ms)
{
    int64_t oldest_ms = now_wall_ms;
    for (size_t i = 0; i < lag->count; i++)
        if (lag->runs[i].first_ms > 0 && lag->runs[i].first_ms < oldest_ms)
            oldest_ms = lag->runs[i].first_ms;
    return (double)(now_wall_ms - oldest_ms) / 1000;
}
