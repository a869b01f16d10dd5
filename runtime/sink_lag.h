/* How far a sink is behind Kafka, in time: the age of the oldest record that it was given and has
 * not committed. Thread: the task's. */
#ifndef RUNTIME_SINK_LAG_H
#define RUNTIME_SINK_LAG_H

#include "kitestream/plugin.h"
#include "map.h"

#define SINK_LAG_RUNS 512

/* Records of one partition that came one after the other. */
struct lag_run {
    size_t topic;
    int32_t partition;
    int64_t first, last; /* offsets that are not committed */
    int64_t first_ms;
};

/* Zero-initialised is valid. Owns: topics. */
struct sink_lag {
    struct strmap topics; /* name -> its number, a size_t */
    struct lag_run runs[SINK_LAG_RUNS];
    size_t count;
    bool moved; /* a commit covered some of it; cleared by who looks */
};
void sink_lag_release(struct sink_lag *lag);

/* Before put, which may release the records. */
void sink_lag_note(struct sink_lag *lag, const struct ks_record *records, size_t count);
/* Next offsets to read, as committed. */
void sink_lag_committed(struct sink_lag *lag, const struct ks_topic_partition *offsets,
                        size_t count);
/* What was given first of all that is not committed; its topic lives as long as `lag`. False: there
 * is none, *ret stays as it is. */
bool sink_lag_oldest(const struct sink_lag *lag, struct ks_topic_partition *ret);
/* 0: everything is committed. */
double sink_lag_seconds(const struct sink_lag *lag, int64_t now_wall_ms);

#endif
