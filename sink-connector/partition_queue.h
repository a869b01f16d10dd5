/* One data partition of Kafka: records that were received, jobs in flight, and the position that is
 * acknowledged. Order kept: records leave in offset order; a job's records count as acknowledged
 * when the job is done, and jobs of a partition are done in order. Thread: the task's. */
#ifndef SINK_PARTITION_QUEUE_H
#define SINK_PARTITION_QUEUE_H

#include "kitestream/plugin.h"
#include "write_job.h"

/* A batch of the host that is released with its last record. */
struct batch_ref {
    struct ks_sink_batch *batch;
    size_t refs;
};
struct batch_ref *batch_ref_new(struct ks_sink_batch *take_batch);
void batch_ref_drop(struct batch_ref *ref);

struct queued_record {
    const struct ks_record *record;
    struct batch_ref *batch;
};

struct partition_queue {
    const char *topic; /* the host's */
    int32_t partition;
    int64_t upsert_below; /* c records below it may have been written before (ordering §5) */
    bool compacts;        /* Kafka may have removed records: c may have been written before, too */
    int64_t expected;     /* offset of the next record, if none is missing */
    int64_t committed;    /* position in the last commit; -1: none */
    bool lost;            /* Kafka does not know it, and would refuse a position in it */
    bool gone;            /* deleted, and everything that was received is done */
    bool late;            /* added to its topic later; rows wait for the older ones */
    int64_t *ends;        /* of the topic's partitions, when its first row was there; or NULL */
    int32_t end_count;

    struct queued_record *records; /* a ring */
    size_t head, count, cap;
    size_t queued_bytes;

    struct pool_lane lane;
    _Atomic bool broken;                    /* a job did not get to its end */
    struct partition_job *jobs, **last_job; /* in flight, in order */
    size_t job_count;

    bool paused;
    int64_t waits_for_seq; /* the DDL that the first record needs; 0: unknown or none */
    char *blocked;         /* why the first record cannot go on, or NULL */
};

/* A job and the records it stands for. */
struct partition_job {
    struct partition_job *next;
    struct partition_queue *queue;
    struct write_job *job;
    int64_t first_offset;
    int64_t collection_id;
    uint64_t first_tick; /* of its rows */
    struct queued_record *records;
    size_t count, bytes;
    bool ended; /* came back from the pool without being done */
};

/* What a record counts for in memory: those without a value are not for nothing. */
size_t queued_record_bytes(const struct ks_record *record);

struct partition_queue *partition_queue_new(const char *topic, int32_t partition);
void partition_queue_free(struct partition_queue *q);
void partition_queue_push(struct partition_queue *q, const struct ks_record *record,
                          struct batch_ref *ref);
const struct ks_record *partition_queue_at(const struct partition_queue *q, size_t i);
/* Forgets the first record: it needs no write. */
void partition_queue_skip(struct partition_queue *q);
/* Moves the first `count` records into the job. */
void partition_queue_take(struct partition_queue *q, struct partition_job *pj, size_t count);
/* The oldest job is done: its records are acknowledged. Frees it. */
void partition_queue_finish(struct partition_queue *q, struct partition_job *pj);
/* Gives up the jobs of a collection that came back without being done, and unblocks the partition
 * when none is left. Returns how many records that were. */
size_t partition_queue_give_up(struct partition_queue *q, int64_t collection_id);
/* Offset of the first record that is not acknowledged, or -1 if there is none. */
int64_t partition_queue_unacknowledged(const struct partition_queue *q);
void partition_queue_block(struct partition_queue *q, const char *reason);

#endif
